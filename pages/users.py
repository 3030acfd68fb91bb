"""Users: what does this person like, who is alike, and what may change it?"""

from dataclasses import replace

import streamlit as st

from avrec.errors import UnknownUserError
from avrec.ui import algorithms, workspace
from avrec.ui import format as fmt
from avrec.ui.chrome import metric_strip, page_header
from avrec.ui.resources import engine
from avrec.ui.users_controls import VIEWS, cells, controls
from avrec.ui.users_effect import effect
from avrec.ui.users_neighbours import liked_by_them, neighbours
from avrec.ui.users_new import new_person
from avrec.ui.users_taste import history, over_time, taste
from avrec.ui.users_weights import check, weights_editor
from avrec.ui.users_wishes import own_wish, wishes

eng = engine()
people = {person.user_id: person for person in eng.people()}
ws = page_header("Users", "What does this person like, who is alike, and what may change it?", parts=())
user = ws.user if ws.user in people else None
if user is None and people:
    user = max(people.values(), key=lambda person: (person.positives >= 5, -abs(person.positives - 8))).user_id
if user is None:
    with st.container(border=True):
        st.markdown("Nobody is here yet. Make a person from one sentence or from some likes, or import events.")
        new_person()
    st.stop()
if ws.user and ws.user not in people:
    st.info(fmt.plain(str(UnknownUserError(ws.user))), icon=":material/person_off:")

if user == ws.user:
    workspace.cover(user)
view = workspace.choice("view", VIEWS, "Taste")
controls(people, user, view)
own, profile = eng.person_settings(user), eng.profile(user)
metric_strip(cells(people[user], profile, own))
clips = {clip.clip_id: clip for clip in eng.clips()}
ws = own_wish(replace(ws, algorithm=algorithms.chosen(ws, algorithms.entries()).name), user)
left, right = st.columns([0.56, 0.44], gap="medium")
if view == "Taste":
    with left:
        with st.container(border=True):
            taste(profile)
            over_time(profile)
        with st.container(border=True):
            history(profile.history, profile)
    with right:
        with st.container(border=True):
            neighbours(profile)
        with st.container(border=True):
            liked_by_them(profile, clips)
else:
    with left, st.container(border=True):
        if view == "Wishes":
            wishes(user, own)
            now = None
        else:
            now = weights_editor()
    with right:
        if now is not None:
            with st.container(border=True):
                check(now)
        with st.container(border=True):
            effect(user, ws, clips)
