"""User-based collaborative filtering: what people of similar taste think of a clip (Resnick 1994, Herlocker 1999).

    r_ui = r_u + sum over v of s_uv (r_vi - r_v) / sum over v of |s_uv|

r_u and r_v are means of all that a person rated (the means inside a correlation are over co-rated clips). v runs over
the k most similar people who rated clip i. People of opposite taste (s < 0) are left out, as is usual: they
say little about what one likes.

A predicted rating says nothing of how sure it is: the highest ones are those that a single neighbour gave. So lists
add `damping` to the denominator, a vote of that similarity without an opinion; `predict` is the formula as it stands.

Similarities of one person with all are made when asked for; no matrix of people by
people is kept, so newer events count at once.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from avrec.explain.ledger import Block, Leaves, Told
from avrec.recommend.bias import Biases
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.ratings import RatingPredictor, mean_of, prior_block, rated_row
from avrec.recommend.similarity import CoRated, RatingRows, co_rated_cosine, msd, pearson, shrunk


@dataclass(frozen=True)
class Neighbours:
    """People of similar taste, the most similar first.

    Attributes:
        people: Rows of the dataset.
        similarity: > 0.
        common: How many clips both rated.
    """

    people: np.ndarray
    similarity: np.ndarray
    common: np.ndarray


def neighbour_leaves(found: Neighbours, places: np.ndarray) -> Leaves:
    """Neighbours by their place in the order of similarity: nothing leads back to who they are."""
    similarity, common = found.similarity[places].tolist(), found.common[places].tolist()
    pairs = list(zip(similarity, common, strict=True))
    labels = [f"a person of similar taste, {s:.2f}, {n:.0f} in common" for s, n in pairs]
    details = [{"similarity": s, "common": int(n)} for s, n in pairs]
    return Leaves("neighbour", labels, [f"neighbour-{place + 1}" for place in places.tolist()], details)


class UserCf(RatingPredictor):
    """Pearson correlation over co-rated clips; deviations from people's means.

    Args:
        neighbours: k, those who count for a clip.
        beta: Similarities are shrunk by n / (n + beta), n the clips in common.
        damping: Added to the sum of similarities in lists.
    """

    name, title, family = "user-pearson", "User-based: Pearson correlation", "people"

    def __init__(self, neighbours: int = 40, beta: float = 10.0, damping: float = 1.0):
        self.neighbours, self.beta, self.damping = neighbours, beta, damping

    # ---- what varies ---------------------------------------------------------------------------------

    def _compared(self) -> sp.csr_matrix:
        """What people are compared by, (people, clips)."""
        return self._ratings

    def _similarity(self, query: sp.csr_matrix, sums: CoRated) -> np.ndarray:
        """Similarity of a person with all, (people,)."""
        return pearson(sums, self.beta)[0]

    def _query(self, row: sp.csr_matrix) -> sp.csr_matrix:
        """A person's ratings as `_compared` holds them."""
        return row

    def _residuals(self) -> sp.csr_matrix:
        """What neighbours say of clips beyond their own level, (people, clips)."""
        counts = np.diff(self._ratings.indptr)
        means = np.asarray(self._ratings.sum(axis=1)).ravel() / np.maximum(counts, 1)
        left = self._ratings.data - np.repeat(means, counts)
        return sp.csr_matrix((left, self._ratings.indices, self._ratings.indptr), shape=self._ratings.shape)

    def _levels(self, row: sp.csr_matrix, columns: np.ndarray) -> list[Block]:
        """What is predicted without neighbours, as lines."""
        mean = mean_of(row, self._mean)
        return [prior_block("mean", "this person's mean rating", np.full(len(columns), mean))]

    # ---- fit -----------------------------------------------------------------------------------------

    def _fit(self, dataset: Dataset) -> None:
        self._rate(dataset)
        self._learn()
        self._rows = RatingRows(self._compared())
        self._left = self._residuals()
        self._left_by_clip = sp.csc_matrix(self._left)

    def _learn(self) -> None:
        """Whatever else has to be known before people are compared."""

    def _refresh(self, dataset: Dataset) -> None:
        self._fit(dataset)

    # ---- scores --------------------------------------------------------------------------------------

    def similar_people(self, taste: Taste) -> Neighbours:
        """Everybody of similar taste; the person themselves is not among them."""
        query = self._query(rated_row(self.dataset, taste))
        sums = self._rows.co_rated(query)
        similarity = self._similarity(query, sums)
        if taste.person is not None:
            similarity[taste.person] = 0.0
        people = np.flatnonzero(similarity > 0)
        people = people[np.argsort(-similarity[people], kind="stable")]
        return Neighbours(people, similarity[people], sums.count[0, people])

    def _votes(
        self, found: Neighbours, columns: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The k nearest raters of each clip: place among the neighbours, place among the columns, s (r - level), s."""
        if columns is None:
            left = self._left[found.people].tocsc()
        else:
            left = self._left_by_clip[:, columns].tocsr()[found.people].tocsc()
        counts = np.diff(left.indptr)
        near = np.arange(left.nnz) - np.repeat(left.indptr[:-1], counts) < self.neighbours
        who, clip = left.indices[near], np.repeat(np.arange(left.shape[1]), counts)[near]
        similarity = found.similarity[who]
        return who, clip, similarity * left.data[near], similarity

    def _estimates(self, row: int) -> np.ndarray:
        return self._predicted(self.dataset.bare_taste(row), 0.0)

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        return self._predicted(taste, self.damping)

    def _predicted(self, taste: Taste, damping: float) -> np.ndarray:
        row, clips = rated_row(self.dataset, taste), np.arange(self.dataset.clips)
        _, clip, votes, similarity = self._votes(self.similar_people(taste), None)
        total, size = np.bincount(clip, votes, len(clips)), np.bincount(clip, similarity, len(clips)) + damping
        level = sum(block.values[0] for block in self._levels(row, clips))
        return level + np.divide(total, size, out=np.zeros(len(clips)), where=size > 0)

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        blocks = self._levels(rated_row(self.dataset, taste), columns)
        found = self.similar_people(taste)
        who, clip, votes, similarity = self._votes(found, columns)
        if len(who):
            size = np.bincount(clip, similarity, len(columns)) + self.damping
            voting, place = np.unique(who, return_inverse=True)
            lines = np.zeros((len(voting), len(columns)))
            lines[place, clip] = votes / size[clip]
            blocks.append(Block("crowd", self.title, neighbour_leaves(found, voting), lines))
        return Told(tuple(blocks), len(columns))


class UserCosine(UserCf):
    """Cosine of whole rating vectors, R R' over the rows' lengths."""

    name, title = "user-cosine", "User-based: cosine"

    def _similarity(self, query: sp.csr_matrix, sums: CoRated) -> np.ndarray:
        return shrunk(self._rows.cosine(query), sums.count, self.beta)[0]


class CentredKnn(UserCf):
    """Mean squared difference over co-rated clips, not shrunk; deviations from people's means."""

    name, title, family = "knn-means", "Centred kNN: mean squared difference", "ratings"

    def _similarity(self, query: sp.csr_matrix, sums: CoRated) -> np.ndarray:
        return msd(sums)[0]


class BaselineKnn(CentredKnn):
    """Deviations from the rating baseline in place of people's means (Koren 2010).

    Args:
        similarity: "msd", or "pearson_baseline": the cosine of deviations from the baseline over co-rated clips,
            shrunk by (n - 1) / (n - 1 + 100).
    """

    name, title = "knn-baseline", "kNN over the rating baseline"

    def __init__(self, neighbours: int = 40, similarity: str = "msd", damping: float = 1.0):
        super().__init__(neighbours, damping=damping)
        self.measure = similarity

    def _learn(self) -> None:
        self.biases = Biases(self._ratings)

    def _compared(self) -> sp.csr_matrix:
        return self._ratings if self.measure == "msd" else self._residuals()

    def _query(self, row: sp.csr_matrix) -> sp.csr_matrix:
        if self.measure == "msd":
            return row
        left = row.data - self.biases.mean - self.biases.of_person(row) - self.biases.items[row.indices]
        return sp.csr_matrix((left, row.indices, row.indptr), shape=row.shape)

    def _similarity(self, query: sp.csr_matrix, sums: CoRated) -> np.ndarray:
        if self.measure == "msd":
            return msd(sums)[0]
        return shrunk(co_rated_cosine(sums), np.maximum(sums.count - 1, 0), 100.0)[0]

    def _residuals(self) -> sp.csr_matrix:
        return self.biases.residuals(self._ratings)

    def _levels(self, row: sp.csr_matrix, columns: np.ndarray) -> list[Block]:
        return self.biases.blocks(self.biases.of_person(row), columns)
