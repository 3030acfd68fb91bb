"""Users, second view: pinned and banned topics, diversity, and the profile text with its proposal."""

from dataclasses import replace

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import Interests, PersonSettings
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.chrome import heading
from avrec.ui.people import address
from avrec.ui.rank_history import step
from avrec.ui.resources import engine, plain_error
from avrec.ui.workspace import MAX_DIVERSITY, Workspace

DRAFT, REFUSED, TURN = "av-profile-draft", "av-wish-refused", "av-search-turn"


def own_wish(ws: Workspace, user: str) -> Workspace:
    """The workspace with the person's own diversity, where the address names none."""
    own = engine().person_settings(user).diversity
    return ws if own is None or workspace.param("diversity") else replace(ws, diversity=own)


def wishes(user: str, own: PersonSettings) -> None:
    """The editors; each choice counts at once."""
    heading("Topics", "a pin adds two deviations to the score, a ban leaves clips out")
    topics = dict(engine().topics())
    if not topics:
        st.caption("No clip of this library has a topic yet: a category, a subject or tags.")
    for name, other, label in (("pinned", "banned", "Pinned"), ("banned", "pinned", "Banned")):
        key = f"wish-{name}"
        mine, taken = list(getattr(own, name)), set(getattr(own, other))
        options = [t for t in dict.fromkeys([*topics, *mine]) if t not in taken]
        st.session_state[key] = mine
        st.multiselect(
            label, options, format_func=lambda t: f"{t} ({topics.get(t, 0)})", key=key, on_change=_topics,
            args=(user, name, key), placeholder="None", disabled=not options,
        )  # fmt: skip
    heading("Diversity", "holds wherever the address of a page gives none")
    st.session_state["wish-own"] = own.diversity is not None
    st.session_state["wish-diversity"] = min(own.diversity if own.diversity is not None else 0.2, MAX_DIVERSITY)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.toggle("A wish of their own", key="wish-own", on_change=_diversity, args=(user,), width="content")
        st.slider("D = 1 − λ", 0.0, MAX_DIVERSITY, step=0.05, key="wish-diversity", on_change=_diversity, args=(user,),
                  disabled=own.diversity is None, width="stretch")  # fmt: skip
    if refused := st.session_state.pop(REFUSED, ""):
        st.markdown(refused)
    profile_text(user, own)


def _topics(user: str, name: str, key: str) -> None:
    before, now = engine().person_settings(user), tuple(st.session_state[key])
    changed = sorted(set(now) ^ set(getattr(before, name)))
    _save(user, replace(before, **{name: now}), f"{name.capitalize()} {', '.join(changed)}")


def _diversity(user: str) -> None:
    wish = float(st.session_state["wish-diversity"]) if st.session_state["wish-own"] else None
    workspace.put(diversity=None)
    _save(
        user, replace(engine().person_settings(user), diversity=wish), f"Diversity {wish if wish is not None else ''}"
    )


def _save(user: str, settings: PersonSettings, label: str) -> bool:
    try:
        engine().set_person_settings(user, settings)
    except AvrecError as error:
        st.session_state[REFUSED] = plain_error(error)
        return False
    step(label.strip())
    return True


def profile_text(user: str, own: PersonSettings) -> None:
    """The text that counts as one more liked item, and what comments and searches propose for it."""
    heading("Profile text", "counts as one more liked item, with lines of its own in the ledger")
    name = address(user)  # keys reach the browser
    draft = st.session_state.get(f"{DRAFT}-{name}")
    with st.form(f"profile-{name}", border=False):
        text = st.text_area(
            "Profile text", own.profile if draft is None else draft, max_chars=2_000, height=92,
            label_visibility="collapsed", placeholder="Loves rocket launches and jazz",
            key=f"profile-text-{name}-{hash(draft or own.profile)}",
        )  # fmt: skip
        saved = st.form_submit_button("Save the text", type="primary")
    if saved and text.strip() != own.profile:
        with st.spinner("Reading the text"):
            done = _save(user, replace(own, profile=text), "Profile text")
        st.session_state.pop(f"{DRAFT}-{name}", None)
        st.rerun() if done else st.markdown(st.session_state.pop(REFUSED, ""))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        asked = st.button("Propose one from comments and searches", icon=":material/edit_note:", type="tertiary")
        add_search(user)
    if asked:
        with st.spinner("Reading comments and searches"):
            st.session_state[f"interests-{user}"] = engine().interests(user)
    found: Interests | None = st.session_state.get(f"interests-{user}")
    if found is not None:
        proposal(user, found)


def add_search(user: str) -> None:
    """Note words that the person searched for: an event about no clip."""
    key = f"searched-{st.session_state.get(TURN, 0)}"
    with st.popover("Note a search", icon=":material/search:", type="tertiary", key=key):
        with st.form(f"{key}-form", border=False):
            words = st.text_input("Words they searched for", max_chars=2_000)
            noted = st.form_submit_button("Note it")
        if noted and words.strip():
            try:
                engine().record(user, "", "search", text=words)
            except AvrecError as error:
                st.error(plain_error(error), icon=":material/error:")
                return
            st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
            st.session_state.pop(f"interests-{user}", None)
            st.rerun()


def proposal(user: str, found: Interests) -> None:
    """What was read, and the way to take it over."""
    if not found.read:
        st.caption("There is no comment and no search of this person with words.")
        return
    near = ", ".join(f"{name} {fmt.probability(cosine)}" for name, cosine in found.topics) or "none"
    read = fmt.count(found.read, "comment or search", "comments and searches")
    st.html(
        f'<p class="av-p av-quote">{fmt.escape(found.text)}</p><div class="av-cap">From {read}: keywords by TF-IDF, '
        f"topics by sentence vectors ({fmt.escape(near)}). No language model that writes is loaded, and moods are not "
        "read: edit it.</div>"
    )
    st.button("Take it over", icon=":material/arrow_upward:", on_click=_take, args=(address(user), found.text))


def _take(name: str, text: str) -> None:
    st.session_state[f"{DRAFT}-{name}"] = text
