"""People of a similar taste, and what they liked that a person has not seen.

Similarity is the cosine of two people's signed weights, shrunk by n / (n + 5) for the n clips that both have a weight
for: two people who agree on one clip are not alike yet.
"""

import numpy as np
import scipy.sparse as sp

from avrec.recommend.dataset import Dataset, Taste
from avrec.schemas import Neighbour, NeighbourLike

SHRINK = 5.0


def similarities(dataset: Dataset, taste: Taste) -> tuple[np.ndarray, np.ndarray]:
    """Shrunk cosines of everybody with a taste, (users,), and the numbers of clips in common, (users,)."""
    everyone = dataset.over_clips
    mine = taste.among(dataset.listable).as_row(dataset.clips)
    dots = np.asarray((everyone @ mine.T).todense()).ravel()
    lengths = np.sqrt(np.asarray(everyone.multiply(everyone).sum(axis=1)).ravel())
    norm = lengths * float(np.sqrt((mine.data**2).sum()))
    common = np.asarray((_there(everyone) @ _there(mine).T).todense()).ravel()
    cosines = np.divide(dots, norm, out=np.zeros_like(dots), where=norm > 1e-12)
    return cosines * common / (common + SHRINK), common.astype(int)


def _there(matrix: sp.csr_matrix) -> sp.csr_matrix:
    found = matrix.copy()
    found.data = (found.data != 0).astype(np.float64)
    return found


def neighbours(dataset: Dataset, row: int, k: int = 20) -> list[Neighbour]:
    """The k people most alike to the one in a row; only those with a similarity above 0."""
    alike, common = similarities(dataset, dataset.taste_of(row))
    alike[row] = 0.0
    best = np.argsort(-alike, kind="stable")[:k]
    return [
        Neighbour(dataset.user_ids[i], float(alike[i]), int(common[i]), float(common[i] / (common[i] + SHRINK)))
        for i in best.tolist()
        if alike[i] > 0
    ]


def liked_by_neighbours(dataset: Dataset, row: int, found: list[Neighbour], k: int = 20) -> list[NeighbourLike]:
    """Clips that neighbours liked and the person has not met, by the sum of the likers' similarities."""
    taste = dataset.taste_of(row)
    rows = np.array([dataset.user_at[n.user_id] for n in found], dtype=np.int64)
    if not len(rows):
        return []
    likes = dataset.positives[rows]
    scores = np.asarray(likes.T @ np.array([n.similarity for n in found])).ravel()
    scores[taste.seen | taste.hidden | ~dataset.listable] = 0.0
    people, corpus = likes.getnnz(axis=0), dataset.corpus
    return [
        NeighbourLike(corpus.clip_ids[c], corpus.titles[c], float(scores[c]), int(people[c]))
        for c in np.argsort(-scores, kind="stable")[:k].tolist()
        if scores[c] > 0
    ]
