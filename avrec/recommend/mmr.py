"""Maximal marginal relevance (Carbonell & Goldstein 1998), as one more line of the score."""

from collections.abc import Callable

import numpy as np

POOL = 1000


def rerank(
    scores: np.ndarray, likeness: Callable[[int], np.ndarray], k: int, diversity: float, most: int = POOL
) -> tuple[np.ndarray, np.ndarray]:
    """Pick k places greedily by score + penalty.

    MMR maximises lambda rel / sigma - (1 - lambda) max sim; divided by lambda / sigma that is rel - D / (1 - D) sigma
    max sim, so relevance keeps its own unit and the penalty can stand in the ledger. sigma is the deviation of the
    candidates' scores, D = 1 - lambda.

    Args:
        scores: (n,) base scores, best first; only the first `most` compete for the places.
        likeness: Position -> (pool,) likeness of that candidate with the pool, in [0, 1].
        k: Places.
        diversity: D in [0, 1].

    Returns:
        Positions in the order of the list, and the penalty (<= 0) of each.
    """
    pool = min(len(scores), most)
    k = min(k, len(scores))
    strength = diversity / (1 - min(diversity, 0.95)) * float(np.std(scores[:pool])) if pool else 0.0
    if strength == 0:
        return np.arange(k), np.zeros(k)
    picked, penalties = [], []
    closest = np.zeros(pool)
    left = scores[:pool].astype(np.float64)  # a copy; who is picked drops out
    for _ in range(min(k, pool)):
        best = int(np.argmax(left - strength * closest))
        picked.append(best)
        penalties.append(-strength * float(closest[best]))
        left[best] = -np.inf
        np.maximum(closest, likeness(best), out=closest)
    rest = np.arange(len(picked), k)  # beyond the pool: by score, no penalty
    return np.concatenate([picked, rest]).astype(np.int64), np.concatenate([penalties, np.zeros(len(rest))])
