import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrec.media.clock import Clock

stamps = st.lists(st.one_of(st.none(), st.floats(allow_nan=True), st.floats(-10, 400)), max_size=30)


@given(stamps, st.floats(-1e9, 1e9))
def test_any_timestamps_give_finite_times_and_a_bounded_length(values, start):
    clock = Clock(start)
    times = [clock.place(value, 0.04) for value in values]
    assert all(math.isfinite(t) and t >= 0 for t in times)
    assert clock.end <= len(values) * 121


def test_a_jump_of_years_is_bridged_and_later_times_follow_it():
    clock = Clock(0.0)
    assert [round(clock.place(t, 0.1), 3) for t in (0.0, 0.1, 1e9, 1e9 + 0.1)] == [0.0, 0.1, 0.2, 0.3]


def test_slow_slides_keep_their_times():
    clock = Clock(5.0)
    assert [clock.place(t, 1.0) for t in (5.0, 35.0, 95.0)] == [0.0, 30.0, 90.0]


@pytest.mark.parametrize("stamp", [None, math.nan, math.inf])
def test_a_missing_timestamp_follows_the_last_frame(stamp):
    clock = Clock(0.0)
    clock.place(1.0, 0.5)
    assert clock.place(stamp, 0.5) == 1.5
