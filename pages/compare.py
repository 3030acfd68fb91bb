"""Compare: where do recommenders, people or clips agree, and where not?"""

from dataclasses import replace

import streamlit as st

from avrec.errors import UnknownUserError
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.chrome import empty, page_header
from avrec.ui.compare_clips import two_clips
from avrec.ui.compare_lists import recommenders
from avrec.ui.compare_people import two_people
from avrec.ui.resources import engine
from avrec.ui.users_wishes import own_wish

SHORT = 10  # places of a list where the URL names no other number: what one screen holds
QUESTIONS = {
    "Recommenders": "Where do recommenders agree about one person, and where not?",
    "People": "What do two people share, and what divides them?",
    "Clips": "In what are two clips alike, and when?",
}

eng = engine()
people = {person.user_id: person for person in eng.people()}
clips = {clip.clip_id: clip for clip in eng.clips()}
view = workspace.choice("compare", list(QUESTIONS), "Recommenders")
ws = page_header("Compare", QUESTIONS[view], parts=() if view == "Clips" else ("weights",))
if workspace.param("k") is None:
    ws = replace(ws, k=SHORT)
user = ws.user if ws.user in people else None
if user is None and people:
    user = max(people.values(), key=lambda person: (person.positives >= 5, -abs(person.positives - 8))).user_id
if user is not None and user == ws.user:
    workspace.cover(user)

st.segmented_control(
    "Compare", list(QUESTIONS), label_visibility="collapsed", required=True,
    **workspace.bound("compare", view, "compare-view"),
)  # fmt: skip
if ws.user and ws.user not in people and view != "Clips":
    st.info(fmt.plain(str(UnknownUserError(ws.user))), icon=":material/person_off:")
if view == "Clips" and not clips:
    empty("No clips yet. Upload two to compare them.", "Upload", pages.UPLOAD, ":material/upload:")
elif view == "Clips":
    two_clips(ws, clips)
elif user is None:
    empty("Nobody is here yet. Record or import events, or open the demo.", "Library", pages.LIBRARY,
          ":material/grid_view:")  # fmt: skip
elif view == "People":
    two_people(ws, people, user, clips)
else:
    recommenders(own_wish(ws, user), people, user, clips)
