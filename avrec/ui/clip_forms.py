"""Editing and deleting a clip, as a menu with dialogs that Library and Clip share."""

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import Clip
from avrec.ui import workspace
from avrec.ui.format import cut, plain
from avrec.ui.resources import engine, plain_error

EDIT, DELETE = "Edit title and tags", "Delete"
ICONS = {EDIT: ":material/edit:", DELETE: ":material/delete:"}


def clip_menu(clip: Clip, label: str = "", then: str = "") -> None:
    """A menu button with the two actions on a clip.

    Args:
        label: Words on the button; without any it is an icon.
        then: Page to go to after the clip was deleted.
    """
    chosen = st.menu_button(
        label, (EDIT, DELETE), format_func=lambda option: f"{ICONS[option]} {option}", type="tertiary",
        icon=":material/more_vert:", key=f"menu-{clip.clip_id}",
    )  # fmt: skip
    if chosen == EDIT:
        edit_dialog(clip)
    elif chosen == DELETE:
        delete_dialog(clip, then)


@st.dialog("Edit clip")
def edit_dialog(clip: Clip) -> None:
    """Change title, description and tags; the meaning vector follows in the background."""
    with st.form("edit-clip", border=False):
        title = st.text_input("Title", clip.title, max_chars=300)
        description = st.text_area("Description", clip.description, max_chars=5000)
        tags = st.text_input("Tags, separated by commas", ", ".join(clip.tags))
        st.caption("Words change at once; the Meaning vector is made again in the background.")
        if st.form_submit_button("Save", type="primary"):
            try:
                engine().edit_clip(clip.clip_id, title=title, description=description, tags=split_tags(tags))
            except AvrecError as error:
                st.error(plain_error(error))
                return
            st.rerun()


def split_tags(text: str) -> list[str]:
    """ "space, rocket" -> ["space", "rocket"]; empty parts are left out."""
    return [tag for part in text.replace(";", ",").split(",") if (tag := part.strip())]


@st.dialog("Delete clip")
def delete_dialog(clip: Clip, then: str = "") -> None:
    """Ask first, then remove the clip from index, lists and disk."""
    st.markdown(f"Delete **{plain(cut(clip.title, 60))}**? Its vectors, events and files are removed for good.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-yes"):
            try:
                engine().delete_clip(clip.clip_id)
            except AvrecError as error:
                st.error(plain_error(error))
                return
            if workspace.param("clip") == clip.clip_id:
                workspace.put(clip=None, t=None)
            if then:
                st.switch_page(then)
            st.rerun()
        if st.button("Keep it", key="delete-no"):
            st.rerun()
