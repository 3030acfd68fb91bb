"""Parts of a linear score: each gives lines (modality, watched clip) for any clip, and their sum quickly.

The default recommender is a list of parts, each over its one global scale; a part is added by adding it to the list.
"""

from typing import Protocol

import numpy as np

from avrec.recommend.content import ContentModel
from avrec.recommend.ease import Crowd
from avrec.schemas import CONTENT_MODALITIES

Columns = np.ndarray | slice


class Part(Protocol):
    """A sum over what a person watched.

    Attributes:
        modalities: Whose ledger lines it fills, in the order of its blocks.
    """

    modalities: tuple[str, ...]

    def block(self, watched: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Lines per unit of event weight, exactly: (modalities, watched, columns) float64."""
        ...

    def combined(self, watched: np.ndarray, columns: Columns, factors: np.ndarray) -> np.ndarray:
        """The same times a factor a modality, summed over modalities: (watched, columns) float32."""
        ...

    def total(self, watched: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """The part's score of all clips for one person, (clips,) float32: for ranking."""
        ...


class ContentPart:
    """Sum over watched clips h of x_h S(h, c)."""

    modalities = CONTENT_MODALITIES

    def __init__(self, model: ContentModel):
        self.model = model

    def block(self, watched: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return self.model.block(watched, columns)

    def combined(self, watched: np.ndarray, columns: Columns, factors: np.ndarray) -> np.ndarray:
        return self.model.combined(watched, columns, factors)

    def total(self, watched: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        scores = np.zeros(len(self.model.corpus.clip_ids), np.float32)
        for weight, row in zip(weights, self.model.rows(watched), strict=True):
            scores += (weight * factors).astype(np.float32) @ row
        return scores


class CrowdPart:
    """Sum over watched clips h of x_h B[h, c], B by EASE."""

    modalities = ("crowd",)

    def __init__(self, crowd: Crowd):
        self.crowd = crowd

    def block(self, watched: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return self.crowd.rows(watched, columns).astype(np.float64)[None]

    def combined(self, watched: np.ndarray, columns: Columns, factors: np.ndarray) -> np.ndarray:
        return np.float32(factors[0]) * self.crowd.rows(watched, columns).astype(np.float32)

    def total(self, watched: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        return self.crowd.total(watched, weights * factors[0])
