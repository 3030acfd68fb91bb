"""One cell of the Library's grid."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from avrec.schemas import Clip
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.cards import thumbnail
from avrec.ui.clip_forms import delete_dialog, edit_dialog
from avrec.ui.resources import engine

NEW_FOR = timedelta(hours=24)


def chips(clip: Clip) -> list[str]:
    """What a cell says about its clip: speech and language, or what is absent; and its subject."""
    if clip.has_speech:
        first = f"speech, {clip.language}" if clip.language else "speech"
        if clip.language_probability is not None and clip.language_probability < 0.6:
            first += "?"
    elif clip.info.kind == "audio":
        first = "audio only"
    else:
        first = "no speech" if clip.info.has_sound else "silent"
    return [first, *([clip.subject] if clip.subject else [])]


def cell(clip: Clip) -> None:
    """Picture with plates, title that opens the clip, chips, and a menu."""
    new = not clip.demo and datetime.now(UTC) - clip.added_at < NEW_FOR
    plates = {"tl": "New" if new else "", "tr": "Partial" if clip.status == "partial" else ""}
    peaks = engine().peaks(clip.clip_id) if clip.info.kind == "audio" else ()
    with st.container(gap="xxsmall", key=f"cell-{clip.clip_id}"):
        st.html(thumbnail(clip, peaks, plates=plates))
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xxsmall"):
            st.page_link(
                pages.CLIP,
                label=f"**{fmt.plain(fmt.cut(clip.title, 26))}**",
                query_params=workspace.link(clip=clip.clip_id),
                help=clip.title if len(clip.title) > 26 else None,
                width="stretch",
            )
            with st.popover("", icon=":material/more_vert:", type="tertiary", width="content", key=f"m-{clip.clip_id}"):
                if st.button("Edit", icon=":material/edit:", type="tertiary", key=f"edit-{clip.clip_id}"):
                    edit_dialog(clip)
                if st.button("Delete", icon=":material/delete:", type="tertiary", key=f"delete-{clip.clip_id}"):
                    delete_dialog(clip)
        st.html("".join(f'<span class="av-chip">{fmt.escape(chip)}</span>' for chip in chips(clip)))
