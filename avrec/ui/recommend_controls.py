"""Recommend's controls: person, algorithm, presets, mixer, list length. All of them write to the URL."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from avrec.schemas import MODALITIES, Clip, Person, RankedList
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.charts import theme
from avrec.ui.chrome import Cell, pick_preset
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
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key="controls"):
        st.selectbox(
            "Person", list(people), format_func=lambda u: person_label(people[u]), width=214,
            **bound("user", user, "who"),
        )  # fmt: skip
        algorithm = ws.algorithm if ws.algorithm in algorithms else "hybrid"
        titles = "; ".join(algorithms.values())
        st.selectbox(
            "Algorithm", list(algorithms), format_func=str.capitalize, width=134, help=f"{titles}.",
            **bound("algorithm", algorithm, "algorithm"),
        )  # fmt: skip
        key = "presets"
        st.session_state[key] = ws.preset if ws.preset in PRESET_NAMES else None
        st.pills("Weights", PRESET_NAMES, format_func=str.capitalize, key=key, on_change=pick_preset, args=(key,))
        seen = "seen too" if ws.seen else "unseen"
        with st.container(width="content"):
            st.space("small")
            with st.popover(f"{ws.k} clips, {seen}", icon=":material/filter_list:", type="tertiary", key="more"):
                st.number_input("Length of the list", 1, workspace.MAX_K, **bound("k", ws.k, "how-many"))
                st.toggle("Seen clips too", **bound("seen", ws.seen, "seen-too"))
    mixer(ws)


def mixer(ws: Workspace) -> None:
    """Nine sliders: a modality's weight each, and diversity."""
    weights, now = ws.weights(engine().PRESET_WEIGHTS), theme()
    with st.grid(9, min_column_width=104, wrap=False, gap="small"):
        for name in MODALITIES:
            key = f"mix-{name}"
            st.session_state[key] = min(float(weights[name]), workspace.MAX_WEIGHT)
            colour = hue(name)
            st.slider(
                f":color[■]{{foreground=\"{colour.of(now)}\"}} {colour.name}", 0.0, workspace.MAX_WEIGHT, step=0.05,
                key=key, on_change=_mixed, help=f"{colour.tooltip}. 0 leaves it out.",
            )  # fmt: skip
        st.slider(
            "Diversity", 0.0, 0.9, step=0.05, help="D = 1 − λ of MMR: how much likeness to clips placed above costs.",
            **bound("diversity", min(float(ws.diversity), 0.9), "diversity-slider"),
        )  # fmt: skip


def _mixed() -> None:
    weights = {name: st.session_state[f"mix-{name}"] for name in MODALITIES}
    workspace.put(weights=workspace.write_weights(weights))


def strip_cells(ranked: RankedList, person: Person, clips: Mapping[str, Clip], seen: bool) -> list[Cell]:
    """The numbers above the list, all of them counted from it."""
    places = ranked.recommendations
    levels = [place.percentile for place in places if place.percentile is not None]
    penalty = sum(place.by_modality.get("diversity", 0.0) for place in places)
    subjects = sorted({clips[place.clip_id].subject for place in places if place.clip_id in clips} - {""})
    first = places[0] if places else None
    evidence = "strong" if person.positives >= 5 else "some" if person.positives >= 2 else "weak"
    cells = [
        Cell("Ranked", str(len(places)), f"of {fmt.count(ranked.candidates, 'clip')}{'' if seen else ' unseen'}"),
        Cell("Events", str(person.events), f"{person.positives} liked", person.taste),
        Cell("Evidence", evidence, fmt.count(person.positives, "positive clip"), "weak under 2, strong from 5"),
    ]
    if first is not None:
        tip = "Scores have no upper end and compare within one person only"
        cells.append(Cell("Top score", fmt.score(first.score), fmt.percentile(first.percentile), tip))
    if levels:
        tip = "Share of random person-clip pairs below the middle place, diversity 0"
        cells.append(Cell("Middle place", fmt.percentile(float(np.median(levels))), "of random pairs", tip))
    if places:
        cells.append(Cell("Diversity costs", fmt.signed(penalty / len(places)), "a place", "Mean penalty of the list"))
    if subjects:
        cells.append(Cell("Subjects", str(len(subjects)), "in this list", ", ".join(subjects)))
    return cells
