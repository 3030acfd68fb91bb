"""Predicted ratings on MovieLens 100k, five folds, beside the figures that Surprise publishes for the same methods."""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from avrec.config import Settings
from avrec.evaluate.protocols import K_FOLD, Protocol, rating_splits
from avrec.evaluate.public import load_public
from avrec.recommend.bias import RatingBaseline
from avrec.recommend.dataset import Dataset
from avrec.recommend.mf import BiasedMf
from avrec.recommend.user_cf import BaselineKnn, CentredKnn
from benchmarks.recommenders.measure import timed
from benchmarks.table import show

PUBLISHED = [
    ("SVD, biased matrix factorisation", BiasedMf, 0.934, 0.737), ("centred kNN", CentredKnn, 0.951, 0.749),
    ("kNN-baseline", BaselineKnn, 0.931, 0.733), ("baseline", RatingBaseline, 0.944, 0.748),
]  # fmt: skip


def run(settings: Settings) -> None:
    dataset = load_public("ml-100k", settings.data / "public").dataset
    folds = [(_stars(train), held) for train, held in rating_splits(dataset, Protocol(K_FOLD, seed=0))]
    rows = []
    for name, method, rmse, mae in PUBLISHED:
        errors, seconds = timed(lambda method=method: np.mean([_errors(method(), *fold) for fold in folds], axis=0))
        rows.append([name, f"{rmse:.3f} / {mae:.3f}", f"{errors[0]:.3f} / {errors[1]:.3f}", f"{seconds:.0f} s"])
    show(["MovieLens 100k, 5 folds", "Surprise, RMSE / MAE", "avrec, RMSE / MAE", "fit and predict, all folds"], rows)


def _stars(train: Dataset) -> Dataset:
    """Stars in place of event weights: what is predicted is a rating."""
    return replace(train, user_items=train.ratings)


def _errors(model: object, train: Dataset, held: sp.csr_matrix) -> tuple[float, float]:
    """RMSE and MAE of a fold."""
    model.fit(train)
    pairs = held.tocoo()
    gap = model.predict(pairs.row, pairs.col) - pairs.data
    return float(np.sqrt(np.mean(gap**2))), float(np.mean(np.abs(gap)))
