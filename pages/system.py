"""System: which models run, what they did, and is everything sound?"""

import pandas as pd
import streamlit as st

from avrec.ui import format as fmt
from avrec.ui.chrome import Cell, heading, metric_strip, page_header
from avrec.ui.format import escape
from avrec.ui.resources import engine
from avrec.ui.system_vectors import vectors_block

eng = engine()
page_header("System", "Which models run here, and is everything sound?", parts=())
cards, status, workers = eng.model_cards(), eng.status(), eng.workers()
loaded = [card for card in cards if card.loaded]
metric_strip(
    [
        Cell("Device", status["device"]),
        Cell("Models", f"{sum(card.available for card in cards)} of {len(cards)}", "tasks have one"),
        Cell(
            "Loaded",
            str(len(loaded)),
            fmt.size(sum(card.memory_bytes for card in loaded)) if loaded else "models load on first use",
            "Weights in memory",
        ),
        Cell("Standing in", str(len(status["standing_in"])), ", ".join(status["standing_in"])),
        Cell(
            "Workers",
            str(len(workers)) if workers else "idle",
            fmt.size(sum(worker.memory_bytes for worker in workers)) if workers else "",
            "Processes beside the app, at low priority: they start with work and end when idle",
        ),
        Cell(
            "Jobs",
            f"{status['running'] + status['queued']:,}",
            ", ".join(filter(None, ["paused" if status["paused"] else "", f"{status['failed']:,} stopped"])),
        ),
    ]
)

heading("Models", "what does which task, from where, under which licence")
st.dataframe(
    pd.DataFrame(
        [
            {
                "task": card.task.replace("_", " "),
                "model": card.name if card.available else "not available in this profile",
                "stands in for": card.stands_in_for,
                "loaded": ("yes" if card.loaded else "on first use") if card.available else "",
                "memory": fmt.size(card.memory_bytes) if card.memory_bytes else "",
                "device": card.device if card.available else "",
                "precision": card.dtype if card.available else "",
                "source": card.source,
                "licence": card.licence,
                "version": card.version,
                "note": card.reason,
            }
            for card in cards
        ]
    ),
    hide_index=True,
    height="content",
    alt="The models, one row a task",
    column_config={
        "stands in for": st.column_config.TextColumn(width=150),
        "licence": st.column_config.TextColumn(width=150),
    },
)

vectors_block()

left, right = st.columns([0.6, 0.4], gap="medium")
with left:
    if workers:
        heading("Workers", "processes of their own; each ends when idle, which gives its memory back")
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "works on": worker.lane,
                        "process": str(worker.pid),
                        "memory": fmt.size(worker.memory_bytes),
                        "models in memory": ", ".join(task.replace("_", " ") for task in worker.loaded) or "none yet",
                    }
                    for worker in workers
                ]
            ),
            hide_index=True,
            height="content",
            alt="The workers, one row a process",
        )
    heading("Jobs", "newest first; the queue is paused" if status["paused"] else "newest first; the queue is on Upload")
    jobs = eng.jobs(100)
    if jobs:
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "file": job.file_name,
                        "state": job.state,
                        "outcome": job.outcome,
                        "progress": job.progress,
                        "seconds": round(sum(job.stage_seconds.values()), 1),
                        "found or reason": job.reason or job.found,
                    }
                    for job in jobs
                ]
            ),
            hide_index=True,
            height=320,
            column_config={"progress": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")},
        )
    else:
        st.markdown("No jobs yet.")
with right:
    heading("Self-check", "store, files, vectors, weights")
    if st.button("Check now", icon=":material/health_and_safety:"):
        for name, passed, sentence in eng.doctor():
            tone, mark = ("av-green", "✓") if passed else ("av-red", "✗")
            st.html(f'<div style="font-size:13px"><b class="{tone}">{mark} {escape(name)}</b> {escape(sentence)}</div>')
    heading("Versions", "of the packages that decide what comes out")
    versions = eng.versions()
    st.dataframe(pd.DataFrame(versions.items(), columns=["package", "version"]), hide_index=True, height=320)
