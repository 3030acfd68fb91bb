"""The crowd: EASE (Steck 2019), an item-item matrix in closed form, and popularity."""

import numpy as np
import scipy.sparse as sp

LAMBDA = 10.0
DENSE_CLIPS = 20_000
SINGLE_PRECISION_CLIPS = 2_000
NEIGHBOURS = 100


def fit_ease(positives: sp.csr_matrix, regularization: float = LAMBDA) -> np.ndarray | sp.csr_matrix:
    """Fit B with a zero diagonal, minimising ||X - XB||^2 + lambda ||B||^2 over users weighted by 1 / length.

    B = I - P diag(1 / P_jj), P = (X' D^-1 X + lambda I)^-1. Weighting users by length keeps a few heavy watchers from
    being the crowd. The matrix is positive definite, so Cholesky inverts it in place, in a third of the time and half
    of the memory of a general inverse; above 2,000 clips in single precision, which lambda keeps accurate.

    Args:
        positives: (users, clips) binary.

    Returns:
        (clips, clips): dense up to 20,000 clips; above that a sparse item-kNN with the same Gram matrix, since the
        inverse would not fit into memory.
    """
    from scipy.linalg import lapack

    lengths = np.maximum(np.asarray(positives.sum(axis=1)).ravel(), 1.0)
    weighted = sp.diags_array(1.0 / np.sqrt(lengths)) @ positives
    gram = sp.csr_matrix(weighted.T @ weighted)
    n = gram.shape[0]
    if n > DENSE_CLIPS:
        return _item_knn(gram, regularization)
    double = n <= SINGLE_PRECISION_CLIPS
    A = np.asfortranarray(gram.toarray().astype(np.float64 if double else np.float32))
    A[np.diag_indices(n)] += regularization
    factor, inverse = (lapack.dpotrf, lapack.dpotri) if double else (lapack.spotrf, lapack.spotri)
    A, _ = factor(A, lower=0, overwrite_a=1)
    P, _ = inverse(A, lower=0, overwrite_c=1)
    P = P.T  # C order, its lower triangle filled
    for start in range(0, n, 1024):  # mirror by blocks: no second matrix
        stop = min(start + 1024, n)
        P[start:stop, stop:] = P[stop:, start:stop].T
        square = P[start:stop, start:stop]
        square[...] = np.tril(square) + np.tril(square, -1).T
    P /= -np.diag(P).copy()
    np.fill_diagonal(P, 0.0)
    return P


def _item_knn(gram: sp.csr_matrix, regularization: float) -> sp.csr_matrix:
    """Cosine of the Gram matrix, shrunk by lambda; at most 100 neighbours a clip."""
    degree = sp.diags_array(1 / np.sqrt(gram.diagonal() + regularization))
    knn = sp.csr_matrix(degree @ gram @ degree, dtype=np.float32)
    knn.setdiag(0)
    for row in range(knn.shape[0]):
        values = knn.data[knn.indptr[row] : knn.indptr[row + 1]]
        if len(values) > NEIGHBOURS:
            values[values < np.partition(values, -NEIGHBOURS)[-NEIGHBOURS]] = 0
    knn.eliminate_zeros()
    return knn


class Crowd:
    """B over the clips that anybody likes; all other rows and columns are zero and not stored."""

    def __init__(self, positives: sp.csr_matrix, regularization: float = LAMBDA):
        self.clips = positives.shape[1]
        self.active = np.flatnonzero(positives.getnnz(axis=0))
        self._at = np.full(self.clips, -1)
        self._at[self.active] = np.arange(len(self.active))
        self.matrix = fit_ease(positives[:, self.active], regularization) if len(self.active) else np.zeros((0, 0))

    def rows(self, clips: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """B of some clips with others, (clips, columns)."""
        other = self._at[columns]
        out = np.zeros((len(clips), len(other)), self.matrix.dtype)
        mine, theirs = np.flatnonzero(self._at[clips] >= 0), np.flatnonzero(other >= 0)
        if len(mine) and len(theirs):
            rows = self.matrix[self._at[clips[mine]]]
            found = rows[:, other[theirs]]
            out[np.ix_(mine, theirs)] = found.toarray() if sp.issparse(found) else found
        return out

    def total(self, clips: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Sum over clips of weight x row, (clips,) float32."""
        out = np.zeros(self.clips, np.float32)
        known = self._at[clips] >= 0
        if known.any():
            out[self.active] = weights[known].astype(self.matrix.dtype) @ self.matrix[self._at[clips[known]]]
        return out


def popularity(positives: sp.csr_matrix) -> np.ndarray:
    """pop_j = sum over users of x_uj / sqrt(length of u), (clips,)."""
    lengths = np.maximum(np.asarray(positives.sum(axis=1)).ravel(), 1.0)
    return np.asarray(positives.T @ (1.0 / np.sqrt(lengths))).ravel()
