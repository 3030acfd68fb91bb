"""What is said in a clip: searchable lines that play, uncertain words marked, subtitles to take away."""

from collections.abc import Sequence

import streamlit as st

from avrec.schemas import Annotation, Clip
from avrec.ui import format as fmt
from avrec.ui import library_filter as lf
from avrec.ui import subtitles, workspace
from avrec.ui.format import escape
from avrec.ui.player import play_at
from avrec.ui.resources import engine

UNSURE_WORD, UNSURE_LANGUAGE = 0.5, 0.6
PER_PAGE = 40


def transcript(clip: Clip) -> None:
    """Draw the lines with search and downloads; says so where nothing was said."""
    lines = engine().transcript(clip.clip_id)
    if not lines:
        why = "No speech was heard in it." if clip.info.has_sound else "It has no sound."
        st.markdown(f"{why} Nothing is transcribed from silence, noise or music.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.text_input(
            "Find in transcript", placeholder="Find in transcript", label_visibility="collapsed",
            icon=":material/search:", key="find",
        )  # fmt: skip
        for kind, text in (("SRT", subtitles.srt(lines)), ("VTT", subtitles.vtt(lines))):
            st.download_button(
                kind, text, f"{clip.clip_id}.{kind.lower()}", type="tertiary", icon=":material/download:",
                on_click="ignore", help=f"The transcript as {kind} subtitles", key=f"get-{kind}",
            )  # fmt: skip
    shown = having(lines, wanted)
    if not shown:
        st.markdown("These words are not said in it.")
    count, page, first = lf.page_of(len(shown), PER_PAGE, st.session_state.get("lines-page", 1))
    t = workspace.current().t
    with st.container(gap=None):
        for i, line in enumerate(shown[first : first + PER_PAGE]):
            _line(clip.clip_id, i, line, t is not None and line.start <= t < line.end)
    if count > 1:
        st.session_state["lines-page"] = page
        st.pagination(count, key="lines-page")
    st.caption(f"{fmt.plain(lines[0].model)}, {_language(clip)}. Dotted words have probability under 0.5.")


def having(lines: Sequence[Annotation], wanted: str) -> list[Annotation]:
    """The lines that hold all the words."""
    words = wanted.casefold().split()
    return [line for line in lines if all(word in line.label.casefold() for word in words)]


def _language(clip: Clip) -> str:
    sure = clip.language_probability
    if sure is None:
        return fmt.language(clip.language)
    return f"{fmt.language(clip.language)} {fmt.probability(sure)}" + (", uncertain" if sure < UNSURE_LANGUAGE else "")


def _line(clip_id: str, i: int, line: Annotation, here: bool) -> None:
    with st.container(
        horizontal=True, wrap=False, vertical_alignment="top", gap="small", key=f"chosen-line-{i}" if here else None
    ):
        if st.button(fmt.moment(line.start), key=f"line-{i}", type="tertiary", icon=":material/play_arrow:"):
            play_at(clip_id, line.start)
            st.rerun()
        st.html(f'<div class="av-said">{words(line)}</div>', width="stretch")
        st.html(f'<span class="av-mut av-num av-sure">{fmt.probability(line.score)}</span>', width="content")


def words(line: Annotation) -> str:
    """HTML of a line; words that are not sure are grey and dotted."""
    parts = line.details.get("words") or []
    if not parts:
        return escape(line.label)
    return " ".join(_word(str(part["text"]).strip(), float(part["probability"])) for part in parts)


def _word(text: str, probability: float) -> str:
    if probability >= UNSURE_WORD:
        return escape(text)
    return f'<span class="av-unsure" title="probability {fmt.probability(probability)}">{escape(text)}</span>'
