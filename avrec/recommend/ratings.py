"""What predictors of ratings share: a person's ratings, their levels, and predictions held to the scale.

Ratings are the dataset's signed weights, or stars where a public data set stands in for the library. A stored zero is a
rating ("neither liked nor disliked"), a missing entry is not.
"""

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, prior_leaf
from avrec.recommend.base import Recommender
from avrec.recommend.dataset import Dataset, Taste


def rated_row(dataset: Dataset, taste: Taste) -> sp.csr_matrix:
    """A person's ratings as a (1, clips) row: their taste and the zeros that the dataset holds for them."""
    row = taste.as_row(dataset.clips)
    if taste.person is None:
        return row
    own = dataset.user_items[[taste.person]]
    zeros = np.setdiff1d(own.indices[own.data == 0], taste.clips)
    clips = np.concatenate([taste.clips, zeros])
    order = np.argsort(clips)
    weights = np.concatenate([taste.weights, np.zeros(len(zeros))])
    return sp.csr_matrix((weights[order], clips[order], [0, len(clips)]), shape=row.shape)


def mean_of(row: sp.csr_matrix, default: float) -> float:
    """Mean of what a row stores, zeros included; the default where it stores nothing."""
    return float(row.data.mean()) if len(row.data) else default


def prior_block(key: str, label: str, values: np.ndarray) -> Block:
    """A level as one line, (columns,)."""
    return Block("prior", key, prior_leaf(key, label), values[None])


class RatingPredictor(Recommender):
    """A recommender whose base score is a predicted rating."""

    def _rate(self, dataset: Dataset) -> None:
        """Keep the ratings, their mean and their scale."""
        self._ratings = sp.csr_matrix(dataset.user_items, dtype=np.float64)
        self._ratings.sort_indices()
        data = self._ratings.data
        self._mean = float(data.mean()) if len(data) else 0.0
        self.scale = (float(data.min()), float(data.max())) if len(data) else (0.0, 0.0)

    def _estimates(self, row: int) -> np.ndarray:
        """Predicted ratings of all clips for the person in a row, (clips,)."""
        return self._scores(self.dataset.taste_of(row), self.weights(None))

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Predicted ratings of (person, clip) pairs, held to the scale of the ratings that were fitted.

        Args:
            users, items: Rows and columns of the dataset, of the same length.
        """
        users, items = np.asarray(users, dtype=np.int64), np.asarray(items, dtype=np.int64)
        out = np.zeros(len(users))
        order = np.argsort(users, kind="stable")
        people, starts = np.unique(users[order], return_index=True)
        for person, pairs in zip(people.tolist(), np.split(order, starts[1:]), strict=True):
            out[pairs] = self._estimates(person)[items[pairs]]
        return np.clip(out, *self.scale)
