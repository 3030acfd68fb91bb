"""Other libraries' recommenders as plain functions from rows of people to scores, each with a small grid."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks.recommenders.measure import Scores

Fit = Callable[[sp.csr_matrix], Scores]
SEED = 3


def _factors(make: Callable[[], Any], positives: sp.csr_matrix) -> Scores:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice about threads
        model = make()
        model.fit(positives.astype(np.float32), show_progress=False)
    return lambda rows: model.user_factors[rows] @ model.item_factors.T


def _neighbours(make: Callable[[], Any], positives: sp.csr_matrix) -> Scores:
    model = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BM25 converts within
        model.fit(positives.astype(np.float32), show_progress=False)
    return lambda rows: (positives[rows] @ model.similarity).toarray()


def als_grid() -> Iterator[tuple[str, Fit]]:
    from implicit.cpu.als import AlternatingLeastSquares

    for factors, ridge, alpha in product((32, 64, 128), (0.1, 10.0, 30.0), (1.0, 3.0, 10.0)):
        make = partial(AlternatingLeastSquares, factors, ridge, alpha, iterations=15, num_threads=1, random_state=SEED)
        yield f"factors {factors}, regularization {ridge:g}, alpha {alpha:g}", partial(_factors, make)


def bpr_grid() -> Iterator[tuple[str, Fit]]:
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    for factors, rate, ridge, turns in product((32, 64), (0.01, 0.05), (0.01, 0.03), (100, 300)):
        make = partial(
            BayesianPersonalizedRanking, factors, rate, ridge, iterations=turns, num_threads=1, random_state=SEED
        )
        yield f"factors {factors}, rate {rate:g}, regularization {ridge:g}, {turns} turns", partial(_factors, make)


def knn_grid() -> Iterator[tuple[str, Fit]]:
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

    for kind, k in product((CosineRecommender, TFIDFRecommender, BM25Recommender), (20, 50, 100, 200, 500)):
        yield f"{kind.__name__}, K {k}", partial(_neighbours, partial(kind, k, num_threads=1))


GRIDS = {"implicit ALS": als_grid, "implicit BPR": bpr_grid, "implicit item-kNN": knn_grid}
