"""What recommenders are fitted on: a library and what people did with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from avrec.errors import UnknownClipError, UnknownUserError
from avrec.recommend.events import EventWeights, event_frame, net_weights
from avrec.schemas import Corpus, Interaction


@dataclass(frozen=True)
class Taste:
    """One person's side of every score.

    Attributes:
        clips: Positions of the clips with a weight, ascending.
        weights: Signed weight of each, in [-2, 2].
        seen, hidden: Boolean masks over all clips.
    """

    clips: np.ndarray
    weights: np.ndarray
    seen: np.ndarray
    hidden: np.ndarray

    @property
    def positives(self) -> int:
        return int((self.weights > 0).sum())

    def without(self, clip: int) -> "Taste":
        """The same taste had that clip never been watched; it stays out of the list."""
        keep = self.clips != clip
        return Taste(self.clips[keep], self.weights[keep], self.seen, self.hidden)


@dataclass(frozen=True)
class Dataset:
    """A corpus and the people's signed weights over it.

    Attributes:
        user_items: (users, clips) CSR of signed weights; seen and hidden are CSR of the same shape.
        latest: Time of the latest event; ages count from it.
    """

    corpus: Corpus
    user_ids: tuple[str, ...]
    user_items: sp.csr_matrix
    seen: sp.csr_matrix
    hidden: sp.csr_matrix
    latest: pd.Timestamp | None = None

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
        rows = pd.Index(users, dtype=object).get_indexer(pairs["user_id"])
        columns = clip_ids.get_indexer(pairs["clip_id"])
        matrices = (
            sp.csr_matrix((pairs[name].to_numpy(dtype=float), (rows, columns)), shape=(len(users), len(clip_ids)))
            for name in ("weight", "seen", "hidden")
        )
        return Dataset(corpus, users, *matrices, latest=latest)

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
        )

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
        positive.data = (positive.data > 0).astype(np.float64)
        positive.eliminate_zeros()
        return positive

    @cached_property
    def liked(self) -> np.ndarray:
        """(clips,) people with a positive weight for each."""
        return self.positives.getnnz(axis=0)

    @cached_property
    def touched(self) -> np.ndarray:
        """(clips,) whether anybody has an event with the clip."""
        return (self.user_items.getnnz(axis=0) + self.seen.getnnz(axis=0)) > 0

    def clip(self, clip_id: str) -> int:
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
        row = self.user_at[user_id]
        weights = self.user_items[row]
        keep = weights.data != 0
        order = np.argsort(weights.indices[keep])
        return Taste(
            weights.indices[keep][order].astype(np.int64),
            weights.data[keep][order],
            self.seen[row].toarray()[0] > 0,
            self.hidden[row].toarray()[0] > 0,
        )
