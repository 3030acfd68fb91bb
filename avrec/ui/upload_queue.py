"""The queue: what needs the reader first, then every job with its stages. Redrawn each second while anything runs."""

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import STAGES, Job
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.chrome import Cell, heading, metric_strip
from avrec.ui.format import escape
from avrec.ui.resources import engine, plain_error

SHOWN = 40
FILTERS = ("All", "Running", "Done", "Needs you")
LIVE = ("queued", "running")


def is_idle() -> bool:
    status = engine().status()
    return not status["running"] and not status["queued"]


def queue() -> None:
    """Draw the queue; poll only while there is work, so that an idle page costs nothing."""
    st.fragment(_queue, run_every=None if is_idle() else "1s")()


def _queue() -> None:
    jobs = engine().jobs(300)
    live = [job for job in jobs if job.state in LIVE]
    failed = [job for job in jobs if job.state == "failed"]
    _strip(jobs, live, failed)
    for job in failed[:5]:
        _failure(job)
    if len(failed) > 5:
        st.caption(f"{len(failed) - 5} more stopped jobs are under “Needs you” below.")
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            heading("Queue", "newest first; leaving this page does not stop it")
            wanted = st.segmented_control(
                "Show", FILTERS, default="All", label_visibility="collapsed", key="queue-filter", width="content"
            )
        shown = [job for job in jobs if _fits(job, wanted or "All")]
        if not shown:
            st.markdown("Nothing here. Add clips on the left." if not jobs else "No job of this kind.")
        for job in shown[:SHOWN]:
            _row(job)
        if len(shown) > SHOWN:
            st.caption(f"The newest {SHOWN} of {len(shown)} are shown.")
    # The page learns that the queue ran dry, and stops polling.
    if not live and st.session_state.get("queue-live"):
        st.session_state["queue-live"] = False
        st.rerun()
    st.session_state["queue-live"] = bool(live)


def _strip(jobs: list[Job], live: list[Job], failed: list[Job]) -> None:
    left = [job.seconds_left for job in live if job.seconds_left is not None]
    speeds = engine().stage_speeds()
    running = [job for job in live if job.state == "running"]
    metric_strip(
        [
            Cell("In the queue", str(len(live)), f"{len(running)} running" if running else ""),
            Cell("Time left", fmt.duration(left[0]) if left else "–", "for the running clip" if left else ""),
            Cell("Done", str(sum(job.state == "done" for job in jobs)), "clips"),
            Cell("Needs you", str(len(failed)), "stopped" if failed else ""),
            Cell(
                "Speed",
                f"{1 / sum(speeds.values()):.1f}×" if speeds else "–",
                "real time" if speeds else "not measured yet",
                "Seconds of clip per second of work, median of the finished jobs",
            ),
        ]
    )


def _fits(job: Job, wanted: str) -> bool:
    match wanted:
        case "Running":
            return job.state in LIVE
        case "Done":
            return job.state == "done"
        case "Needs you":
            return job.state in ("failed", "cancelled")
        case _:
            return True


def _failure(job: Job) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(
            f'<div><b class="av-red">{escape(fmt.cut(job.title, 60))}</b> {escape(job.reason)}</div>', width="stretch"
        )
        _button("Retry", engine().retry_job, job, "fail-retry")
        _button("Remove", engine().remove_job, job, "fail-remove")


def _row(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="small", key=f"job-{job.job_id}"):
        st.html(f'<div style="min-width:0">{_title(job)}{_middle(job)}</div>', width="stretch")
        st.html(f'<span class="av-mut av-num" style="white-space:nowrap">{escape(_when(job))}</span>', width="content")
        if job.state in LIVE:
            _button("Cancel", engine().cancel_job, job, "cancel")
        elif job.state == "done" and job.clip_id:
            st.page_link(pages.CLIP, label="Open", query_params=workspace.link(clip=job.clip_id))
        else:
            _button("Retry", engine().retry_job, job, "retry")


def _button(label: str, action: object, job: Job, key: str) -> None:
    if st.button(label, type="tertiary", key=f"{key}-{job.job_id}"):
        try:
            action(job.job_id)
        except AvrecError as error:
            st.toast(plain_error(error))
        st.rerun()


def _title(job: Job) -> str:
    name = f' <span class="av-mut">{escape(fmt.cut(job.file_name, 40))}</span>' if job.file_name != job.title else ""
    return f'<div class="av-line" style="font-size:13px"><b>{escape(fmt.cut(job.title, 60))}</b>{name}</div>'


def _middle(job: Job) -> str:
    if job.state == "done":
        words = job.found if job.outcome == "duplicate" else f"{job.found}. {job.reason}".rstrip(". ")
        mark = "known" if job.outcome == "duplicate" else f"✓ {len(STAGES)} of {len(STAGES)} stages"
        if job.outcome == "partial":
            mark = "partial"
        if job.stages_done == ("text",):
            mark = "✓ text"
        return f'<span class="av-chip av-chip-green">{mark}</span><span class="av-cap">{escape(words)}</span>'
    chips = []
    for stage in STAGES:
        kind, mark = "", ""
        if stage in job.stages_done:
            kind, mark = " av-chip-green", "✓ "
        elif stage == job.stage:
            kind = " av-chip-red" if job.state == "failed" else " av-chip-on"
        chips.append(f'<span class="av-chip{kind}">{mark}{stage}</span>')
    return f'<div style="display:flex;flex-wrap:wrap;gap:2px 0">{"".join(chips)}</div>'


def _when(job: Job) -> str:
    match job.state:
        case "running":
            left = f", {fmt.duration(job.seconds_left)} left" if job.seconds_left is not None else ""
            return f"{fmt.percent(job.progress)}{left}"
        case "queued":
            return "waiting"
        case "done":
            return "known" if job.outcome == "duplicate" else f"done, {fmt.duration(sum(job.stage_seconds.values()))}"
        case "failed":
            return "stopped"
        case _:
            return "cancelled"
