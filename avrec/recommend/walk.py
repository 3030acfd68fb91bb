"""Two steps of a walk over who-likes-what, in a symmetric form: weak ties between clips that share no person."""

import numpy as np
import scipy.sparse as sp

NEIGHBOURS = 500
DENSE_SHARE = 0.2
BLOCK_ROWS = 256


def step_matrix(positives: sp.csr_matrix) -> sp.csr_matrix:
    """Q = diag(N 1)^-1/2 N, N the off-diagonal of X' D^-1.5 X; (clips, clips) CSR.

    At most 500 neighbours a clip are kept in libraries that would otherwise be dense.
    """
    lengths = np.maximum(np.asarray(positives.sum(axis=1)).ravel(), 1.0)
    N = sp.csr_matrix(positives.T @ (sp.diags_array(lengths**-1.5) @ positives))
    N.setdiag(0)
    N.eliminate_zeros()
    if N.shape[0] > NEIGHBOURS:
        N = strongest(N, NEIGHBOURS)
    degrees = np.asarray(N.sum(axis=1)).ravel()
    with np.errstate(divide="ignore"):
        scale = np.where(degrees > 0, degrees**-0.5, 0.0)
    return sp.csr_matrix(sp.diags_array(scale) @ N)


def strongest(matrix: sp.csr_matrix, k: int) -> sp.csr_matrix:
    """Keep the k largest entries of each row; ties with the k-th stay."""
    if not matrix.nnz:
        return matrix
    if matrix.nnz > DENSE_SHARE * matrix.shape[0] * matrix.shape[1] and matrix.data.min() > 0:
        return _strongest_of_dense(matrix, k)
    counts = np.diff(matrix.indptr)
    rows = np.repeat(np.arange(matrix.shape[0]), counts)
    order = np.lexsort((-matrix.data, rows))
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], counts)
    sorted_data = matrix.data[order]
    last = np.minimum(matrix.indptr[:-1] + k - 1, np.maximum(matrix.indptr[1:] - 1, 0))
    limit = np.where(counts > 0, sorted_data[np.minimum(last, max(len(sorted_data) - 1, 0))], 0.0)
    keep = (place < k) | (sorted_data >= limit[rows])
    kept = sp.csr_matrix((sorted_data[keep], (rows[keep], matrix.indices[order][keep])), shape=matrix.shape)
    kept.sort_indices()
    return kept


def _strongest_of_dense(matrix: sp.csr_matrix, k: int) -> sp.csr_matrix:
    """The same for a positive matrix that is mostly full, ten times as fast: a partial sort of blocks of rows."""
    starts = range(0, matrix.shape[0], BLOCK_ROWS)
    return sp.vstack([largest(matrix[s : s + BLOCK_ROWS].toarray(), k) for s in starts], format="csr")


def largest(rows: np.ndarray, k: int) -> sp.csr_matrix:
    """The k largest entries of each row of a non-negative matrix, which is destroyed."""
    place = max(rows.shape[1] - k, 0)
    rows[rows < np.partition(rows, place, axis=1)[:, [place]]] = 0.0
    return sp.csr_matrix(rows)


class TwoStepWalk:
    """B = Q^2, rows made on demand: the square of a sparse matrix is dense."""

    def __init__(self, positives: sp.csr_matrix):
        self.Q = step_matrix(positives)
        self._by_column = self.Q.tocsc()
        self._own = np.asarray(self.Q.multiply(self.Q.T).sum(axis=1)).ravel()

    def rows(self, clips: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """B of some clips with others, (clips, columns) float64; a clip's own entry is 0."""
        out = (self.Q[clips] @ self._by_column[:, columns]).toarray()
        out[clips[:, None] == np.arange(self.Q.shape[0])[columns][None]] = 0.0
        return out

    def total(self, clips: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Sum over clips of weight x row, (clips,)."""
        out = self.Q.T @ (self.Q[clips].T @ weights)
        np.subtract.at(out, clips, weights * self._own[clips])
        return out

    def product(self, tastes: sp.csr_matrix, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Tastes (people, clips) times B, (people, columns)."""
        out = ((tastes @ self.Q) @ self._by_column[:, columns]).toarray()
        own = (tastes @ sp.diags_array(self._own.astype(tastes.dtype)))[:, columns].tocoo()
        out[own.row, own.col] -= own.data
        return out
