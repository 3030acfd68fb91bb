"""What a list is like: by hand, and over a made-up library."""

import numpy as np
import pytest
from synthetic import make_dataset

from avrec.errors import UnknownClipError, UnknownUserError
from avrec.evaluate.list_metrics import (
    calibration_divergence,
    intra_list_diversity,
    list_metrics,
    mean_popularity,
    novelty,
)
from avrec.recommend.options import ListOptions
from avrec.recommend.registry import make
from avrec.schemas import ListMetrics


def test_diversity_is_the_mean_distance_of_two_clips():
    likeness = np.array([[9.0, 0.5, 0.0], [0.5, 9.0, 0.7], [0.0, 0.7, 9.0]])
    assert intra_list_diversity(likeness) == pytest.approx(1 - (0.5 + 0.0 + 0.7) / 3)
    assert intra_list_diversity(np.ones((1, 1))) is None


def test_novelty_and_popularity_by_hand():
    likes = np.array([0, 3])
    assert novelty(likes, 3) == pytest.approx((2 + 0) / 2)  # -log2(1 / 4), -log2(4 / 4)
    assert mean_popularity(likes, 3) == pytest.approx(0.5)
    assert novelty(likes[:0], 3) is None
    assert mean_popularity(likes, 0) is None


def test_divergence_is_zero_for_the_same_mix_and_grows_with_what_is_missing():
    wanted = np.array([0.5, 0.5, 0.0])
    assert calibration_divergence(wanted, np.eye(3)[[0, 1]]) == pytest.approx(0)
    half = calibration_divergence(wanted, np.eye(3)[[0, 0]])
    assert half == pytest.approx(0.5 * np.log2(0.5 / 0.995) + 0.5 * np.log2(0.5 / 0.005))
    assert calibration_divergence(wanted, np.eye(3)[[2, 2]]) == pytest.approx(np.log2(100))
    assert calibration_divergence(np.zeros(3), np.eye(3)) is None
    assert calibration_divergence(wanted, np.zeros((0, 3))) is None


def test_the_diversity_slider_raises_diversity():
    model = make("hybrid").fit(make_dataset(n=60, users=8, each=8))
    found = []
    for diversity in (0.0, 0.8):
        ranked = model.recommend("u1", 10, options=ListOptions(diversity=diversity))
        found.append(list_metrics(model, "u1", [place.clip_id for place in ranked.recommendations]).diversity)
    assert found[1] > found[0]


def test_an_empty_list_has_no_figures_and_unknown_ids_are_errors():
    model = make("popularity").fit(make_dataset())
    assert list_metrics(model, "u1", []) == ListMetrics()
    assert list_metrics(model, "u1", ["c001"]).diversity is None
    with pytest.raises(UnknownUserError):
        list_metrics(model, "nobody", [])
    with pytest.raises(UnknownClipError):
        list_metrics(model, "u1", ["gone"])
