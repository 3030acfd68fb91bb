"""Datasets from a plain matrix of ratings, for tests of recommenders."""

from datetime import UTC, datetime

import numpy as np
import scipy.sparse as sp

from avrec.recommend.dataset import Dataset
from avrec.schemas import Corpus

START = datetime(2026, 1, 1, tzinfo=UTC)


def bare_corpus(clips: int) -> Corpus:
    """Clips without any vector or word."""
    return Corpus(
        tuple(f"c{i}" for i in range(clips)), tuple(f"Clip {i}" for i in range(clips)), ("",) * clips,
        ("en",) * clips, np.full(clips, 9.0), (START,) * clips, {},
    )  # fmt: skip


def dataset_of(ratings) -> Dataset:
    """Rows are people, columns are clips, NaN is no rating; a 0 is a stored rating of zero."""
    table = np.asarray(ratings, dtype=float)
    rows, columns = np.nonzero(~np.isnan(table))
    values = sp.csr_matrix((table[rows, columns], (rows, columns)), shape=table.shape)
    seen = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=table.shape)
    people = tuple(f"u{i}" for i in range(len(table)))
    return Dataset(bare_corpus(table.shape[1]), people, values, seen, sp.csr_matrix(table.shape))


def random_ratings(people=30, clips=20, share=0.4, seed=0, levels=(1, 2, 3, 4, 5)) -> np.ndarray:
    """Ratings at random places, with tastes of two kinds."""
    rng = np.random.default_rng(seed)
    taste = np.where(np.arange(people)[:, None] % 2 == np.arange(clips)[None] % 2, 1.0, -1.0)
    noisy = np.clip(np.round(2 + taste + rng.normal(scale=0.8, size=taste.shape)), 0, len(levels) - 1).astype(int)
    table = np.asarray(levels, dtype=float)[noisy]
    table[rng.random(table.shape) > share] = np.nan
    return table


def random_likes(people=30, clips=20, share=0.3, seed=0) -> np.ndarray:
    """1 where liked, NaN elsewhere."""
    table = random_ratings(people, clips, 1.0, seed)
    liked = (table >= 3) & (np.random.default_rng(seed + 1).random(table.shape) < share * 2)
    return np.where(liked, 1.0, np.nan)
