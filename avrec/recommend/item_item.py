"""Every recommender whose score is x_u B: what a person watched, signed, times an item-item matrix.

Such a score is a sum over watched clips by construction, so its ledger is exact; only B differs.
"""

from abc import abstractmethod

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, Told, clip_leaves
from avrec.recommend.base import Recommender
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.item_matrix import ItemMatrix

PEOPLE_AT_ONCE = 512


def blend_popularity(model: Recommender, rows: np.ndarray, scores: np.ndarray, columns: np.ndarray | slice) -> None:
    """Give the rows of people without positive events popularity's scores, in place."""
    cold = model.dataset.positives[rows].getnnz(axis=1) == 0
    scores[cold] = model._popular[columns]


class ItemItem(Recommender):
    """score = x_u B, x_u the signed event weights."""

    family = "items"

    @abstractmethod
    def _learn(self, dataset: Dataset) -> ItemMatrix:
        """B from a dataset."""

    def _fit(self, dataset: Dataset) -> None:
        self.matrix = self._learn(dataset)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        return self.matrix.product(taste.as_row(self.dataset.clips))[0].astype(np.float64)

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        if not len(taste.clips):
            return Told((), len(columns))
        lines = self.matrix.rows(taste.clips, columns).astype(np.float64) * taste.weights[:, None]
        block = Block("crowd", self.title, clip_leaves(self.dataset.corpus, taste.clips, taste.weights), lines)
        return Told((block,), len(columns))

    def _likeness(self, clip: int) -> np.ndarray:
        return self.matrix.rows(np.array([clip]))[0].astype(np.float64)

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        self.weights(weights)
        rows = np.asarray(rows, dtype=np.int64)
        scores = np.zeros((len(rows), len(np.arange(self.dataset.clips)[columns])))
        for start in range(0, len(rows), PEOPLE_AT_ONCE):
            some = rows[start : start + PEOPLE_AT_ONCE]
            scores[start : start + len(some)] = self.matrix.product(
                sp.csr_matrix(self.dataset.user_items[some]), columns
            )
        blend_popularity(self, rows, scores, columns)
        return scores
