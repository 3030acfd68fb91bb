"""What speaks for a clip whoever the person is, beside popularity: rated quality, freshness, the long tail.

Each is standardised over the library and weighted in units of the recommender's own scores, so that a weight of 1
moves a clip of one deviation by one deviation. Each is one leaf of the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from avrec.explain.ledger import Block, prior_leaf
from avrec.recommend.dataset import Dataset
from avrec.recommend.options import ListOptions
from avrec.recommend.topics import topic_matrix

if TYPE_CHECKING:
    from avrec.recommend.base import Recommender

PRIOR_RATINGS = 5.0  # a clip's mean rating counts like so many ratings at the library's mean
FRESH_DAYS = 30.0
PIN = 2.0  # deviations of the score that a pinned topic adds to a clip that is wholly about it


def quality(dataset: Dataset) -> np.ndarray:
    """Bayesian-shrunk mean rating, (sum + m mu) / (n + m), m = 5, mu the mean of all ratings; (clips,) stars.

    All equal where nobody rates.
    """
    if dataset.ratings is None or not dataset.ratings.nnz:
        return np.zeros(dataset.clips)
    counts = dataset.ratings.getnnz(axis=0)
    sums = np.asarray(dataset.ratings.sum(axis=0)).ravel()
    mean = float(dataset.ratings.data.mean())
    return (sums + PRIOR_RATINGS * mean) / (counts + PRIOR_RATINGS)


def freshness(dataset: Dataset) -> np.ndarray:
    """2^(-age / 30 days), age counted from the newest clip; (clips,) in (0, 1]."""
    times = np.array([at.timestamp() for at in dataset.corpus.added_at])
    return np.exp2(-(times.max() - times) / 86_400 / FRESH_DAYS) if len(times) else np.zeros(0)


def long_tail(dataset: Dataset) -> np.ndarray:
    """-log2((likes + 1) / (people + 1)): self-information in bits of being liked, (clips,)."""
    people = max(int((dataset.positives.getnnz(axis=1) > 0).sum()), 1)
    return -np.log2((dataset.liked + 1) / (people + 1))


PRIORS = {"quality": quality, "freshness": freshness, "long_tail": long_tail}
LABELS = {"quality": "rated well", "freshness": "added lately", "long_tail": "liked by few"}


def standardised(dataset: Dataset, name: str) -> np.ndarray:
    """A prior as deviations from the library's mean, (clips,); zeros where all are equal."""
    values = PRIORS[name](dataset)
    mine = values[dataset.listable]
    deviation = float(mine.std()) if len(mine) else 0.0
    return (values - mine.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)


def pinned(dataset: Dataset, topics: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Topic -> (clips,) share of each clip that is about it; topics that the library lacks are left out."""
    names, matrix = topic_matrix(dataset.corpus)
    return {name: matrix[:, [names.index(name)]].toarray().ravel() for name in topics if name in names}


def banned(dataset: Dataset, topics: tuple[str, ...]) -> np.ndarray:
    """(clips,) whether a clip is about any of some topics."""
    names, matrix = topic_matrix(dataset.corpus)
    columns = [names.index(name) for name in topics if name in names]
    return np.asarray(matrix[:, columns].sum(axis=1)).ravel() > 0 if columns else np.zeros(dataset.clips, dtype=bool)


def _chosen(options: ListOptions) -> dict[str, float]:
    return {name: getattr(options, name) for name in PRIORS if getattr(options, name)}


def prior_scores(model: Recommender, options: ListOptions) -> np.ndarray | float:
    """What the priors add to each clip, (clips,)."""
    chosen, pins = _chosen(options), pinned(model.dataset, options.pinned)
    if not chosen and not pins:
        return 0.0
    lifted = PIN * sum(pins.values())
    return model.unit * (lifted + sum(w * standardised(model.dataset, name) for name, w in chosen.items()))


def prior_blocks(model: Recommender, options: ListOptions, columns: np.ndarray) -> list[Block]:
    """The same as lines of the ledger."""
    chosen, pins = _chosen(options), pinned(model.dataset, options.pinned)
    unit = model.unit if chosen or pins else 1.0
    blocks = [
        Block(
            "prior", name, prior_leaf(name, LABELS[name]),
            (unit * weight * standardised(model.dataset, name)[columns])[None], weight,
        )
        for name, weight in chosen.items()
    ]  # fmt: skip
    for name, shares in pins.items():
        leaf = prior_leaf(f"pinned {name}", f"pinned topic {name}")
        blocks.append(Block("prior", f"pinned topic {name}", leaf, (unit * PIN * shares[columns])[None], PIN))
    return blocks
