"""Parts of a linear score: each gives lines (modality, watched clip) for any clip, and their sum quickly.

The default recommender is a list of parts, each over its one global scale; a part is added by adding it to the list.
"""

from typing import Protocol

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import DIRECT, LEARNED
from avrec.recommend.cease import Cease
from avrec.recommend.content import ContentModel
from avrec.recommend.sparse_crowd import SparseCrowd
from avrec.recommend.spectral import SpectralFilter
from avrec.recommend.walk import TwoStepWalk
from avrec.schemas import CONTENT_MODALITIES

Columns = np.ndarray | slice
NEIGHBOURS = 20


class Part(Protocol):
    """A sum over what a person watched.

    Attributes:
        modalities: Whose ledger lines it fills, in the order of its blocks.
        labels: What its line is called under each.
    """

    modalities: tuple[str, ...]
    labels: tuple[str, ...]

    def block(self, watched: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Lines per unit of event weight, exactly: (modalities, watched, columns) float64."""
        ...

    def combined(self, watched: np.ndarray, columns: Columns, factors: np.ndarray) -> np.ndarray:
        """The same times a factor a modality, summed over modalities: (watched, columns) float32."""
        ...

    def total(self, watched: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """The part's score of all clips for one person, (clips,) float32: for ranking."""
        ...

    def sums(self, tastes: sp.csr_matrix, places: np.ndarray) -> np.ndarray:
        """Lines summed over what each person watched, at places that the person did not watch.

        Args:
            tastes: (people, clips) event weights.
            places: (people, k) clips for each.

        Returns:
            (modalities, people, k) float64.
        """
        ...


def sums_by_block(part: Part, tastes: sp.csr_matrix, places: np.ndarray) -> np.ndarray:
    """`Part.sums` person by person, for parts whose blocks are cheap."""
    out = np.zeros((len(part.modalities), *places.shape))
    for person, mine in enumerate(places):
        taste = tastes[[person]]
        if taste.nnz:
            out[:, person] = np.einsum("h,mhc->mc", taste.data, part.block(taste.indices, mine))
    return out


class ContentPart:
    """Sum over watched clips h of x_h S(h, c)."""

    modalities = CONTENT_MODALITIES
    labels = (DIRECT,) * len(CONTENT_MODALITIES)

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

    sums = sums_by_block


class CeasePart:
    """Sum over watched clips h of x_h B[h, c], B by CEASE, split by source."""

    def __init__(self, model: Cease):
        self.model = model
        self.modalities = model.sources
        self.labels = (*(LEARNED,) * (len(model.sources) - 1), "EASE")

    def block(self, watched: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return self.model.split(watched, columns)

    def combined(self, watched: np.ndarray, columns: Columns, factors: np.ndarray) -> np.ndarray:
        if np.ptp(factors) == 0:
            return np.float32(factors[0]) * self.model.rows(watched, columns).astype(np.float32)
        return np.tensordot(factors, self.model.split(watched, columns), axes=1).astype(np.float32)

    def total(self, watched: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        if np.ptp(factors) == 0:
            rows = self.model.rows(watched)
            return (factors[0] * weights).astype(rows.dtype) @ rows
        return self.model.total(watched, weights, factors)

    def sums(self, tastes: sp.csr_matrix, places: np.ndarray) -> np.ndarray:
        return self.model.sums(tastes, places)


class CrowdPart:
    """Sum over watched clips h of x_h B[h, c], B from what people like alone."""

    modalities = ("crowd",)

    def __init__(self, model: SparseCrowd | TwoStepWalk | SpectralFilter, label: str):
        self.model, self.labels = model, (label,)

    def block(self, watched: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return self.model.rows(watched, columns).astype(np.float64)[None]

    def combined(self, watched: np.ndarray, columns: Columns, factors: np.ndarray) -> np.ndarray:
        return np.float32(factors[0]) * self.model.rows(watched, columns).astype(np.float32)

    def total(self, watched: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        return self.model.total(watched, weights * factors[0])

    sums = sums_by_block


class CrowdThenContentPart:
    """Sum over watched clips h of x_h (Q S)[h, c]: like the clips that the crowd goes on to from h.

    Lifts clips that nobody knows yet, which no part of the crowd can reach.
    """

    modalities = CONTENT_MODALITIES
    labels = ("like what the crowd goes on to",) * len(CONTENT_MODALITIES)

    def __init__(self, walk: TwoStepWalk, content: ContentModel):
        from avrec.recommend.walk import strongest

        self._steps, self._content = strongest(walk.Q, NEIGHBOURS), content

    def block(self, watched: np.ndarray, columns: np.ndarray) -> np.ndarray:
        steps = self._steps[watched]
        met = np.flatnonzero(steps.getnnz(axis=0))
        return np.einsum("hn,mnc->mhc", steps[:, met].toarray(), self._content.block(met, columns), optimize=True)

    def combined(self, watched: np.ndarray, columns: Columns, factors: np.ndarray) -> np.ndarray:
        steps = self._steps[watched]
        met = np.flatnonzero(steps.getnnz(axis=0))
        return (steps[:, met] @ self._content.combined(met, columns, factors)).astype(np.float32)

    def total(self, watched: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        reach = np.asarray(self._steps[watched].T @ weights).ravel()
        met = np.flatnonzero(reach)
        return reach[met].astype(np.float32) @ self._content.combined(met, slice(None), factors)

    sums = sums_by_block
