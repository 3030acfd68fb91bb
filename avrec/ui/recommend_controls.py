"""Recommend's controls: person, algorithm, presets, mixer, list options. All of them write to the URL."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from avrec.schemas import MODALITIES, AlgorithmEntry, Clip, ListMetrics, Person, RankedList
from avrec.ui import algorithms, workspace
from avrec.ui import format as fmt
from avrec.ui.charts import theme
from avrec.ui.chrome import Cell, pick_preset, preset_names
from avrec.ui.list_options import list_popover
from avrec.ui.palette import hue
from avrec.ui.people import shown
from avrec.ui.resources import engine
from avrec.ui.users_new import new_person
from avrec.ui.workspace import Workspace, bound


def person_label(person: Person) -> str:
    """ "u-017, 14 events, simulated"."""
    kind = ", simulated" if person.simulated else ""
    return f"{shown(person.user_id)}, {fmt.count(person.events, 'event')}{kind}"


def controls(ws: Workspace, people: dict[str, Person], user: str, known: Mapping[str, AlgorithmEntry]) -> None:
    """One row of controls and the mixer."""
    algorithm = known[ws.algorithm]
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key="controls"):
        st.selectbox(
            "Person", list(people), format_func=lambda u: person_label(people[u]), width=214,
            **bound("user", user, "who"),
        )  # fmt: skip
        with st.container(width="content"):
            st.space("small")
            new_person()
        algorithms.picker(algorithm, dict(known))
        key = "presets"
        preset = ws.preset_of(engine().PRESET_WEIGHTS)
        st.session_state[key] = preset if preset != "custom" else None
        st.pills(
            "Weights", preset_names(), format_func=str.capitalize, key=key, on_change=pick_preset, args=(key,),
            disabled=not algorithm.modalities,
        )  # fmt: skip
        with st.container(width="content"):
            st.space("small")
            list_popover(ws)
    mixer(ws, algorithm)


def mixer(ws: Workspace, algorithm: AlgorithmEntry) -> None:
    """Nine sliders: a modality's weight each, and diversity. Those that do not move this score are off."""
    weights, now = ws.weights(engine().PRESET_WEIGHTS), theme()
    with st.grid(9, min_column_width=104, wrap=False, gap="small"):
        for name in MODALITIES:
            key = f"mix-{name}"
            st.session_state[key] = min(float(weights[name]), workspace.MAX_WEIGHT)
            colour = hue(name)
            st.slider(
                f":color[■]{{foreground=\"{colour.of(now)}\"}} {colour.name}", 0.0, workspace.MAX_WEIGHT, step=0.05,
                key=key, on_change=_mixed, help=f"{colour.tooltip}. 0 leaves it out.",
                disabled=name not in algorithm.modalities,
            )  # fmt: skip
        st.slider(
            "Diversity", 0.0, workspace.MAX_DIVERSITY, step=0.05,
            help="D = 1 − λ of MMR: how much likeness to clips placed above costs.",
            **bound("diversity", min(float(ws.diversity), workspace.MAX_DIVERSITY), "diversity-slider"),
        )  # fmt: skip
    if not algorithm.modalities:
        name = fmt.plain(algorithm.title.split(":")[0])
        st.caption(f"{name}: its score has no modalities, so the mixer is off. Diversity and List still apply.")


def _mixed() -> None:
    weights = {name: st.session_state[f"mix-{name}"] for name in MODALITIES}
    workspace.put(weights=workspace.write_weights(weights))


def strip_cells(
    ranked: RankedList, person: Person, metrics: ListMetrics, clips: Mapping[str, Clip], seen: bool
) -> list[Cell]:
    """The numbers above the list, all of them counted from it."""
    places = ranked.recommendations
    levels = [place.percentile for place in places if place.percentile is not None]
    evidence = "strong" if person.positives >= 5 else "some" if person.positives >= 2 else "weak"
    tip = f"{fmt.count(person.events, 'event')}; weak under 2 positive clips, strong from 5. {person.taste}"
    cells = [
        Cell("Ranked", str(len(places)), f"of {fmt.count(ranked.candidates, 'clip')}{'' if seen else ' unseen'}"),
        Cell("Evidence", evidence, f"{fmt.count(person.events, 'event')}, {person.positives} positive", tip),
    ]
    if levels:
        tip = "Share of random person-clip pairs below the middle place, diversity 0"
        cells.append(Cell("Middle place", fmt.percentile(float(np.median(levels))), "of random pairs", tip))
    return [*cells, *metric_cells(ranked, metrics, clips)]


def metric_cells(ranked: RankedList, metrics: ListMetrics, clips: Mapping[str, Clip]) -> list[Cell]:
    """Diversity and its price, novelty, popularity, distance from the person's topics; none that cannot be told."""
    places, cells = ranked.recommendations, []
    if metrics.diversity is not None:
        cost = sum(place.by_modality.get("diversity", 0.0) for place in places) / len(places)
        tip = "Mean distance of two clips of the list, 0 to 1; and what penalties cost a place on average"
        cells.append(Cell("Diversity", fmt.probability(metrics.diversity), f"costs {fmt.signed(cost)} a place", tip))
    if metrics.novelty is not None:
        tip = "Mean surprise that a person likes such a clip; a clip that half of the people like has 1 bit"
        cells.append(Cell("Novelty", f"{metrics.novelty:.1f} bits", "a clip", tip))
    if metrics.popularity is not None:
        tip = "Mean share of people who like a clip of this list"
        cells.append(Cell("Popularity", fmt.percent(metrics.popularity), "like a clip", tip))
    if metrics.divergence is not None:
        subjects = sorted({clips[place.clip_id].subject for place in places if place.clip_id in clips} - {""})
        tip = "Divergence of the list's topics from the person's own; 0 is the same mix (Steck 2018)"
        tip += f". In this list: {', '.join(subjects)}" if subjects else ""
        cells.append(Cell("Off topic", f"{metrics.divergence:.2f} bits", "from own mix", tip))
    return cells
