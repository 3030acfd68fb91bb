"""How much two ranked lists agree: as sets (Jaccard), and with more weight at the top (RBO).

Rank-biased overlap (Webber, Moffat & Zobel 2010) is the agreement that a reader expects who goes on to the next place
with probability p. A list is seen to a depth only; the extrapolated form (their eq. 32) takes the agreement at the
last depth to go on below it, so that two equal lists give 1 whatever their length.
"""

from collections.abc import Sequence

import numpy as np

PERSISTENCE = 0.9  # the first ten places hold 86 % of the weight


def jaccard(first: Sequence[str], second: Sequence[str]) -> float:
    """|A and B| / |A or B|, in [0, 1]; two empty lists agree."""
    union = len({*first, *second})
    return len({*first} & {*second}) / union if union else 1.0


def rbo(first: Sequence[str], second: Sequence[str], p: float = PERSISTENCE) -> float:
    """Extrapolated rank-biased overlap of two lists without doubles, in [0, 1].

    Args:
        first, second: Ids, the best first; the lengths may differ.
        p: Chance of going on to the next place, in (0, 1).
    """
    short, long = sorted((list(first), list(second)), key=len)
    s, length = len(short), len(long)
    if not s:
        return float(not length)
    overlap = _overlaps(short, long)
    depth = np.arange(1, length + 1)
    weights = p**depth
    agreement = overlap / depth
    # Below the end of the short list, its agreement there is taken to go on.
    agreement[s:] += overlap[s - 1] * (depth[s:] - s) / (s * depth[s:])
    tail = (overlap[-1] - overlap[s - 1]) / length + overlap[s - 1] / s
    return float((1 - p) / p * (agreement * weights).sum() + tail * p**length)


def _overlaps(short: list[str], long: list[str]) -> np.ndarray:
    """X_d: how many ids the first d places of both have in common, (length of the long list,)."""
    place = {name: i for i, name in enumerate(short)}
    met = [max(i, place[name]) for i, name in enumerate(long) if name in place]
    return np.cumsum(np.bincount(met, minlength=len(long))).astype(np.float64)


def matrices(lists: Sequence[Sequence[str]]) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[float, ...], ...]]:
    """Jaccard and RBO of every list with every list."""
    both = [tuple(tuple(measure(a, b) for b in lists) for a in lists) for measure in (jaccard, rbo)]
    return both[0], both[1]
