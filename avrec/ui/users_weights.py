"""Users, third view: what events are worth, for everybody, and what a change does at once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.evaluate.live import Estimate, LiveCheck
from avrec.recommend.events import EVENT_FIELDS, LONGEST, SHORTEST, EventWeights
from avrec.ui import charts, users_charts
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.rank_history import step
from avrec.ui.resources import engine, plain_error

BEFORE, REFUSED, TURN = "av-weights-before", "av-weights-refused", "av-curve-turn"
QUICK_CLIPS = 1_000  # above it the check refits for seconds, so it is asked for
HELP = {
    "view": "times what the completion curve says",
    "rating": "times (stars − 3) / 2",
    "hide": "and the clip is never shown again",
}


def weights_editor() -> EventWeights:
    """The table of weights, the half-life and the completion curve; each change is kept and counts at once."""
    now = engine().event_weights()
    heading("Worth of an event", "for everybody, from −2 to 2; a clip's events add up, held to ±2")
    with st.grid(5, min_column_width=112, gap="small", key="weights-grid"):
        for name in EVENT_FIELDS:
            key = f"weight-{name}"
            st.session_state[key] = float(getattr(now, name))
            st.number_input(
                name.capitalize(), -2.0, 2.0, step=0.1, format="%.2f", key=key, on_change=_weight, args=(name, key),
                help=HELP.get(name),
            )  # fmt: skip
        st.session_state["weight-half-life"] = float(now.half_life_days)
        st.number_input(
            "Half-life, days", SHORTEST, LONGEST, step=10.0, format="%.0f", key="weight-half-life",
            on_change=_weight, args=("half_life_days", "weight-half-life"),
            help="An event's worth halves so often; age counts from the latest event of the library.",
        )  # fmt: skip
    curve(now)
    if refused := st.session_state.pop(REFUSED, ""):
        st.markdown(refused)
    st.button("Back to the defaults", icon=":material/restart_alt:", type="tertiary", on_click=_reset,
              disabled=now == EventWeights())  # fmt: skip
    return now


def curve(now: EventWeights) -> None:
    """Points of the completion curve, and the curve."""
    heading("Completion curve", "what a view is worth by the share watched")
    left, right = st.columns([0.4, 0.6], gap="small")
    with left:
        rows = [{"Watched": x, "Worth": y} for x, y in now.completion]
        edited = st.data_editor(
            rows, num_rows="dynamic", hide_index=True, height=170, key=f"curve-{st.session_state.get(TURN, 0)}",
            column_config={
                "Watched": st.column_config.NumberColumn(min_value=0.0, max_value=1.0, step=0.05, format="%.2f"),
                "Worth": st.column_config.NumberColumn(min_value=-2.0, max_value=2.0, step=0.1, format="%.2f"),
            },
        )  # fmt: skip
    points = points_of(edited)
    if points is not None and points != now.completion and _put(replace(now, completion=points), "Completion"):
        st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
        st.rerun()
    with right:
        charts.draw(users_charts.completion(now.completion, charts.theme()), "completion",
                    "Worth of a view by the share watched; the points are in the table.")  # fmt: skip


def points_of(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...] | None:
    """The table's points by share; None while a row is half filled in."""
    pairs = [(row.get("Watched"), row.get("Worth")) for row in rows]
    if any(x is None or y is None for x, y in pairs):
        return None
    return tuple(sorted((float(x), float(y)) for x, y in pairs))


def _weight(name: str, key: str) -> None:
    value = float(st.session_state[key])
    _put(replace(engine().event_weights(), **{name: value}), f"{name.replace('_', ' ').capitalize()} {value:g}")


def _put(weights: EventWeights, label: str) -> bool:
    st.session_state.setdefault(BEFORE, engine().event_weights())
    try:
        engine().set_event_weights(weights)
    except AvrecError as error:
        st.session_state[REFUSED] = plain_error(error)
        return False
    step(label)
    return True


def _reset() -> None:
    st.session_state.setdefault(BEFORE, engine().event_weights())
    engine().reset_event_weights()
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    step("Defaults")


def check(now: EventWeights) -> None:
    """Leave-one-out nDCG before and after, with intervals."""
    before: EventWeights = st.session_state.setdefault(BEFORE, now)
    heading("Does it find what people like?", "leave-one-out nDCG of the hybrid")
    if len(engine().clips()) > QUICK_CLIPS and not st.button("Check on 60 people", icon=":material/fact_check:"):
        st.caption("This library is large: the check fits the hybrid twice, which takes a while.")
        return
    found = engine().check_event_weights(before, now)
    if not found.people:
        st.caption("It needs people with two clips that they clearly like.")
        return
    st.html(_told(found))
    st.button(
        "Compare from here on", icon=":material/push_pin:", type="tertiary", on_click=_pin, disabled=before == now
    )


def _pin() -> None:
    st.session_state[BEFORE] = engine().event_weights()


def _told(found: LiveCheck) -> str:
    clear = found.difference.low > 0 or found.difference.high < 0
    verdict = ("better" if found.difference.value > 0 else "worse") if clear else "not distinguishable"
    if found.before == found.after:
        verdict = "nothing changed yet"
    cells = (
        ("Before", found.before, fmt.score),
        ("Now", found.after, fmt.score),
        ("Change", found.difference, fmt.signed),
    )
    drawn = "".join(f"<div><small>{name}</small><b class='av-num'>{write(e.value)}</b>{_range(e)}</div>"
                    for name, e, write in cells)  # fmt: skip
    over = fmt.count(found.people, "person", "people")
    return (
        f'<div class="av-duo">{drawn}</div><div class="av-cap">{verdict.capitalize()}, over {over}, '
        "each with the latest liked clip taken out and ranked among all "
        "unseen; 95 % bootstrap intervals. What counts as liked is fixed by the default weights.</div>"
    )


def _range(e: Estimate) -> str:
    if not math.isfinite(e.low):
        return "<small>too few people for an interval</small>"
    signs = e.low < 0  # a dash between two minus signs cannot be read
    told = f"{fmt.signed(e.low)} to {fmt.signed(e.high)}" if signs else fmt.interval(e.low, e.high, 3)
    return f'<small class="av-num">{told}</small>'
