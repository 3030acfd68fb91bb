"""The ranked cards: like, dislike and hide act at once and can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import Clip, Interaction, RankedList, Recommendation
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.bars import Axis, axis_for
from avrec.ui.cards import parts_of, ranked_card
from avrec.ui.chrome import legend
from avrec.ui.palette import PENALTIES
from avrec.ui.people import shown
from avrec.ui.rank_history import latest, moves, step
from avrec.ui.resources import engine

SHELVES = ("Ranked", "New clips")
# On a phone the panel lies below the whole list.
JUMP = '<a class="av-jump" href="#why-panel" target="_self">Why it is here, below</a>'
REACTIONS = (
    ("like", "thumb_up", "Like", "Liked"),
    ("dislike", "thumb_down", "Dislike", "Disliked"),
    ("hide", "visibility_off", "Hide: never show it to this person again", "Hidden"),
)


def list_header(shelf: str, ranked: RankedList, new: RankedList, simulated: bool) -> None:
    """The choice between the list and the shelf of new clips, whose list it is, and the key to the bars."""
    counts = {"Ranked": len(ranked.recommendations), "New clips": len(new.recommendations)}
    remarks = [f"For {shown(ranked.user_id or '')}" + (", a simulated person" if simulated else "")]
    if shelf == "New clips":
        remarks.append("nobody has an event with these yet, so content alone ranks them")
    elif ranked.note:
        remarks.append(ranked.note)
    with st.container(gap="xsmall", key="list-header"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.segmented_control(
                "Shelf", SHELVES, label_visibility="collapsed", required=True,
                format_func=lambda name: f"{name} {counts[name]}", **workspace.bound("shelf", shelf, "shelf-choice"),
            )  # fmt: skip
            st.html(f'<span class="av-cap">{fmt.escape("; ".join(remarks))}</span>', width="content")
        charged = {line.key for place in ranked.recommendations for line in place.ledger.children}
        st.html(legend(penalties=[name for name in PENALTIES if name in charged or name == "diversity"]))


def cards(
    places: Sequence[Recommendation],
    user: str,
    clips: Mapping[str, Clip],
    chosen: str | None,
    before: Mapping[str, int] | None,
) -> None:
    """Draw the list.

    Args:
        chosen: The clip whose reasons are open.
        before: Ranks at the pinned baseline, to show what moved; None where nothing has changed since.
    """
    axis = axis_for([parts_of(place) for place in places])
    with st.container(gap="xsmall", key="cards"):
        for place in places:
            card(place, user, clips.get(place.clip_id), axis, chosen == place.clip_id, before)


def card(
    place: Recommendation, user: str, clip: Clip | None, axis: Axis, is_chosen: bool, before: Mapping[str, int] | None
) -> None:
    """One place with its buttons."""
    key = f"{'chosen' if is_chosen else 'card'}-{place.clip_id}"
    change = fmt.rank_change(before.get(place.clip_id), place.rank) if before is not None else ""
    peaks = engine().peaks(place.clip_id) if clip and clip.info.kind == "audio" else ()
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=key):
        jump = JUMP if is_chosen else ""
        st.html(ranked_card(place, clip, axis, peaks=peaks, change=change) + jump, width="stretch")
        with st.container(width=76, gap=None):
            with st.container(horizontal=True, wrap=False, gap="xxsmall"):
                for event, icon, words, _ in REACTIONS:
                    st.button(
                        "", icon=f":material/{icon}:", type="tertiary", key=f"{event}-{place.clip_id}", help=words,
                        on_click=react, args=(user, place.clip_id, event, place.title, place.rank),
                    )  # fmt: skip
            st.button("Why?", type="tertiary", key=f"why-{place.clip_id}", on_click=explain, args=(place.clip_id,))


@dataclass(frozen=True)
class Reaction:
    """What was just done, kept in the session until it is undone or followed by another."""

    interaction_id: int
    word: str
    title: str
    clip_id: str
    user: str
    before: list[str]


SAID = "av-reaction-refused"


def react(user: str, clip_id: str, event: str, title: str, rank: int) -> None:
    """Store an event; the list is ranked again in this very run."""
    try:
        made = engine().record(user, clip_id, event)
    except AvrecError as error:  # deleted meanwhile, or the disk is full: the list is drawn anew all the same
        st.session_state[SAID] = str(error)
        return
    word = next(done for name, _, _, done in REACTIONS if name == event)
    st.session_state["undo"] = Reaction(made.interaction_id, word, title, clip_id, user, latest(user))
    step(f"{word} #{rank}")


def explain(clip_id: str) -> None:
    workspace.put(clip=clip_id, watched=None, pair=None)


def undo_line(ranked: RankedList, clips: Mapping[str, Clip]) -> None:
    """What was just done for this person and the way back; and the clips that are hidden from them."""
    user = str(ranked.user_id)
    if refused := st.session_state.pop(SAID, ""):
        st.html(f'<p class="av-p"><b class="av-red">Not stored.</b> {fmt.escape(refused)}</p>')
    done: Reaction | None = st.session_state.get("undo")
    done = done if done is not None and done.user == user else None
    hidden = hidden_clips(engine().history(user), clips)
    if done is None and not hidden:
        return
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key="undo-line"):
        if done is not None:
            st.markdown(_told(done, ranked), width="stretch")
            st.button("Undo", icon=":material/undo:", type="tertiary", key="undo-button", on_click=_undo,
                      args=([done.interaction_id],))  # fmt: skip
        if hidden:
            label = f"{fmt.count(len(hidden), 'hidden clip')}"
            with st.popover(label, icon=":material/visibility_off:", type="tertiary", key="hidden"):
                st.caption("Hidden clips are never listed for this person.")
                for clip_id, events in hidden.items():
                    name = fmt.plain(fmt.cut(clips[clip_id].title, 40))
                    st.button(f"Show again: {name}", key=f"show-{clip_id}", on_click=_undo, args=(events,))


def _told(done: Reaction, ranked: RankedList) -> str:
    """ "Disliked **A**, #1 → off the list. Rose most: B #5 → #3."."""
    titles = {place.clip_id: place.title for place in ranked.recommendations}
    own, rose = moves(done.before, list(titles), done.clip_id)
    told = f"{done.word} **{fmt.plain(fmt.cut(done.title, 50))}**{f', {own}' if own else ''}."
    others = ", ".join(f"{fmt.plain(fmt.cut(titles[clip], 34))} {move}" for clip, move in rose)
    return f"{told} Rose most: {others}." if others else told


def hidden_clips(history: Sequence[Interaction], clips: Mapping[str, Clip]) -> dict[str, list[int]]:
    """clip_id -> ids of the events that hide it, the latest first."""
    found: dict[str, list[int]] = {}
    for event in history:
        if event.event == "hide" and event.clip_id in clips and event.interaction_id is not None:
            found.setdefault(event.clip_id, []).append(event.interaction_id)
    return found


def _undo(interaction_ids: list[int]) -> None:
    for interaction_id in interaction_ids:
        engine().undo(interaction_id)
    st.session_state.pop("undo", None)
    step("Undo")
