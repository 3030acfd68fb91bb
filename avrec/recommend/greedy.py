"""Picking a list place by place: maximal marginal relevance (Carbonell & Goldstein 1998) and calibration to the topics
of a person's history (Steck 2018), each as one more line of the score."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

POOL = 1000
SMOOTHING = 0.01


@dataclass(frozen=True)
class Picked:
    """Positions in the order of the list, and what the list took off each (<= 0)."""

    order: np.ndarray
    diversity: np.ndarray
    calibration: np.ndarray


class TopicTarget:
    """How far a list's topics are from a person's.

    KL(p || (1 - a) q + a p), p the person's distribution over topics, q the list's, a = .01 (Steck 2018, eq. 3).

    Args:
        wanted: (topics,) the person's distribution p.
        topics: (pool, topics) rows of each candidate's topics, summing to 1, or 0 where unknown.
    """

    def __init__(self, wanted: np.ndarray, topics: np.ndarray):
        self._wanted, self._topics = wanted, topics
        self._sum, self._count = np.zeros(len(wanted)), 0

    def divergences(self) -> np.ndarray:
        """(pool,) the divergence after adding each candidate."""
        q = (self._sum + self._topics) / (self._count + 1)
        p = self._wanted
        mixed = (1 - SMOOTHING) * q + SMOOTHING * p
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(p > 0, p * np.log(p / mixed), 0.0)
        return terms.sum(axis=1)

    def add(self, position: int) -> None:
        self._sum = self._sum + self._topics[position]
        self._count += 1


def pick(
    scores: np.ndarray,
    likeness: Callable[[int], np.ndarray],
    k: int,
    diversity: float,
    *,
    target: TopicTarget | None = None,
    calibration: float = 0.0,
    twins: Callable[[int], np.ndarray] | None = None,
    most: int = POOL,
) -> Picked:
    """Pick k places greedily by score + penalties.

    MMR maximises lambda rel / sigma - (1 - lambda) max sim; divided by lambda / sigma that is rel - D / (1 - D) sigma
    max sim, so relevance keeps its own unit and the penalty can stand in the ledger. sigma is the deviation of the
    candidates' scores, D = 1 - lambda. Calibration costs C / (1 - C) sigma times the divergence beyond that of the
    best choice at this place.

    Args:
        scores: (n,) base scores, best first; only the first `most` compete for the places.
        likeness: Position -> (pool,) likeness of that candidate with the pool, in [0, 1].
        k: Places.
        diversity, calibration: D and C in [0, 1].
        target: The person's topics; None without calibration.
        twins: Position -> (pool,) mask of near-duplicates of that candidate, to be left out; None keeps them.
    """
    pool = min(len(scores), most)
    k = min(k, len(scores))
    sigma = float(np.std(scores[:pool])) if pool else 0.0
    apart = diversity / (1 - min(diversity, 0.95)) * sigma
    pull = calibration / (1 - min(calibration, 0.95)) * sigma if target is not None else 0.0
    if apart == 0 and pull == 0 and twins is None:
        return Picked(np.arange(k), np.zeros(k), np.zeros(k))
    picked: list[int] = []
    costs: list[tuple[float, float]] = []
    closest, strays = np.zeros(pool), np.zeros(pool)
    left = scores[:pool].astype(np.float64)  # a copy; who is picked drops out
    while len(picked) < min(k, pool):
        if pull:
            divergence = target.divergences()
            strays = divergence - divergence[np.isfinite(left)].min()
        best = int(np.argmax(left - apart * closest - pull * strays))
        if not np.isfinite(left[best]):
            break
        picked.append(best)
        costs.append((-apart * float(closest[best]), -pull * float(strays[best])))
        left[best] = -np.inf
        if twins is not None:
            left[twins(best)] = -np.inf
        if pull:
            target.add(best)
        if apart:
            np.maximum(closest, likeness(best), out=closest)
    rest = np.arange(pool, max(pool, k - len(picked) + pool))[: len(scores) - pool]  # beyond the pool: by score alone
    rest = rest[: k - len(picked)]
    costs += [(0.0, 0.0)] * len(rest)
    taken = np.array(costs).reshape(-1, 2)
    order = np.concatenate([np.array(picked, dtype=np.int64), rest]).astype(np.int64)
    return Picked(order, taken[:, 0], taken[:, 1])
