"""The baselines that everything must beat: popularity, popularity of late, and chance."""

import hashlib

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, Told, prior_leaf
from avrec.recommend.base import Recommender
from avrec.recommend.dataset import Dataset, Taste, popularity, unit_deviation


class Popularity(Recommender):
    """pop_j = sum over people who like j of 1 / sqrt(length of their history): a heavy watcher counts less."""

    name, title, family = "popularity", "Popularity", "baseline"
    personal = False
    label = "liked by many"

    def _prior(self, dataset: Dataset) -> np.ndarray:
        return popularity(dataset.positives)

    def _fit(self, dataset: Dataset) -> None:
        self._values = unit_deviation(self._prior(dataset), dataset.listable)

    def _refresh(self, dataset: Dataset) -> None:
        self._fit(dataset)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        return self._values

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        block = Block("prior", self.name, prior_leaf(self.name, self.label), self._values[None, columns])
        return Told((block,), len(columns))

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        return np.repeat(self._values[None, columns], len(rows), axis=0)


class Trending(Popularity):
    """The sum of people's positive weights, which halve with every half-life: what is liked of late."""

    name, title = "trending", "Popularity of late"
    label = "liked by many of late"

    def _prior(self, dataset: Dataset) -> np.ndarray:
        weights: sp.csr_matrix = dataset.user_items.multiply(dataset.positives).tocsr()
        lengths = np.maximum(np.asarray(dataset.positives.sum(axis=1)).ravel(), 1.0)
        return np.asarray((sp.diags_array(lengths**-0.5) @ weights).sum(axis=0)).ravel()


class Chance(Popularity):
    """A fixed random order of its own for every person: what knowing nothing gives."""

    name, title = "random", "Random"
    label = "chance"

    def _prior(self, dataset: Dataset) -> np.ndarray:
        return np.zeros(dataset.clips)

    def _draw(self, user_id: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(user_id.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).standard_normal(self.dataset.clips)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        return self._draw(self.dataset.user_ids[taste.person] if taste.person is not None else "")

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        block = Block(
            "prior", self.name, prior_leaf(self.name, self.label), self._scores(taste, weights)[None, columns]
        )
        return Told((block,), len(columns))

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        return np.stack([self._draw(self.dataset.user_ids[row])[columns] for row in rows])
