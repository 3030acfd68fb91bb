"""Adding clips: files are copied to disk by hash at once, then the widget is dropped, since uploads sit in RAM."""

from pathlib import Path
from typing import Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import PRESETS
from avrec.ui import format as fmt
from avrec.ui.resources import engine, plain_error

TYPES = [
    "mp4",
    "m4v",
    "mov",
    "webm",
    "mkv",
    "avi",
    "mpg",
    "mpeg",
    "ts",
    "mp3",
    "wav",
    "flac",
    "ogg",
    "opus",
    "m4a",
    "aac",
]
FRAMES = {"fast": "1 frame a segment", "balanced": "2 frames a segment", "thorough": "about 1 frame a second"}


def upload_form() -> None:
    """Uploader, texts, preset, folder."""
    turn = st.session_state.setdefault("upload-turn", 0)
    _messages()
    with st.container(border=True):
        files = st.file_uploader(
            "Add video or audio", type=TYPES, accept_multiple_files=True, key=f"files-{turn}",
            max_upload_size=engine().settings.max_clip_mb,
        )  # fmt: skip
        preset = (
            st.segmented_control(
                "Preset", PRESETS, default="balanced", format_func=str.capitalize, key="preset", width="stretch"
            )
            or "balanced"
        )
        st.caption(cost(preset))
        table = _texts(turn, len(files or []))
        if files and st.button(f"Add {fmt.count(len(files), 'clip')}", type="primary", icon=":material/upload:"):
            _add(files, preset, table)
        with st.popover("Server folder", icon=":material/folder_open:"):
            _folder(preset)


def cost(preset: str) -> str:
    """One sentence about what a preset does and costs here; only measured speeds are named."""
    speeds = engine().stage_speeds()
    work = (
        f"About {sum(speeds.values()):.1f} s of work per second of clip so far on this machine."
        if speeds
        else "Its speed on this machine is not measured yet."
    )
    return f"Whisper base, CLIP ViT-B/16, {FRAMES[preset]}. {work}"


def _texts(turn: int, files: int) -> dict[str, dict[str, Any]]:
    """Title, description and tags of one file, or a CSV for many."""
    with st.expander("Title, description, tags"):
        if files <= 1:
            title = st.text_input("Title", max_chars=300, key=f"title-{turn}", placeholder="The file's name")
            description = st.text_area("Description", max_chars=5000, key=f"description-{turn}", height=80)
            tags = st.text_input("Tags, separated by commas", key=f"tags-{turn}")
            return {"*": {"title": title, "description": description, "tags": [t.strip() for t in tags.split(",")]}}
        st.caption("For many files: a CSV with the columns file, title, description, tags (`;` between tags).")
        sheet = st.file_uploader("CSV", type="csv", key=f"csv-{turn}")
        if sheet is None:
            return {}
        table, rejected = engine().read_metadata_csv(sheet.getvalue().decode("utf-8-sig", errors="replace"))
        if rejected:
            st.caption("Lines left out: " + "; ".join(f"{line}: {fmt.plain(why)}" for line, why in rejected[:5]))
        st.caption(f"{fmt.count(len(table), 'line')} understood.")
        return table


def _add(files: list[Any], preset: str, table: dict[str, dict[str, Any]]) -> None:
    notes = []
    for file in files:
        fields = table.get(file.name) or table.get("*") or {}
        try:
            job = engine().add_file(file, file.name, preset=preset, **fields)
            if job.outcome == "duplicate":
                notes.append(("known", f"{fmt.plain(file.name)}: {fmt.plain(job.found)}"))
        except AvrecError as error:
            notes.append(("error", plain_error(error)))
    st.session_state["upload-notes"] = notes
    st.session_state["upload-turn"] += 1
    st.rerun()


def _folder(preset: str) -> None:
    roots = engine().settings.roots
    if not roots:
        st.caption('No server folder is open to avrec. Start it with AVREC_ROOTS=["/path/to/media"] to add from one.')
        return
    folder = st.text_input("Folder on the server", key="folder", placeholder=str(roots[0]))
    if st.button("Add folder", disabled=not folder):
        try:
            added = engine().add_folder(Path(folder), preset=preset)
            known = sum(job.outcome == "duplicate" for job in added)
            st.session_state["upload-notes"] = [("known", f"{len(added) - known} added, {known} known already")]
        except AvrecError as error:
            st.session_state["upload-notes"] = [("error", plain_error(error))]
        st.rerun()


def _messages() -> None:
    for kind, text in st.session_state.pop("upload-notes", []):
        if kind == "error":
            st.error(text, icon=":material/error:")
        else:
            st.info(text, icon=":material/task_alt:")
