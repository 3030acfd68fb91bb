"""One ruler for everybody: all clips ranked, what was seen in training left out, metrics a person, intervals."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from avrec.evaluate.intervals import bootstrap
from avrec.evaluate.metrics import accuracy, hits_of, top_lists
from avrec.recommend.dataset import Dataset

Scores = Callable[[np.ndarray], np.ndarray]  # rows of people -> (people, clips)
Values = dict[str, np.ndarray]  # metric -> a value a person
BLOCK = 512
SEED = 7


@dataclass(frozen=True)
class Question:
    """What is asked of a recommender.

    Attributes:
        train: What it was fitted on; what was seen there is not ranked.
        targets: (people, clips) binary.
    """

    train: Dataset
    targets: sp.csr_matrix

    @property
    def people(self) -> np.ndarray:
        """Rows with a target."""
        return np.flatnonzero(self.targets.getnnz(axis=1))


@dataclass(frozen=True)
class Measured:
    """A recommender's values on a question, and what fitting cost."""

    name: str
    values: Values
    seconds: float = float("nan")


def measure(scores: Scores, question: Question, k: int) -> Values:
    """Recall, precision, nDCG and the others at k for each person with a target.

    Equal scores stand in one random order, the same for everybody: never in the order of the clips.
    """
    ties = np.random.default_rng(SEED).permutation(question.train.clips)
    found: list[Values] = []
    for start in range(0, len(question.people), BLOCK):
        rows = question.people[start : start + BLOCK]
        allowed = question.train.seen[rows].toarray() == 0
        lists = top_lists(np.asarray(scores(rows)), allowed, ties, k)
        targets = question.targets[rows]
        found.append(accuracy(hits_of(lists, targets), targets.getnnz(axis=1)))
    return {metric: np.concatenate([block[metric] for block in found]) for metric in found[0]}


def worth(values: Values) -> float:
    """What tuning looks at: recall + nDCG."""
    return float(values["recall"].mean() + values["ndcg"].mean())


def best_of(settings: Sequence[object], made: Callable[[object], Scores], question: Question, k: int) -> object:
    """The settings that are best on a validation question."""
    return max(settings, key=lambda each: worth(measure(made(each), question, k)))


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """What some work gives, and its CPU seconds: other work on the machine does not count."""
    started = time.process_time()
    made = work()
    return made, time.process_time() - started


def mean_cell(values: np.ndarray, digits: int = 4) -> str:
    """Mean with its 95 % interval."""
    low, high = bootstrap(values[:, None])
    return f"{values.mean():.{digits}f} [{low[0]:.{digits}f}, {high[0]:.{digits}f}]".replace("0.", ".")


def gain_cell(ours: np.ndarray, other: np.ndarray, digits: int = 4) -> str:
    """Paired difference with its 95 % interval; bold where it excludes zero."""
    low, high = bootstrap((ours - other)[:, None])
    text = f"{(ours - other).mean():+.{digits}f} [{low[0]:+.{digits}f}, {high[0]:+.{digits}f}]".replace("0.", ".")
    return f"**{text}**" if low[0] > 0 or high[0] < 0 else text


def largest_gap(model: object, pairs: int = 500) -> float:
    """Largest |sum of the ledger's leaves - score| over random pairs of a person and a clip."""
    rng, data, worst = np.random.default_rng(SEED), model.dataset, 0.0
    people = np.flatnonzero(data.positives.getnnz(axis=1))
    for row, clip in zip(rng.choice(people, pairs), rng.integers(data.clips, size=pairs), strict=True):
        user_id, clip_id = data.user_ids[row], data.corpus.clip_ids[clip]
        leaves = model.contributions(user_id, clip_id).leaves()
        worst = max(worst, abs(sum(leaf.value for leaf in leaves) - float(model.score(user_id, [clip_id])[0])))
    return worst
