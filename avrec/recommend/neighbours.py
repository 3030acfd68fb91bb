"""Item-item matrices of neighbours: cosine, and walks of three steps over who-likes-what."""

import numpy as np
import scipy.sparse as sp

from avrec.recommend.dataset import Dataset
from avrec.recommend.item_item import ItemItem
from avrec.recommend.item_matrix import ItemMatrix, RowMatrix, SparseMatrix
from avrec.recommend.walk import BLOCK_ROWS, DENSE_SHARE, TwoStepWalk, largest, strongest


def lengths_of(dataset: Dataset) -> np.ndarray:
    """How many clips each person likes, at least 1; (people,)."""
    return np.maximum(np.asarray(dataset.positives.sum(axis=1)).ravel(), 1.0)


def scaled(matrix: sp.csr_matrix, rows: np.ndarray | None, columns: np.ndarray | None = None) -> sp.csr_matrix:
    """Rows and columns times a factor each."""
    out = matrix if rows is None else sp.diags_array(rows) @ matrix
    return sp.csr_matrix(out if columns is None else out @ sp.diags_array(columns))


def nearest(left: sp.csr_matrix, right: sp.csr_matrix, k: int) -> sp.csr_matrix:
    """The k largest entries of each row of left x right, both non-negative, without the diagonal; (clips, clips) CSR.

    Where the product is nearly full, blocks of its rows are made dense, sorted in part and dropped: half of the time,
    and no full matrix.
    """
    n = right.shape[1]
    if int(left.getnnz(axis=0) @ right.getnnz(axis=1)) <= DENSE_SHARE * n * n:
        product = sp.csr_matrix(left @ right)
        product.setdiag(0)
        product.eliminate_zeros()
        return strongest(product, k)
    left, right, parts = left.astype(np.float32), right.astype(np.float32), []
    for start in range(0, n, BLOCK_ROWS):
        rows = (left[start : start + BLOCK_ROWS] @ right).toarray()
        rows[np.arange(len(rows)), start + np.arange(len(rows))] = 0.0
        parts.append(largest(rows, k))
    return sp.vstack(parts, format="csr").astype(np.float64)


class ItemKnn(ItemItem):
    """B_ij = G_ij / sqrt((G_ii + s) (G_jj + s)), G = X' D^-beta X, the k largest a row.

    Args:
        neighbours: k.
        shrink: s; a clip that few people like has weak neighbours.
        beta: Exponent of people's weighting by history length.
    """

    name, title = "item-knn", "Item-kNN: cosine of who likes a clip"

    def __init__(self, neighbours: int = 100, shrink: float = 3.0, beta: float = 1.0):
        self.neighbours, self.shrink, self.beta = neighbours, shrink, beta

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        weighted = scaled(dataset.positives, lengths_of(dataset) ** (-self.beta / 2))
        diagonal = np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel()
        columns = scaled(weighted, None, np.maximum(diagonal + self.shrink, 1e-12) ** -0.5)
        return SparseMatrix(nearest(sp.csr_matrix(columns.T), columns, self.neighbours))


class P3Alpha(ItemItem):
    """Three steps from a person: to a clip, to whoever likes it, to another clip (Cooper et al. 2014).

    B_ij = sum over people u of (x_ui / pop_i)^alpha (x_uj / len_u)^alpha, the k largest a row.

    Args:
        alpha: Exponent of the transition probabilities.
        neighbours: k.
    """

    name, title = "p3alpha", "P3alpha: random walk of three steps"
    beta = 0.0

    def __init__(self, alpha: float = 1.0, neighbours: int = 100):
        self.alpha, self.neighbours = alpha, neighbours

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        popular = np.maximum(dataset.liked.astype(float), 1.0)
        to_people = sp.csr_matrix(scaled(dataset.positives, None, popular**-self.alpha).T)
        to_clips = scaled(dataset.positives, lengths_of(dataset) ** -self.alpha, popular**-self.beta)
        return SparseMatrix(nearest(to_people, to_clips, self.neighbours))


class RP3Beta(P3Alpha):
    """P3alpha over the target's popularity to the power of beta (Paudel et al. 2017).

    Args:
        beta: 0 is P3alpha.
    """

    name, title = "rp3beta", "RP3beta: the walk, less drawn to popular clips"

    def __init__(self, alpha: float = 1.0, beta: float = 0.3, neighbours: int = 100):
        super().__init__(alpha, neighbours)
        self.beta = beta


class Walk(ItemItem):
    """B = Q^2: two steps over clips that share people, see `walk.py`."""

    name, title = "walk", "Two-step walk: clips that share no person"

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        return RowMatrix(TwoStepWalk(dataset.positives))
