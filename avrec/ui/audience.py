"""Who would like a clip: people in whose own list it stands high, with the reason."""

import streamlit as st

from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.bars import axis_for, stacked_bar
from avrec.ui.format import escape
from avrec.ui.people import shown
from avrec.ui.resources import engine


def audience_rows(clip_id: str, most: int = 10, k: int = 10) -> None:
    """One row a person: rank in their own list, bar, score, reason; the name opens Recommend.

    Args:
        most: Rows drawn.
        k: A person counts when the clip is among their first k.
    """
    eng = engine()
    if clip_id not in {clip.clip_id for clip in eng.clips()}:
        return
    members = eng.audience(clip_id, k)
    if not members:
        st.caption(f"It is in nobody's first {k} yet. People who have seen it are not counted.")
        return
    simulated = {person.user_id for person in eng.people() if person.simulated}
    axis = axis_for([member.by_modality for member in members[:most]])
    for member in members[:most]:
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
            st.page_link(
                pages.RECOMMEND, label=fmt.plain(fmt.cut(shown(member.user_id), 16)),
                query_params=workspace.link(user=member.user_id, clip=clip_id), width=82,
            )  # fmt: skip
            remark = " · simulated" if member.user_id in simulated else ""
            st.html(
                f'<div style="min-width:0"><div class="av-line" style="font-size:12.5px"><b>#{member.rank}</b> '
                f'<span class="av-mut">{escape(member.reason)}{remark}</span></div>'
                f"{stacked_bar(member.by_modality, axis, small=True)}</div>",
                width="stretch",
            )
            st.html(f'<b class="av-num">{fmt.score(member.score)}</b>', width=48)
    if len(members) > most:
        rest = len(members) - most
        st.caption(f"{rest} more {'person has' if rest == 1 else 'people have'} it in their first {k}.")
