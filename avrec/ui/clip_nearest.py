"""Clips like this one, each with the parts that make it alike."""

import streamlit as st

from avrec.schemas import CONTENT_MODALITIES, Clip
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.bars import axis_for, stacked_bar
from avrec.ui.cards import absent, thumbnail
from avrec.ui.chrome import heading, legend
from avrec.ui.resources import engine

MOST = 7
TITLE = 34


def nearest(clip: Clip, weights: dict[str, float]) -> None:
    """The clips that are most alike, best first; a title opens its clip."""
    eng = engine()
    places = eng.similar(clip.clip_id, MOST, weights=weights).recommendations
    heading("Nearest clips", "in deviations above a random pair")
    if not places:
        st.caption("There is no other clip yet.")
        return
    st.html(legend(CONTENT_MODALITIES))
    axis = axis_for([place.by_modality for place in places])
    clips = {other.clip_id: other for other in eng.clips()}
    with st.container(gap="xsmall"):
        for place in places:
            other = clips.get(place.clip_id)
            peaks = eng.peaks(place.clip_id) if other and other.info.kind == "audio" else ()
            with st.container(
                horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=f"row-near-{place.clip_id}"
            ):
                st.html(thumbnail(other, peaks, small=True), width=62)
                with st.container(gap=None):
                    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
                        # A link to the page that is open would leave the browser's address as it is.
                        st.button(
                            f"**{fmt.plain(fmt.cut(place.title, TITLE))}**", type="tertiary",
                            on_click=_open, args=(place.clip_id,), key=f"near-{place.clip_id}",
                        )  # fmt: skip
                        if chips := absent(place.missing):
                            st.html(chips, width="content")
                    st.html(stacked_bar(place.by_modality, axis, small=True))
                st.html(f'<b class="av-num" style="font-size:13px">{fmt.score(place.score)}</b>', width=44)


def _open(clip_id: str) -> None:
    """Callback: the page shows another clip from its start."""
    workspace.put(clip=clip_id, t=None)
