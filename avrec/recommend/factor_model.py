"""What recommenders with a vector per clip share: a person's vector made from their taste, dot products, likeness."""

from abc import abstractmethod
from typing import Any

import numpy as np
import scipy.sparse as sp

from avrec.recommend.base import Recommender
from avrec.recommend.dataset import Taste
from avrec.recommend.item_item import blend_popularity

SEED = 3


class FactorModel(Recommender):
    """score = y_c' p_u, y_c learned, p_u from the taste.

    Attributes:
        item_factors: (clips, factors) float64.
    """

    family = "factors"
    item_factors: np.ndarray

    @abstractmethod
    def person(self, taste: Taste) -> np.ndarray:
        """p_u, (factors,)."""

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        return self.item_factors @ self.person(taste)

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        self.weights(weights)
        rows = np.asarray(rows, dtype=np.int64)
        people = np.array([self.person(self.dataset.bare_taste(row)) for row in rows.tolist()])
        scores = people.reshape(len(rows), -1) @ self.item_factors[columns].T
        blend_popularity(self, rows, scores, columns)
        return scores

    def _likeness(self, clip: int) -> np.ndarray:
        """Cosine of clips' vectors."""
        lengths = np.maximum(np.linalg.norm(self.item_factors, axis=1), 1e-12)
        return (self.item_factors @ self.item_factors[clip]) / (lengths * lengths[clip])


def trainable(positives: sp.csr_matrix) -> bool:
    """Whether there is anything to learn from."""
    return positives.nnz > 0 and positives.shape[1] > 1


def learned(kind: type, positives: sp.csr_matrix, *settings: Any, iterations: int) -> Any:
    """One of `implicit`'s models fitted on (people, clips) positives, by one thread and a fixed seed: repeatable."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        model = kind(*settings, iterations=iterations, num_threads=1, random_state=SEED)
        model.fit(positives.astype(np.float32), show_progress=False)
    return model
