"""How good is "more like this"? nDCG and R-precision by a label that no vector has seen, with intervals.

Every clip is a query once; the others that share its label are relevant. nDCG ranks all other clips (Järvelin &
Kekäläinen 2002, binary gain); R-precision is the precision at as many places as there are relevant clips. Queries
without a relevant clip are left out. Intervals: 95 % percentile bootstrap over queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
SEED = 13


@dataclass(frozen=True)
class Quality:
    """A mean with its 95 % interval."""

    ndcg: float
    ndcg_low: float
    ndcg_high: float
    r_precision: float
    queries: int


def ndcg(relevant: np.ndarray, scores: np.ndarray) -> float:
    """nDCG of one ranking of all candidates; ties are broken by position."""
    gains = relevant[np.argsort(-scores, kind="stable")]
    discounts = 1 / np.log2(np.arange(2, len(gains) + 2))
    best = discounts[: int(relevant.sum())].sum()
    return float((gains * discounts).sum() / best)


def per_query(scores: np.ndarray, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """nDCG and R-precision of each query.

    Args:
        scores: (n, n) likeness of every clip with every other; the diagonal is ignored.
        labels: (n,) label of each clip.
    """
    names = np.asarray(labels)
    found, precise = [], []
    for query in range(len(names)):
        others = np.arange(len(names)) != query
        relevant = (names[others] == names[query]).astype(float)
        if not relevant.any():
            continue
        row = scores[query, others]
        found.append(ndcg(relevant, row))
        top = np.argsort(-row, kind="stable")[: int(relevant.sum())]
        precise.append(float(relevant[top].mean()))
    return np.array(found), np.array(precise)


def quality(scores: np.ndarray, labels: Sequence[str]) -> Quality:
    """Means over queries, with a bootstrap interval for nDCG."""
    found, precise = per_query(scores, labels)
    rng = np.random.default_rng(SEED)
    means = found[rng.integers(0, len(found), (RESAMPLES, len(found)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Quality(float(found.mean()), float(low), float(high), float(precise.mean()), len(found))


def random_quality(labels: Sequence[str], rounds: int = 50) -> Quality:
    """What a random ranking reaches."""
    rng = np.random.default_rng(SEED)
    n = len(labels)
    values = [quality(rng.random((n, n)), labels) for _ in range(rounds)]
    return Quality(*(float(np.mean([getattr(v, f) for v in values])) for f in
                     ("ndcg", "ndcg_low", "ndcg_high", "r_precision")), values[0].queries)  # fmt: skip
