"""The default: content, crowd and popularity, linear in what a person watched, so that it can be taken apart.

Content says how alike clips are; CEASE learns from the crowd with content's help; the walk reaches further where data
are sparse. The other algorithms of this module are the same model seen through fewer modalities; they share its fit.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from avrec.explain.ledger import Told
from avrec.recommend import lists
from avrec.recommend.base import NO_POSITIVES, Recommender
from avrec.recommend.cease import Cease, kernel_features
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.hybrid_settings import HybridSettings, default_settings
from avrec.recommend.options import PLAIN, ListOptions
from avrec.recommend.parts import CeasePart, ContentPart, CrowdPart, CrowdThenContentPart, Part
from avrec.recommend.presets import FITTED, full_weights
from avrec.recommend.scoring import LinearModel, multipliers
from avrec.recommend.sparse_crowd import DENSE_CLIPS, SparseCrowd
from avrec.recommend.spectral import SpectralFilter
from avrec.recommend.walk import TwoStepWalk
from avrec.schemas import CONTENT_MODALITIES, MODALITIES, RankedList, SegmentPair

SHELF = "new clips"


class LinearRecommender(Recommender):
    """Content, crowd and popularity, or a view of them.

    Args:
        modalities: Which lines this algorithm keeps.
        settings: Weights of the parts; by the size of the library where None.
    """

    modal: ClassVar[bool] = True
    family = "hybrid"

    def __init__(
        self,
        name: str = "hybrid",
        title: str = "Hybrid",
        modalities: Sequence[str] = MODALITIES,
        settings: HybridSettings | None = None,
    ):
        self.name, self.title, self.modalities = name, title, tuple(modalities)
        self.given = settings
        self._shelf: LinearModel | None = None

    def _fit(self, dataset: Dataset) -> None:
        positives = dataset.positives
        self.settings = self.given or default_settings(positives.nnz, int(dataset.listable.sum()))
        self._content_part = ContentPart(self.content)
        parts: list[tuple[Part, float]] = [(self._content_part, self.settings.content)]
        if "crowd" in self.modalities and dataset.clips:
            parts += self._crowd_parts(dataset)
        self.model = LinearModel(dataset, parts, self.settings.crowd)
        self._shelf = None

    def _crowd_parts(self, dataset: Dataset) -> list[tuple[Part, float]]:
        settings, parts = self.settings, []
        if dataset.clips > DENSE_CLIPS:
            sparse = SparseCrowd(dataset.positives, settings.fit.regularization)
            parts.append((CrowdPart(sparse, "item-kNN"), settings.cease))
        elif settings.cease:
            cease = Cease(dataset.positives, kernel_features(self.content), settings.fit)
            parts.append((CeasePart(cease), settings.cease))
        if settings.walk:
            parts.append((CrowdPart(TwoStepWalk(dataset.positives), "two-step walk"), settings.walk))
        if settings.spectral:
            parts.append(
                (CrowdPart(SpectralFilter(dataset.positives), "the crowd's main directions"), settings.spectral)
            )
        return parts

    def view(self, name: str, title: str, modalities: Sequence[str], direct: bool = False) -> "LinearRecommender":
        """Another algorithm over the same fit; its modalities must be among this one's.

        Args:
            direct: Likeness of clips alone, without what was learned with the crowd.
        """
        other = LinearRecommender(name, title, modalities, self.given)
        other.__dict__.update(
            {k: v for k, v in self.__dict__.items() if k not in ("name", "title", "modalities", "given")}
        )
        if direct:
            other.model = LinearModel(self.dataset, [(self._content_part, 1.0)])
        return other

    def _refresh(self, dataset: Dataset) -> None:
        self.model = self.model.with_events(dataset)
        self._shelf = None

    # ---- scores --------------------------------------------------------------------------------------

    def weights(self, weights: dict[str, float] | None) -> dict[str, float]:
        full = full_weights(weights)
        if self._dataset is not None:
            full["prior"] *= self.settings.popularity
        return {m: full[m] if m in self.modalities else 0.0 for m in MODALITIES}

    def settled(self, taste: Taste, weights: dict[str, float]) -> tuple[dict[str, float], str]:
        if not any(weights.values()):
            return weights, "every weight is 0: nothing speaks for any clip, the order is arbitrary"
        if taste.positives or not any(weights[m] for m in MODALITIES if m != "prior"):
            return weights, ""
        return dict.fromkeys(MODALITIES, 0.0) | {"prior": weights["prior"] or FITTED["prior"]}, NO_POSITIVES

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        return self.model.scores(taste, weights)

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        return self.model.told(taste, columns, weights)

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        chosen = self.weights(weights)
        scores = self.model.scores_of(rows, chosen, columns)
        if not chosen["prior"] and any(chosen.values()):  # whoever has no positives still gets popularity
            cold = self.dataset.positives[rows].getnnz(axis=1) == 0
            scores[cold] = FITTED["prior"] * self.model.prior[columns]
        return scores

    def percentile(self, base: float, weights: dict[str, float]) -> float | None:
        return self.model.percentile(base, weights)

    @property
    def unit(self) -> float:
        return 1.0  # every part stands over its deviation

    # ---- clips that nobody knows ---------------------------------------------------------------------

    def new_clips(self, user_id: str, k: int, options: ListOptions = PLAIN) -> RankedList:
        """The shelf of clips without any event: like what was liked, and like what the crowd goes on to from there."""
        taste = self.dataset.taste(user_id)
        weights = {m: FITTED[m] if m in CONTENT_MODALITIES else 0.0 for m in MODALITIES}
        shelf = self.shelf()
        ranking = lists.rank(shelf, taste, weights, k, options, only=~self.dataset.touched)
        note = "" if taste.positives else "no positive events yet: in no particular order"
        return lists.tell(shelf, SHELF, user_id, taste, ranking, weights, note)

    def shelf(self) -> "LinearRecommender":
        """What ranks the shelf of new clips."""
        return _Shelf(self)

    def shelf_model(self) -> LinearModel:
        """Content and crowd-then-content, made once per fit."""
        if self._shelf is None:
            walk = TwoStepWalk(self.dataset.positives)
            parts: list[tuple[Part, float]] = [(self._content_part, 1.0)]
            if walk.Q.nnz:
                parts.append((CrowdThenContentPart(walk, self.content), 1.0))
            self._shelf = LinearModel(self.dataset, parts)
        return self._shelf

    # ---- evidence ------------------------------------------------------------------------------------

    def pairs(
        self, user_id: str, clip_id: str, watched_clip_id: str, modality: str, weights: dict[str, float] | None = None
    ) -> list[SegmentPair]:
        """Open the direct line (modality, watched clip) to pairs of segments, the largest first; they sum to it.

        Empty where the line is: a modality without segments, one that a clip lacks, a clip never watched.
        """
        taste, clip = self.dataset.taste(user_id), self.dataset.clip(clip_id)
        watched = self.dataset.watched(watched_clip_id)
        position = np.flatnonzero(taste.clips == watched)
        content = self.content
        if modality not in content.vectors or not len(position) or watched == clip:
            return []
        i = MODALITIES.index(modality)
        if not (content.present[i, clip] and content.present[i, watched]):
            return []
        if self._content_part not in self.model.parts:
            return []
        chosen, _ = self.settled(taste, self.weights(weights))
        scale = self.model.scale(self._content_part)
        factor = multipliers(chosen)[i] * float(taste.weights[position[0]]) / scale
        return sorted(content.pairs(watched, clip, modality, factor), key=lambda pair: -pair.value)


class _Shelf(LinearRecommender):
    """A recommender's view with the shelf's model."""

    def __init__(self, source: LinearRecommender):
        super().__init__("new-clips", "New clips", CONTENT_MODALITIES, source.given)
        own = {k: v for k, v in source.__dict__.items() if k not in ("name", "title", "modalities", "given")}
        self.__dict__.update(own, model=source.shelf_model())
