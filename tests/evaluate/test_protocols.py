"""Cuts: nothing of a held-out pair is left in training, and nothing of the future."""

import numpy as np
import pytest
import scipy.sparse as sp

from avrec.errors import InvalidInputError
from avrec.evaluate.datasets import pair_times
from avrec.evaluate.protocols import PROTOCOLS, Protocol, rating_splits, splits
from avrec.recommend.dataset import Dataset
from avrec.recommend.events import event_frame
from tests.synthetic import make_corpus, make_dataset, make_events


def made(users=12, each=12):
    corpus = make_corpus(30)
    events = make_events(corpus, users, each)
    data = Dataset.build(corpus, [f"u{u}" for u in range(users)] + ["cold"], events)
    return data, pair_times(data, event_frame(events))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_held_out_pair_leaves_no_trace_in_training(name):
    data, times = made()
    for split in splits(data, Protocol(name), times):
        rows, columns = split.targets.nonzero()
        assert len(rows)
        for matrix in (split.train.user_items, split.train.seen, split.train.hidden, split.train.ratings):
            assert not matrix.multiply(split.targets).nnz
        assert (data.positives[rows, columns] == 1).all()
        assert (split.train.positives.getnnz(axis=1)[split.people] >= 1).all()
        assert split.people.tolist() == sorted(set(rows.tolist()))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_same_seed_cuts_alike_and_another_does_not(name):
    data, times = made()
    cut = lambda seed: [s.targets.toarray() for s in splits(data, Protocol(name, seed=seed), times)]  # noqa: E731
    first, again, other = cut(1), cut(1), cut(2)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    if name in ("random", "k-fold"):
        assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_each_positive_is_held_out_once_in_folds():
    data, _ = made()
    total = sum(split.targets for split in splits(data, Protocol("k-fold", folds=4)))
    enough = data.positives.getnnz(axis=1) >= 2
    assert (total.toarray()[enough] <= 1).all()
    assert total.nnz == data.positives[enough].nnz


def test_nothing_after_the_moment_stays_in_training():
    data, times = made()
    split = next(splits(data, Protocol("temporal", share=0.3), times))
    rows, columns = split.targets.nonzero()
    first_held = np.asarray(times[rows, columns]).min()
    kept = times.multiply(split.train.seen > 0).tocoo()
    assert kept.data.max() < first_held


def test_leave_one_out_takes_the_latest_and_what_came_after_it():
    data, times = made()
    split = next(splits(data, Protocol("leave-one-out"), times))
    assert (split.targets.getnnz(axis=1)[split.people] == 1).all()
    for person in split.people:
        mine = times[[person]].multiply(data.positives[[person]]).tocoo()
        held = split.targets[[person]].indices[0]
        assert times[person, held] == mine.data.max()
        kept = times[[person]].multiply(split.train.seen[[person]] > 0)
        assert not kept.nnz or kept.data.max() <= mine.data.max()


def test_people_with_too_short_a_history_are_not_tested():
    data, _ = made()
    split = next(splits(data, Protocol(minimum=5)))
    assert (data.positives.getnnz(axis=1)[split.people] >= 5).all()


def test_ratings_are_held_out_whatever_they_say():
    data, _ = made()
    folds = list(rating_splits(data, Protocol("k-fold", folds=3)))
    assert len(folds) == 3
    assert sum(held.nnz for _, held in folds) == data.ratings.nnz
    for train, held in folds:
        assert not (train.ratings.multiply(held)).nnz
    total = sum((held for _, held in folds), sp.csr_matrix(data.ratings.shape))
    assert (total != data.ratings).nnz == 0


@pytest.mark.parametrize(
    "wrong",
    [Protocol("by lot"), Protocol(share=0.0), Protocol(share=1.0), Protocol(folds=1), Protocol(minimum=1)],
)
def test_wrong_protocols_are_told(wrong):
    with pytest.raises(InvalidInputError):
        next(splits(make_dataset(), wrong))


def test_temporal_needs_times():
    with pytest.raises(InvalidInputError, match="no times"):
        next(splits(make_dataset(), Protocol("temporal")))
