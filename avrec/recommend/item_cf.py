"""Item-based collaborative filtering: what a person thinks of the clips most similar to this one (Sarwar 2001).

    r_uj = sum over watched h of s_hj r_uh / sum over h of |s_hj|

h runs over the k most similar clips that the person rated, those of negative similarity left out. Where there is none,
the person's mean stands in. Lists add `damping` to the denominator, a clip of that similarity with the person's mean
rating: a single similar clip proves little. `predict` is the formula as it stands.

Rows of similarities are made when asked for, and kept up to a bound in bytes.
"""

from collections import OrderedDict

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, Told, clip_leaves
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.pure_svd import centred
from avrec.recommend.ratings import RatingPredictor, mean_of, prior_block, rated_row
from avrec.recommend.similarity import RatingRows, co_rated_cosine, pattern, pearson, shrunk, weighted_mean

CACHE_BYTES = 128 << 20
CLIPS_AT_ONCE = 64


class ItemCf(RatingPredictor):
    """Pearson correlation over the people who rated both clips.

    Args:
        neighbours: k.
        beta: Similarities are shrunk by n / (n + beta), n the people who rated both.
        damping: Weight of the person's mean in lists.
    """

    name, title, family = "item-pearson", "Item-based: Pearson correlation", "items"

    def __init__(self, neighbours: int = 40, beta: float = 10.0, damping: float = 1.0):
        self.neighbours, self.beta, self.damping = neighbours, beta, damping

    def _compared(self) -> sp.csr_matrix:
        """What clips are compared by, (people, clips)."""
        return self._ratings

    def _similarity(self, queries: sp.csr_matrix) -> np.ndarray:
        """Similarity of some clips (queries, people) with all, (queries, clips)."""
        return pearson(self._rows.co_rated(queries), self.beta)

    def _fit(self, dataset: Dataset) -> None:
        self._rate(dataset)
        self._rows = RatingRows(sp.csr_matrix(self._compared().T))
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def _refresh(self, dataset: Dataset) -> None:
        self._fit(dataset)

    def similarities(self, clips: np.ndarray) -> np.ndarray:
        """Rows of the similarity matrix, (clips, all clips); a clip's own entry is 0."""
        missing = np.array([c for c in dict.fromkeys(clips.tolist()) if c not in self._kept], dtype=np.int64)
        made: dict[int, np.ndarray] = {}
        for start in range(0, len(missing), CLIPS_AT_ONCE):
            block = missing[start : start + CLIPS_AT_ONCE]
            rows = self._similarity(self._rows.values[block])
            rows[np.arange(len(block)), block] = 0.0
            made.update(zip(block.tolist(), rows, strict=True))
        out = np.array([made[c] if c in made else self._kept[c] for c in clips.tolist()])
        self._kept.update(made)
        while len(self._kept) * 8 * self.dataset.clips > CACHE_BYTES:
            self._kept.popitem(last=False)
        return out.reshape(len(clips), self.dataset.clips)

    def _near(self, row: sp.csr_matrix, columns: np.ndarray) -> np.ndarray:
        """Similarity of what was rated with some clips, the k largest of each clip, the rest 0: (rated, columns)."""
        similar = np.maximum(self.similarities(row.indices)[:, columns], 0.0)
        if len(similar) > self.neighbours:
            order = np.argsort(-similar, axis=0, kind="stable")[self.neighbours :]
            np.put_along_axis(similar, order, 0.0, axis=0)
        return similar

    def _level(self, row: sp.csr_matrix, size: np.ndarray, damping: float) -> np.ndarray:
        """The person's mean by its share: all where no clip is similar."""
        share = np.divide(damping, size + damping, out=np.ones(len(size)), where=size + damping > 0)
        return mean_of(row, self._mean) * share

    def _estimates(self, row: int) -> np.ndarray:
        return self._predicted(self.dataset.bare_taste(row), 0.0)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        return self._predicted(taste, self.damping)

    def _predicted(self, taste: Taste, damping: float) -> np.ndarray:
        row = rated_row(self.dataset, taste)
        near = self._near(row, np.arange(self.dataset.clips))
        return weighted_mean(near, row.data[:, None], damping) + self._level(row, near.sum(axis=0), damping)

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        row = rated_row(self.dataset, taste)
        near = self._near(row, columns)
        size = near.sum(axis=0)
        level = prior_block("mean", "this person's mean rating", self._level(row, size, self.damping))
        if not len(row.data):
            return Told((level,), len(columns))
        size = size + self.damping
        lines = np.divide(near * row.data[:, None], size, out=np.zeros(near.shape), where=size > 0)
        leaves = clip_leaves(self.dataset.corpus, row.indices, row.data)
        return Told((level, Block("crowd", self.title, leaves, lines)), len(columns))

    def _likeness(self, clip: int) -> np.ndarray:
        return self.similarities(np.array([clip]))[0]


class ItemAdjustedCosine(ItemCf):
    """Adjusted cosine: ratings less their person's mean, over the people who rated both clips."""

    name, title = "item-adjusted-cosine", "Item-based: adjusted cosine"

    def _compared(self) -> sp.csr_matrix:
        return centred(self._ratings)[0]

    def _similarity(self, queries: sp.csr_matrix) -> np.ndarray:
        return co_rated_cosine(self._rows.co_rated(queries), self.beta)


class ItemCosine(ItemCf):
    """Cosine of whole rating vectors, R' R over the columns' lengths."""

    name, title = "item-cosine", "Item-based: cosine"

    def _similarity(self, queries: sp.csr_matrix) -> np.ndarray:
        count = self._rows.pattern @ pattern(queries).T
        return shrunk(self._rows.cosine(queries), count.T.toarray(), self.beta)
