"""What recommenders are fitted on: a library and what people did with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from avrec.errors import UnknownClipError, UnknownUserError
from avrec.recommend.events import EventWeights, event_frame, net_weights
from avrec.recommend.guests import clips_alone
from avrec.schemas import Corpus, Interaction


@dataclass(frozen=True)
class Taste:
    """One person's side of every score.

    Attributes:
        clips: Positions of the clips with a weight, ascending.
        weights: Signed weight of each, in [-2, 2].
        seen, hidden: Boolean masks over all clips.
        row: The person's row in the dataset; None for a taste that was changed, such as one without a clip.
        person: The same row, kept when the taste is changed: nobody is their own neighbour.
    """

    clips: np.ndarray
    weights: np.ndarray
    seen: np.ndarray
    hidden: np.ndarray
    row: int | None = None
    person: int | None = None

    @property
    def positives(self) -> int:
        return int((self.weights > 0).sum())

    def as_row(self, clips: int) -> sp.csr_matrix:
        """The weights as a (1, clips) CSR row."""
        return sp.csr_matrix((self.weights, self.clips, [0, len(self.clips)]), shape=(1, clips))

    def among(self, rows: np.ndarray) -> "Taste":
        """The same taste had only some rows ever been watched; `rows` is a mask."""
        keep = rows[self.clips]
        return (
            self
            if keep.all()
            else Taste(self.clips[keep], self.weights[keep], self.seen, self.hidden, self.row, self.person)
        )

    def without(self, clip: int) -> "Taste":
        """The same taste had that clip never been watched; it stays out of the list."""
        keep = self.clips != clip
        return Taste(self.clips[keep], self.weights[keep], self.seen, self.hidden, person=self.person)


@dataclass(frozen=True)
class Dataset:
    """A corpus and the people's signed weights over it.

    Attributes:
        user_items: (users, clips) CSR of signed weights; seen and hidden are CSR of the same shape.
        latest: Time of the latest event; ages count from it.
        ratings: (users, clips) CSR of the latest rating, 1 to 5; None where nobody rates.
    """

    corpus: Corpus
    user_ids: tuple[str, ...]
    user_items: sp.csr_matrix
    seen: sp.csr_matrix
    hidden: sp.csr_matrix
    latest: pd.Timestamp | None = None
    ratings: sp.csr_matrix | None = None

    @staticmethod
    def build(
        corpus: Corpus,
        user_ids: Sequence[str],
        interactions: Sequence[Interaction],
        weights: EventWeights | None = None,
    ) -> "Dataset":
        """Add up the events; those with clips that are not in the corpus are left out.

        Args:
            user_ids: People who are known even without an event.
            weights: What events are worth; the defaults where None.
        """
        frame = event_frame(interactions)
        latest = frame["datetime"].max() if len(frame) else None
        clip_ids = pd.Index(corpus.clip_ids, dtype=object)
        pairs = net_weights(frame[frame["clip_id"].isin(clip_ids)], latest, weights)
        users = tuple(dict.fromkeys([*user_ids, *pairs["user_id"]]))
        names, shape = pd.Index(users, dtype=object), (len(users), len(clip_ids))

        def matrix(table: pd.DataFrame, column: str) -> sp.csr_matrix:
            places = names.get_indexer(table["user_id"]), clip_ids.get_indexer(table["clip_id"])
            return sp.csr_matrix((table[column].to_numpy(dtype=float), places), shape=shape)

        rated = frame[(frame["event"] == "rating") & frame["clip_id"].isin(clip_ids)].sort_values("datetime")
        rated = rated.drop_duplicates(["user_id", "clip_id"], keep="last")
        columns = (matrix(pairs, name) for name in ("weight", "seen", "hidden"))
        return Dataset(corpus, users, *columns, latest=latest, ratings=matrix(rated, "value") if len(rated) else None)

    def with_person(
        self, user_id: str, interactions: Sequence[Interaction], weights: EventWeights | None = None
    ) -> "Dataset":
        """The same dataset after new events of one person, without adding everybody's up again.

        Everyone else's weights only age: by one common factor, as all their ages grow alike.

        Args:
            interactions: All events of this person.
        """
        weights = weights or EventWeights()
        alone = Dataset.build(self.corpus, [user_id], interactions, weights)
        latest = max((t for t in (self.latest, alone.latest) if t is not None), default=None)
        days = [(latest - t).total_seconds() / 86_400 if t is not None else 0.0 for t in (self.latest, alone.latest)]
        aged, mine = (float(np.exp2(-d / weights.half_life_days)) for d in days)
        row = self.user_at.get(user_id, len(self.user_ids))

        def placed(everyone: sp.csr_matrix, person: sp.csr_matrix) -> sp.csr_matrix:
            return sp.vstack([everyone[:row], person, everyone[row + 1 :]], format="csr")

        return Dataset(
            self.corpus,
            self.user_ids if row < len(self.user_ids) else (*self.user_ids, user_id),
            placed(self.user_items * aged, alone.user_items * mine),
            placed(self.seen, alone.seen),
            placed(self.hidden, alone.hidden),
            latest,
            self._rated_with(row, alone),
        )

    def _rated_with(self, row: int, alone: "Dataset") -> sp.csr_matrix | None:
        """Everybody's ratings with one person's replaced."""
        if self.ratings is None and alone.ratings is None:
            return None
        people, clips = len(self.user_ids), self.clips
        everyone = sp.csr_matrix((people, clips)) if self.ratings is None else self.ratings
        person = sp.csr_matrix((1, clips)) if alone.ratings is None else alone.ratings
        return sp.vstack([everyone[:row], person, everyone[row + 1 :]], format="csr")

    @cached_property
    def clip_at(self) -> dict[str, int]:
        return {clip_id: i for i, clip_id in enumerate(self.corpus.clip_ids)}

    @property
    def clips(self) -> int:
        return len(self.corpus.clip_ids)

    @cached_property
    def user_at(self) -> dict[str, int]:
        return {user_id: i for i, user_id in enumerate(self.user_ids)}

    @cached_property
    def positives(self) -> sp.csr_matrix:
        """(users, clips) binary: net-positive pairs."""
        positive = self.user_items.copy()
        positive.data = (positive.data > 0) * self.listable[positive.indices].astype(np.float64)
        positive.eliminate_zeros()
        return positive

    @cached_property
    def over_clips(self) -> sp.csr_matrix:
        """(users, clips) signed weights without those of people's own texts."""
        if not self.corpus.guests:
            return self.user_items
        mine = self.user_items.copy()
        mine.data = mine.data * self.listable[mine.indices]
        mine.eliminate_zeros()
        return mine

    def of_clips(self) -> "Dataset":
        """The same people and events without anybody's own text: what the crowd alone can be learned from."""
        if not self.corpus.guests:
            return self
        n = self.clips - self.corpus.guests
        items, seen, hidden = (matrix[:, :n] for matrix in (self.user_items, self.seen, self.hidden))
        ratings = None if self.ratings is None else self.ratings[:, :n]
        return Dataset(clips_alone(self.corpus), self.user_ids, items, seen, hidden, self.latest, ratings)

    def items_of(self, rows: np.ndarray) -> sp.csr_matrix:
        """Weights of some people with clips alone, their own texts left out: (rows, clips)."""
        items = self.user_items[rows]
        if self.corpus.guests:
            items.data = items.data * self.listable[items.indices]
            items.eliminate_zeros()
        return items

    @cached_property
    def listable(self) -> np.ndarray:
        """(clips,) whether the row is a clip, not a person's own text."""
        return np.arange(self.clips) < self.clips - self.corpus.guests

    @cached_property
    def liked(self) -> np.ndarray:
        """(clips,) people with a positive weight for each."""
        return self.positives.getnnz(axis=0)

    @cached_property
    def touched(self) -> np.ndarray:
        """(clips,) whether anybody has an event with the clip."""
        return (self.user_items.getnnz(axis=0) + self.seen.getnnz(axis=0)) > 0

    def clip(self, clip_id: str) -> int:
        """The place of a clip; a person's own text is none.

        Raises:
            UnknownClipError: There is no such clip.
        """
        place = self.watched(clip_id)
        if not self.listable[place]:
            raise UnknownClipError(clip_id)
        return place

    def watched(self, clip_id: str) -> int:
        """The place of what can stand in a history: a clip, or a person's own text."""
        if clip_id not in self.clip_at:
            raise UnknownClipError(clip_id)
        return self.clip_at[clip_id]

    def taste(self, user_id: str) -> Taste:
        """One person's weights.

        Raises:
            UnknownUserError: There is no such person.
        """
        if user_id not in self.user_at:
            raise UnknownUserError(user_id)
        return self.taste_of(self.user_at[user_id])

    def taste_of(self, row: int) -> Taste:
        """The weights of the person in a row."""
        taste = self.bare_taste(row)
        seen, hidden = self.seen[[row]].toarray()[0] > 0, self.hidden[[row]].toarray()[0] > 0
        return Taste(taste.clips, taste.weights, seen, hidden, row, row)

    def bare_taste(self, row: int) -> Taste:
        """The same without the masks: for scores of many people."""
        start, stop = self.user_items.indptr[row : row + 2]
        clips, weights = self.user_items.indices[start:stop], self.user_items.data[start:stop]
        keep = weights != 0
        order = np.argsort(clips[keep])
        nothing = np.zeros(0, dtype=bool)
        return Taste(clips[keep][order].astype(np.int64), weights[keep][order], nothing, nothing, row, row)


def popularity(positives: sp.csr_matrix) -> np.ndarray:
    """pop_j = sum over people who like j of 1 / sqrt(length of their history), (clips,)."""
    lengths = np.maximum(np.asarray(positives.sum(axis=1)).ravel(), 1.0)
    return np.asarray((sp.diags_array(1.0 / np.sqrt(lengths)) @ positives).sum(axis=0)).ravel()


def unit_deviation(values: np.ndarray, among: np.ndarray | slice = slice(None)) -> np.ndarray:
    """Values over the standard deviation of some of them; as they are where all are equal."""
    mine = values[among]
    deviation = float(np.std(mine)) if len(mine) else 0.0
    return values / deviation if deviation > 1e-9 else values
