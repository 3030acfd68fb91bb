"""Similarities of people or clips by their ratings, one or a few against all, as products of sparse matrices.

What two rows both rated decides: `n` such ratings, and their sums, squares and cross products. Pearson's means are over
the co-rated entries (the true correlation of what is compared), not over all that a row rated. Below two co-ratings, or
where one side does not vary, a correlation is undefined: 0 here, never NaN and never 1. A few co-ratings prove little:
similarities are shrunk by n / (n + beta).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

LEAST_COMMON = 2
FLAT = 1e-10  # a variance below this share of the squares is rounding


@dataclass(frozen=True)
class CoRated:
    """Sums over the entries that a query and a row both have, each (queries, rows)."""

    count: np.ndarray
    sum_a: np.ndarray
    sum_b: np.ndarray
    square_a: np.ndarray
    square_b: np.ndarray
    cross: np.ndarray


class RatingRows:
    """Rows of ratings, ready to be compared; a stored zero is a rating.

    Args:
        values: (rows, columns) CSR.
    """

    def __init__(self, values: sp.csr_matrix):
        self.values = sp.csr_matrix(values, dtype=np.float64)
        self.pattern = pattern(self.values)
        self._squares = with_data(self.values, self.values.data**2)
        self.norms = np.sqrt(np.asarray(self._squares.sum(axis=1)).ravel())

    def co_rated(self, queries: sp.csr_matrix) -> CoRated:
        """Sums over what queries (queries, columns) and all rows share."""
        a, mask = queries.toarray().T, pattern(queries).toarray().T
        of_pattern = self.pattern @ np.hstack([mask, a, a * a])
        of_values = self.values @ np.hstack([mask, a])
        count, sum_a, square_a = (part.T for part in np.hsplit(of_pattern, 3))
        sum_b, cross = (part.T for part in np.hsplit(of_values, 2))
        return CoRated(count, sum_a, sum_b, square_a, (self._squares @ mask).T, cross)

    def cosine(self, queries: sp.csr_matrix) -> np.ndarray:
        """Cosine of whole rows, what is missing counting as 0: q q' over both lengths; (queries, rows)."""
        lengths = np.sqrt(np.asarray(queries.multiply(queries).sum(axis=1)).ravel())
        return _ratio((self.values @ queries.T).T.toarray(), lengths[:, None] * self.norms[None])


def with_data(matrix: sp.csr_matrix, data: np.ndarray) -> sp.csr_matrix:
    """Other numbers at the same places."""
    return sp.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def pattern(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """1 wherever there is an entry, stored zeros included."""
    return with_data(matrix, np.ones(len(matrix.data)))


def pearson(sums: CoRated, beta: float = 0.0) -> np.ndarray:
    """Correlation over co-rated entries, shrunk; 0 where it is undefined."""
    n = np.maximum(sums.count, 1.0)
    covariance = sums.cross - sums.sum_a * sums.sum_b / n
    a = _spread(sums.square_a, sums.sum_a, n)
    b = _spread(sums.square_b, sums.sum_b, n)
    return shrunk(_defined(_ratio(covariance, np.sqrt(a * b)), sums.count), sums.count, beta)


def co_rated_cosine(sums: CoRated, beta: float = 0.0) -> np.ndarray:
    """Cosine over co-rated entries: adjusted cosine, where the entries are less their person's mean; shrunk."""
    value = _ratio(sums.cross, np.sqrt(sums.square_a * sums.square_b))
    return shrunk(_defined(value, sums.count), sums.count, beta)


def msd(sums: CoRated) -> np.ndarray:
    """1 / (1 + mean squared difference over co-rated entries), in (0, 1]; 0 without any."""
    squares = np.maximum(sums.square_a + sums.square_b - 2 * sums.cross, 0.0)
    return np.where(sums.count > 0, 1 / (1 + squares / np.maximum(sums.count, 1.0)), 0.0)


def shrunk(similarity: np.ndarray, count: np.ndarray, beta: float) -> np.ndarray:
    """similarity n / (n + beta)."""
    return similarity * count / np.maximum(count + beta, 1e-12) if beta else similarity


def weighted_mean(similarity: np.ndarray, values: np.ndarray, damping: float = 0.0) -> np.ndarray:
    """sum s v / (sum |s| + damping) over the first axis; 0 where nothing is similar."""
    return _ratio((similarity * values).sum(axis=0), np.abs(similarity).sum(axis=0) + damping)


def _spread(squares: np.ndarray, total: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Sum of squared deviations; 0 where it is rounding."""
    spread = squares - total * total / n
    return np.where(spread > FLAT * squares, spread, 0.0)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    good = np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 1e-150)
    return np.divide(numerator, denominator, out=np.zeros(np.shape(denominator)), where=good)


def _defined(value: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.where(count >= LEAST_COMMON, np.clip(value, -1.0, 1.0), 0.0)
