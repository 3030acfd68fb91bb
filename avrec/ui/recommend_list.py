"""The ranked cards: like, dislike and hide act at once and can be undone."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import Clip, RankedList, Recommendation
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.bars import Axis, axis_for
from avrec.ui.cards import ranked_card
from avrec.ui.chrome import heading, legend
from avrec.ui.resources import engine


def cards(ranked: RankedList, clips: Mapping[str, Clip], chosen: str | None, before: Mapping[str, int] | None) -> None:
    """Draw the list.

    Args:
        chosen: The clip whose reasons are open.
        before: Ranks at the pinned baseline, to show what moved.
    """
    axis = axis_for([place.by_modality for place in ranked.recommendations])
    for place in ranked.recommendations:
        card(place, ranked.user_id or "", clips.get(place.clip_id), axis, chosen == place.clip_id, before)


def card(
    place: Recommendation, user: str, clip: Clip | None, axis: Axis, is_chosen: bool, before: Mapping[str, int] | None
) -> None:
    """One place with its buttons."""
    key = f"{'chosen' if is_chosen else 'card'}-{place.clip_id}"
    change = fmt.rank_change(before.get(place.clip_id), place.rank) if before else ""
    peaks = engine().peaks(place.clip_id) if clip and clip.info.kind == "audio" else ()
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=key):
        st.html(ranked_card(place, clip, axis, peaks=peaks, change=change), width="stretch")
        with st.container(width=76, gap="xxsmall"):
            with st.container(horizontal=True, wrap=False, gap="xxsmall"):
                for event, icon, words in (
                    ("like", "thumb_up", "Like"), ("dislike", "thumb_down", "Dislike"), ("hide", "visibility_off", "Hide"),
                ):  # fmt: skip
                    st.button(
                        "", icon=f":material/{icon}:", type="tertiary", key=f"{event}-{place.clip_id}", help=words,
                        on_click=react, args=(user, place.clip_id, event, place.title),
                    )  # fmt: skip
            st.button("Why?", type="tertiary", key=f"why-{place.clip_id}", on_click=explain, args=(place.clip_id,))


def react(user: str, clip_id: str, event: str, title: str) -> None:
    """Store an event; the list is ranked again in this very run."""
    made = engine().record(user, clip_id, event)
    st.session_state["undo"] = (made.interaction_id, f"{event.capitalize()}d" if event != "hide" else "Hidden", title)
    step(f"{event} {fmt.cut(title, 12)}")


def explain(clip_id: str) -> None:
    workspace.put(clip=clip_id, watched=None, pair=None)


def undo_line() -> None:
    """What was just done, and the way back."""
    done = st.session_state.get("undo")
    if not done:
        return
    key, word, title = done
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="undo-line"):
        st.markdown(f"{word.replace('eed', 'ed')}: {fmt.plain(fmt.cut(title, 50))}")
        st.button("Undo", icon=":material/undo:", type="tertiary", key="undo-button", on_click=_undo, args=(key,))


def _undo(key: int) -> None:
    engine().undo(key)
    st.session_state.pop("undo", None)
    step("undo")


def step(label: str) -> None:
    """Name the change, for the rank chart."""
    st.session_state["step"] = label


def remember(ranked: RankedList) -> list[tuple[str, list[str]]]:
    """Add the list to the person's history of rankings when its order changed; the first is the baseline."""
    history = st.session_state.setdefault("rankings", {}).setdefault(ranked.user_id, [])
    order = [place.clip_id for place in ranked.recommendations]
    label = st.session_state.pop("step", "") or ("pinned" if not history else "weights")
    if not history or history[-1][1] != order:
        history.append((label, order))
        del history[1:-5]
    return history


def pin(user: str) -> None:
    """Make the present ranking the baseline."""
    history = st.session_state.get("rankings", {}).get(user)
    if history:
        history[:] = [("pinned", history[-1][1])]


def list_header(ranked: RankedList, simulated: bool) -> None:
    """Whose list it is, and the key to the bars."""
    remark = "simulated person" if simulated else ""
    heading(f"Ranked for {fmt.cut(ranked.user_id or '', 20)}", "; ".join(x for x in (ranked.note, remark) if x))
    st.html(legend(diversity=True))
