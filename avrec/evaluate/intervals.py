"""How sure a mean is, and whether two differ: resampling of people, the unit that is independent.

Intervals are 95 % percentile bootstraps over people (Efron 1979). Two recommenders are compared on the same people by
a paired permutation test: under no difference the sign of each person's difference is a coin. Many comparisons share
one error rate by Holm's correction (1979).
"""

import numpy as np

RESAMPLES, FLIPS = 2000, 9999
SEED = 13
ALPHA = 0.05
BLOCK = 500
LEAST_PEOPLE = 5


def bootstrap(values: np.ndarray, seed: int = SEED, resamples: int = RESAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """95 % intervals of column means.

    Args:
        values: (people, columns); NaN is left out.

    Returns:
        (columns,) low and (columns,) high; NaN where a column has no value.
    """
    known = ~np.isnan(values)
    return ratio_bootstrap(np.where(known, values, 0.0), known.astype(float), seed, resamples)


def ratio_bootstrap(
    tops: np.ndarray, bottoms: np.ndarray, seed: int = SEED, resamples: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray]:
    """95 % intervals of sum(tops) / sum(bottoms) over people, (people, columns) each."""
    n, columns = tops.shape
    if n < LEAST_PEOPLE:  # resampling a handful of people shows no spread that could be told from certainty
        return np.full(columns, np.nan), np.full(columns, np.nan)
    rng, drawn = np.random.default_rng(seed), []
    for start in range(0, resamples, BLOCK):
        counts = _resample(rng, n, min(BLOCK, resamples - start))
        below = counts @ bottoms
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn.append(np.where(below > 0, counts @ tops / below, np.nan))
    means = np.concatenate(drawn)
    empty = np.isnan(means).all(axis=0)
    means[:, empty] = 0.0
    low, high = np.nanquantile(means, [ALPHA / 2, 1 - ALPHA / 2], axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of n people (Wilson 1927): one that does not collapse at 0 or 1."""
    z = 1.959964
    middle, below = share + z * z / (2 * n), 1 + z * z / n
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return float(max((middle - half) / below, 0.0)), float(min((middle + half) / below, 1.0))


def _resample(rng: np.random.Generator, n: int, times: int) -> np.ndarray:
    """(times, n) how often each of n people is drawn."""
    draws = rng.integers(n, size=(times, n)) + np.arange(times)[:, None] * n
    return np.bincount(draws.ravel(), minlength=times * n).reshape(times, n).astype(np.float64)


def permutation(differences: np.ndarray, seed: int = SEED, flips: int = FLIPS) -> np.ndarray:
    """Two-sided p of mean difference 0, by flipping signs of people: (columns,).

    Args:
        differences: (people, columns) of paired differences; NaN counts as 0.
    """
    values = np.nan_to_num(differences)
    n, columns = values.shape
    if not n:
        return np.ones(columns)
    seen, rng = np.abs(values.sum(axis=0)), np.random.default_rng(seed)
    extreme = np.zeros(columns)
    for start in range(0, flips, BLOCK):
        signs = rng.integers(2, size=(min(BLOCK, flips - start), n)) * 2.0 - 1.0
        extreme += (np.abs(signs @ values) >= seen - 1e-9).sum(axis=0)
    return (extreme + 1) / (flips + 1)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction: (tests,) adjusted p, each at most 1."""
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
