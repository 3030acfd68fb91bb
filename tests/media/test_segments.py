import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrec.media.segments import find_pauses, make_segments

times = st.lists(st.floats(-5, 400, allow_nan=False), max_size=40)


@given(times, st.floats(0.04, 300))
def test_segments_cover_the_clip_without_gaps_and_stay_within_bounds(cuts, duration):
    segments = make_segments(cuts, duration)
    assert segments[0].start == 0
    assert segments[-1].end == duration
    for left, right in itertools.pairwise(segments):
        assert left.end == right.start
    if duration >= 2:
        assert all(2 - 1e-6 <= s.duration <= 10 + 1e-6 for s in segments)
    else:
        assert len(segments) == 1


def test_long_shots_are_cut_and_short_ones_merged():
    segments = make_segments([3.0, 3.5, 20.0], 24.0)
    assert [s.duration for s in segments] == pytest.approx([3.5, 8.25, 8.25, 4.0])


def test_pauses_are_found_in_the_middle_of_quiet_stretches():
    rate = 16_000
    time = np.arange(6 * rate) / rate
    sound = (0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    sound[2 * rate : 3 * rate] = 0
    (pause,) = find_pauses(sound, rate)
    assert abs(pause - 2.5) < 0.1


def test_steady_sound_has_no_pause():
    assert find_pauses(np.full(32_000, 0.2, np.float32), 16_000) == []
