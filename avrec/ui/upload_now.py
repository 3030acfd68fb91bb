"""The left side of the Upload page: the clip in hand, stage by stage, and where the time goes."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import STAGES, Job
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.resources import engine

HUES = {"speech": "speech", "audio": "audio", "pictures": "visual", "text": "words"}
SHORTEST = 0.005  # stages below it are instantaneous; drawn, they would be empty lines


def now_running() -> None:
    """The stages of the clip in hand; nothing is drawn while none is."""
    job = next((job for job in engine().jobs(50) if job.state == "running"), None)
    if job is None:
        return
    with st.container(border=True):
        heading("Now", fmt.cut(job.title, 40))
        for label, state in steps(job):
            st.status(label, type="step", state=state)
        waiting = [stage for stage in STAGES if stage not in job.stages_done and stage != job.stage]
        if waiting:
            st.caption(f"Next: {', '.join(waiting)}")


def steps(job: Job) -> list[tuple[str, str]]:
    """(label, state) of the stages that are done and of the one in hand."""
    rows = []
    for stage in STAGES:
        if stage in job.stages_done:
            seconds = job.stage_seconds.get(stage)
            rows.append((stage.capitalize() + (f", {fmt.duration(seconds)}" if seconds else ""), "complete"))
        elif stage == job.stage:
            rows.append((stage.capitalize(), "running"))
    return rows


def where_time_goes(speeds: Mapping[str, float]) -> None:
    """Seconds of work per second of clip, by stage."""
    shown = {stage: value for stage, value in speeds.items() if value >= SHORTEST}
    if not shown:
        return
    with st.container(border=True):
        heading("Where the time goes", "s of work per s of clip, median")
        longest = max(shown.values())
        rows = "".join(
            f'<div class="av-wf" style="grid-template-columns:72px minmax(0,1fr) 44px" role="row">'
            f'<span role="cell">{stage.capitalize()}</span><span role="cell" class="av-lane av-track">'
            f'<i class="av-part av-m-{HUES.get(stage, "prior")}" style="left:0;width:{100 * value / longest:.1f}%"></i>'
            f'</span><b class="av-num" role="cell">{value:.2f}</b></div>'
            for stage, value in shown.items()
        )
        st.html(f'<div class="av-waterfall" role="table" aria-label="Where the time goes">{rows}</div>')
