from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrec.errors import InvalidInputError
from avrec.recommend.events import EVENT_FIELDS, EventWeights, event_frame, net_weights
from avrec.schemas import EVENTS, Interaction

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def weight(*events):
    """Net weight of one pair; events are (name, value, days ago), the store's latest event is now."""
    made = [Interaction("u", "c", name, value, NOW - timedelta(days=days)) for name, value, days in events]
    made.append(Interaction("other", "c", "view", 0.5, NOW))
    pairs = net_weights(event_frame(made))
    return float(pairs[pairs.user_id == "u"]["weight"].iloc[0])


@pytest.mark.parametrize(
    ("event", "value", "expected"),
    [("like", None, 1), ("favourite", None, 1.5), ("share", None, 1.5), ("comment", None, 0.5), ("rating", 5, 1),
     ("rating", 1, -1), ("rating", 3, 0), ("view", 1.0, 1), ("view", 0.0, -1), ("view", 0.5, 0), ("skip", None, -0.5),
     ("dislike", None, -1), ("hide", None, -1)],
)  # fmt: skip
def test_what_one_event_is_worth(event, value, expected):
    assert weight((event, value, 0)) == pytest.approx(expected)


def test_the_latest_opinion_replaces_earlier_ones():
    assert weight(("like", None, 2), ("dislike", None, 0)) == pytest.approx(-1)
    assert weight(("rating", 1, 2), ("like", None, 0)) == pytest.approx(1)


def test_sums_are_held_to_two():
    assert weight(("like", None, 0), ("favourite", None, 0.0001), ("share", None, 0.0002)) == pytest.approx(2, abs=1e-4)


def test_ninety_days_halve_an_event_counted_from_the_latest_in_the_store():
    assert weight(("like", None, 90)) == pytest.approx(0.5)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.floats(0, 1), st.floats(0, 900)), min_size=1, max_size=12))
def test_weights_stay_within_two_and_hide_hides(events):
    made = [Interaction("u", "c", n, 1 + 4 * v if n == "rating" else v, NOW - timedelta(days=d)) for n, v, d in events]
    row = net_weights(event_frame(made)).iloc[0]
    assert -2 <= row.weight <= 2
    assert row.hidden == any(name == "hide" for name, _, _ in events)
    assert row.seen == any(name not in ("hide", "skip", "search") for name, _, _ in events)


def test_no_events_no_rows():
    assert net_weights(event_frame([])).empty
    assert np.isnan(event_frame([Interaction("u", "c", "like", None, NOW)])["value"].iloc[0])


BOUND = st.floats(-2, 2)
SHARES = st.lists(st.floats(0.01, 0.99), unique=True, max_size=6).map(lambda inner: [0.0, *sorted(inner), 1.0])
CURVES = SHARES.flatmap(lambda x: st.tuples(*[BOUND] * len(x)).map(lambda y: tuple(zip(x, y, strict=True))))
WEIGHTS = st.builds(
    EventWeights, **dict.fromkeys(EVENT_FIELDS, BOUND), half_life_days=st.floats(1, 36_500), completion=CURVES
)


@settings(deadline=None, max_examples=60)
@given(
    WEIGHTS, st.lists(st.tuples(st.sampled_from(EVENTS), st.floats(0, 1), st.floats(0, 900)), min_size=1, max_size=9)
)
def test_whatever_the_weights_are_the_net_stays_within_two_and_survives_the_store(weights, events):
    made = [Interaction("u", "c", n, 1 + 4 * v if n == "rating" else v, NOW - timedelta(days=d)) for n, v, d in events]
    assert -2 <= net_weights(event_frame(made), NOW, weights.checked()).iloc[0].weight <= 2
    assert EventWeights.read(weights.written()) == weights


def test_a_completion_curve_is_linear_between_its_points():
    made = EventWeights(view=0.5, completion=((0, -1), (0.5, 0), (0.9, 1), (1, 1))).checked()
    assert made.worth_of_view(np.array([0, 0.25, 0.7, 0.95])).tolist() == pytest.approx([-1, -0.5, 0.5, 1])
    frame = event_frame([Interaction("u", "c", "view", 0.7, NOW)])
    assert net_weights(frame, NOW, made).iloc[0].weight == pytest.approx(0.25)


@pytest.mark.parametrize(
    "bad",
    [{"like": float("nan")}, {"hide": 2.5}, {"view": float("inf")}, {"half_life_days": 0.0}, {"half_life_days": 1e9},
     {"completion": ()}, {"completion": ((0, 0),)}, {"completion": ((0, 0), (0, 1), (1, 1))}, {"like": "1"},
     {"completion": ((0.1, 0), (1, 1))}, {"completion": ((0, 0), (1, float("nan")))}, {"completion": ((0, 0), (1, 9))}],
)  # fmt: skip
def test_weights_out_of_range_are_refused(bad):
    with pytest.raises(InvalidInputError):
        EventWeights(**bad).checked()


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"like": 99}', '{"completion": [1, 2]}', "null"])
def test_stored_weights_that_cannot_be_read_are_the_defaults(text):
    assert EventWeights.read(text) == EventWeights()
