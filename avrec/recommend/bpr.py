"""Bayesian personalised ranking (Rendle 2009), by `implicit`: vectors that put liked clips above others.

score = b_c + sum over f of p_uf q_cf. What was learned of a person cannot be traced to single clips, so the ledger's
leaves are the dimensions of taste and the clip's own level. A person whose likes are no longer those of the fit is
folded in: the ranking loss is descended again for their vector alone, the clips' vectors held.
"""

import numpy as np

from avrec.explain.ledger import Block, Leaves, Told
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.factor_model import SEED, FactorModel, learned, trainable
from avrec.recommend.ratings import prior_block

TRAVEL, ITERATIONS = 85.0, (10, 1000)
STEPS, SAMPLE = 100, 256


class Bpr(FactorModel):
    """Pairwise ranking.

    Args:
        factors: Dimensions, without the clips' level.
        learning_rate, regularization: Of the stochastic descent.
        iterations: Over all likes; where None so many that the person of a random like gets 85 / learning rate steps:
            more overfits those with long histories.
    """

    name, title = "bpr", "BPR: factors that rank liked above others"

    def __init__(
        self,
        factors: int = 32,
        learning_rate: float = 0.01,
        regularization: float = 0.01,
        iterations: int | None = None,
    ):
        self.factors, self.learning_rate = factors, learning_rate
        self.regularization, self.given = regularization, iterations

    def _fit(self, dataset: Dataset) -> None:
        self._known = dataset.positives
        if not trainable(self._known):
            self.item_factors, self._people = np.zeros((dataset.clips, 2)), np.zeros((len(dataset.user_ids), 2))
            return
        lengths = self._known.getnnz(axis=1).astype(float)
        typical = float((lengths**2).sum() / lengths.sum())
        self.iterations = self.given or int(np.clip(TRAVEL / self.learning_rate / typical, *ITERATIONS))
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        settings = self.factors, self.learning_rate, self.regularization
        model = learned(BayesianPersonalizedRanking, self._known, *settings, iterations=self.iterations)
        # The last column is the clips' level; people hold a 1 there.
        self.item_factors = model.item_factors.astype(np.float64)
        self._people = model.user_factors.astype(np.float64)

    def person(self, taste: Taste) -> np.ndarray:
        liked = taste.clips[(taste.weights > 0) & self.dataset.listable[taste.clips]]
        if taste.person is not None and taste.person < self._known.shape[0]:
            known = self._known[[taste.person]].indices
            if np.array_equal(np.sort(known), liked):
                return self._people[taste.person]
        return self._folded_in(liked)

    def _folded_in(self, liked: np.ndarray) -> np.ndarray:
        """Descend mean log(1 + exp(-(s_liked - s_other))) + lambda |p|^2 / 2 from zero, over fixed other clips."""
        p = np.zeros(self.item_factors.shape[1])
        p[-1] = 1.0
        others = np.setdiff1d(np.flatnonzero(self.dataset.listable), liked)
        if not len(liked) or not len(others):
            return p
        rate = min(self.learning_rate * len(liked), 1.0)  # an epoch of the fit takes one step a liked clip
        Q, N = self.item_factors[_some(liked)], self.item_factors[_some(others)]
        for _ in range(STEPS):
            slope = 1 / (1 + np.exp(np.clip((Q @ p)[:, None] - (N @ p)[None], -30, 30)))
            pull = (slope.sum(axis=1) @ Q - slope.sum(axis=0) @ N) / slope.size
            p[:-1] += rate * (pull - self.regularization * p)[:-1]
        return p

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        p, items = self.person(taste), self.item_factors[columns]
        count = items.shape[1] - 1
        names = [f"dimension {f + 1} of taste" for f in range(count)]
        leaves = Leaves("factor", names, [f"factor-{f + 1}" for f in range(count)], [{}] * count)
        lines = (items[:, :-1] * p[:-1]).T
        level = prior_block("bias", "this clip's level for everybody", items[:, -1] * p[-1])
        return Told((level, Block("crowd", self.title, leaves, lines)), len(columns))


def _some(clips: np.ndarray) -> np.ndarray:
    """At most 256 of them, always the same."""
    if len(clips) <= SAMPLE:
        return clips
    return np.sort(np.random.default_rng(SEED).choice(clips, SAMPLE, replace=False))
