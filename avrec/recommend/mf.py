"""Biased matrix factorisation of ratings (Funk 2006, Koren 2009): mu + b_u + b_i + q_i' p_u.

Learned by stochastic gradient descent over the known ratings alone: a missing rating is not a zero. For lists a person
is folded in by ridge regression given the clips' side, so a changed taste counts at once, and the score is linear in
the ratings given: each watched clip has its line. `predict` uses the people's side as it was learned.
"""

from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, Told, clip_leaves
from avrec.recommend.bias import CLIP, OVERALL
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.ratings import RatingPredictor, prior_block, rated_row

SEED = 3
INITIAL = 0.1


def _descend(
    rows: np.ndarray, columns: np.ndarray, ratings: np.ndarray, mean: float, b_u: np.ndarray, b_i: np.ndarray,
    P: np.ndarray, Q: np.ndarray, epochs: int, rate: float, ridge: float,
) -> None:  # fmt: skip
    """Go over all ratings in order, `epochs` times, and change the biases and factors in place."""
    factors = P.shape[1]
    for _ in range(epochs):
        for n in range(len(rows)):
            u, i = rows[n], columns[n]
            dot = 0.0
            for f in range(factors):
                dot += P[u, f] * Q[i, f]
            error = ratings[n] - (mean + b_u[u] + b_i[i] + dot)
            b_u[u] += rate * (error - ridge * b_u[u])
            b_i[i] += rate * (error - ridge * b_i[i])
            for f in range(factors):
                p, q = P[u, f], Q[i, f]
                P[u, f] += rate * (error * q - ridge * p)
                Q[i, f] += rate * (error * p - ridge * q)


@cache
def _compiled() -> Any:
    from numba import njit

    return njit(nogil=True)(_descend)


class BiasedMf(RatingPredictor):
    """Matrix factorisation with levels.

    Args:
        factors: Dimensions.
        epochs, rate, ridge: Of the stochastic descent.
        fold_in: Ridge a rating of a person's fold-in.
    """

    name, title, family = "mf", "Matrix factorisation of ratings", "ratings"

    def __init__(
        self, factors: int = 100, epochs: int = 20, rate: float = 0.005, ridge: float = 0.02, fold_in: float = 0.1
    ):
        self.factors, self.epochs, self.rate, self.ridge, self.fold_in = factors, epochs, rate, ridge, fold_in

    def _fit(self, dataset: Dataset) -> None:
        self._rate(dataset)
        ratings, rng = self._ratings, np.random.default_rng(SEED)
        self.b_u, self.b_i = np.zeros(ratings.shape[0]), np.zeros(ratings.shape[1])
        self.P = rng.normal(0, INITIAL, (ratings.shape[0], self.factors))
        self.Q = rng.normal(0, INITIAL, (ratings.shape[1], self.factors))
        rows = np.repeat(np.arange(ratings.shape[0]), np.diff(ratings.indptr))
        if ratings.nnz:
            _compiled()(
                rows, ratings.indices.astype(np.int64), ratings.data, self._mean, self.b_u, self.b_i, self.P, self.Q,
                self.epochs, self.rate, self.ridge,
            )  # fmt: skip
        # What nobody rated keeps its random start, which says nothing.
        self.P[np.diff(ratings.indptr) == 0] = 0.0
        self.Q[ratings.getnnz(axis=0) == 0] = 0.0
        self._design = np.hstack([np.ones((len(self.Q), 1)), self.Q])

    def _estimates(self, row: int) -> np.ndarray:
        return self._mean + self.b_u[row] + self.b_i + self.Q @ self.P[row]

    def _solved(self, row: sp.csr_matrix) -> np.ndarray:
        """What each rating adds to the person's level and factors, (1 + factors, rated)."""
        if not len(row.data):
            return np.zeros((1 + self.factors, 0))
        Z = self._design[row.indices]
        left = row.data - self._mean - self.b_i[row.indices]
        A = Z.T @ Z
        A[np.diag_indices(len(A))] += self.fold_in * len(Z)
        return np.linalg.solve(A, Z.T * left)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        person = self._solved(rated_row(self.dataset, taste)).sum(axis=1)
        return self._mean + self.b_i + self._design @ person

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        row = rated_row(self.dataset, taste)
        blocks = [
            prior_block("mean", OVERALL, np.full(len(columns), self._mean)),
            prior_block("rated", CLIP, self.b_i[columns]),
        ]
        if len(row.data):
            leaves = clip_leaves(self.dataset.corpus, row.indices, row.data)
            blocks.append(Block("crowd", self.title, leaves, self._solved(row).T @ self._design[columns].T))
        return Told(tuple(blocks), len(columns))

    def _likeness(self, clip: int) -> np.ndarray:
        lengths = np.maximum(np.linalg.norm(self.Q, axis=1), 1e-12)
        return (self.Q @ self.Q[clip]) / (lengths * lengths[clip])
