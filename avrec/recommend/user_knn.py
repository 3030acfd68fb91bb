"""User-kNN for likes: what the people with the most likes in common like.

    score_i = sum over the k nearest v of s_uv x_vi / sqrt |v|,   s_uv = |u and v| / sqrt((|u| + s) (|v| + s))

Where events are likes and not ratings, this ranks; the deviations from means that the prediction formula of
`user_cf.py` adds up are then all zero.
"""

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, Told
from avrec.recommend.base import Recommender
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.item_item import blend_popularity
from avrec.recommend.user_cf import Neighbours, neighbour_leaves


class UserKnn(Recommender):
    """Neighbours by cosine of likes.

    Args:
        neighbours: k.
        shrink: s; a person with few likes is a weak neighbour.
    """

    name, title, family = "user-knn", "User-kNN: likes of people of similar taste", "people"

    def __init__(self, neighbours: int = 200, shrink: float = 1.0):
        self.neighbours, self.shrink = neighbours, shrink

    def _fit(self, dataset: Dataset) -> None:
        self._lengths = np.asarray(dataset.positives.sum(axis=1)).ravel()
        # One like of many says less than one of few.
        self._votes = sp.csr_matrix(sp.diags_array(np.maximum(self._lengths, 1.0) ** -0.5) @ dataset.positives)
        self._votes_by_clip = sp.csc_matrix(self._votes)

    def _refresh(self, dataset: Dataset) -> None:
        self._fit(dataset)

    def similar_people(self, taste: Taste) -> Neighbours:
        """The k most similar people; the person themselves is not among them."""
        liked = taste.clips[(taste.weights > 0) & self.dataset.listable[taste.clips]]
        common = np.diff(self._votes_by_clip[:, liked].tocsr().indptr)
        similarity = common / np.sqrt(np.maximum((self._lengths + self.shrink) * (len(liked) + self.shrink), 1e-12))
        if taste.person is not None:
            similarity[taste.person] = 0.0
        people = np.flatnonzero(similarity > 0)
        people = people[np.argsort(-similarity[people], kind="stable")][: self.neighbours]
        return Neighbours(people, similarity[people], common[people])

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        found = self.similar_people(taste)
        return np.asarray(self._votes[found.people].T @ found.similarity).ravel()

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        found = self.similar_people(taste)
        lines = self._votes_by_clip[:, columns].tocsr()[found.people].toarray() * found.similarity[:, None]
        voting = np.flatnonzero(lines.any(axis=1))
        if not len(voting):
            return Told((), len(columns))
        block = Block("crowd", self.title, neighbour_leaves(found, voting), lines[voting])
        return Told((block,), len(columns))

    def scores_of(
        self, rows: np.ndarray, weights: dict[str, float] | None = None, columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        chosen, rows = self.weights(weights), np.asarray(rows, dtype=np.int64)
        scores = np.zeros((len(rows), len(np.arange(self.dataset.clips)[columns])))
        for i, row in enumerate(rows.tolist()):
            scores[i] = self._scores(self.dataset.bare_taste(row), chosen)[columns]
        blend_popularity(self, rows, scores, columns)
        return scores
