"""EASE, EDLAE and CEASE: the closed forms of `cease.py` as recommenders of their own.

A library too large for a dense inverse gets the sparse item-kNN of `sparse_crowd.py` in its place.
"""

from typing import ClassVar

import numpy as np

from avrec.explain.ledger import LEARNED, Block, Told, clip_leaves
from avrec.recommend.cease import Cease, CeaseSettings, kernel_features
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.item_item import ItemItem, blend_popularity
from avrec.recommend.item_matrix import ItemMatrix, RowMatrix, SparseMatrix
from avrec.recommend.scoring import multipliers
from avrec.recommend.sparse_crowd import DENSE_CLIPS, SparseCrowd
from avrec.schemas import MODALITIES


class Ease(ItemItem):
    """EASE (Steck 2019): B = I - P diag(1 / P_jj), P = (G + lambda I)^-1.

    Args:
        settings: lambda, the exponent of people's weighting, dropout.
    """

    name, title = "ease", "EASE: linear autoencoder"
    defaults = CeaseSettings(regularization=20.0, beta=0.5, kernel=0.0)

    def __init__(self, settings: CeaseSettings | None = None):
        self.settings = settings or self.defaults

    def _learn(self, dataset: Dataset) -> ItemMatrix:
        if dataset.clips > DENSE_CLIPS:
            return SparseMatrix(SparseCrowd(dataset.positives, self.settings.regularization).matrix)
        features = kernel_features(self.content) if self.settings.kernel else {}
        return RowMatrix(Cease(dataset.positives, features, self.settings))


class Edlae(Ease):
    """EDLAE (Steck 2020): EASE with dropout p, a ridge that grows with a clip's popularity."""

    name, title = "edlae", "EDLAE: linear autoencoder with dropout"
    defaults = CeaseSettings(regularization=20.0, beta=0.5, dropout=0.5, kernel=0.0)


class CeaseRecommender(Ease):
    """CEASE (Jeunen et al. 2020): EASE with content as side information, split exactly by where it comes from."""

    name, title = "cease", "CEASE: linear autoencoder with content"
    modal: ClassVar[bool] = True
    defaults = CeaseSettings()

    def _factors(self, weights: dict[str, float]) -> np.ndarray:
        """What each source's lines are multiplied by, (sources,)."""
        return multipliers(weights)[[MODALITIES.index(source) for source in self._sources()]]

    def _sources(self) -> tuple[str, ...]:
        return self.matrix.made.sources if isinstance(self.matrix, RowMatrix) else ("crowd",)

    def _split(self, clips: np.ndarray, columns: np.ndarray | slice, factors: np.ndarray) -> np.ndarray:
        """Rows of B by source times its factor, (sources, clips, columns)."""
        if not isinstance(self.matrix, RowMatrix):
            return factors[:, None, None] * self.matrix.rows(clips, columns)[None].astype(np.float64)
        return factors[:, None, None] * self.matrix.made.split(clips, columns)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        factors = self._factors(weights)
        if np.ptp(factors) == 0:
            return factors[0] * super()._scores(taste, weights)
        if not len(taste.clips):
            return np.zeros(self.dataset.clips)
        if not isinstance(self.matrix, RowMatrix):
            return factors[0] * super()._scores(taste, weights)
        return self.matrix.made.total(taste.clips, taste.weights, factors)

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        if not len(taste.clips):
            return Told((), len(columns))
        lines = self._split(taste.clips, columns, self._factors(weights)) * taste.weights[:, None]
        leaves = clip_leaves(self.dataset.corpus, taste.clips, taste.weights)
        blocks = [
            Block(source, "EASE" if source == "crowd" else LEARNED, leaves, line, weights[source])
            for source, line in zip(self._sources(), lines, strict=True)
        ]
        return Told(tuple(blocks), len(columns))

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        factors = self._factors(self.weights(weights))
        if np.ptp(factors):
            return super(ItemItem, self).scores_of(rows, weights, columns)
        scores = factors[0] * super().scores_of(rows, weights, columns)
        blend_popularity(self, np.asarray(rows), scores, columns)
        return scores
