"""Singular value decomposition as a recommender (PureSVD) and as a view of who likes what.

X = U diag(s) V'. numpy and scipy return s as a vector and V already transposed, so it is called Vt here. Rows of U are
people, columns of Vt are clips. A decomposition needs a complete matrix, and a rating that is missing is not a rating
of zero: `centred` takes each person's mean off their ratings alone, so that what is missing stands at the person's own
mean; where even that says too much, factorise the known ratings only (`mf.py`).
"""

import numpy as np
import scipy.sparse as sp

from avrec.recommend.dataset import Dataset
from avrec.recommend.decomposition import decompose
from avrec.recommend.item_item import ItemItem
from avrec.recommend.item_matrix import FactorMatrix, ItemMatrix


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
        beta: People's rows are divided by the length of their history to the power of beta / 2 before; 0 is plain.
    """

    name, title, family = "pure-svd", "PureSVD: singular vectors of who likes what", "factors"

    def __init__(self, factors: int = 12, beta: float = 0.5):
        self.factors, self.beta = factors, beta

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        lengths = np.maximum(np.asarray(dataset.positives.sum(axis=1)).ravel(), 1.0)
        weighted = sp.csr_matrix(sp.diags_array(lengths ** (-self.beta / 2)) @ dataset.positives)
        # With all factors V V' is the identity and ranks nothing: keep at most a sixth.
        self.decomposition = decompose(weighted, min(self.factors, max(1, min(weighted.shape) // 6)))
        V = np.ascontiguousarray(self.decomposition.Vt.T)
        return FactorMatrix(V, V)
