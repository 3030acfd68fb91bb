"""What people's histories and lists are about, in names of topics: for calibration and for showing a taste."""

from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.greedy import TopicTarget
from avrec.schemas import Corpus


@lru_cache(maxsize=8)
def _incidence(topics: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], sp.csr_matrix]:
    names = tuple(sorted({name for mine in topics for name in mine}))
    at = {name: i for i, name in enumerate(names)}
    rows = [i for i, mine in enumerate(topics) for _ in mine]
    columns = [at[name] for mine in topics for name in mine]
    shares = [1 / len(mine) for mine in topics for _ in mine]
    return names, sp.csr_matrix((shares, (rows, columns)), shape=(len(topics), len(names)))


def topic_matrix(corpus: Corpus) -> tuple[tuple[str, ...], sp.csr_matrix]:
    """Names of the topics, and (clips, topics) CSR of each clip's shares, summing to 1 or, without a topic, to 0."""
    topics = corpus.topics or ((),) * len(corpus.clip_ids)
    return _incidence(topics)


def taste_by_topic(dataset: Dataset, taste: Taste) -> dict[str, float]:
    """Topic -> share of the person's positive weight, the largest first; empty without topics or positives."""
    names, matrix = topic_matrix(dataset.corpus)
    shares = _distribution(matrix, taste)
    return {names[i]: float(shares[i]) for i in np.argsort(-shares, kind="stable") if shares[i] > 0}


def _distribution(matrix: sp.csr_matrix, taste: Taste) -> np.ndarray:
    positive = np.maximum(taste.weights, 0.0)
    sums = np.asarray(matrix[taste.clips].T @ positive).ravel()
    total = float(sums.sum())
    return sums / total if total > 0 else np.zeros(matrix.shape[1])


def topic_target(dataset: Dataset, taste: Taste, pool: np.ndarray) -> TopicTarget | None:
    """The person's topics as a target for a pool of clips; None where there is nothing to aim at."""
    _, matrix = topic_matrix(dataset.corpus)
    wanted = _distribution(matrix, taste)
    return TopicTarget(wanted, matrix[pool].toarray()) if wanted.any() and len(pool) else None
