"""Runs algorithms over the splits of a dataset, and gathers what each person got.

Nothing that is learned from interactions sees a held-out pair: every recommender is fitted on `split.train` alone.
Content calibration and TF-IDF are fitted on the clips, which hold no interaction.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp

from avrec.errors import AvrecError, JobCancelledError
from avrec.evaluate import metrics
from avrec.evaluate.protocols import Protocol, Split, rating_splits
from avrec.recommend.base import Recommender
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.presets import FITTED

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]
BLOCK = 256
MOST_LIKENESS = 4000  # clips in lists whose likeness is compared; above it, by the first lists that fit
LIKENESS_LIMIT = 4.0  # deviations above a random pair that count as the same


@dataclass
class Outcome:
    """What one recommender did on one split.

    Attributes:
        people: (people,) rows of the dataset.
        lists: (people, k) clips, -1 where a list ends.
        values: Metric -> (people,).
    """

    people: np.ndarray
    lists: np.ndarray
    hits: np.ndarray
    values: dict[str, np.ndarray]
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    model: Recommender | None = None


@dataclass
class Tally:
    """What one recommender did over all splits; `error` where it could not."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    ratings: dict[str, np.ndarray] | None = None
    error: str = ""


def allowed_clips(train: Dataset, people: np.ndarray) -> np.ndarray:
    """(people, clips) what each may be recommended: all that training does not hold as seen or hidden."""
    away = (train.seen[people] + train.hidden[people]).toarray() > 0
    return ~away & train.listable


def score_blocks(
    model: Recommender, train: Dataset, people: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(positions in `people`, scores, allowed) of a few hundred people at a time."""
    for start in range(0, len(people), BLOCK):
        at = np.arange(start, min(start + BLOCK, len(people)))
        scores = np.asarray(model.scores_of(people[at]), dtype=np.float64)
        yield at, scores, allowed_clips(train, people[at])


def run_split(model: Recommender, split: Split, k: int, ties: np.ndarray) -> Outcome:
    """Rank every tested person's unseen clips with a fitted model.

    Args:
        ties: (clips,) a permutation: equal scores stand in its order, the same for all algorithms.
    """
    people, n = split.people, len(split.people)
    lists, area = np.full((n, k), -1, dtype=np.int64), np.full(n, np.nan)
    started = time.monotonic()
    for at, scores, allowed in score_blocks(model, split.train, people):
        lists[at] = metrics.top_lists(scores, allowed, ties, k)
        area[at] = metrics.auc(scores, allowed, split.targets[people[at]].toarray() > 0)
    targets = split.targets[people]
    hits = metrics.hits_of(lists, targets)
    values = metrics.accuracy(hits, targets.getnnz(axis=1)) | {"auc": area}
    return Outcome(people, lists, hits, values, score_seconds=time.monotonic() - started, model=model)


def fit(make: Callable[[], Recommender], train: Dataset, content: ContentModel) -> tuple[Recommender, float]:
    """A fitted recommender and how many seconds fitting took."""
    started = time.monotonic()
    model = make().fit(train, content)
    return model, time.monotonic() - started


def tally(
    name: str,
    make: Callable[[], Recommender],
    splits: list[Split],
    k: int,
    content: ContentModel,
    ties: np.ndarray,
) -> Tally:
    """Fit and rank on every split. What fails is told, and the other algorithms go on."""
    found = Tally(name)
    try:
        for split in splits:
            model, seconds = fit(make, split.train, content)
            outcome = run_split(model, split, k, ties)
            outcome.fit_seconds = seconds
            found.outcomes.append(outcome)
    except JobCancelledError:
        raise
    except AvrecError as error:
        found.error = str(error)
    except Exception:
        log.exception("%s could not be evaluated", name)
        found.error = "It could not be fitted on this dataset; the log has the details."
    return found


def add_beyond(tallies: list[Tally], splits: list[Split], content: ContentModel) -> None:
    """Diversity, novelty, serendipity and popularity of every list, into the outcomes."""
    expected = next((t for t in tallies if t.name == "popularity" and t.outcomes), None)
    for one in tallies:
        for s, outcome in enumerate(one.outcomes):
            train = splits[s].train
            active = int((train.positives.getnnz(axis=1) > 0).sum())
            values = {
                "novelty": metrics.novelty(outcome.lists, train.liked, active),
                "popularity": metrics.mean_of(outcome.lists, train.liked / max(active, 1)),
            }
            if content.present.any():
                values["diversity"] = spread(outcome.lists, content)
            if expected is not None:
                other = expected.outcomes[s].lists
                values["serendipity"] = metrics.serendipity(outcome.lists, outcome.hits, other)
            outcome.values |= values


def spread(lists: np.ndarray, content: ContentModel) -> np.ndarray:
    """Intra-list diversity by content, (people,); NaN past the first lists that fit into memory."""
    out = np.full(len(lists), np.nan)
    rows = len(lists)
    listed = np.unique(lists[lists >= 0])
    while len(listed) > MOST_LIKENESS and rows > 1:
        rows //= 2
        listed = np.unique(lists[:rows][lists[:rows] >= 0])
    if not len(listed):
        return out
    like = np.clip(content.likeness(listed, FITTED, listed) / LIKENESS_LIMIT, 0, 1)
    at = np.zeros(len(content.corpus.clip_ids), dtype=np.int64)
    at[listed] = np.arange(len(listed))
    out[:rows] = metrics.diversity(lists[:rows], like, at)
    return out


def predict_ratings(
    make: Callable[[], Recommender], dataset: Dataset, protocol: Protocol, content: ContentModel
) -> dict[str, np.ndarray] | None:
    """Errors of predicted ratings a person, for recommenders that predict them; None for the others.

    Such recommenders take the stars themselves for weights.
    """
    if dataset.ratings is None or not hasattr(make(), "predict"):
        return None
    sums: dict[str, np.ndarray] = {}
    for train, held in rating_splits(dataset, protocol):
        model = make().fit(replace(train, user_items=sp.csr_matrix(train.ratings)), content)
        pairs = held.tocoo()
        users = pairs.row.astype(np.int64)
        predicted = np.asarray(model.predict(users, pairs.col.astype(np.int64)), dtype=float)
        n = len(dataset.user_ids)
        for name, value in metrics.rating_errors(predicted, pairs.data, users).items():
            sums[name] = sums.get(name, np.zeros(n)) + np.pad(value, (0, n - len(value)))
    return sums or None


def per_person(outcomes: list[Outcome], people: np.ndarray) -> dict[str, np.ndarray]:
    """Metric -> (people,) the mean over the splits in which a person was tested; NaN where it cannot be told."""
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.values)
    found = {}
    for name in names:
        sums, counts = np.zeros(len(people)), np.zeros(len(people))
        for outcome in outcomes:
            values = outcome.values.get(name)
            if values is None:
                continue
            known = ~np.isnan(values)
            at = np.searchsorted(people, outcome.people[known])
            np.add.at(sums, at, values[known])
            np.add.at(counts, at, 1)
        found[name] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return found
