"""Truncated singular value decomposition, sparse where it can be, the same every time."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

DENSE_SIDE = 200


@dataclass(frozen=True)
class Decomposition:
    """A truncated SVD, the largest singular value first.

    Attributes:
        U: (people, factors), orthonormal columns.
        singular_values: (factors,), descending.
        Vt: V transposed, (factors, clips), orthonormal rows.
        total: Sum of the squares of the whole matrix.
    """

    U: np.ndarray
    singular_values: np.ndarray
    Vt: np.ndarray
    total: float

    @property
    def explained_variance(self) -> np.ndarray:
        """Share of the squared matrix that each factor holds, (factors,); at most 1 in sum."""
        return self.singular_values**2 / self.total if self.total > 0 else np.zeros_like(self.singular_values)

    @property
    def feature_importance(self) -> np.ndarray:
        """Share of what the factors hold that lies in each column, (clips,); 1 in sum: s_f^2 V_jf^2 over its sum."""
        held = self.singular_values[:, None] ** 2 * self.Vt**2
        return held.sum(axis=0) / held.sum() if held.sum() > 0 else np.zeros(self.Vt.shape[1])

    def reconstruction(self, factors: int | None = None) -> np.ndarray:
        """The best matrix of that rank, (people, clips)."""
        kept = slice(0, factors)
        return (self.U[:, kept] * self.singular_values[kept]) @ self.Vt[kept]


def decompose(matrix: sp.csr_matrix | np.ndarray, factors: int | None = None) -> Decomposition:
    """Decompose a matrix; all factors where None.

    The sign of a factor is arbitrary; here the entry of Vt that is largest in size is positive.
    """
    sparse = sp.csr_matrix(matrix, dtype=np.float64)
    most = min(sparse.shape)
    wanted = most if factors is None else min(factors, most)
    total = float((sparse.data**2).sum())
    if not most or total <= 0:
        return Decomposition(np.zeros((sparse.shape[0], 0)), np.zeros(0), np.zeros((0, sparse.shape[1])), total)
    if most <= DENSE_SIDE or wanted >= most // 2:
        U, s, Vt = np.linalg.svd(sparse.toarray(), full_matrices=False)
    else:
        from scipy.sparse.linalg import svds

        U, s, Vt = svds(sparse, wanted, v0=np.ones(most))
    order = np.argsort(-s, kind="stable")[:wanted]
    order = order[s[order] > s.max() * 1e-10]
    U, s, Vt = U[:, order], s[order], Vt[order]
    signs = np.sign(Vt[np.arange(len(s)), np.abs(Vt).argmax(axis=1)])
    return Decomposition(U * signs, s, Vt * signs[:, None], total)
