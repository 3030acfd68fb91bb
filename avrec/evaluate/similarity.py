"""How good is "more like this"? nDCG and R-precision by a label that no vector has seen, with intervals.

Every clip is a query once; the others that share its label are relevant. nDCG ranks all other clips (Järvelin &
Kekäläinen 2002, binary gain); R-precision is the precision at as many places as there are relevant clips. Queries
without a relevant clip are left out. Intervals: 95 % percentile bootstrap over queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avrec.evaluate.intervals import SEED, bootstrap
from avrec.evaluate.metrics import accuracy


@dataclass(frozen=True)
class Quality:
    """A mean with its 95 % interval."""

    ndcg: float
    ndcg_low: float
    ndcg_high: float
    r_precision: float
    queries: int


def per_query(scores: np.ndarray, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """nDCG and R-precision of each query with a relevant clip, (queries,) each; ties are broken by position.

    Args:
        scores: (n, n) finite likeness of every clip with every other; the diagonal is ignored.
        labels: (n,) label of each clip.
    """
    names = np.asarray(labels)
    others = np.where(np.eye(len(names), dtype=bool), -np.inf, scores)
    order = np.argsort(-others, axis=1, kind="stable")[:, :-1]
    relevant = names[order] == names[:, None]
    count = relevant.sum(axis=1)
    top = np.arange(relevant.shape[1]) < count[:, None]
    precise = (relevant & top).sum(axis=1) / np.maximum(count, 1)
    return accuracy(relevant, count)["ndcg"][count > 0], precise[count > 0]


def quality(scores: np.ndarray, labels: Sequence[str]) -> Quality:
    """Means over queries, with a bootstrap interval for nDCG."""
    found, precise = per_query(scores, labels)
    low, high = bootstrap(found[:, None])
    return Quality(float(found.mean()), float(low[0]), float(high[0]), float(precise.mean()), len(found))


def random_quality(labels: Sequence[str], rounds: int = 50) -> Quality:
    """What a random ranking reaches."""
    rng = np.random.default_rng(SEED)
    n = len(labels)
    values = [quality(rng.random((n, n)), labels) for _ in range(rounds)]
    return Quality(*(float(np.mean([getattr(v, f) for v in values])) for f in
                     ("ndcg", "ndcg_low", "ndcg_high", "r_precision")), values[0].queries)  # fmt: skip
