"""Server folders: their files are taken in in the background, once or for as long as the folder is watched."""

from pathlib import Path

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import WatchedFolder
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.format import escape
from avrec.ui.resources import engine, plain_error
from avrec.ui.upload_actions import do
from avrec.ui.upload_texts import Fields

NOTE = "folder-note"


def add_folder(preset: str, table: Fields) -> None:
    """The form: a folder, and whether it is looked into once or watched."""
    roots = engine().settings.roots
    if not roots:
        st.caption(
            'No server folder is open to avrec. Start it with AVREC_ROOTS=["/path/to/media"] to add from one, or to '
            "watch one."
        )
        return
    st.caption("Files stay where they are; only previews are copied. Known files cost nothing.")
    folder = st.text_input("Folder on the server", key="folder", placeholder=str(roots[0]), max_chars=1000)
    chosen = (folder or "").strip()
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Add folder", disabled=not chosen, icon=":material/create_new_folder:", on_click=_queue,
            args=(chosen, preset, table), help="Takes in what it holds now, in the background",
        )  # fmt: skip
        st.button(
            "Watch folder", disabled=not chosen, icon=":material/visibility:", on_click=_watch, args=(chosen, preset),
            help="Takes in what it holds, and from then on whatever is put into it",
        )  # fmt: skip
    note = st.session_state.get(NOTE)
    if note:
        st.caption(note)


def _queue(folder: str, preset: str, table: Fields) -> None:
    try:
        job = engine().queue_folder(Path(folder), preset=preset, table=table)
        st.session_state[NOTE] = f"{fmt.plain(job.title)} is being listed; its files come into the queue."
    except AvrecError as error:
        st.session_state[NOTE] = plain_error(error)


def _watch(folder: str, preset: str) -> None:
    try:
        watched = engine().watch_folder(Path(folder), preset=preset)
        st.session_state[NOTE] = f"{fmt.plain(Path(watched.path).name)} is watched."
    except AvrecError as error:
        st.session_state[NOTE] = plain_error(error)


def watched_folders() -> None:
    """The watched folders with what the last look found; nothing where none is watched."""
    folders = engine().watched_folders()
    if not folders:
        return
    with st.container(border=True, gap="xsmall", key="watched"):
        heading("Watched folders", "new files are taken in by themselves")
        for i, watched in enumerate(folders):
            with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
                st.html(described(watched), width="stretch")
                st.button(
                    "Stop", type="tertiary", key=f"unwatch-{i}", on_click=do, args=("unwatch_folder", watched.path),
                    help="Watch it no longer; its clips stay",
                )  # fmt: skip


def described(watched: WatchedFolder) -> str:
    """HTML of a folder: its name, preset, and what the last look found, and when."""
    path = Path(watched.path)
    looked = f"looked {fmt.ago(watched.looked_at)}" if watched.looked_at else "not looked into yet"
    words = ", ".join(part for part in (watched.preset, looked, watched.note.rstrip(".")) if part)
    return (
        f'<div class="av-watched" title="{escape(watched.path)}"><b>{escape(path.name or watched.path)}</b>'
        f"<small>{escape(words)}</small></div>"
    )
