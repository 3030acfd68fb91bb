"""Recommend: what would this person watch next, and what says so?"""

import numpy as np
import streamlit as st

from avrec.errors import UnknownUserError
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.chrome import Cell, empty, heading, metric_strip, page_header
from avrec.ui.recommend_controls import controls
from avrec.ui.recommend_list import cards, list_header, pin, remember, undo_line
from avrec.ui.recommend_why import why
from avrec.ui.resources import engine

SHELF = 4

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
    empty(
        "Nobody is here yet. Record or import events, or open the demo.",
        "Library",
        pages.LIBRARY,
        ":material/grid_view:",
    )
    st.stop()
if ws.user and ws.user not in people:
    st.info(fmt.plain(str(UnknownUserError(ws.user))), icon=":material/person_off:")

controls(ws, people, user)
weights = ws.weights(eng.PRESET_WEIGHTS)
algorithm = ws.algorithm if ws.algorithm in {name for name, *_ in eng.algorithms()} else "hybrid"
ranked = eng.recommend(
    user, ws.k, algorithm=algorithm, weights=weights, diversity=min(ws.diversity, 0.9), include_seen=ws.seen
)
history = remember(ranked)
clips = {clip.clip_id: clip for clip in eng.clips()}
places = ranked.recommendations
person = people[user]
percentiles = [place.percentile for place in places if place.percentile is not None]
penalty = sum(place.by_modality.get("diversity", 0.0) for place in places)
subjects = {clips[place.clip_id].subject for place in places if place.clip_id in clips} - {""}
metric_strip(
    [
        Cell("Ranked", str(len(places)), f"of {ranked.candidates} {'clips' if ws.seen else 'unseen'}"),
        Cell("Events", str(person.events), f"{person.positives} clips liked", person.taste),
        Cell("Top score", fmt.score(places[0].score) if places else "–", fmt.percentile(places[0].percentile) if places else ""),
        Cell("Median percentile", f"{np.median(percentiles):.0f}" if percentiles else "–", "of random person–clip pairs"),
        Cell("Diversity costs", fmt.signed(penalty), "sum of penalties"),
        Cell("Subjects", str(len(subjects)), "in this list", ", ".join(sorted(subjects))),
        Cell("Evidence", "strong" if person.positives >= 5 else "some" if person.positives >= 2 else "weak",
             fmt.count(person.positives, "clip")),
    ]
)  # fmt: skip

left, right = st.columns([0.56, 0.44], gap="medium")
chosen = next((place for place in places if place.clip_id == ws.clip), places[0] if places else None)
with left:
    list_header(ranked, person.simulated)
    undo_line()
    if not places:
        st.markdown(f"{fmt.plain(ranked.note.capitalize())}. Turn on “Seen too”, or add clips.")
    before = {clip_id: rank for rank, clip_id in enumerate(history[0][1], 1)} if len(history) > 1 else None
    cards(ranked, clips, chosen.clip_id if chosen else None, before)
    shelf = eng.new_clips(user, SHELF)
    if shelf.recommendations:
        heading("New clips", "nobody has an event with them yet; by content alone")
        for place in shelf.recommendations:
            with st.container(horizontal=True, wrap=False, vertical_alignment="center", key=f"new-{place.clip_id}"):
                link = workspace.link(clip=place.clip_id)
                st.page_link(pages.CLIP, label=f"**{fmt.plain(fmt.cut(place.title, 40))}**", query_params=link)
                st.caption(f"{fmt.score(place.score)} · {fmt.plain(place.reason)}")
with right, st.container(border=True, key="why"):
    if chosen is None:
        st.markdown("Nothing is ranked, so there is nothing to explain.")
    else:
        why(chosen, ws, user, clips, history)
