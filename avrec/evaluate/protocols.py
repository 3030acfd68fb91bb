"""How a dataset is cut into what a recommender learns from and what it is asked about.

Whole pairs of a person and a clip are held out: nothing of a held-out pair stays in training, neither its weight nor
that it was seen, nor its rating. Only net-positive pairs are targets. All clips that a person has not seen in
training are ranked, never a sample. Event weights decay from the latest event of all; that is one factor for
everybody, and no recommender can see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from avrec.errors import InvalidInputError
from avrec.recommend.dataset import Dataset

LEAVE_ONE_OUT, TEMPORAL, RANDOM, K_FOLD = "leave-one-out", "temporal", "random", "k-fold"
PROTOCOLS = (RANDOM, LEAVE_ONE_OUT, TEMPORAL, K_FOLD)


@dataclass(frozen=True)
class Protocol:
    """A way to cut.

    Attributes:
        name: "random" holds out a share of each person's positives; "leave-one-out" one of each person (the latest
            where times are known, else any); "temporal" everything after one moment; "k-fold" each positive once.
        share: Share held out by "random" and "temporal", in (0, 1).
        folds: Folds of "k-fold".
        minimum: Least number of positives of a person who is tested.
        seed: The same seed gives the same cut.
    """

    name: str = RANDOM
    share: float = 0.2
    folds: int = 5
    minimum: int = 2
    seed: int = 0

    def checked(self) -> "Protocol":
        """The protocol itself.

        Raises:
            InvalidInputError: An unknown name or a value out of its range.
        """
        if self.name not in PROTOCOLS:
            raise InvalidInputError("Protocol", f"{self.name!r} is not one of {', '.join(PROTOCOLS)}")
        if not 0 < self.share < 1:
            raise InvalidInputError("Share held out", "it must be between 0 and 1")
        if not 2 <= self.folds <= 20:
            raise InvalidInputError("Folds", "there are 2 to 20")
        if not 2 <= self.minimum <= 10_000:
            raise InvalidInputError("Minimum history", "it must be from 2 to 10,000")
        return self

    def words(self) -> str:
        """The protocol as people read it."""
        least = f"people with {self.minimum} positives or more, all clips ranked, seed {self.seed}"
        what = {
            RANDOM: f"random {self.share:.0%} of each person's positives held out",
            LEAVE_ONE_OUT: "one positive of each person held out",
            TEMPORAL: f"the latest {self.share:.0%} of positives held out",
            K_FOLD: f"{self.folds} folds of each person's positives",
        }
        return f"{what[self.name]}; {least}"


@dataclass(frozen=True)
class Split:
    """One cut.

    Attributes:
        train: What a recommender may see.
        targets: (people, clips) binary CSR of held-out positives.
        people: Rows with a target, ascending.
    """

    train: Dataset
    targets: sp.csr_matrix
    people: np.ndarray


def splits(dataset: Dataset, protocol: Protocol, times: sp.csr_matrix | None = None) -> Iterator[Split]:
    """Cut a dataset; one split, or one a fold.

    Args:
        times: (people, clips) CSR of seconds since 1970 of each pair's latest event; None where unknown.

    Raises:
        InvalidInputError: A wrong protocol, or "temporal" without times.
    """
    protocol = protocol.checked()
    if protocol.name == TEMPORAL:
        if times is None:
            raise InvalidInputError("Protocol", "this dataset has no times; choose another")
        yield _temporal(dataset, protocol, times)
        return
    rows, columns = _pairs(dataset.positives)
    counts = np.bincount(rows, minlength=len(dataset.user_ids))
    rng = np.random.default_rng(protocol.seed)
    latest = protocol.name == LEAVE_ONE_OUT and times is not None
    keys = -at(times, rows, columns) if latest else rng.random(len(rows))
    place = _place_within(rows, keys, rng.random(len(rows)))
    tested = counts[rows] >= protocol.minimum
    if protocol.name == K_FOLD:
        turn = rng.integers(protocol.folds, size=len(counts))[rows]  # short histories fall into all folds alike
        fold = (place + turn) % protocol.folds
        for f in range(protocol.folds):
            yield _split(dataset, rows, columns, tested & (fold == f) & _leaves_one(rows, tested & (fold == f), counts))
        return
    take = np.ones_like(counts) if protocol.name == LEAVE_ONE_OUT else _share_of(counts, protocol.share)
    held = tested & (place < take[rows])
    split = _split(dataset, rows, columns, held)
    yield _drop_later(split, rows[held], columns[held], times) if latest else split


def without_pairs(dataset: Dataset, rows: np.ndarray, columns: np.ndarray) -> Dataset:
    """The dataset had these pairs of a person and a clip never met."""
    mask = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=dataset.user_items.shape)

    def cut(matrix: sp.csr_matrix) -> sp.csr_matrix:
        kept = sp.csr_matrix(matrix - matrix.multiply(mask))
        kept.eliminate_zeros()
        return kept

    ratings = dataset.ratings
    return replace(
        dataset,
        user_items=cut(dataset.user_items),
        seen=cut(dataset.seen),
        hidden=cut(dataset.hidden),
        ratings=None if ratings is None else cut(ratings),
    )


def at(times: sp.csr_matrix, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(pairs,) entries of a sparse matrix."""
    return np.asarray(times[rows, columns], dtype=float).ravel() if len(rows) else np.zeros(0)


def rating_splits(dataset: Dataset, protocol: Protocol) -> Iterator[tuple[Dataset, sp.csr_matrix]]:
    """Cuts for the prediction of ratings: of any rating, not of positive ones alone.

    Yields:
        What may be learned from, and the held-out ratings, (people, clips) CSR; a fold each for "k-fold", else one
        random share.
    """
    if dataset.ratings is None or not dataset.ratings.nnz:
        return
    rows, columns = _pairs(dataset.ratings)
    values = at(dataset.ratings, rows, columns)
    order = np.random.default_rng(protocol.seed).permutation(len(rows))
    folds = protocol.folds if protocol.name == K_FOLD else max(round(1 / protocol.share), 2)
    for f in range(folds if protocol.name == K_FOLD else 1):
        held = order[f::folds]
        cut = rows[held], columns[held]
        yield (
            without_pairs(dataset, *cut),
            sp.csr_matrix((values[held], cut), shape=dataset.ratings.shape),
        )


def _pairs(matrix: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    pairs = matrix.tocoo()
    order = np.lexsort((pairs.col, pairs.row))
    return pairs.row[order].astype(np.int64), pairs.col[order].astype(np.int64)


def _place_within(rows: np.ndarray, keys: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Each pair's place, from 0, among those of its person by ascending key."""
    order = np.lexsort((ties, keys, rows))
    starts = np.searchsorted(rows[order], rows[order])
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows)) - starts
    return place


def _share_of(counts: np.ndarray, share: float) -> np.ndarray:
    """How many of so many are held out: at least one, and at least one stays."""
    return np.clip(np.round(counts * share).astype(np.int64), 1, np.maximum(counts - 1, 1))


def _leaves_one(rows: np.ndarray, held: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(pairs,) whether the pair's person keeps a positive in training."""
    return (np.bincount(rows[held], minlength=len(counts)) < counts)[rows]


def _split(dataset: Dataset, rows: np.ndarray, columns: np.ndarray, held: np.ndarray) -> Split:
    train = without_pairs(dataset, rows[held], columns[held])
    targets = sp.csr_matrix((np.ones(held.sum()), (rows[held], columns[held])), shape=dataset.user_items.shape)
    return Split(train, targets, np.flatnonzero(targets.getnnz(axis=1)))


def _drop_later(split: Split, rows: np.ndarray, columns: np.ndarray, times: sp.csr_matrix) -> Split:
    """Take out what a person did after the held-out pair: the future of a target must not be known."""
    moment = np.full(times.shape[0], np.inf)
    moment[rows] = at(times, rows, columns)
    pairs = times.tocoo()
    later = pairs.data > moment[pairs.row]
    return replace(split, train=without_pairs(split.train, pairs.row[later], pairs.col[later]))


def _temporal(dataset: Dataset, protocol: Protocol, times: sp.csr_matrix) -> Split:
    """Cut at the moment before which the share of positives lies that is not held out."""
    rows, columns = _pairs(dataset.positives)
    when = at(times, rows, columns)
    moment = float(np.quantile(when, 1 - protocol.share, method="lower")) if len(when) else 0.0
    late = when > moment
    before = np.bincount(rows[~late], minlength=len(dataset.user_ids))
    counts = np.bincount(rows, minlength=len(dataset.user_ids))
    held = late & (before[rows] >= 1) & (counts[rows] >= protocol.minimum)
    split = _split(dataset, rows, columns, held)
    pairs = times.tocoo()
    future = pairs.data > moment
    return replace(split, train=without_pairs(split.train, pairs.row[future], pairs.col[future]))
