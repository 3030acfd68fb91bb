"""The rating baseline mu + b_u + b_i: how high ratings are, how high this person rates, how highly this clip is rated.

Fitted by alternating least squares with shrinkage (Koren 2010): b_i = sum (r - mu - b_u) / (10 + n_i), then
b_u = sum (r - mu - b_i) / (15 + n_u), ten times.
"""

from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, Told
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.ratings import RatingPredictor, prior_block, rated_row

ITEM_RIDGE, USER_RIDGE, EPOCHS = 10.0, 15.0, 10
OVERALL, PERSON, CLIP = "mean of all ratings", "this person's level", "this clip's level of ratings"


class Biases:
    """Levels of people and clips.

    Args:
        ratings: (people, clips) CSR; stored zeros are ratings.

    Attributes:
        mean: mu.
        users, items: b_u and b_i.
    """

    def __init__(self, ratings: sp.csr_matrix):
        self.mean = float(ratings.data.mean()) if len(ratings.data) else 0.0
        rows, columns = np.repeat(np.arange(ratings.shape[0]), np.diff(ratings.indptr)), ratings.indices
        values = ratings.data - self.mean
        self.users, self.items = np.zeros(ratings.shape[0]), np.zeros(ratings.shape[1])
        of_users = USER_RIDGE + np.bincount(rows, minlength=len(self.users))
        of_items = ITEM_RIDGE + np.bincount(columns, minlength=len(self.items))
        for _ in range(EPOCHS):
            self.items = np.bincount(columns, values - self.users[rows], len(self.items)) / of_items
            self.users = np.bincount(rows, values - self.items[columns], len(self.users)) / of_users

    def of_person(self, row: sp.csr_matrix) -> float:
        """b_u from a person's ratings, given the clips' levels."""
        left = row.data - self.mean - self.items[row.indices]
        return float(left.sum()) / (USER_RIDGE + len(row.data))

    def residuals(self, ratings: sp.csr_matrix) -> sp.csr_matrix:
        """r - mu - b_u - b_i at the same places."""
        counts = np.diff(ratings.indptr)
        left = ratings.data - self.mean - np.repeat(self.users, counts) - self.items[ratings.indices]
        return sp.csr_matrix((left, ratings.indices, ratings.indptr), shape=ratings.shape)

    def blocks(self, person: float, columns: np.ndarray) -> list[Block]:
        """The three levels as lines."""
        ones = np.ones(len(columns))
        return [
            prior_block("mean", OVERALL, self.mean * ones),
            prior_block("level", PERSON, person * ones),
            prior_block("rated", CLIP, self.items[columns]),
        ]


class RatingBaseline(RatingPredictor):
    """score = mu + b_u + b_i."""

    name, title, family = "baseline", "Rating baseline: levels of people and clips", "ratings"
    personal: ClassVar[bool] = False

    def _fit(self, dataset: Dataset) -> None:
        self._rate(dataset)
        self.biases = Biases(self._ratings)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        person = self.biases.of_person(rated_row(self.dataset, taste))
        return self.biases.mean + person + self.biases.items

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        person = self.biases.of_person(rated_row(self.dataset, taste))
        return Told(tuple(self.biases.blocks(person, columns)), len(columns))
