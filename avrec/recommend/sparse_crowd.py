"""The crowd of a large library: where the inverse of EASE would not fit into memory, a sparse item-kNN stands in."""

import numpy as np
import scipy.sparse as sp

from avrec.recommend.gram import weighted_gram
from avrec.recommend.walk import strongest

DENSE_CLIPS = 20_000
NEIGHBOURS = 100


class SparseCrowd:
    """Cosine of EASE's weighted Gram matrix, shrunk by lambda; at most 100 neighbours a clip."""

    def __init__(self, positives: sp.csr_matrix, regularization: float = 10.0):
        gram = weighted_gram(positives)
        degree = sp.diags_array(1 / np.sqrt(gram.diagonal() + regularization))
        knn = sp.csr_matrix(degree @ gram @ degree, dtype=np.float32)
        knn.setdiag(0)
        knn.eliminate_zeros()
        self.matrix = strongest(knn, NEIGHBOURS)

    def rows(self, clips: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """B of some clips with others, (clips, columns)."""
        return self.matrix[clips][:, columns].toarray()

    def total(self, clips: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Sum over clips of weight x row, (clips,)."""
        return np.asarray(self.matrix[clips].T @ weights).ravel()

    def product(self, tastes: sp.csr_matrix, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Tastes (people, clips) times B, (people, columns)."""
        return (tastes @ self.matrix[:, columns]).toarray()
