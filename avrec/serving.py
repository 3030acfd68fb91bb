"""What answers questions: corpus, dataset and fitted recommenders, kept until the store's counters move."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from avrec.errors import InvalidInputError, UnknownClipError
from avrec.evaluate.live import LiveCheck, live_check
from avrec.explain.counterfactual import counterfactuals
from avrec.index import search
from avrec.index.encoders import choose_encoders, gaps
from avrec.recommend import registry
from avrec.recommend.base import Recommender
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.events import EventWeights
from avrec.recommend.guests import Guest, guest_likes, with_guests
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.recommend.interests import read_interests
from avrec.recommend.linear import SHELF, LinearRecommender
from avrec.recommend.options import PLAIN, ListOptions
from avrec.recommend.profile import FIRST, person_profile
from avrec.recommend.pseudonyms import keyed_hash, pseudonym
from avrec.schemas import (
    MODALITIES,
    AlgorithmEntry,
    AudienceMember,
    Corpus,
    Counterfactual,
    Interaction,
    Interests,
    Moment,
    Person,
    PersonProfile,
    PersonSettings,
    RankedList,
    SegmentPair,
)
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.interactions import InteractionStore, read_settings

Answer = TypeVar("Answer")
# Above so many clips a click changes tastes at once, and what was learned from everybody when the library changes or
# a twentieth of the likes is new.
REFIT_CLIPS, REFIT_SHARE = 300, 0.05

LEARNED = (
    "_revisions", "_own_writes", "_library", "_fit", "_content", "_dataset", "_without_guests", "_fitted", "_fitted_on",
    "_people", "_settings", "_history", "_guests", "event_weights", "hybrid_settings", "_secret",
)  # fmt: skip

EVENT_WEIGHTS = "event_weights"
HYBRID_SETTINGS = "hybrid_settings"


class Serving:
    """Caches keyed by (library, events) counters; safe under many threads."""

    def __init__(self, database: Database, clips: ClipStore, interactions: InteractionStore, models: Any):
        self._database, self._clips, self._interactions, self._models = database, clips, interactions, models
        self._lock = threading.RLock()
        self._asked = False  # since everything was last made ready
        self._own_writes = -1
        self.made_ready = False  # whether somebody calls `keep_ready`, so that the last answers may serve meanwhile
        self._revisions = (-1, -1, -1)
        self._library: Corpus | None = None
        self._fit: ContentModel | None = None
        self._content: ContentModel | None = None
        self._dataset: Dataset | None = None
        self._without_guests: Dataset | None = None
        self._fitted: dict[str, Recommender] = {}
        self._fitted_on = 0  # likes
        self._people: list[Person] = []
        self._settings: dict[str, PersonSettings] = {}
        self._history: list[Interaction] = []
        self._guests: list[Guest] = []
        self.event_weights = EventWeights()
        self.hybrid_settings: HybridSettings | None = None
        self._secret = database.secret("pseudonyms")
        self._entries: list[AlgorithmEntry] = []
        # Small products all the time: two threads on two busy cores are many times slower than one.
        threadpool_limits(limits=1, user_api="blas")

    def _fresh(self, wait: bool = False) -> Dataset:
        """The dataset of the store's present counters, or the last one while `keep_ready` makes a newer one.

        Args:
            wait: The last one will not do.
        """
        self._asked = True
        revisions, own_writes = self._database.revisions(), self._database.library_writes
        if self._dataset is not None and (revisions == self._revisions or (not wait and self._may_lag(revisions))):
            return self._dataset
        new_library = revisions[0] != self._revisions[0] or self._library is None
        if new_library:
            self._library = self._clips.corpus()
            self._fit = self._content = ContentModel(self._library)
        people = self._interactions.people()
        self._secret = self._database.secret("pseudonyms")  # a restored library brings its own
        self._settings = {row.user_id: read_settings(row.settings) for row in people}
        new_seats = self._seat(new_library)
        weights = self.stored_weights()
        tuned = self.stored_hybrid()
        new_weights = (weights, tuned) != (self.event_weights, self.hybrid_settings)
        self.event_weights, self.hybrid_settings = weights, tuned
        history = self._interactions.all()
        latest = max((event.at for event in history), default=datetime.now(UTC))
        self._history = [*history, *guest_likes(self._guests, latest)]
        dataset = Dataset.build(self._content.corpus, [row.user_id for row in people], self._history, weights)
        self._take(dataset, refit=new_library or new_seats or new_weights)
        counts = Counter(event.user_id for event in history)
        positives = np.asarray(dataset.positives.sum(axis=1)).ravel().astype(int)
        self._people = [
            Person(r.user_id, counts[r.user_id], int(positives[dataset.user_at[r.user_id]]), r.simulated, r.taste)
            for r in people
        ]
        self._revisions, self._own_writes = revisions, own_writes
        return dataset

    def _may_lag(self, revisions: tuple[int, int, int]) -> bool:
        """Whether all that is new are clips of another process, which nobody here has asked for."""
        only_clips = revisions[1:] == self._revisions[1:] and revisions[0] > self._revisions[0]
        return self.made_ready and only_clips and self._database.library_writes == self._own_writes

    def _of_clips(self, answer: Callable[[], Answer]) -> Answer:
        """An answer about clips that were named: one that is too new for the last answers is waited for."""
        with self._lock:
            try:
                return answer()
            except UnknownClipError:
                if self._database.revisions() == self._revisions:
                    raise
                self._fresh(wait=True)
                return answer()

    def _take(self, dataset: Dataset, refit: bool = False) -> None:
        """Serve a newer dataset: small libraries are fitted again when asked, large ones change tastes at once."""
        # Algorithms that know the crowd alone never see the guests: their factors would change with the shape.
        self._dataset, self._without_guests = dataset, dataset.of_clips()
        likes = dataset.positives.nnz
        moved = abs(likes - self._fitted_on) > REFIT_SHARE * self._fitted_on
        if refit or moved or dataset.clips <= REFIT_CLIPS:
            self._fitted, self._fitted_on = {}, likes
            return
        self._fitted = {
            name: fitted.update(dataset if fitted.modal else self._without_guests)
            for name, fitted in self._fitted.items()
        }

    def keep_ready(self) -> bool:
        """After the library has changed, do what the next question would wait for, while the last answers serve.

        Done once for each time that somebody has asked: where nobody reads, nothing is fitted. Says whether it was.
        """
        if not self._asked or self._database.revisions()[0] == self._revisions[0]:
            return False
        self._asked = False
        newer = Serving(self._database, self._clips, self._interactions, self._models)
        newer._fresh()
        if newer._people:
            newer.recommend(newer._people[0].user_id, 1, "hybrid", None, PLAIN)
        with self._lock:
            if all(new >= old for new, old in zip(newer._revisions, self._revisions, strict=True)):
                for name in LEARNED:
                    setattr(self, name, getattr(newer, name))
        return True

    def heard(self, event: Interaction) -> None:
        """Take in one event that was just stored, without adding everybody's up again.

        Where anything else changed since the last question, nothing is done: the next question looks at the store.
        Profile texts count as liked at the latest event, so with some of them everybody's weights are made anew.
        """
        with self._lock:
            library, events, profiles = self._database.revisions()
            expected = (self._revisions[0], self._revisions[1] + 1, self._revisions[2])
            data, user = self._dataset, event.user_id
            if data is None or (library, events, profiles) != expected or user not in data.user_at or self._guests:
                return
            mine = self._interactions.of(user)
            dataset = data.with_person(user, mine, self.event_weights)
            self._take(dataset)
            self._history = [*self._history, event]
            row = dataset.user_at[user]
            positives = int(dataset.positives.indptr[row + 1] - dataset.positives.indptr[row])
            self._people = [
                replace(one, events=len(mine), positives=positives) if one.user_id == user else one
                for one in self._people
            ]
            self._revisions = (library, events, profiles)

    def stored_weights(self) -> EventWeights:
        """What events are worth in this library."""
        return EventWeights.read(self._database.get(EVENT_WEIGHTS))

    def stored_hybrid(self) -> HybridSettings | None:
        """The hybrid's tuned parts; None where the fixed ones are used."""
        text = self._database.get(HYBRID_SETTINGS)
        try:
            return HybridSettings.from_dict(json.loads(text)) if text else None
        except (ValueError, KeyError, TypeError):  # written by another version: the fixed ones serve
            return None

    def _seat(self, new_library: bool) -> bool:
        """Seat the people's profile texts behind the clips; False when nothing changed there."""
        vectors = self._interactions.profiles()
        guests = [
            Guest(user, self.guest_id(user), f"profile of {self.pseudonym(user)}", own.profile, vectors.get(user, {}))
            for user, own in self._settings.items()
            if own.profile.strip()
        ]
        same = [(g.user_id, g.text) for g in guests] == [(g.user_id, g.text) for g in self._guests]
        if same and not new_library and self._database.revisions()[2] == self._revisions[2]:
            return False
        self._guests = guests
        self._content = self._fit.seated(with_guests(self._library, guests))
        return True

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
                    made = entry.make() if algorithm != "hybrid" else self._make_hybrid(entry.title)
                    seats = (dataset, self._content) if made.modal else (self._without_guests, self._fit)
                    self._fitted[algorithm] = made.fit(*seats)
                else:
                    direct = entry.family == "content"
                    self._fitted[algorithm] = self.hybrid().view(algorithm, entry.title, entry.view, direct)
            return self._fitted[algorithm]

    def _make_hybrid(self, title: str) -> LinearRecommender:
        return LinearRecommender("hybrid", title, settings=self.hybrid_settings)

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

    def pseudonym(self, user_id: str) -> str:
        """What a person is called where others read it."""
        return pseudonym(user_id, self._secret)

    def guest_id(self, user_id: str) -> str:
        """What the ledger's lines of a person's profile text are keyed by; it names nobody."""
        return f"profile-{keyed_hash(user_id, self._secret)[:12]}"

    def own_options(self, user_id: str, options: ListOptions) -> ListOptions:
        """A list's options with what the person chose: pinned and banned topics."""
        self._fresh()
        own = self._settings.get(user_id, PersonSettings())
        return replace(options, pinned=options.pinned or own.pinned, banned=options.banned or own.banned)

    def wish(self, user_id: str, diversity: float | None) -> float:
        """Diversity: the caller's, else the person's own, else the default."""
        with self._lock:
            self._fresh()
            own = self._settings.get(user_id, PersonSettings()).diversity
        return diversity if diversity is not None else own if own is not None else ListOptions().diversity

    def recommend(
        self, user_id: str, k: int, algorithm: str, weights: dict[str, float] | None, options: ListOptions
    ) -> RankedList:
        with self._lock:
            return self.recommender(algorithm).recommend(user_id, k, weights, self.own_options(user_id, options))

    def new_clips(self, user_id: str, k: int) -> RankedList:
        with self._lock:
            return self.hybrid().new_clips(user_id, k, self.own_options(user_id, PLAIN))

    def profile(self, user_id: str, k: int) -> PersonProfile:
        """A person's taste; see `avrec.recommend.profile`."""
        with self._lock:
            dataset = self._fresh()
            dataset.taste(user_id)
            ranked = self.recommend(user_id, FIRST, "hybrid", None, PLAIN)
            own_text = self.guest_id(user_id)
            mine = [event for event in self._history if event.user_id == user_id and event.clip_id != own_text]
            return person_profile(dataset, user_id, mine, ranked, self.event_weights, k)

    def topics(self) -> list[tuple[str, int]]:
        """Topics of the library with the number of their clips, by name."""
        with self._lock:
            self._fresh()
            counts = Counter(name for mine in self._library.topics for name in mine)
        return sorted(counts.items())

    def interests(self, user_id: str) -> Interests:
        """What a person's comments and searches are about."""
        with self._lock:
            self._fresh().taste(user_id)
            said = [e.text for e in reversed(self._history) if e.user_id == user_id and e.text]
            corpus, words = self._library, self._fit.words
        return read_interests(said, corpus, words, self._models.sentences.encode)

    def live_check(self, before: EventWeights, after: EventWeights) -> LiveCheck:
        """Compare two settings of the event weights; see `avrec.evaluate.live`."""
        with self._lock:
            dataset = self._fresh()
            content, history = self._content, self._history
        return live_check(content, dataset.user_ids, history, before, after)

    def similar(self, clip_id: str, k: int, weights: dict[str, float] | None) -> RankedList:
        return self._of_clips(lambda: self.recommender("content").similar_clips(clip_id, k, weights))

    def audience(self, clip_id: str, k: int, weights: dict[str, float] | None) -> list[AudienceMember]:
        with self._lock:
            members = self._of_clips(lambda: self.recommender("hybrid").audience(clip_id, k, weights))
            topics = set(dict(zip(self._library.clip_ids, self._library.topics, strict=False)).get(clip_id, ()))
            return [m for m in members if not topics & set(self._settings.get(m.user_id, PersonSettings()).banned)]

    def pairs(
        self,
        user_id: str,
        clip_id: str,
        watched: str,
        modality: str,
        weights: dict[str, float] | None,
        algorithm: str = "hybrid",
    ) -> list[SegmentPair]:
        def found() -> list[SegmentPair]:
            model = self.hybrid().shelf() if algorithm == SHELF else self.recommender(algorithm)
            if not isinstance(model, LinearRecommender):
                return []
            return model.pairs(user_id, clip_id, watched, modality, weights)

        return self._of_clips(found)

    def ask(self, question: Callable[[LinearRecommender], Answer]) -> Answer:
        """Put a question to the fitted hybrid, its dataset or its content, while nothing changes."""
        return self._of_clips(lambda: question(self.hybrid()))

    def counterfactuals(
        self, user_id: str, clip_id: str, algorithm: str, weights: dict[str, float] | None, options: ListOptions
    ) -> list[Counterfactual]:
        own = self.own_options(user_id, options)
        return self._of_clips(lambda: counterfactuals(self.recommender(algorithm), user_id, clip_id, weights, own))

    def search(self, text: str | None, image: Path | None, clip_id: str | None, k: int) -> list[Moment]:
        """Moments for one of the three.

        Raises:
            InvalidInputError: The picture cannot be read, or the words are empty.
            UnknownClipError: There is no such clip.
        """
        with self._lock:
            self._fresh()
            corpus = self._library
        if text is not None:
            if not text.strip():
                raise InvalidInputError("Search", "the words are empty")
            encoders = choose_encoders(self._models, corpus.versions)
            return search.search_words(text[:1000], corpus, self._clips.lines(), encoders, k)
        if image is not None:
            try:
                picture = search.read_picture(str(image))
            except Exception as error:
                # Pillow raises many kinds for damaged pictures.
                raise InvalidInputError(image.name, "it is not a picture that can be read") from error
            encoder = self._models.of_version("image", corpus.versions.get("visual", ""))
            if encoder is None:
                return []
            return search.search_vector("visual", encoder.encode(picture)[0], corpus, None, k)
        return self._of_clips(lambda: search.search_clip(self._fresh().clip(clip_id or ""), self._library, k))

    def search_gaps(self) -> list[str]:
        """What cannot be searched by words just now, a sentence each."""
        with self._lock:
            self._fresh()
            served = self._library.versions
        return gaps(choose_encoders(self._models, served), served)
