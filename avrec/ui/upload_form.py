"""Adding clips: an uploaded file is taken in by its hash at once, then the widget is dropped, and the file with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import PRESETS, ModelCard
from avrec.ui import format as fmt
from avrec.ui import uploads
from avrec.ui.format import escape
from avrec.ui.resources import engine
from avrec.ui.upload_folders import add_folder
from avrec.ui.upload_texts import Fields, editor, sheet

# Browsers know no media type for the last ones.
TYPES = ("video", "audio", ".mkv", ".ts", ".flac", ".opus")
FRAMES = {"fast": "1 frame a segment", "balanced": "2 frames a segment", "thorough": "about 1 frame a second"}
NAMED_TASKS = ("transcriber", "image")
MANY, FEW = 12, 4
TURN, NOTES = "upload-turn", "upload-notes"


def upload_form() -> None:
    """Uploader, preset and what it costs, texts, server folder."""
    turn = st.session_state.setdefault(TURN, 0)
    with st.container(border=True):
        files = st.file_uploader(
            "Add video or audio", type=TYPES, accept_multiple_files=True, key=f"files-{turn}",
            max_upload_size=engine().settings.max_clip_mb,
        )  # fmt: skip
        preset = st.segmented_control(
            "Preset", PRESETS, default="balanced", required=True, format_func=str.capitalize, key="preset",
            width="stretch", persist_state="session",
        )  # fmt: skip
        eng = engine()
        st.caption(cost(preset, eng.preset_speeds(), eng.model_cards()))
        name_first = st.toggle(
            "Give titles and tags first", key="name-first", persist_state="session",
            help="Off: files start at once, and titles can be edited later. On: they wait until you add them.",
        )  # fmt: skip
        table = sheet(f"csv-{turn}") if name_first else {}
        if files and name_first:
            table = editor([file.name for file in files], table, f"editor-{turn}")
            if st.button(f"Add {fmt.count(len(files), 'clip')}", type="primary", icon=":material/upload:"):
                _add(files, preset, table)
        elif files:
            _add(files, preset, {})
        with st.container(horizontal=True):
            with st.popover("Server folder", icon=":material/folder_open:"):
                add_folder(preset, table)
            if not any(clip.demo for clip in eng.clips()) and st.button("Demo clips", icon=":material/movie:"):
                if not eng.open_demo():
                    st.toast("The demo clips were opened here before.")
                st.rerun()
        _notes()


def cost(preset: str, speeds: Mapping[str, tuple[float, int]], cards: Iterable[ModelCard]) -> str:
    """One sentence about what a preset does and costs here; only what was measured is named."""
    names = [_short(card.name) for card in cards if card.task in NAMED_TASKS and card.available]
    does = fmt.plain(", ".join([*names, FRAMES[preset]]))
    if preset not in speeds:
        return f"{does}. Its speed on this machine is not measured yet."
    rate, clips = speeds[preset]
    clips_done = fmt.count(clips, "clip")
    return f"{does}. About {rate:.1f} s of work per second of clip here (median of {clips_done})."


def _short(name: str) -> str:
    """ "Whisper base (faster-whisper, int8)" -> "Whisper base"."""
    return name.partition(" (")[0].partition(",")[0]


def _add(files: Sequence[Any], preset: str, table: Fields) -> None:
    """Queue the files; hundreds of them take a while to be copied, which is shown."""
    notes, shown = [], st.progress(0.0, text="Taking the files in") if len(files) >= MANY else None
    for i, file in enumerate(files):
        try:
            job = engine().add_file(uploads.take(file), file.name, preset=preset, **table.get(file.name, {}))
            if job.outcome == "duplicate":
                notes.append(("known", file.name, job.found or "already indexed, same bytes"))
        except AvrecError as error:
            notes.append(("error", "", str(error)))
        if shown is not None:
            shown.progress((i + 1) / len(files), text=f"Taking the files in: {i + 1:,} of {len(files):,}")
    uploads.drop(files)
    st.session_state[NOTES] = notes
    st.session_state[TURN] += 1
    st.rerun()


def _notes() -> None:
    """What came of the last addition: known files and refused ones, each named, with what to do."""
    notes = st.session_state.get(NOTES)
    if not notes:
        return
    lines = [
        *_lines([n for n in notes if n[0] == "error"], "refused"),
        *_lines([n for n in notes if n[0] == "known"], "known"),
    ]
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.html(f'<div class="av-fail">{"".join(lines)}</div>', width="stretch")
        st.button("Hide", type="tertiary", on_click=lambda: st.session_state.pop(NOTES, None), key="hide-notes")


def _lines(notes: Sequence[tuple[str, str, str]], word: str) -> list[str]:
    """A line a file; of many files one line that opens."""
    lines = [_line(*note) for note in notes]
    if len(lines) <= FEW:
        return lines
    tone = " class=av-red" if word == "refused" else ""
    return [f"<details><summary><b{tone}>{len(lines):,} files</b> were {word}</summary>{''.join(lines)}</details>"]


def _line(kind: str, name: str, text: str) -> str:
    first, colon, rest = text.partition(":") if kind == "error" else (name, ":", f" {text}")
    return f"<div><b{' class=av-red' if kind == 'error' else ''}>{escape(first + colon)}</b>{escape(rest)}</div>"
