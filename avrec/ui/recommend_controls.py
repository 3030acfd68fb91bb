"""Recommend's controls: person, algorithm, presets, mixer, list length. All of them write to the URL."""

import streamlit as st

from avrec.schemas import MODALITIES, Person
from avrec.ui import workspace
from avrec.ui.chrome import pick_preset
from avrec.ui.palette import hue
from avrec.ui.resources import engine
from avrec.ui.workspace import PRESET_NAMES, Workspace, bound


def person_label(person: Person) -> str:
    """ "u-017, 14 events, simulated"."""
    kind = ", simulated" if person.simulated else ""
    return f"{person.user_id}, {person.events} events{kind}"


def controls(ws: Workspace, people: dict[str, Person], user: str) -> None:
    """One row of controls and the mixer."""
    algorithms = {name: title for name, title, _ in engine().algorithms()}
    with st.container(horizontal=True, vertical_alignment="top", gap="medium", key="controls"):
        st.selectbox(
            "Person",
            list(people),
            format_func=lambda u: person_label(people[u]),
            width=230,
            **bound("user", user, "who"),
        )
        algorithm = ws.algorithm if ws.algorithm in algorithms else "hybrid"
        st.segmented_control(
            "Algorithm", list(algorithms), format_func=str.capitalize, **bound("algorithm", algorithm, "algorithm")
        )
        key = "presets"
        st.session_state[key] = ws.preset if ws.preset in PRESET_NAMES else None
        st.pills("Weights", PRESET_NAMES, format_func=str.capitalize, key=key, on_change=pick_preset, args=(key,))
        st.number_input("Clips", 1, workspace.MAX_K, width=100, **bound("k", ws.k, "how-many"))
        st.toggle("Seen too", **bound("seen", ws.seen, "seen-too"))
    mixer(ws)


def mixer(ws: Workspace) -> None:
    """Nine sliders: a modality's weight each, and diversity."""
    weights = ws.weights(engine().PRESET_WEIGHTS)
    with st.grid(9, min_column_width=104, wrap=False, gap="small"):
        for name in MODALITIES:
            key = f"mix-{name}"
            st.session_state[key] = min(float(weights[name]), workspace.MAX_WEIGHT)
            colour = hue(name)
            st.slider(
                f":color[■]{{foreground=\"{colour.light}\"}} {colour.name}", 0.0, workspace.MAX_WEIGHT, step=0.05,
                key=key, on_change=_mixed, help=f"{colour.tooltip}. 0 leaves it out.",
            )  # fmt: skip
        st.slider(
            "Diversity", 0.0, 0.9, step=0.05, help="D = 1 − λ of MMR: how much likeness to clips placed above costs.",
            **bound("diversity", min(float(ws.diversity), 0.9), "diversity-slider"),
        )  # fmt: skip


def _mixed() -> None:
    weights = {name: st.session_state[f"mix-{name}"] for name in MODALITIES}
    workspace.put(weights=workspace.write_weights(weights))
