"""What a ranked list is like beside being right: diverse, novel, popular, true to the person's mix of topics.

Cheap enough for every rerun of a page. Distances are those that MMR trades on, so the figure answers to its slider.
"""

from collections.abc import Sequence

import numpy as np

from avrec.recommend.base import Recommender
from avrec.recommend.greedy import SMOOTHING
from avrec.recommend.lists import likeness_within
from avrec.recommend.topics import taste_by_topic, topic_matrix
from avrec.schemas import ListMetrics


def intra_list_diversity(likeness: np.ndarray) -> float | None:
    """Mean of 1 - likeness over the pairs of a list (Ziegler et al. 2005); None under two clips.

    Args:
        likeness: (k, k) in [0, 1]; the diagonal is ignored.
    """
    k = len(likeness)
    if k < 2:
        return None
    return float(1 - likeness[np.triu_indices(k, 1)].mean())


def novelty(likes: np.ndarray, people: int) -> float | None:
    """Mean of -log2((likes + 1) / (people + 1)), bits (Zhou et al. 2010, smoothed); None for an empty list."""
    return float(-np.log2((likes + 1) / (people + 1)).mean()) if len(likes) else None


def mean_popularity(likes: np.ndarray, people: int) -> float | None:
    """Mean share of people who like a clip, in [0, 1]; None for an empty list or without people."""
    return float(likes.mean() / people) if len(likes) and people else None


def calibration_divergence(wanted: np.ndarray, topics: np.ndarray) -> float | None:
    """KL(p || (1 - a) q + a p) in bits, a = .01 (Steck 2018): 0 where the list has the person's mix of topics.

    Args:
        wanted: (topics,) the person's distribution p.
        topics: (k, topics) each clip's shares, rows summing to 1 or, without a topic, to 0.

    Returns:
        None where the person's topics are not known or the list is empty.
    """
    if not len(topics) or not wanted.any():
        return None
    mixed = (1 - SMOOTHING) * topics.mean(axis=0) + SMOOTHING * wanted
    some = wanted > 0
    return float((wanted[some] * np.log2(wanted[some] / mixed[some])).sum())


def list_metrics(model: Recommender, user_id: str, clip_ids: Sequence[str]) -> ListMetrics:
    """All of them for one person's list.

    Raises:
        UnknownUserError, UnknownClipError: As they say.
    """
    data = model.dataset
    taste = data.taste(user_id)
    clips = np.array([data.clip(clip_id) for clip_id in clip_ids], dtype=np.int64)
    if not len(clips):
        return ListMetrics()
    likes, people = data.liked[clips], int((data.positives.getnnz(axis=1) > 0).sum())
    names, matrix = topic_matrix(data.corpus)
    shares = taste_by_topic(data, taste)
    wanted = np.array([shares.get(name, 0.0) for name in names])
    return ListMetrics(
        intra_list_diversity(likeness_within(model, clips)) if len(clips) > 1 else None,
        novelty(likes, people),
        mean_popularity(likes, people),
        calibration_divergence(wanted, matrix[clips].toarray()),
    )
