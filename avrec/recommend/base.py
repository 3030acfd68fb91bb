"""What every recommender offers, and all that they share: lists, ledgers, percentiles, audiences.

A recommender is a function of a person's taste: it scores all clips quickly (`_scores`), and tells the scores of some
exactly, line by line (`_told`). `score` and `contributions` speak of the base score; what depends on the list is added
by `recommend`: score = base score + penalties. Whoever has no positive event gets popularity, and is told so.
"""

import copy
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from avrec.errors import NotFittedError
from avrec.explain.ledger import LIKED_BY_MANY, Block, Told, build_ledger
from avrec.recommend import lists
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset, Taste, popularity, unit_deviation
from avrec.recommend.options import ListOptions
from avrec.recommend.presets import full_weights
from avrec.schemas import AudienceMember, Contribution, RankedList

SEED = 3
NULL_PEOPLE, NULL_PAIRS, LEAST_PAIRS = 100, 2000, 20
POPULAR = {"prior": 1.0}  # the weights of a list by popularity alone
NO_POSITIVES = "popularity: no positive events yet"


class Recommender(ABC):
    """One algorithm.

    Attributes:
        name, title, family: For the command line and for people.
        exact: Whether the ledger's leaves are the score itself, or leave-one-out differences.
        personal: Whether it needs a person's positive events; without any, popularity answers.
        modal: Whether the weights of modalities change it.
    """

    name: str
    title: str
    family: str
    exact: ClassVar[bool] = True
    personal: ClassVar[bool] = True
    modal: ClassVar[bool] = False

    _dataset: Dataset | None = None
    _given_content: ContentModel | None = None

    # ---- what an algorithm brings --------------------------------------------------------------------

    @abstractmethod
    def _fit(self, dataset: Dataset) -> None:
        """Learn from a dataset."""

    @abstractmethod
    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        """Base scores of all clips for a taste, (clips,)."""

    @abstractmethod
    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        """The exact scores of some clips, line by line."""

    def _refresh(self, dataset: Dataset) -> None:  # noqa: B027 (most tastes are recomputed from the dataset anyway)
        """Take in newer events of the same people and clips without fitting again."""

    def _likeness(self, clip: int) -> np.ndarray | None:
        """How alike a clip is to all others in this algorithm's eyes, (clips,); None: as content says."""
        return None

    # ---- fitting -------------------------------------------------------------------------------------

    def fit(self, dataset: Dataset, content: ContentModel | None = None) -> Self:
        """Fit on a dataset; a content model of the same corpus can be handed in."""
        self.__dict__.pop("content", None)
        dataset = self._own(dataset)
        if content is not None and content.corpus.guests != dataset.corpus.guests:
            content = content.seated(dataset.corpus)
        self._dataset, self._given_content = dataset, content
        self._nulls: dict[tuple, np.ndarray] = {}
        clips = int(dataset.listable.sum())
        self.ties = np.append(np.random.default_rng(SEED).permutation(clips), np.arange(clips, dataset.clips))
        self._popular = (
            unit_deviation(popularity(dataset.positives), dataset.listable) if dataset.clips else np.zeros(0)
        )
        self._fit(dataset)
        return self

    def update(self, dataset: Dataset) -> Self:
        """The same fit with newer events: tastes change at once, what was learned from everybody stays.

        Args:
            dataset: Of the same corpus; the people known to the fit come first, in the same order.
        """
        other, dataset = copy.copy(self), self._own(dataset)
        other._dataset = dataset
        other._refresh(dataset)
        return other

    def _own(self, dataset: Dataset) -> Dataset:
        """People's own texts say nothing to an algorithm that knows the crowd alone."""
        return dataset if self.modal else dataset.of_clips()

    @property
    def dataset(self) -> Dataset:
        if self._dataset is None:
            raise NotFittedError(self.title)
        return self._dataset

    @cached_property
    def content(self) -> ContentModel:
        return self._given_content or ContentModel(self.dataset.corpus)

    @property
    def unit(self) -> float:
        """The deviation of base scores over random pairs of a person and a clip; what priors are measured in."""
        null = self._null(full_weights(None))
        deviation = float(null.std()) if len(null) else 0.0
        return deviation if deviation > 1e-9 else 1.0

    # ---- scores --------------------------------------------------------------------------------------

    def weights(self, weights: dict[str, float] | None) -> dict[str, float]:
        """The complete, checked weights of the modalities.

        Raises:
            InvalidInputError: An unknown modality, or a weight that is negative or not finite.
        """
        return full_weights(weights)

    def settled(self, taste: Taste, weights: dict[str, float]) -> tuple[dict[str, float], str]:
        """The weights that rank for this person, and a note: without a positive event, popularity alone."""
        if taste.positives or not self.personal:
            return weights, ""
        return POPULAR, NO_POSITIVES

    def base_scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        """Base scores of all clips at settled weights, (clips,)."""
        return self._popular if weights is POPULAR else self._scores(taste, weights)

    def told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        """Exact base scores of some clips at settled weights."""
        if weights is POPULAR:
            return Told((Block("prior", "popularity", LIKED_BY_MANY, self._popular[None, columns]),), len(columns))
        return self._told(taste, columns, weights)

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """Base scores for many people at once, (people, columns). `rows` are rows of the dataset."""
        chosen, width = self.weights(weights), len(np.arange(self.dataset.clips)[columns])
        out = np.zeros((len(rows), width))
        for i, row in enumerate(rows):
            taste = self.dataset.taste_of(int(row))
            out[i] = self.base_scores(taste, self.settled(taste, chosen)[0])[columns]
        return out

    def score(self, user_id: str, clip_ids: list[str], weights: dict[str, float] | None = None) -> np.ndarray:
        """Base scores of some clips for a person, (clips,) float64.

        Raises:
            UnknownUserError, UnknownClipError, InvalidInputError: As they say.
        """
        columns = np.array([self.dataset.clip(c) for c in clip_ids], dtype=np.int64)
        taste = self.dataset.taste(user_id)
        return self.told(taste, columns, self.settled(taste, self.weights(weights))[0]).totals()

    def contributions(self, user_id: str, clip_id: str, weights: dict[str, float] | None = None) -> Contribution:
        """The ledger of a base score."""
        taste, clip = self.dataset.taste(user_id), self.dataset.clip(clip_id)
        told = self.told(taste, np.array([clip]), self.settled(taste, self.weights(weights))[0])
        return self.ledger(told, 0, {})

    def ledger(self, told: Told, position: int, penalties: dict[str, float]) -> Contribution:
        """The ledger of one of the told clips."""
        details: dict[str, Any] = {"algorithm": self.name}
        if self.modal:
            details["fit"] = self.content.fit_id
        return build_ledger(self.title, told.lines(position), penalties, details, self.exact)

    # ---- lists ---------------------------------------------------------------------------------------

    def recommend(
        self,
        user_id: str,
        k: int = 20,
        weights: dict[str, float] | None = None,
        options: ListOptions | None = None,
    ) -> RankedList:
        """Rank the clips that a person has not seen; hidden ones never show.

        Raises:
            UnknownUserError, InvalidInputError: As they say.
        """
        return lists.recommend(self, user_id, k, weights, (options or ListOptions()).checked())

    def audience(self, clip_id: str, k: int, weights: dict[str, float] | None = None) -> list[AudienceMember]:
        """People in whose own list, without list options, the clip is among the first k; the best rank first.

        Raises:
            UnknownClipError, InvalidInputError: As they say.
        """
        from avrec.recommend.audience import audience

        return audience(self, clip_id, k, weights)

    def similar_clips(self, clip_id: str, k: int = 10, weights: dict[str, float] | None = None) -> RankedList:
        """More like this.

        Raises:
            UnknownClipError, InvalidInputError: As they say.
        """
        clip, chosen = self.dataset.clip(clip_id), self.weights(weights)
        own = self._likeness(clip)
        if own is None:
            return lists.similar(self, clip, k, chosen)
        return lists.similar_by(self, clip, k, own)

    # ---- percentiles ---------------------------------------------------------------------------------

    def percentile(self, base: float, weights: dict[str, float]) -> float | None:
        """Share of random pairs of a person and a clip they have not seen that score lower, in [0, 100].

        None where there are too few pairs to tell.
        """
        null = self._null(weights)
        return float(np.searchsorted(null, base - 1e-9) / len(null) * 100) if len(null) >= LEAST_PAIRS else None

    def _null(self, weights: dict[str, float]) -> np.ndarray:
        """Sorted base scores of about 2,000 random pairs at settled weights."""
        key = ("popular",) if weights is POPULAR else tuple(weights.values()) if self.modal else ()
        if key not in self._nulls:
            if len(self._nulls) > 64:
                self._nulls.clear()
            self._nulls[key] = np.sort(self._draw_null(weights))
        return self._nulls[key]

    def _draw_null(self, weights: dict[str, float]) -> np.ndarray:
        rng, data = np.random.default_rng(SEED), self.dataset
        people = np.flatnonzero(data.positives.getnnz(axis=1))
        if len(people) > NULL_PEOPLE:
            people = rng.choice(people, NULL_PEOPLE, replace=False)
        drawn = [np.zeros(0)]
        for person in people.tolist():
            taste = data.taste_of(person).among(data.listable)
            unseen = np.flatnonzero(data.listable & ~(taste.seen | taste.hidden))
            if len(unseen):
                columns = rng.choice(unseen, -(-NULL_PAIRS // len(people)))
                drawn.append(self.base_scores(taste, weights)[columns])
        return np.concatenate(drawn)
