"""A run on its way: what it does, how far it is, and Cancel."""

import streamlit as st

from avrec.schemas import Job
from avrec.ui import format as fmt
from avrec.ui.resources import engine

LIVE = ("queued", "running")


def progress(job: Job, key: str = "ev-cancel") -> None:
    """Poll each second while the job lives; then draw the page again."""

    @st.fragment(run_every="1s")
    def watch() -> None:
        now = engine().job(job.job_id)
        if now.state not in LIVE:
            st.rerun()
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            words = fmt.plain(now.stage or "beginning") if now.state == "running" else waiting()
            st.progress(now.progress, text=f"{fmt.plain(now.title)}: {words}")
            st.button(
                "Cancel", icon=":material/close:", type="tertiary", on_click=engine().cancel_job, args=(job.job_id,),
                key=key,
            )  # fmt: skip

    watch()


def waiting() -> str:
    """What a run waits for: evaluations have a worker of their own, so never for clips."""
    working = any(worker.lane == "evaluations" for worker in engine().workers())
    return "waits for the evaluation before it" if working else "its worker is starting"


def ended(job: Job | None) -> None:
    """Why the last run brought nothing."""
    if job is not None and job.state == "failed":
        st.html(f'<p class="av-p"><b class="av-red">Not done.</b> {fmt.escape(job.reason)}</p>')
    elif job is not None and job.state == "cancelled":
        st.html('<p class="av-p"><b>Cancelled.</b> Run it again when you like.</p>')
