"""Singular value decomposition as a recommender (PureSVD) and as a view of who likes what.

X = U diag(s) V'. numpy and scipy return s as a vector and V already transposed, so it is called Vt here. Rows of U are
people, columns of Vt are clips. A decomposition needs a complete matrix, and a rating that is missing is not a rating
of zero: `centred` takes each person's mean off their ratings alone, so that what is missing stands at the person's own
mean; where even that says too much, factorise the known ratings only (`mf.py`).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from avrec.recommend.dataset import Dataset
from avrec.recommend.item_item import ItemItem
from avrec.recommend.item_matrix import FactorMatrix, ItemMatrix

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


def centred(ratings: sp.csr_matrix) -> tuple[sp.csr_matrix, np.ndarray]:
    """Ratings less each person's mean of those they gave; what is missing stays at 0, that mean.

    Returns:
        The centred matrix of the same pattern, explicit zeros included, and the means, (people,).
    """
    counts = np.diff(ratings.indptr)
    means = np.asarray(ratings.sum(axis=1)).ravel() / np.maximum(counts, 1)
    out = ratings.astype(np.float64)
    out.data = out.data - np.repeat(means, counts)
    return out, means


class PureSvd(ItemItem):
    """score = x_u V V' over the largest factors of who likes what (Cremonesi et al. 2010).

    Args:
        factors: How many are kept, at most.
    """

    name, title, family = "pure-svd", "PureSVD: singular vectors of who likes what", "factors"

    def __init__(self, factors: int = 16):
        self.factors = factors

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        # With all factors V V' is the identity and ranks nothing: keep at most a third.
        most = max(1, min(dataset.positives.shape) // 3)
        self.decomposition = decompose(dataset.positives, min(self.factors, most))
        V = np.ascontiguousarray(self.decomposition.Vt.T)
        return FactorMatrix(V, V)
