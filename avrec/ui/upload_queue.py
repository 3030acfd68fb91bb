"""The queue: what needs the reader first, then every job with its stages. Redrawn each second while anything runs."""

from collections.abc import Callable, Mapping

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import Clip, Job
from avrec.ui import pages, workspace
from avrec.ui.chrome import Cell, heading, metric_strip
from avrec.ui.format import cut, duration, escape
from avrec.ui.resources import engine, plain_error
from avrec.ui.upload_rows import SHOWS, fits, row

ROWS, MORE = 7, 200
FAILURES = 3
LIVE = ("queued", "running")


def is_idle() -> bool:
    """Whether nothing runs and nothing waits."""
    status = engine().status()
    return not status["running"] and not status["queued"]


def queue() -> None:
    """Draw strip, failures and queue; when a job has ended the page runs again, and an idle one polls no more."""
    eng = engine()
    jobs = eng.jobs(300)
    live = [job for job in jobs if job.state in LIVE]
    failed = [job for job in jobs if job.state == "failed"]
    before = st.session_state.get("queue-live")
    st.session_state["queue-live"] = {job.job_id for job in live}
    if before is not None and before - st.session_state["queue-live"]:
        st.rerun()
    metric_strip(cells(jobs, eng.stage_speeds()))
    for job in failed[:FAILURES]:
        _failure(job)
    if len(failed) > FAILURES:
        st.caption(f"{len(failed) - FAILURES} more stopped: choose “Needs you” below.")
    with st.container(border=True, gap="xsmall"):
        _list(jobs, {clip.clip_id: clip for clip in eng.clips()})


def cells(jobs: list[Job], speeds: dict[str, float]) -> list[Cell]:
    """The strip's numbers."""
    live = [job for job in jobs if job.state in LIVE]
    running = [job for job in live if job.state == "running"]
    left = next((job.seconds_left for job in running if job.seconds_left is not None), None)
    done = [job for job in jobs if job.state == "done" and job.outcome != "duplicate" and len(job.stages_done) > 1]
    failed = sum(job.state == "failed" for job in jobs)
    tip = "Seconds of clip per second of work, median of the finished clips"
    return [
        Cell("In the queue", str(len(live)), f"{len(running)} running" if running else ""),
        Cell("Time left", duration(left) if left else "–", "this clip" if left else "", "From the stages' medians"),
        Cell("Done", str(len(done)), "clips"),
        Cell("Needs you", str(failed), "stopped" if failed else ""),
        Cell("Speed", f"{1 / sum(speeds.values()):.1f}×", "real time", tip)
        if sum(speeds.values()) > 0
        else Cell("Speed", "–", "not measured yet", tip),
    ]


def _failure(job: Job) -> None:
    """What happened, what to do, two buttons."""
    name, colon, rest = job.reason.partition(":")
    first, rest = (name + colon, rest) if colon and rest else (f"{cut(job.title, 60)}:", f" {job.reason}")
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center"):
        st.html(
            f'<div role="alert" style="font-size:13px;overflow-wrap:anywhere"><b class="av-red">{escape(first)}</b>'
            f"{escape(rest)}</div>",
            width="stretch",
        )
        _button("Retry", engine().retry_job, job, "fail-retry", "secondary")
        _button("Remove", engine().remove_job, job, "fail-remove")


def _list(jobs: list[Job], known: Mapping[str, Clip]) -> None:
    wanted = workspace.choice("show", SHOWS, SHOWS[0])
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        heading("Queue", "newest first; leaving this page does not stop it")
        st.segmented_control(
            "Show", SHOWS, label_visibility="collapsed", width="content", required=True,
            format_func=lambda name: f"{name} {sum(fits(job, name) for job in jobs)}",
            **workspace.bound("show", wanted, "queue-show"),
        )  # fmt: skip
    shown = [job for job in jobs if fits(job, wanted)]
    if not shown:
        st.markdown("No job of this kind." if jobs else "Nothing here yet. Add video or audio to begin.")
    most = MORE if st.session_state.get("queue-all") else ROWS
    for job in shown[:most]:
        _row(job, known)
    if len(shown) > ROWS:
        label = "Show fewer" if most == MORE else f"Show {min(len(shown), MORE) - ROWS} more"
        st.button(label, type="tertiary", on_click=_toggle_all, key="queue-more")


def _toggle_all() -> None:
    st.session_state["queue-all"] = not st.session_state.get("queue-all")


def _row(job: Job, known: Mapping[str, Clip]) -> None:
    clip = known.get(job.clip_id or "")
    peaks = engine().peaks(clip.clip_id) if clip and clip.info.kind == "audio" else ()
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="small", key=f"job-{job.job_id}"):
        st.html(row(job, clip, peaks), width="stretch")
        with st.container(horizontal=True, horizontal_alignment="right", wrap=False, width=104):
            if job.state in LIVE:
                _button("Cancel", engine().cancel_job, job, "cancel")
            elif job.state == "done" and clip:
                st.page_link(pages.CLIP, label="Open", icon="", query_params=workspace.link(clip=clip.clip_id))
            else:
                if job.state != "done":
                    _button("Retry", engine().retry_job, job, "retry")
                _button("Remove", engine().remove_job, job, "remove")


def _button(label: str, action: Callable[[str], None], job: Job, key: str, kind: str = "tertiary") -> None:
    if st.button(label, type=kind, key=f"{key}-{job.job_id}"):
        try:
            action(job.job_id)
        except AvrecError as error:
            st.toast(plain_error(error))
        st.rerun()
