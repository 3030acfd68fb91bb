"""Upload: what is running, what is done, and what needs you?"""

import streamlit as st

from avrec.schemas import STAGES
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.audience import audience_rows
from avrec.ui.chrome import heading, legend, page_header
from avrec.ui.format import escape
from avrec.ui.resources import engine
from avrec.ui.upload_form import upload_form
from avrec.ui.upload_queue import queue

eng = engine()
page_header("Upload", "Add clips; what is running, what is done, and what needs you?", parts=("user",))


def now_running() -> None:
    """The stages of the clip in hand, and where the time goes."""
    running = next((job for job in eng.jobs(50) if job.state == "running"), None)
    if running is not None:
        with st.container(border=True):
            heading("Now", fmt.cut(running.title, 40))
            for stage in STAGES:
                done, here = stage in running.stages_done, stage == running.stage
                icon = "✓" if done else "●" if here else "○"
                seconds = fmt.duration(running.stage_seconds[stage]) if stage in running.stage_seconds else ""
                tone = "av-green" if done else "" if here else "av-mut"
                st.html(
                    f'<div class="{tone}" style="font-size:13px">{icon} {stage} <span class="av-mut">{seconds}</span></div>'
                )


def where_time_goes() -> None:
    speeds = {stage: value for stage, value in eng.stage_speeds().items() if value >= 0.001}
    if not speeds:
        return
    with st.container(border=True):
        heading("Where the time goes", "s of work per s of clip, median")
        longest = max(speeds.values())
        rows = "".join(
            f'<div class="av-wf" style="grid-template-columns:86px minmax(0,1fr) 50px"><span>{stage}</span>'
            f'<span class="av-lane"><i class="av-part av-ink" style="left:0;width:{100 * value / longest:.1f}%"></i></span>'
            f'<b class="av-num">{value:.2f}</b></div>'
            for stage, value in speeds.items()
        )
        st.html(f'<div class="av-waterfall" style="--zero:0%">{rows}</div>')


left, right = st.columns([0.33, 0.67], gap="medium")
with left:
    upload_form()
    st.fragment(now_running, run_every="2s" if eng.status()["running"] else None)()
    where_time_goes()
with right:
    finished = next(
        (job for job in eng.jobs(50) if job.state == "done" and job.clip_id and len(job.stages_done) > 1), None
    )
    if finished is not None:
        with st.container(border=True, key="finished"):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                heading("Just finished", fmt.cut(finished.title, 50))
                with st.container(horizontal=True, width="content"):
                    open_link = workspace.link(clip=finished.clip_id)
                    if st.button("See what it understood", icon=":material/movie:"):
                        st.switch_page(pages.CLIP, query_params=open_link)
                    if st.button("Who would like this?", icon=":material/group:"):
                        st.switch_page(pages.CLIP, query_params={**open_link, "view": "Audience"})
            st.html(f'<div class="av-cap">{escape(finished.found)}</div>')
            st.html(legend())
            audience_rows(finished.clip_id, 3)
    queue()
