"""Upload: what is running, what is done, and what needs you?"""

import streamlit as st

from avrec.ui.chrome import page_header
from avrec.ui.resources import engine
from avrec.ui.upload_finished import finished
from avrec.ui.upload_folders import watched_folders
from avrec.ui.upload_form import upload_form
from avrec.ui.upload_now import now_running, where_time_goes
from avrec.ui.upload_queue import is_idle, queue
from avrec.ui.upload_times import stage_times

page_header("Upload", "Add clips; what is running, what is done, and what needs you?", parts=("user",))
idle = st.session_state["queue-idle"] = is_idle()
# A watched folder, or somebody else, may wake an idle queue.
often, slowly = ("4s", None) if idle else ("1s", "3s")

left, right = st.columns([0.33, 0.67], gap="medium")
with left:
    upload_form()
    st.fragment(now_running, run_every=None if idle else "1s")()
    st.fragment(watched_folders, run_every="5s" if engine().watched_folders() else None)()
    st.fragment(where_time_goes, run_every=slowly)()
with right:
    st.fragment(queue, run_every=often)()
    st.fragment(stage_times, run_every=slowly)()
    st.fragment(finished, run_every=slowly)()
