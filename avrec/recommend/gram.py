"""The item-item Gram matrix of what people like, and the inverse of a positive definite matrix, in place."""

import numpy as np
import scipy.sparse as sp

SINGLE_PRECISION_CLIPS = 2_000


def weighted_gram(positives: sp.csr_matrix, beta: float = 1.0) -> sp.csr_matrix:
    """G = X' D^-beta X, D the lengths of people's histories: a few heavy watchers must not be the crowd.

    Args:
        positives: X, (users, clips) binary.
        beta: 0 counts every like alike, 1 every person.
    """
    lengths = np.maximum(np.asarray(positives.sum(axis=1)).ravel(), 1.0)
    weighted = sp.diags_array(lengths ** (-beta / 2)) @ positives
    return sp.csr_matrix(weighted.T @ weighted)


def inverse(A: np.ndarray) -> np.ndarray:
    """Invert a symmetric positive definite matrix, destroying it.

    Cholesky takes a third of the time and half of the memory of a general inverse.

    Args:
        A: (n, n) Fortran order, float32 or float64.
    """
    from scipy.linalg import lapack

    n = A.shape[0]
    if not n:
        return A
    factor, invert = (lapack.dpotrf, lapack.dpotri) if A.dtype == np.float64 else (lapack.spotrf, lapack.spotri)
    A, _ = factor(A, lower=0, overwrite_a=1)
    P, _ = invert(A, lower=0, overwrite_c=1)
    P = P.T  # C order, its lower triangle filled
    for start in range(0, n, 1024):  # mirror by blocks: no second matrix
        stop = min(start + 1024, n)
        P[start:stop, stop:] = P[stop:, start:stop].T
        square = P[start:stop, start:stop]
        square[...] = np.tril(square) + np.tril(square, -1).T
    return P


def working_type(n: int) -> type:
    """Double precision up to 2,000 clips; above that single, which a ridge keeps accurate."""
    return np.float64 if n <= SINGLE_PRECISION_CLIPS else np.float32
