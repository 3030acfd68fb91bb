"""The Library's row of controls. What is chosen lives in the URL, so that reload, back and a sent link keep it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from avrec.schemas import Clip
from avrec.ui import format as fmt
from avrec.ui import library_filter as lf
from avrec.ui import pages, workspace

SEPARATOR = "|"


def controls(clips: Sequence[Clip]) -> tuple[lf.Filter, str]:
    """Draw search, subjects, the other facets, sort and the page's action.

    Returns:
        What the reader asked for, and one of the sorts.
    """
    subjects = lf.facet(clip.subject for clip in clips)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        text = st.text_input(
            "Search", placeholder="Title, words said, caption", icon=":material/search:",
            label_visibility="collapsed", width=220, max_chars=100, **_one("q", workspace.param("q") or ""),
        )  # fmt: skip
        chosen = st.pills(
            "Subject", list(subjects), selection_mode="multi", label_visibility="collapsed", width="stretch",
            format_func=lambda name: _counted(name.capitalize(), subjects[name]), **_many("subject", subjects),
        )  # fmt: skip
        wanted = _more(clips, text, tuple(chosen))
        sort = st.selectbox(
            "Sort", lf.SORTS, label_visibility="collapsed", width=150,
            **_one("sort", workspace.choice("sort", lf.SORTS, lf.SORTS[0])),
        )  # fmt: skip
        if st.button("Upload clips", type="primary", icon=":material/upload:"):
            st.switch_page(pages.UPLOAD, query_params=workspace.link())
    return wanted, sort


def _more(clips: Sequence[Clip], text: str, subjects: tuple[str, ...]) -> lf.Filter:
    """The facets behind "More"; the button says how many of them narrow the list."""
    facets = {
        "category": lf.facet(clip.category for clip in clips),
        "language": lf.facet(lf.language_of(clip) for clip in clips),
        "tag": lf.facet(tag for clip in clips for tag in clip.tags),
    }
    low, high = _length(clips)
    now = lf.Filter(
        categories=_listed("category", facets["category"]), languages=_listed("language", facets["language"]),
        tags=_listed("tag", facets["tag"]), speech=workspace.choice("speech", lf.SPEECH, "Any"),
        kind=workspace.choice("kind", lf.KINDS, "Any"), shortest=low, longest=high,
    )  # fmt: skip
    label = f"More {now.hidden}" if now.hidden else "More"
    with st.popover(label, icon=":material/filter_list:", key="more"):
        for name, counts in facets.items():
            if counts:
                shown = fmt.language if name == "language" else str
                st.multiselect(
                    name.capitalize(), list(counts), **_many(name, counts),
                    format_func=lambda value, shown=shown, counts=counts: _counted(shown(value), counts[value]),
                )  # fmt: skip
        st.segmented_control("Speech", lf.SPEECH, **_one("speech", now.speech))
        st.segmented_control("Kind", lf.KINDS, **_one("kind", now.kind))
        longest = max(2, math.ceil(max(clip.duration for clip in clips)))
        span = (int(low or 0), int(high or longest))
        st.slider("Length in seconds", 0, longest, **_bind("length", span, _put_span, longest))
        st.button("Clear all", type="tertiary", on_click=clear, disabled=not (now.hidden or text or subjects))
    return lf.Filter(
        text, subjects, now.categories, now.languages, now.tags, now.speech, now.kind, now.shortest, now.longest
    )


def _length(clips: Sequence[Clip]) -> tuple[float | None, float | None]:
    """The URL's "3-20" as limits in seconds; None where it does not narrow anything."""
    longest = max(2, math.ceil(max(clip.duration for clip in clips)))
    low, _, high = (workspace.param("length") or "").partition("-")
    if not (low.isdecimal() and high.isdecimal()) or int(low) > int(high):
        return None, None
    return (int(low) if int(low) > 0 else None), (int(high) if int(high) < longest else None)


def _counted(label: str, number: int) -> str:
    return f"{fmt.plain(fmt.cut(label, 24))} {number}"


def clear() -> None:
    """Callback: every clip again."""
    names = ("q", "subject", "category", "language", "tag", "speech", "kind", "length", "page")
    workspace.put(**dict.fromkeys(names))


def _listed(name: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(value for value in (workspace.param(name) or "").split(SEPARATOR) if value in options)


def _one(name: str, value: Any) -> dict[str, Any]:
    return _bind(name, value, _put_one)


def _many(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return _bind(name, list(_listed(name, options)), _put_many)


def _bind(name: str, value: Any, callback: Any, *args: Any) -> dict[str, Any]:
    """Keyword arguments that show the URL's value in a widget and write what is picked to the URL."""
    key = f"library-{name}"
    st.session_state[key] = value
    return {"key": key, "on_change": callback, "args": (name, key, *args)}


def _put_one(name: str, key: str) -> None:
    value = st.session_state[key]
    workspace.put(**{name: None if value in ("Any", lf.SORTS[0]) else value, "page": None})


def _put_many(name: str, key: str) -> None:
    workspace.put(**{name: SEPARATOR.join(st.session_state[key]), "page": None})


def _put_span(name: str, key: str, longest: int) -> None:
    low, high = st.session_state[key]
    workspace.put(**{name: None if (low, high) == (0, longest) else f"{low}-{high}", "page": None})
