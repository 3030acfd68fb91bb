"""What a person did, beside the lists that follow from it."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import Clip, Interaction
from avrec.ui import format as fmt
from avrec.ui.cards import thumbnail
from avrec.ui.chrome import heading
from avrec.ui.format import escape
from avrec.ui.recommend_why import describe_events
from avrec.ui.resources import engine

PAST = 9


def history(user: str, clips: Mapping[str, Clip], most: int = PAST) -> None:
    """What the person did, the latest first; one row a clip."""
    events: dict[str, list[Interaction]] = {}
    for event in engine().history(user):
        events.setdefault(event.clip_id, []).append(event)
    kept = {clip_id: mine for clip_id, mine in events.items() if clip_id in clips}
    heading("History", fmt.count(len(kept), "clip"))
    if not kept:
        st.caption("No events with clips of this library.")
        return
    rows = []
    for clip_id, mine in list(kept.items())[:most]:
        clip = clips[clip_id]
        peaks = engine().peaks(clip_id) if clip.info.kind == "audio" else ()
        rows.append(
            f'<div class="av-past">{thumbnail(clip, peaks, small=True)}<div style="min-width:0">'
            f'<b title="{escape(clip.title)}">{escape(clip.title)}</b><small>{escape(describe_events(mine))}</small>'
            "</div></div>"
        )
    rest = len(kept) - most
    more = f'<div class="av-cap">and {fmt.count(rest, "more clip")}</div>' if rest > 0 else ""
    st.html(f'<div class="av-pasts">{"".join(rows)}{more}</div>')
