"""Metrics against hand values, scikit-learn, and their own bounds."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

from avrec.evaluate import metrics

HITS = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]], dtype=bool)


def test_hand_values():
    got = metrics.accuracy(HITS, np.array([3, 2, 1]))
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    np.testing.assert_allclose(got["ndcg"], [1.5 / ideal, 0, 1 / np.log2(3)])
    np.testing.assert_allclose(got["recall"], [2 / 3, 0, 1])
    np.testing.assert_allclose(got["precision"], [2 / 5, 0, 1 / 5])
    np.testing.assert_allclose(got["map"], [(1 + 2 / 3) / 3, 0, 1 / 2])
    np.testing.assert_allclose(got["mrr"], [1, 0, 1 / 2])
    np.testing.assert_allclose(got["hit"], [1, 0, 1])


def test_a_person_without_targets_counts_for_nothing():
    got = metrics.accuracy(HITS[:1], np.array([0]))
    assert all(np.isnan(value[0]) for value in got.values())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 30))
def test_against_scikit_learn(seed, clips):
    """Whole rankings, without ties: scikit-learn has no cut-off for average precision."""
    rng = np.random.default_rng(seed)
    scores = rng.permutation(clips)[None].astype(float)
    truth = rng.random((1, clips)) < 0.3
    truth[0, rng.integers(clips)] = True
    truth[0, rng.integers(clips)] ^= not truth.all()
    if not truth.any() or truth.all():
        return
    allowed = np.ones_like(truth)
    lists = metrics.top_lists(scores, allowed, np.arange(clips), clips)
    hits = metrics.hits_of(lists, sp.csr_matrix(truth.astype(float)))
    got = metrics.accuracy(hits, truth.sum(axis=1))
    assert got["ndcg"][0] == pytest.approx(ndcg_score(truth.astype(float), scores))
    assert got["map"][0] == pytest.approx(average_precision_score(truth[0], scores[0]))
    assert metrics.auc(scores, allowed, truth)[0] == pytest.approx(roc_auc_score(truth[0], scores[0]))
    cut = metrics.accuracy(hits[:, :3], truth.sum(axis=1))
    assert cut["ndcg"][0] == pytest.approx(ndcg_score(truth.astype(float), scores, k=3))


def test_auc_counts_ties_half_and_only_what_may_be_listed():
    scores = np.array([[3.0, 1.0, 1.0, 9.0, np.nan]])
    allowed = np.array([[True, True, True, False, True]])
    targets = np.array([[False, True, False, True, False]])
    # Of three others one is above, one level, and the clip without a score is below.
    assert metrics.auc(scores, allowed, targets)[0] == pytest.approx((0 + 0.5 + 1) / 3)


def test_lists_keep_what_is_allowed_in_the_order_of_scores_then_ties():
    scores = np.array([[1.0, 5.0, 1.0, np.inf, 1.0, -2.0]])
    allowed = np.array([[True, False, True, True, True, True]])
    ties = np.array([4, 0, 1, 2, 3, 5])
    lists = metrics.top_lists(scores, allowed, ties, 4)
    assert lists.tolist() == [[2, 4, 0, 5]]  # an infinite score is no score, and stands last
    assert metrics.top_lists(scores, np.zeros_like(allowed), ties, 4).tolist() == [[-1] * 4]
    assert metrics.top_lists(scores[:, :0], allowed[:, :0], ties[:0], 2).tolist() == [[-1, -1]]


def test_a_list_shorter_than_k_is_padded():
    lists = metrics.top_lists(np.array([[2.0, 1.0, 3.0]]), np.array([[True, False, True]]), np.arange(3), 5)
    assert lists.tolist() == [[2, 0, -1, -1, -1]]
    assert metrics.hits_of(lists, sp.csr_matrix([[1.0, 0, 0]])).tolist() == [[False, True, False, False, False]]


def test_beyond_accuracy_by_hand():
    lists = np.array([[0, 1], [2, -1]])
    likeness = np.array([[1, 0.25, 0], [0.25, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(metrics.diversity(lists, likeness, np.arange(3)), [0.75, np.nan])
    np.testing.assert_allclose(metrics.novelty(lists, np.array([3, 1, 0]), 7), [(1 + 2) / 2, 3])
    hits = np.array([[True, True], [True, False]])
    np.testing.assert_allclose(metrics.serendipity(lists, hits, np.array([[0, 5], [4, 5]])), [0.5, 1.0])
    assert metrics.coverage(np.array([2, 0, 1]), np.array([True, True, True])) == pytest.approx(2 / 3)
    assert metrics.gini(np.array([5, 5, 5])) == pytest.approx(0)
    assert metrics.gini(np.array([0, 0, 9])) == pytest.approx(2 / 3)
    assert np.isnan(metrics.gini(np.zeros(3)))


def test_rating_errors_add_up_to_rmse_and_mae():
    parts = metrics.rating_errors(np.array([4.0, 2.0, 5.0]), np.array([5.0, 2.0, 3.0]), np.array([0, 0, 1]))
    assert parts["squared"].tolist() == [1.0, 4.0]
    assert parts["absolute"].sum() / parts["count"].sum() == 1.0
