"""Editing and deleting a clip, as dialogs that Library and Clip share."""

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import Clip
from avrec.ui import pages
from avrec.ui.format import cut, plain
from avrec.ui.resources import engine, plain_error


@st.dialog("Edit clip")
def edit_dialog(clip: Clip) -> None:
    """Change title, description and tags; the meaning vector follows in the background."""
    with st.form("edit-clip", border=False):
        title = st.text_input("Title", clip.title, max_chars=300)
        description = st.text_area("Description", clip.description, max_chars=5000)
        tags = st.text_input("Tags, separated by commas", ", ".join(clip.tags))
        if st.form_submit_button("Save", type="primary"):
            try:
                engine().edit_clip(
                    clip.clip_id, title=title, description=description, tags=[t.strip() for t in tags.split(",")]
                )
            except AvrecError as error:
                st.error(plain_error(error))
                return
            st.rerun()


@st.dialog("Delete clip")
def delete_dialog(clip: Clip, then: str = "") -> None:
    """Ask first, then remove the clip from index, lists and disk.

    Args:
        then: Page to go to afterwards.
    """
    st.markdown(f"Delete **{plain(cut(clip.title, 60))}**? Its vectors, events and files are removed for good.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-yes"):
            try:
                engine().delete_clip(clip.clip_id)
            except AvrecError as error:
                st.error(plain_error(error))
                return
            if then:
                st.query_params.pop("clip", None)
                st.switch_page(then)
            st.rerun()
        if st.button("Keep it", key="delete-no"):
            st.rerun()


def edit_buttons(clip: Clip) -> None:
    """The two buttons of the Clip page's header."""
    if st.button("Edit", icon=":material/edit:", type="tertiary", key="edit-clip-button"):
        edit_dialog(clip)
    if st.button("Delete", icon=":material/delete:", type="tertiary", key="delete-clip-button"):
        delete_dialog(clip, pages.LIBRARY)
