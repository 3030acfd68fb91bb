"""Overlap of ranked lists against values worked out by hand from Webber et al. (2010), eq. 32."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrec.evaluate.overlap import jaccard, matrices, rbo

ranked = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)


@pytest.mark.parametrize(
    ("first", "second", "p", "expected"),
    [
        # X = 1, 1, 3: (.1 / .9) (.9 + .81 / 2 + .729) + .729
        ("abc", "acb", 0.9, 0.955),
        # X = 0, 2: (.5 / .5) (0 + 1 x .25) + 1 x .25
        ("ab", "ba", 0.5, 0.5),
        # s = 1, l = 2, X = 1, 1: (.5 + .125) + 1 x 1 / 2 x .25, and a tail of .25
        ("a", "ab", 0.5, 1.0),
        # s = 1, l = 2, X = 0, 1: .5 x .25, and a tail of 1 / 2 x .25
        ("a", "ba", 0.5, 0.25),
        ("abc", "xyz", 0.9, 0.0),
        ("", "", 0.9, 1.0),
        ("", "abc", 0.9, 0.0),
    ],
)
def test_rbo_by_hand(first, second, p, expected):
    assert rbo(first, second, p) == pytest.approx(expected, abs=1e-12)
    assert rbo(second, first, p) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "expected"), [("abc", "bcd", 0.5), ("ab", "ba", 1), ("a", "", 0), ("", "", 1)]
)
def test_jaccard_by_hand(first, second, expected):
    assert jaccard(first, second) == expected


def test_agreement_at_the_top_counts_more():
    assert rbo("abcdef", "abcxyz") > rbo("abcdef", "xyzdef")
    assert jaccard("abcdef", "abcxyz") == jaccard("abcdef", "xyzdef")


@given(ranked, ranked)
def test_both_lie_in_the_unit_interval_and_are_symmetric(first, second):
    for measure in (jaccard, rbo):
        value = measure(first, second)
        assert -1e-12 <= value <= 1 + 1e-12
        assert value == pytest.approx(measure(second, first))
        assert measure(first, first) == pytest.approx(1)


def test_matrices_hold_every_pair():
    sets, ranks = matrices(["abc", "acb", "xyz"])
    assert sets == ((1, 1, 0), (1, 1, 0), (0, 0, 1))
    assert ranks[0][1] == pytest.approx(0.955)
