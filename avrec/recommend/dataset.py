"""What recommenders are fitted on: a library and what people did with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
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
    """

    corpus: Corpus
    user_ids: tuple[str, ...]
    user_items: sp.csr_matrix
    seen: sp.csr_matrix
    hidden: sp.csr_matrix

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
        clip_at = {clip_id: i for i, clip_id in enumerate(corpus.clip_ids)}
        frame = event_frame(interactions)
        latest = frame["datetime"].max() if len(frame) else None
        pairs = net_weights(frame[frame["clip_id"].isin(clip_at)], latest, weights)
        users = tuple(dict.fromkeys([*user_ids, *pairs["user_id"]]))
        user_at = {user_id: i for i, user_id in enumerate(users)}
        rows = pairs["user_id"].map(user_at).to_numpy(dtype=np.int64)
        columns = pairs["clip_id"].map(clip_at).to_numpy(dtype=np.int64)
        shape = (len(users), len(corpus.clip_ids))

        def matrix(values: np.ndarray) -> sp.csr_matrix:
            return sp.csr_matrix((values.astype(np.float64), (rows, columns)), shape=shape)

        seen, hidden = (matrix(pairs[name].to_numpy(dtype=float)) for name in ("seen", "hidden"))
        return Dataset(corpus, users, matrix(pairs["weight"].to_numpy(dtype=float)), seen, hidden)

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
