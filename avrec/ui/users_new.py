"""A new person from one sentence or from some likes: a popover that any page can hold."""

import streamlit as st

from avrec.errors import AvrecError
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.people import shown
from avrec.ui.resources import engine, plain_error

MOST_LIKES = 20
TURN = "av-new-person-turn"


def new_person(key: str = "new-person") -> None:
    """Ask for a sentence or likes, make the person, and go to them."""
    turn = st.session_state.get(TURN, 0)  # a popover of another key is closed
    with st.popover("New person", icon=":material/person_add:", type="tertiary", key=f"{key}-{turn}"):
        clips = {clip.clip_id: clip.title for clip in engine().clips()}
        with st.form(f"{key}-form-{turn}", border=False):
            sentence = st.text_input(
                "What they say of themself", placeholder="Loves rocket launches and jazz", max_chars=2_000,
                help="Becomes their profile text: one more liked item of their history, with lines in the ledger.",
            )  # fmt: skip
            likes = st.multiselect(
                "Clips they like", list(clips), format_func=lambda c: clips.get(c, c), max_selections=MOST_LIKES,
                placeholder="Three are enough" if clips else "No clips yet", disabled=not clips,
            )  # fmt: skip
            name = st.text_input("Id", placeholder="Left empty, a pseudonym is drawn", max_chars=120)
            made = st.form_submit_button("Make this person", type="primary")
        if not made:
            return
        if not sentence.strip() and not likes:
            st.markdown("Say one sentence, or choose at least one clip.")
            return
        try:
            # The sentence encoder loads once, in about a second.
            with st.spinner("Reading the sentence"):
                person = engine().new_person(name, sentence=sentence, likes=likes)
        except AvrecError as error:
            st.markdown(plain_error(error))
            return
        workspace.put(user=person.user_id, clip=None)
        st.session_state[TURN] = turn + 1
        st.toast(f"{fmt.plain(shown(person.user_id))} is here; the list below is theirs.")
        st.rerun()
