"""Item-item matrices of neighbours: cosine, and walks of three steps over who-likes-what."""

import numpy as np
import scipy.sparse as sp

from avrec.recommend.dataset import Dataset
from avrec.recommend.gram import weighted_gram
from avrec.recommend.item_item import ItemItem
from avrec.recommend.item_matrix import ItemMatrix, RowMatrix, SparseMatrix
from avrec.recommend.walk import TwoStepWalk, strongest


def without_diagonal(matrix: sp.csr_matrix) -> sp.csr_matrix:
    matrix = sp.csr_matrix(matrix)
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    return matrix


class ItemKnn(ItemItem):
    """B_ij = G_ij / sqrt((G_ii + s) (G_jj + s)), G = X' D^-beta X, the k largest a row.

    Args:
        neighbours: k.
        shrink: s; a clip that few people like has weak neighbours.
        beta: Exponent of people's weighting by history length.
    """

    name, title = "item-knn", "Item-kNN: cosine of who likes a clip"

    def __init__(self, neighbours: int = 100, shrink: float = 0.2, beta: float = 1.0):
        self.neighbours, self.shrink, self.beta = neighbours, shrink, beta

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        gram = weighted_gram(dataset.positives, self.beta)
        diagonal = gram.diagonal()
        with np.errstate(divide="ignore"):
            scale = np.where(diagonal > 0, (diagonal + self.shrink) ** -0.5, 0.0)
        gram.data *= np.repeat(scale, np.diff(gram.indptr)) * scale[gram.indices]
        return SparseMatrix(strongest(without_diagonal(gram), self.neighbours))


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
        steps = weighted_gram(dataset.positives, self.alpha)
        popular = np.maximum(dataset.liked.astype(float), 1.0)
        steps.data *= np.repeat(popular**-self.alpha, np.diff(steps.indptr)) * (popular**-self.beta)[steps.indices]
        return SparseMatrix(strongest(without_diagonal(steps), self.neighbours))


class RP3Beta(P3Alpha):
    """P3alpha over the target's popularity to the power of beta (Paudel et al. 2017).

    Args:
        beta: 0 is P3alpha.
    """

    name, title = "rp3beta", "RP3beta: the walk, less drawn to popular clips"

    def __init__(self, alpha: float = 1.0, beta: float = 0.4, neighbours: int = 100):
        super().__init__(alpha, neighbours)
        self.beta = beta


class Walk(ItemItem):
    """B = Q^2: two steps over clips that share people, see `walk.py`."""

    name, title = "walk", "Two-step walk: clips that share no person"

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        return RowMatrix(TwoStepWalk(dataset.positives))
