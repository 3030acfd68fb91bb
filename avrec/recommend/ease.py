"""The crowd: EASE (Steck 2019), an item-item matrix in closed form, and popularity."""

import numpy as np
import scipy.sparse as sp

LAMBDA = 10.0
DENSE_CLIPS = 20_000
NEIGHBOURS = 100


def fit_ease(positives: sp.csr_matrix, regularization: float = LAMBDA) -> np.ndarray | sp.csr_matrix:
    """Fit B with a zero diagonal, minimising ||X - XB||^2 + lambda ||B||^2 over users weighted by 1 / length.

    B = I - P diag(1 / P_jj), P = (X' D^-1 X + lambda I)^-1. Weighting users by length keeps a few heavy watchers from
    being the crowd.

    Args:
        positives: (users, clips) binary.

    Returns:
        (clips, clips): dense float64 up to 20,000 clips; above that a sparse item-kNN with the same Gram matrix,
        since the inverse would not fit into memory.
    """
    lengths = np.maximum(np.asarray(positives.sum(axis=1)).ravel(), 1.0)
    weighted = sp.diags(1.0 / np.sqrt(lengths)) @ positives
    gram = sp.csr_matrix(weighted.T @ weighted)
    n = gram.shape[0]
    if n > DENSE_CLIPS:
        return _item_knn(gram, regularization)
    active = np.flatnonzero(gram.diagonal() > 0)
    B = np.zeros((n, n))
    if len(active):  # clips that nobody likes have zero rows and columns anyway
        A = gram[active][:, active].toarray()
        A[np.diag_indices(len(active))] += regularization
        P = np.linalg.inv(A)
        block = -P / np.diag(P)
        np.fill_diagonal(block, 0.0)
        B[np.ix_(active, active)] = block
    return B


def _item_knn(gram: sp.csr_matrix, regularization: float) -> sp.csr_matrix:
    degree = gram.diagonal() + regularization
    knn = sp.csr_matrix(sp.diags(1 / np.sqrt(degree)) @ gram @ sp.diags(1 / np.sqrt(degree)))
    knn.setdiag(0)
    for row in range(knn.shape[0]):
        values = knn.data[knn.indptr[row] : knn.indptr[row + 1]]
        if len(values) > NEIGHBOURS:
            values[values < np.partition(values, -NEIGHBOURS)[-NEIGHBOURS]] = 0
    knn.eliminate_zeros()
    return knn


def popularity(positives: sp.csr_matrix) -> np.ndarray:
    """pop_j = sum over users of x_uj / sqrt(length of u), (clips,)."""
    lengths = np.maximum(np.asarray(positives.sum(axis=1)).ravel(), 1.0)
    return np.asarray(positives.T @ (1.0 / np.sqrt(lengths))).ravel()
