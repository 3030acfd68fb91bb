"""Two people, two clips: what is told of them agrees with what they did and are."""

import numpy as np
import pytest
from synthetic import START, make_corpus, make_dataset

from avrec.errors import UnknownClipError, UnknownUserError
from avrec.explain.versus import clip_pairs, common_clips, compare_clips, cosine
from avrec.recommend.dataset import Dataset
from avrec.recommend.registry import make
from avrec.schemas import Interaction


def events(*rows):
    return [Interaction(user, clip, event, None, START) for user, clip, event in rows]


@pytest.fixture
def two():
    rows = events(("a", "c000", "like"), ("a", "c001", "like"), ("b", "c000", "like"), ("b", "c001", "dislike"),
                  ("b", "c002", "like"))  # fmt: skip
    return Dataset.build(make_corpus(), ["a", "b", "cold"], rows)


def test_common_clips_carry_both_weights(two):
    found = {clip.clip_id: (clip.weight, clip.other_weight) for clip in common_clips(two, "a", "b")}
    assert found == {"c000": (1.0, 1.0), "c001": (1.0, -1.0)}


def test_cosine_of_two_people_by_hand(two):
    assert cosine(two, "a", "b") == pytest.approx((1 - 1) / np.sqrt(2 * 3))
    assert cosine(two, "a", "a") == pytest.approx(1)
    assert cosine(two, "a", "cold") is None
    with pytest.raises(UnknownUserError):
        cosine(two, "a", "nobody")


def test_likeness_of_clips_adds_up_and_is_the_same_both_ways():
    model = make("content").fit(make_dataset(missing=0.4))
    for other in model.dataset.corpus.clip_ids[1:]:
        found, back = compare_clips(model, "c000", other), compare_clips(model, other, "c000")
        assert sum(line.value for line in found.lines) == pytest.approx(found.likeness, abs=1e-9)
        assert found.likeness == pytest.approx(back.likeness)
        assert {line.modality for line in found.lines}.isdisjoint(found.absent)
        place = next(p for p in model.similar_clips("c000", 50).recommendations if p.clip_id == other)
        assert place.score == pytest.approx(found.likeness)


def test_pairs_of_segments_sum_to_their_modality():
    model = make("content").fit(make_dataset(missing=0.1))
    found = compare_clips(model, "c000", "c004")
    for line in found.lines:
        pairs = clip_pairs(model, "c000", "c004", line.modality)
        if line.modality != "words":
            assert sum(pair.value for pair in pairs) == pytest.approx(line.value, abs=1e-9)
            assert {pair.watched_clip_id for pair in pairs} == {"c000"}
    assert clip_pairs(model, "c000", "c000", "visual") == []
    assert clip_pairs(model, "c000", "c004", "crowd") == []


def test_one_clip_or_an_unknown_one():
    model = make("content").fit(make_dataset(n=1, users=1))
    assert compare_clips(model, "c000", "c000").likeness == 0
    with pytest.raises(UnknownClipError):
        compare_clips(model, "c000", "gone")
