"""Intervals and tests against known answers."""

import numpy as np
import pytest
from scipy import stats

from avrec.evaluate.intervals import bootstrap, holm, permutation, ratio_bootstrap, wilson


def test_the_bootstrap_agrees_with_scipy():
    values = np.random.default_rng(0).normal(1, 2, 200)
    low, high = bootstrap(values[:, None])
    expected = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=4000, rng=1).confidence_interval
    assert low[0] == pytest.approx(expected.low, abs=0.04)
    assert high[0] == pytest.approx(expected.high, abs=0.04)


def test_it_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(1)
    covered = 0
    for i in range(200):
        low, high = bootstrap(rng.normal(0, 1, (60, 1)), seed=i, resamples=400)
        covered += low[0] <= 0 <= high[0]
    assert 180 <= covered <= 199


def test_unknown_values_are_left_out_and_nothing_gives_nothing():
    low, high = bootstrap(np.array([[1.0, np.nan]] * 6))
    assert (low[0], high[0]) == (1.0, 1.0)
    assert np.isnan(low[1])
    assert np.isnan(bootstrap(np.zeros((0, 2)))[0]).all()
    tops, bottoms = np.array([[1.0], [3.0]] * 3), np.array([[2.0], [6.0]] * 3)
    assert ratio_bootstrap(tops, bottoms)[0][0] == pytest.approx(0.5)


def test_a_handful_of_people_has_no_interval():
    assert np.isnan(bootstrap(np.ones((4, 1)))).all()
    assert not np.isnan(bootstrap(np.ones((5, 1)))).any()


def test_a_share_of_everybody_is_not_certain():
    low, high = wilson(1.0, 38)
    assert (low, high) == pytest.approx((0.9082, 1.0), abs=1e-3)  # 38 / (38 + 1.96^2)
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-3)
    assert wilson(0.0, 10)[0] == 0.0
    rng = np.random.default_rng(0)
    inside = [lo <= 0.9 <= hi for lo, hi in (wilson(rng.binomial(40, 0.9) / 40, 40) for _ in range(400))]
    assert np.mean(inside) > 0.9


def test_the_permutation_test_agrees_with_scipy():
    differences = np.random.default_rng(2).normal(0.25, 1, 50)
    ours = permutation(differences[:, None])[0]
    theirs = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=9999, rng=3)
    assert ours == pytest.approx(theirs.pvalue, abs=0.02)
    assert permutation(np.zeros((5, 1)))[0] == 1.0
    assert permutation(np.zeros((0, 1)))[0] == 1.0
    assert permutation(np.ones((20, 1)))[0] < 0.001


def test_holm_by_hand():
    """Holm 1979: sorted p times (m, m - 1, ...), never falling."""
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []
