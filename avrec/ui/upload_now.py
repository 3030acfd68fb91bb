"""The left side of the Upload page: the clip in hand, stage by stage, and where the time goes."""

from collections.abc import Sequence

import streamlit as st

from avrec.schemas import STAGES, Job
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.format import escape
from avrec.ui.resources import engine
from avrec.ui.upload_rows import SHOWS
from avrec.ui.upload_timeline import hue

SHORTEST = 0.005  # stages below it are instantaneous; drawn, they would be empty lines


def now_running() -> None:
    """The stages of the work in hand; nothing is drawn while none is."""
    jobs = engine().queue_page(SHOWS["Running"], most=4).jobs
    for job in jobs:
        with st.container(border=True, gap="xsmall", key=f"now-{job.job_id}"):
            heading("Now", ", ".join([fmt.cut(job.title, 40), *([fmt.duration(job.duration)] if job.duration else [])]))
            if job.kind != "ingest":
                st.progress(job.progress, text=fmt.plain(job.stage or "beginning"))
                continue
            st.html(drawn(steps(job)))
            st.caption(after(job))


def drawn(rows: Sequence[tuple[str, str]]) -> str:
    """HTML of the steps; each `st.status` would sleep for 50 ms, in every run."""
    lines = "".join(
        f'<div role="listitem"><i class="av-step{" av-turning" if state == "running" else ""}" aria-hidden="true">'
        f"{'progress_activity' if state == 'running' else 'check_circle'}</i>{escape(label)}"
        f'<span class="av-mut">{" in hand" if state == "running" else ""}</span></div>'
        for label, state in rows
    )
    return f'<div class="av-steps" role="list">{lines}</div>'


def steps(job: Job) -> list[tuple[str, str]]:
    """(label, state) of the stages that are done and of those in hand, two at once where sound runs beside pictures."""
    now, rows = job.stages_now or (job.stage,), []
    for stage in STAGES:
        if stage in job.stages_done:
            seconds = job.stage_seconds.get(stage)
            rows.append((stage.capitalize() + (f", {fmt.duration(seconds)}" if seconds else ""), "complete"))
        elif stage in now:
            rows.append((stage.capitalize(), "running"))
    return rows


def after(job: Job) -> str:
    """What comes next, and how long it all takes still."""
    now = job.stages_now or (job.stage,)
    waiting = [stage for stage in STAGES if stage not in job.stages_done and stage not in now]
    left = f"about {fmt.duration(job.seconds_left)} left" if job.seconds_left is not None else ""
    words = "; ".join(part for part in (f"next: {', '.join(waiting)}" if waiting else "", left) if part)
    return words[:1].upper() + words[1:]


def where_time_goes() -> None:
    """Seconds of work per second of clip, by stage, and the other way round."""
    speeds = engine().stage_speeds()
    shown = {stage: value for stage, value in speeds.items() if value >= SHORTEST}
    if not shown:
        return
    with st.container(border=True, key="pace"):
        heading("Where the time goes", "s of work per s of clip; × real time")
        longest = max(shown.values())
        rows = "".join(_stage(stage, value, longest) for stage, value in shown.items())
        total = sum(speeds.values())
        rows += (
            f'<div class="av-wf av-pace av-total" role="row"><b role="cell">All</b><span role="cell"></span>'
            f'<b class="av-num" role="cell">{total:.2f}</b><b class="av-num" role="cell">{1 / total:.1f}×</b></div>'
        )
        st.html(f'<div class="av-waterfall" role="table" aria-label="Where the time goes">{rows}</div>')


def _stage(stage: str, value: float, longest: float) -> str:
    name = stage.capitalize()
    tip = f"{name}: {value:.3f} s of work per second of clip, {1 / value:.1f} times real time; median"
    return (
        f'<div class="av-wf av-pace" role="row" title="{escape(tip)}"><span role="cell">{name}</span>'
        f'<span role="cell" class="av-lane av-track"><i class="av-part av-m-{hue(stage)}" '
        f'style="left:0;width:{100 * value / longest:.1f}%"></i></span><b class="av-num" role="cell">{value:.2f}</b>'
        f'<span class="av-num" role="cell">{1 / value:.1f}×</span></div>'
    )
