"""One cell of the Library's grid."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from avrec.schemas import Clip
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.cards import thumbnail
from avrec.ui.clip_forms import clip_menu
from avrec.ui.resources import engine

NEW_FOR = timedelta(hours=24)
UNSURE_LANGUAGE = 0.6
TITLE = 25  # characters that fit beside each other in the narrowest cell


def chips(clip: Clip) -> list[tuple[str, str]]:
    """What a cell says about its clip, with a tooltip: speech and language or what is absent, and its subject."""
    rows = [_sound(clip)]
    if clip.info.kind == "audio" and clip.has_speech:
        rows.append(("audio only", "It has no picture"))
    elif clip.subject:
        rows.append((clip.subject, f"Subject; category {clip.category}" if clip.category else "Subject"))
    elif clip.tags:
        rows.append((clip.tags[0], "Tags: " + ", ".join(clip.tags)))
    return rows


def _sound(clip: Clip) -> tuple[str, str]:
    if clip.has_speech:
        sure = clip.language_probability
        words = f"speech, {clip.language}" if clip.language else "speech"
        if sure is None:
            return words, "Speech was recognised"
        mark = "?" if sure < UNSURE_LANGUAGE else ""
        return f"{words}{mark}", f"{fmt.language(clip.language)}, probability {fmt.probability(sure)}"
    if clip.info.kind == "audio":
        return "audio only", "No speech was heard, and it has no picture"
    return ("no speech", "It has sound without speech") if clip.info.has_sound else ("silent", "It has no sound")


def is_new(clip: Clip, now: datetime | None = None) -> bool:
    """Whether a clip was added in the last 24 hours; the demo clips never are."""
    return not clip.demo and (now or datetime.now(UTC)) - clip.added_at < NEW_FOR


def cell(clip: Clip) -> None:
    """Picture with plates, title that opens the clip, chips, and a menu."""
    plates = {"tl": "New" if is_new(clip) else "", "tr": "Partial" if clip.status == "partial" else ""}
    peaks = engine().peaks(clip.clip_id) if clip.info.kind == "audio" else ()
    with st.container(gap="xxsmall", key=f"cell-{clip.clip_id}"):
        st.html(thumbnail(clip, peaks, plates=plates))
        st.page_link(
            pages.CLIP,
            label=f"**{fmt.plain(fmt.cut(clip.title, TITLE))}**",
            icon="",
            query_params=workspace.link(clip=clip.clip_id),
            help=fmt.plain(clip.title) if len(clip.title) > TITLE else None,
            width="stretch",
        )
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xxsmall"):
            drawn = "".join(
                f'<span class="av-chip" title="{fmt.escape(tip)}">{fmt.escape(fmt.cut(text, 14))}</span>'
                for text, tip in chips(clip)
            )
            st.html(f'<div style="white-space:nowrap;overflow:hidden">{drawn}</div>', width="stretch")
            clip_menu(clip)
