"""Users, first view, right: who is alike, and what they liked that this person has not seen."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import Clip, Neighbour, PersonProfile
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.bars import axis_for
from avrec.ui.cards import clip_row
from avrec.ui.chrome import heading
from avrec.ui.people import shown
from avrec.ui.resources import engine

MOST_PEOPLE, MOST_CLIPS = 6, 6


def neighbours(profile: PersonProfile) -> None:
    """One row a neighbour; the name opens their page."""
    heading("People alike", "shrunk cosine of event weights")
    if not profile.neighbours:
        st.caption("Nobody has a positive likeness yet: it needs clips that both have an event with.")
        return
    top = profile.neighbours[0].similarity
    for i, one in enumerate(profile.neighbours[:MOST_PEOPLE]):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
            st.button(
                fmt.plain(fmt.cut(shown(one.user_id), 16)), type="tertiary", key=f"near-{i}", width=112,
                on_click=_open, args=(one.user_id,), help="Open this person",
            )  # fmt: skip
            st.html(_neighbour(one, top), width="stretch")
            st.html(f'<b class="av-num">{fmt.probability(one.similarity)}</b>', width=38)
    rest = len(profile.neighbours) - MOST_PEOPLE
    if rest > 0:
        st.caption(f"and {fmt.count(rest, 'more person', 'more people')} with a likeness above 0")


def _open(user_id: str) -> None:
    workspace.put(user=user_id)


def _neighbour(one: Neighbour, top: float) -> str:
    tip = "Confidence: n / (n + 5), the share of the plain cosine that so few clips in common leave"
    return (
        f'<div style="min-width:0" title="{tip}"><div class="av-cap">{one.common} in common, '
        f"confidence {fmt.percent(one.confidence)}</div>"
        f'<div class="av-bar av-bar-small" role="img" aria-label="similarity {fmt.probability(one.similarity)}">'
        f'<i class="av-ink" style="left:0;width:{100 * one.similarity / top:.1f}%"></i></div></div>'
    )


def liked_by_them(profile: PersonProfile, clips: Mapping[str, Clip]) -> None:
    """Clips of neighbours, by the sum of the likers' similarities: the crowd alone, before any content speaks."""
    heading("They liked, this person has not seen", "sum of the likers' similarities")
    found = [one for one in profile.neighbour_likes if one.clip_id in clips][:MOST_CLIPS]
    if not found:
        st.caption("Nothing: either nobody is alike, or everything they liked was seen.")
        return
    axis = axis_for([{"crowd": one.score} for one in found])
    rows = []
    for one in found:
        clip = clips[one.clip_id]
        peaks = engine().peaks(one.clip_id) if clip.info.kind == "audio" else ()
        remark = f"liked by {one.people} of {len(profile.neighbours)}"
        rows.append(
            clip_row(clip, one.title, remark, {"crowd": one.score}, axis, value=fmt.probability(one.score), peaks=peaks)
        )
    st.html("".join(rows))
    st.page_link(
        pages.RECOMMEND, label="Rank by people alike alone", icon=":material/group:",
        query_params=workspace.link(user=profile.user_id, algorithm="user-knn"),
    )  # fmt: skip
