"""The Users page's controls and strip."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import Person, PersonProfile, PersonSettings
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.chrome import Cell
from avrec.ui.people import REAL
from avrec.ui.recommend_controls import person_label
from avrec.ui.users_new import new_person
from avrec.ui.workspace import bound

VIEWS = ("Taste", "Wishes", "Event weights")


def controls(people: Mapping[str, Person], user: str, view: str) -> None:
    """Who, what is shown of them, and whether real ids are."""
    labels = {name: person_label(person) for name, person in people.items()}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="controls"):
        st.selectbox(
            "Person", list(people), format_func=lambda u: labels[u], width=230,
            label_visibility="collapsed", **bound("user", user, "who"),
        )  # fmt: skip
        st.segmented_control(
            "View", VIEWS, label_visibility="collapsed", required=True, **bound("view", view, "users-view")
        )
        new_person()
        st.page_link(
            pages.RECOMMEND, label="Their list", icon=":material/recommend:", query_params=workspace.link(user=user)
        )
        real_ids()


def real_ids() -> None:
    """The switch between pseudonyms and real ids, for this session alone."""
    key = "real-ids"
    st.session_state[key] = bool(st.session_state.get(REAL))
    st.toggle(
        "Real ids", key=key, on_change=_switched, args=(key,),
        help="Ids that may say who somebody is, such as an e-mail address, show as a pseudonym that stays the same "
        "in this data directory. Real ids are shown in this session only, and never stand in an address.",
    )  # fmt: skip


def _switched(key: str) -> None:
    st.session_state[REAL] = st.session_state[key]


def cells(person: Person, profile: PersonProfile, own: PersonSettings) -> list[Cell]:
    """The numbers above the page."""
    top = next(iter(profile.topics.items()), None)
    evidence = "strong" if person.positives >= 5 else "some" if person.positives >= 2 else "weak"
    strongest = max(profile.modalities, key=lambda m: profile.modalities[m], default=None)
    wishes = len(own.pinned) + len(own.banned) + (own.diversity is not None)
    found = [
        Cell("Events", f"{person.events:,}", f"{person.positives} positive clips" if person.events else "none yet"),
        Cell("Evidence", evidence, "", "weak under 2 positive clips, strong from 5"),
        Cell("First topic", fmt.cut(top[0], 18) if top else "none", fmt.percent(top[1]) if top else "nothing liked yet",
             "The topic with the largest share of what they like"),
    ]  # fmt: skip
    if strongest and profile.modalities[strongest]:
        share = profile.modalities[strongest] / sum(profile.modalities.values())
        tip = "Share of the absolute ledger lines of their first 20 clips, the largest of the eight modalities"
        found.append(Cell("Loudest modality", strongest.capitalize(), fmt.percent(share), tip))
    near = f"nearest {fmt.probability(profile.neighbours[0].similarity)}" if profile.neighbours else ""
    found += [
        Cell("People alike", str(len(profile.neighbours)), near,
             "With a shrunk cosine above 0, at most 20"),
        Cell("Wishes", str(wishes), "and a profile text" if own.profile else "no profile text",
             "Pinned and banned topics, and an own diversity"),
    ]  # fmt: skip
    return found
