"""What every recommender offers. `score` and `contributions` speak of the base score; what depends on the list
(diversity) is added by `recommend`: score = base score + penalty."""

from typing import Protocol

import numpy as np

from avrec.recommend.dataset import Dataset
from avrec.schemas import Contribution, RankedList


class Recommender(Protocol):
    """One algorithm.

    Attributes:
        name, title: For the command line and for people.
        exact: Whether the ledger's leaves are the score itself, or leave-one-out differences.
    """

    name: str
    title: str
    exact: bool

    def fit(self, dataset: Dataset) -> "Recommender": ...

    def recommend(
        self, user_id: str, k: int, weights: dict[str, float] | None, diversity: float, include_seen: bool
    ) -> RankedList: ...

    def score(self, user_id: str, clip_ids: list[str], weights: dict[str, float] | None = None) -> np.ndarray: ...

    def contributions(self, user_id: str, clip_id: str, weights: dict[str, float] | None = None) -> Contribution: ...

    def similar_clips(self, clip_id: str, k: int, weights: dict[str, float] | None = None) -> RankedList: ...
