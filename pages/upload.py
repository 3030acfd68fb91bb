"""Upload: what is running, what is done, and what needs you?"""

import streamlit as st

from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.audience import audience_rows
from avrec.ui.chrome import heading, legend, page_header
from avrec.ui.format import escape
from avrec.ui.resources import engine
from avrec.ui.upload_form import upload_form
from avrec.ui.upload_now import now_running, where_time_goes
from avrec.ui.upload_queue import is_idle, queue

eng = engine()
page_header("Upload", "Add clips; what is running, what is done, and what needs you?", parts=("user",))
polling = None if is_idle() else "1s"

left, right = st.columns([0.33, 0.67], gap="medium")
with left:
    upload_form()
    st.fragment(now_running, run_every=polling)()
    where_time_goes(eng.stage_speeds())
with right:
    st.fragment(queue, run_every=polling)()
    known = {clip.clip_id for clip in eng.clips()}
    finished = next(
        (j for j in eng.jobs(50) if j.state == "done" and j.clip_id in known and len(j.stages_done) > 1), None
    )
    if finished is not None:
        with st.container(border=True, key="finished"):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                heading("Just finished", fmt.cut(finished.title, 50))
                with st.container(horizontal=True, width="content", gap="xsmall"):
                    target = workspace.link(clip=finished.clip_id)
                    if st.button("See what it understood", icon=":material/movie:"):
                        st.switch_page(pages.CLIP, query_params=target)
                    if st.button("Who would like this?", icon=":material/group:"):
                        st.switch_page(pages.CLIP, query_params={**target, "view": "Audience"})
            st.html(f'<div class="av-cap">{escape(finished.found)}</div>{legend()}')
            audience_rows(finished.clip_id, 3)
