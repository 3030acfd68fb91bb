"""Item-item matrices, three ways to keep one: sparse, as two thin factors, or dense rows made on demand.

All give rows for the ledger and products with many people's tastes for ranking; no caller needs the whole matrix.
"""

from typing import Protocol

import numpy as np
import scipy.sparse as sp

Columns = np.ndarray | slice
ROWS_AT_ONCE = 1024


class ItemMatrix(Protocol):
    """B of a score x_u B."""

    def rows(self, clips: np.ndarray, columns: Columns = slice(None)) -> np.ndarray:
        """B of some clips with others, (clips, columns)."""
        ...

    def product(self, tastes: sp.csr_matrix, columns: Columns = slice(None)) -> np.ndarray:
        """Tastes (people, clips) times B, (people, columns)."""
        ...


class SparseMatrix:
    """B as a CSR matrix."""

    def __init__(self, matrix: sp.csr_matrix):
        self.matrix = sp.csr_matrix(matrix)

    def rows(self, clips: np.ndarray, columns: Columns = slice(None)) -> np.ndarray:
        return self.matrix[clips][:, columns].toarray()

    def product(self, tastes: sp.csr_matrix, columns: Columns = slice(None)) -> np.ndarray:
        return np.asarray((tastes @ self.matrix)[:, columns].todense())


class FactorMatrix:
    """B = L R', both (clips, factors)."""

    def __init__(self, left: np.ndarray, right: np.ndarray):
        self.left, self.right = left, right

    def rows(self, clips: np.ndarray, columns: Columns = slice(None)) -> np.ndarray:
        return self.left[clips] @ self.right[columns].T

    def product(self, tastes: sp.csr_matrix, columns: Columns = slice(None)) -> np.ndarray:
        return (tastes @ self.left) @ self.right[columns].T


class RowMatrix:
    """B by whatever makes its rows, `made.rows(clips, columns)`; products go over the watched clips in blocks."""

    def __init__(self, made: object):
        self.made = made

    def rows(self, clips: np.ndarray, columns: Columns = slice(None)) -> np.ndarray:
        return self.made.rows(clips, columns)

    def product(self, tastes: sp.csr_matrix, columns: Columns = slice(None)) -> np.ndarray:
        out: np.ndarray | float = 0.0
        watched = np.flatnonzero(tastes.getnnz(axis=0))
        for start in range(0, len(watched), ROWS_AT_ONCE):
            block = watched[start : start + ROWS_AT_ONCE]
            rows = self.made.rows(block, columns)
            out = out + tastes[:, block].astype(rows.dtype) @ rows
        width = len(np.arange(tastes.shape[1])[columns])
        return out if isinstance(out, np.ndarray) else np.zeros((tastes.shape[0], width))
