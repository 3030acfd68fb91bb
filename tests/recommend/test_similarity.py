"""Similarities against hand computation, scipy and scikit-learn; and where they are undefined."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from rated import dataset_of, random_ratings
from scipy.stats import pearsonr
from sklearn.metrics.pairwise import cosine_similarity

from avrec.recommend.pure_svd import centred
from avrec.recommend.similarity import RatingRows, co_rated_cosine, msd, pearson, shrunk, weighted_mean

_ = np.nan


def rows_of(table):
    ratings = dataset_of(table).user_items
    return RatingRows(ratings), ratings


def sums_of(table):
    rows, ratings = rows_of(table)
    return rows.co_rated(ratings)


def test_pearson_by_hand():
    # Co-rated: clips 0, 1, 3 with (5, 3, 4) and (4, 2, 5): means 4 and 11/3, r = 2 / sqrt(2 * 14/3).
    r = pearson(sums_of([[5, 3, _, 4, 1], [4, 2, 5, 5, _]]))
    assert r[0, 1] == pytest.approx(2 / np.sqrt(2 * 14 / 3))
    assert r[0, 1] == pytest.approx(0.6546536707)
    assert r[0, 0] == pytest.approx(1.0)
    np.testing.assert_allclose(r, r.T)


def test_pearsons_means_are_over_co_rated_clips_alone():
    """The clip that only one of them rated must not move the correlation."""
    for extra in (1, 3, 5):
        assert pearson(sums_of([[5, 3, 4, extra], [4, 2, 5, _]]))[0, 1] == pytest.approx(0.6546536707)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_pearson_is_scipys_on_what_both_rated(seed):
    table = random_ratings(8, 12, 0.6, seed)
    found = pearson(sums_of(table))
    for u in range(8):
        for v in range(8):
            both = ~np.isnan(table[u]) & ~np.isnan(table[v])
            a, b = table[u, both], table[v, both]
            defined = both.sum() >= 2 and np.ptp(a) > 0 and np.ptp(b) > 0
            assert found[u, v] == pytest.approx(pearsonr(a, b)[0] if defined else 0.0, abs=1e-9)


@pytest.mark.parametrize(
    "table",
    [
        [[5, _, _], [_, 4, _]],  # nothing in common
        [[5, 3, _], [4, _, 1]],  # one clip in common
        [[4, 4, 4], [1, 3, 5]],  # one side does not vary
        [[4.1, 4.1, 4.1], [4.1, 4.1, 4.1]],  # neither does, in numbers that round
        [[_, _, _], [1, 2, 3]],  # nothing rated
    ],
)
def test_an_undefined_correlation_is_zero(table):
    sums = sums_of(table)
    assert pearson(sums)[0, 1] == 0
    assert np.isfinite(pearson(sums)).all()
    if np.isnan(table[0][2]):
        assert co_rated_cosine(sums)[0, 1] == 0


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_absurd_numbers_give_no_nan():
    sums = sums_of([[1e308, -1e308, 1e308], [1e308, 1e308, -1e308], [1, 2, 3]])
    for measure in (pearson, co_rated_cosine):
        assert np.isfinite(measure(sums)).all()
        assert np.abs(measure(sums)).max() <= 1


def test_stored_zeros_are_ratings():
    both = sums_of([[0, 1, -1], [0, 1, -1]])
    assert both.count[0, 1] == 3
    assert pearson(both)[0, 1] == pytest.approx(1)
    assert sums_of([[_, 1, -1], [0, 1, -1]]).count[0, 1] == 2


def test_shrinking_by_hand():
    plain, small = pearson(sums_of([[5, 3, 4], [4, 2, 5]])), pearson(sums_of([[5, 3, 4], [4, 2, 5]]), beta=6)
    assert small[0, 1] == pytest.approx(plain[0, 1] * 3 / 9)
    assert shrunk(np.array(0.8), np.array(2.0), 0.0) == 0.8


def test_cosine_is_scikit_learns_over_whole_rows_and_columns():
    table = random_ratings(9, 7, 0.5, 4)
    rows, ratings = rows_of(table)
    np.testing.assert_allclose(rows.cosine(ratings), cosine_similarity(ratings), atol=1e-12)
    columns = sp.csr_matrix(ratings.T)
    np.testing.assert_allclose(RatingRows(columns).cosine(columns), cosine_similarity(columns), atol=1e-12)


def test_adjusted_cosine_by_hand():
    # People's means: 3, 3, 2. Columns 0 and 1 less the means, over people 0 and 1: (2, -1) and (0, 1).
    table = np.array([[5, 3, 1], [2, 4, _], [_, 1, 3]])
    left = sp.csr_matrix(centred(dataset_of(table).user_items)[0].T)
    found = co_rated_cosine(RatingRows(left).co_rated(left))
    assert found[0, 1] == pytest.approx((2 * 0 + -1 * 1) / (np.sqrt(5) * 1))


def test_msd_by_hand():
    found = msd(sums_of([[5, 3, 4, 1], [4, 1, _, _], [_, _, _, _]]))
    assert found[0, 1] == pytest.approx(1 / (1 + (1 + 4) / 2))
    assert found[0, 2] == 0
    assert found[0, 0] == 1


def test_weighted_mean_by_hand():
    similarity = np.array([[0.5, 0.0], [-0.25, 0.0]])
    values = np.array([[2.0, 9.0], [1.0, 9.0]])
    np.testing.assert_allclose(weighted_mean(similarity, values), [(0.5 * 2 - 0.25 * 1) / 0.75, 0.0])
    np.testing.assert_allclose(weighted_mean(similarity, values, 0.25), [0.75 / 1.0, 0.0])
