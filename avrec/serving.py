"""What answers questions: corpus, dataset and fitted recommenders, kept until the store's counters move."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from avrec.errors import InvalidInputError
from avrec.explain.counterfactual import counterfactuals
from avrec.recommend import registry
from avrec.recommend.base import Recommender
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.linear import SHELF, LinearRecommender
from avrec.recommend.options import ListOptions
from avrec.schemas import (
    MODALITIES,
    AlgorithmEntry,
    AudienceMember,
    Corpus,
    Counterfactual,
    Moment,
    Person,
    RankedList,
    SegmentPair,
)
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.interactions import InteractionStore

Answer = TypeVar("Answer")
REFIT_CLIPS = 1_000  # above it, a click changes tastes at once and the crowd's matrix at the next library change


class Serving:
    """Caches keyed by (library, events) counters; safe under many threads."""

    def __init__(self, database: Database, clips: ClipStore, interactions: InteractionStore, models: Any):
        self._database, self._clips, self._interactions, self._models = database, clips, interactions, models
        self._lock = threading.RLock()
        self._library = self._events = -1
        self._corpus: Corpus | None = None
        self._content: ContentModel | None = None
        self._dataset: Dataset | None = None
        self._fitted: dict[str, Recommender] = {}
        self._people: list[Person] = []
        self._entries: list[AlgorithmEntry] = []
        # Small products all the time: two threads on two busy cores are many times slower than one.
        threadpool_limits(limits=1, user_api="blas")

    def _fresh(self) -> Dataset:
        """The dataset of the store's present counters."""
        library, events = self._database.revisions()
        if (library, events) == (self._library, self._events) and self._dataset is not None:
            return self._dataset
        new_library = library != self._library or self._corpus is None
        if new_library:
            self._corpus = self._clips.corpus()
            self._content = ContentModel(self._corpus)
        people = self._interactions.people()
        history = self._interactions.all()
        dataset = Dataset.build(self._corpus, [row.user_id for row in people], history)
        if new_library or len(self._corpus.clip_ids) <= REFIT_CLIPS:
            self._fitted = {}
        else:
            self._fitted = {name: fitted.update(dataset) for name, fitted in self._fitted.items()}
        counts: dict[str, int] = {}
        for event in history:
            counts[event.user_id] = counts.get(event.user_id, 0) + 1
        positives = np.asarray(dataset.positives.sum(axis=1)).ravel().astype(int)
        self._people = [
            Person(
                r.user_id, counts.get(r.user_id, 0), int(positives[dataset.user_at[r.user_id]]), r.simulated, r.taste
            )
            for r in people
        ]
        self._dataset, self._library, self._events = dataset, library, events
        return dataset

    def recommender(self, algorithm: str) -> Recommender:
        """A fitted recommender; fitted once per change, the views of the hybrid together with it.

        Raises:
            UnknownModelError: There is no such algorithm.
        """
        entry = registry.entry(algorithm)
        with self._lock:
            dataset = self._fresh()
            if algorithm not in self._fitted:
                if entry.view is None or algorithm == "hybrid":
                    self._fitted[algorithm] = entry.make().fit(dataset, self._content)
                else:
                    direct = entry.family == "content"
                    self._fitted[algorithm] = self.hybrid().view(algorithm, entry.title, entry.view, direct)
            return self._fitted[algorithm]

    def hybrid(self) -> LinearRecommender:
        return self.recommender("hybrid")

    def algorithms(self) -> list[tuple[str, str, str]]:
        return [(e.name, e.title, "exact" if e.exact else "approximate") for e in registry.ENTRIES.values()]

    def algorithm_entries(self) -> list[AlgorithmEntry]:
        if not self._entries:
            self._entries = [
                AlgorithmEntry(e.name, e.title, e.family, e.exact, e.view or (MODALITIES if e.make().modal else ()))
                for e in registry.ENTRIES.values()
            ]
        return list(self._entries)

    def people(self) -> list[Person]:
        with self._lock:
            self._fresh()
            return list(self._people)

    def recommend(
        self, user_id: str, k: int, algorithm: str, weights: dict[str, float] | None, options: ListOptions
    ) -> RankedList:
        with self._lock:
            return self.recommender(algorithm).recommend(user_id, k, weights, options)

    def new_clips(self, user_id: str, k: int) -> RankedList:
        with self._lock:
            return self.hybrid().new_clips(user_id, k)

    def similar(self, clip_id: str, k: int, weights: dict[str, float] | None) -> RankedList:
        with self._lock:
            return self.recommender("content").similar_clips(clip_id, k, weights)

    def audience(self, clip_id: str, k: int, weights: dict[str, float] | None) -> list[AudienceMember]:
        with self._lock:
            return self.recommender("hybrid").audience(clip_id, k, weights)

    def pairs(
        self,
        user_id: str,
        clip_id: str,
        watched: str,
        modality: str,
        weights: dict[str, float] | None,
        algorithm: str = "hybrid",
    ) -> list[SegmentPair]:
        with self._lock:
            model = self.hybrid().shelf() if algorithm == SHELF else self.recommender(algorithm)
            if not isinstance(model, LinearRecommender):
                return []
            return model.pairs(user_id, clip_id, watched, modality, weights)

    def ask(self, question: Callable[[Recommender], Answer], algorithm: str = "hybrid") -> Answer:
        """Put a question to a fitted recommender, its dataset or its content, while nothing changes."""
        with self._lock:
            return question(self.recommender(algorithm))

    def counterfactuals(
        self, user_id: str, clip_id: str, algorithm: str, weights: dict[str, float] | None, options: ListOptions
    ) -> list[Counterfactual]:
        with self._lock:
            return counterfactuals(self.recommender(algorithm), user_id, clip_id, weights, options)

    def search(self, text: str | None, image: Path | None, clip_id: str | None, k: int) -> list[Moment]:
        """Moments for one of the three.

        Raises:
            InvalidInputError: The picture cannot be read, or the words are empty.
            UnknownClipError: There is no such clip.
        """
        from avrec.index import search

        with self._lock:
            corpus = self._fresh().corpus
        if text is not None:
            if not text.strip():
                raise InvalidInputError("Search", "the words are empty")
            models = self._models
            return search.search_words(
                text[:1000], corpus, self._clips.lines(), models.sentences, models.picture_map, models.image_text, k
            )
        if image is not None:
            try:
                picture = search.read_picture(str(image))
            except Exception as error:
                # Pillow raises many kinds for damaged pictures.
                raise InvalidInputError(image.name, "it is not a picture that can be read") from error
            return search.search_vector("visual", self._models.image.encode(picture)[0], corpus, None, k)
        return self._search_clip(clip_id or "", corpus, k)

    def _search_clip(self, clip_id: str, corpus: Corpus, k: int) -> list[Moment]:
        from avrec.index import search

        clip = self._fresh().clip(clip_id)
        for modality in ("visual", "speech", "audio"):
            source = corpus.vectors.get(modality)
            if source is not None and (mine := source.clip == clip).any():
                mean = source.matrix[mine].mean(axis=0)
                return search.search_vector(modality, mean / max(float(np.linalg.norm(mean)), 1e-9), corpus, clip, k)
        return []
