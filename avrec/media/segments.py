"""Segments of 2 to 10 s: shots (or stretches between pauses), cut if long, merged if short."""

import itertools
from collections.abc import Sequence

import numpy as np

from avrec.schemas import Segment

SHORTEST, LONGEST = 2.0, 10.0
FRAME_SECONDS = 0.05
PAUSE_SECONDS = 0.3
QUIET_DB, BELOW_SPEECH_DB = -50.0, 25.0


def make_segments(boundaries: Sequence[float], duration: float) -> tuple[Segment, ...]:
    """Turn shot or pause boundaries into segments that cover [0, duration] without gaps.

    Args:
        boundaries: Times of cuts in seconds, in any order; those outside (0, duration) are ignored.
        duration: Length of the clip in seconds, > 0.

    Returns:
        Segments of 2 to 10 s; a clip shorter than 2 s is one segment.
    """
    inner = sorted({float(b) for b in boundaries if 0 < b < duration})
    edges = [0.0, *inner, float(duration)]
    lengths = [b - a for a, b in itertools.pairwise(edges)]
    while len(lengths) > 1 and min(lengths) < SHORTEST:
        i = int(np.argmin(lengths))
        left = i > 0 and (i == len(lengths) - 1 or lengths[i - 1] <= lengths[i + 1])
        j = i - 1 if left else i
        lengths[j : j + 2] = [lengths[j] + lengths[j + 1]]
    parts = [length / n for length in lengths for n in [int(np.ceil(length / LONGEST - 1e-9)) or 1] for _ in range(n)]
    ends = np.cumsum(parts)
    ends[-1] = duration
    starts = np.concatenate([[0.0], ends[:-1]])
    return tuple(Segment(float(a), float(b)) for a, b in zip(starts, ends, strict=True))


def find_pauses(sound: np.ndarray, rate: int) -> list[float]:
    """Find the middles of quiet stretches of at least 0.3 s.

    Quiet is 25 dB under the sound's 90th percentile level, and anything under -50 dBFS.

    Args:
        sound: float32 mono in [-1, 1], (samples,), or what gives such pieces of it.
    """
    step = int(rate * FRAME_SECONDS)
    frames = len(sound) // step
    if frames < 2:
        return []
    power = np.array([float(np.mean(np.square(sound[i * step : (i + 1) * step]))) for i in range(frames)])
    level = 10 * np.log10(power + 1e-12)
    quiet = level < max(QUIET_DB, float(np.percentile(level, 90)) - BELOW_SPEECH_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
    runs = edges.reshape(-1, 2)
    long = runs[(runs[:, 1] - runs[:, 0]) * FRAME_SECONDS >= PAUSE_SECONDS]
    return [float(middle) for middle in long.mean(axis=1) * FRAME_SECONDS]
