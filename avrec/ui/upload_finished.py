"""What was finished last, and the two ways on from there."""

import streamlit as st

from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.audience import audience_rows
from avrec.ui.chrome import heading, legend
from avrec.ui.format import escape
from avrec.ui.resources import engine


def finished() -> None:
    """The clip that came last and, while nothing runs, who would get it."""
    jobs = [job for job in engine().recent_jobs() if job.state == "done" and job.clip_id]
    known = engine().clips_of([job.clip_id for job in jobs])
    job = next((job for job in jobs if job.clip_id in known), None)
    if job is None:
        return
    with st.container(border=True, key="finished"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            heading("Just finished", fmt.cut(job.title, 50))
            with st.container(horizontal=True, width="content", gap="xsmall"):
                target = workspace.link(clip=job.clip_id)
                if st.button("See what it understood", icon=":material/movie:"):
                    st.switch_page(pages.CLIP, query_params=target)
                if st.button("Who would like this?", icon=":material/group:"):
                    st.switch_page(pages.CLIP, query_params={**target, "view": "Audience"})
        if st.session_state.get("queue-idle"):
            st.html(f'<div class="av-cap">{escape(job.found)}</div>{legend()}')
            audience_rows(job.clip_id, 3)
        else:  # ranking for everybody anew after each clip would take the time that the next clip needs
            st.html(f'<div class="av-cap">{escape(job.found)}. Who would get it is said when the queue is done.</div>')
