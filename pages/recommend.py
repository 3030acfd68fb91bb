"""Recommend: what would this person watch next, and what says so?"""

from dataclasses import replace

import streamlit as st

from avrec.errors import UnknownUserError
from avrec.ui import algorithms, pages, workspace
from avrec.ui import format as fmt
from avrec.ui.chrome import empty, metric_strip, page_header
from avrec.ui.rank_history import pin, remember
from avrec.ui.recommend_controls import controls, strip_cells
from avrec.ui.recommend_list import SHELVES, cards, list_header, undo_line
from avrec.ui.recommend_why import Case, why
from avrec.ui.resources import engine
from avrec.ui.users_wishes import own_wish

NEW_CLIPS = 6

eng = engine()
people = {person.user_id: person for person in eng.people()}
ws = workspace.current()
user = ws.user if ws.user in people else None
if user is None and people:
    user = max(people.values(), key=lambda person: (person.positives >= 5, -abs(person.positives - 8))).user_id
page_header(
    "Recommend", "What would this person watch next, and what says so?", parts=("weights", "clip"),
    action=lambda: st.button("Pin as baseline", icon=":material/push_pin:", on_click=pin, args=(user,)),
)  # fmt: skip
if not people:
    empty("Nobody is here yet. Make a person on Users, import events, or open the demo.", "Users", pages.USERS,
          ":material/group:")  # fmt: skip
    st.stop()
if ws.user and ws.user not in people:
    st.info(fmt.plain(str(UnknownUserError(ws.user))), icon=":material/person_off:")

if user == ws.user:
    workspace.cover(user)
known = algorithms.entries()
ws = own_wish(ws, user)
ws = replace(ws, algorithm=algorithms.chosen(ws, known).name)
controls(ws, people, user, known)
weights = ws.weights(eng.PRESET_WEIGHTS)
ranked = eng.recommend(user, ws.k, algorithm=ws.algorithm, weights=weights, options=ws.options())
snapshots = remember(ranked, ws)
fresh = eng.new_clips(user, NEW_CLIPS)
shelf = workspace.choice("shelf", SHELVES, "Ranked")
clips = {clip.clip_id: clip for clip in eng.clips()}
person = people[user]
metrics = eng.list_metrics(user, [place.clip_id for place in ranked.recommendations])
metric_strip(strip_cells(ranked, person, metrics, clips, ws.seen))

left, right = st.columns([0.56, 0.44], gap="medium")
shown = ranked.recommendations if shelf == "Ranked" else fresh.recommendations
chosen = next((place for place in shown if place.clip_id == ws.clip), shown[0] if shown else None)
with left:
    list_header(shelf, ranked, fresh, person.simulated)
    undo_line(ranked, clips)
    if not shown and shelf == "Ranked":
        why_none = fmt.plain((ranked.note or "Nothing is left to rank").capitalize())
        st.markdown(f"{why_none}. Turn on “Seen clips too” under List, or add clips.")
    elif not shown:
        st.markdown("Every clip has been watched by somebody. Upload one, and it stands here.")
    moved = shelf == "Ranked" and len(snapshots) > 1
    before = {clip_id: rank for rank, clip_id in enumerate(snapshots[0][1], 1)} if moved else None
    cards(shown, user, clips, chosen.clip_id if chosen else None, before)
with right, st.container(border=True, key="why"):
    if chosen is None:
        st.markdown("Nothing is ranked, so there is nothing to explain.")
    else:
        # The shelf of new clips is ranked with the preset's weights, whatever the mixer says.
        source = ranked if shelf == "Ranked" else fresh
        why(Case(chosen, user, ws, weights if shelf == "Ranked" else None, clips, snapshots, source.algorithm))
