"""Adding clips: an uploaded file is taken in by its hash at once, then the widget is dropped, and the file with it."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import PRESETS, Clip, Job, ModelCard
from avrec.ui import format as fmt
from avrec.ui import uploads
from avrec.ui.format import escape
from avrec.ui.resources import engine
from avrec.ui.upload_texts import Fields, editor, sheet

# Browsers know no media type for the last ones.
TYPES = ("video", "audio", ".mkv", ".ts", ".flac", ".opus")
FRAMES = {"fast": "1 frame a segment", "balanced": "2 frames a segment", "thorough": "about 1 frame a second"}
NAMED_TASKS = ("transcriber", "image")
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
        st.caption(cost(preset, eng.jobs(300), eng.clips(), eng.model_cards()))
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
                _folder(preset, table)
            if not any(clip.demo for clip in eng.clips()) and st.button("Demo clips", icon=":material/movie:"):
                if not eng.open_demo():
                    st.toast("The demo clips were opened here before.")
                st.rerun()
        _notes()


def cost(preset: str, jobs: Iterable[Job], clips: Iterable[Clip], cards: Iterable[ModelCard]) -> str:
    """One sentence about what a preset does and costs here; only what was measured is named."""
    names = [_short(card.name) for card in cards if card.task in NAMED_TASKS and card.available]
    does = fmt.plain(", ".join([*names, FRAMES[preset]]))
    measured = speeds_of(preset, jobs, {clip.clip_id: clip.duration for clip in clips})
    if not measured:
        return f"{does}. Its speed on this machine is not measured yet."
    clips_done = fmt.count(len(measured), "clip")
    return (
        f"{does}. About {statistics.median(measured):.1f} s of work per second of clip here (median of {clips_done})."
    )


def speeds_of(preset: str, jobs: Iterable[Job], durations: Mapping[str, float]) -> list[float]:
    """Seconds of work per second of clip, for every finished clip of a preset."""
    return [
        sum(job.stage_seconds.values()) / durations[job.clip_id]
        for job in jobs
        if job.preset == preset and job.state == "done" and len(job.stages_done) > 1 and job.stage_seconds
        if durations.get(job.clip_id or "")
    ]


def _short(name: str) -> str:
    """ "Whisper base (faster-whisper, int8)" -> "Whisper base"."""
    return name.partition(" (")[0].partition(",")[0]


def _add(files: Sequence[Any], preset: str, table: Fields) -> None:
    notes = []
    for file in files:
        try:
            job = engine().add_file(uploads.take(file), file.name, preset=preset, **table.get(file.name, {}))
            if job.outcome == "duplicate":
                notes.append(("known", file.name, job.found or "already indexed, same bytes"))
        except AvrecError as error:
            notes.append(("error", "", str(error)))
    uploads.drop(files)
    st.session_state[NOTES] = notes
    st.session_state[TURN] += 1
    st.rerun()


def _folder(preset: str, table: Fields) -> None:
    roots = engine().settings.roots
    if not roots:
        st.caption('No server folder is open to avrec. Start it with AVREC_ROOTS=["/path/to/media"] to add from one.')
        return
    st.caption("Files below a folder stay where they are; only previews are copied.")
    folder = st.text_input("Folder on the server", key="folder", placeholder=str(roots[0]))
    if st.button("Add folder", disabled=not folder.strip()):
        try:
            added = engine().add_folder(Path(folder.strip()), preset=preset, table=table)
            known = sum(job.outcome == "duplicate" for job in added)
            found = f"{len(added) - known} added, {known} already indexed" if added else "it holds no video or audio"
            st.session_state[NOTES] = [("known", Path(folder).name, found)]
        except AvrecError as error:
            st.session_state[NOTES] = [("error", "", str(error))]
        st.rerun()


def _notes() -> None:
    """What came of the last addition: known files in one line each, refused ones with what to do."""
    notes = st.session_state.get(NOTES)
    if not notes:
        return
    lines = []
    for kind, name, text in notes:
        first, colon, rest = text.partition(":") if kind == "error" else (name, ":", f" {text}")
        lines.append(
            f"<div><b{' class=av-red' if kind == 'error' else ''}>{escape(first + colon)}</b>{escape(rest)}</div>"
        )
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.html(f'<div style="font-size:13px;overflow-wrap:anywhere">{"".join(lines)}</div>', width="stretch")
        st.button("Hide", type="tertiary", on_click=lambda: st.session_state.pop(NOTES, None), key="hide-notes")
