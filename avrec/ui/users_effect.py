"""What a change of wishes or weights does to the person's list: the list itself, and how ranks moved."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import Clip, RankedList
from avrec.ui import charts
from avrec.ui import format as fmt
from avrec.ui.bars import axis_for
from avrec.ui.cards import clip_row
from avrec.ui.chrome import heading
from avrec.ui.people import shown
from avrec.ui.rank_history import Snapshots, remember
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace

FIRST = 8


def effect(user: str, ws: Workspace, clips: Mapping[str, Clip]) -> None:
    """Rank with the present settings and show what moved since the page was opened."""
    eng = engine()
    ranked = eng.recommend(
        user, ws.k, algorithm=ws.algorithm, weights=ws.weights(eng.PRESET_WEIGHTS), options=ws.options()
    )
    snapshots = remember(ranked, ws)
    first_clips(ranked, clips, snapshots)
    moves(ranked, clips, snapshots)


def first_clips(ranked: RankedList, clips: Mapping[str, Clip], snapshots: Snapshots) -> None:
    """The first places with their bars and the change of rank since the baseline."""
    heading(f"First {FIRST} for {fmt.cut(shown(ranked.user_id or ''), 20)}", ranked.note)
    places = ranked.recommendations[:FIRST]
    if not places:
        st.caption("Nothing is ranked.")
        return
    before = {clip_id: rank for rank, clip_id in enumerate(snapshots[0][1], 1)} if len(snapshots) > 1 else None
    axis = axis_for([place.by_modality for place in places])
    rows = []
    for place in places:
        clip = clips.get(place.clip_id)
        peaks = engine().peaks(place.clip_id) if clip and clip.info.kind == "audio" else ()
        change = fmt.rank_change(before.get(place.clip_id), place.rank) if before is not None else ""
        rows.append(
            clip_row(clip, f"{place.rank}. {place.title}", change, place.by_modality, axis,
                     value=fmt.score(place.score), peaks=peaks)
        )  # fmt: skip
    st.html("".join(rows))


def moves(ranked: RankedList, clips: Mapping[str, Clip], snapshots: Snapshots) -> None:
    """The rank chart, once something moved."""
    if len(snapshots) < 2:
        st.caption("Change something: the ranks that move are drawn here.")
        return
    heading("Ranks", "one column a change; the first clip of now in the accent")
    titles = {clip_id: clip.title for clip_id, clip in clips.items()}
    first = ranked.recommendations[0].clip_id if ranked.recommendations else None
    names = ", ".join(label for label, _ in snapshots)
    charts.draw(charts.bump(snapshots, titles, first, charts.theme(), top=8), "moves", f"Ranks over: {names}.")
