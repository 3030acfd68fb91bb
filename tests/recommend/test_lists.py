"""What a list is made with beside the score: priors, calibration, twins, reserved places. All of it adds up."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import START, make_corpus, make_events

from avrec.errors import InvalidInputError
from avrec.recommend.dataset import Dataset
from avrec.recommend.greedy import TopicTarget, pick
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.options import PLAIN, ListOptions
from avrec.recommend.priors import freshness, long_tail, quality
from avrec.recommend.topics import taste_by_topic
from avrec.recommend.twins import twins_within
from avrec.schemas import Interaction

TOPICS = ("space", "animals", "kitchen", "music")


def library(n=40, seed=0, events=True, users=8):
    corpus = make_corpus(n, seed, missing=0.1)
    corpus = replace(
        corpus,
        topics=tuple((TOPICS[i % 4],) for i in range(n)),
        added_at=tuple(START + timedelta(days=i) for i in range(n)),
    )
    return Dataset.build(corpus, ["cold"], make_events(corpus, users, 12, seed) if events else [])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 20), diversity=st.floats(0, 1), calibration=st.floats(0, 1), quality=st.floats(0, 5),
    freshness=st.floats(0, 5), long_tail=st.floats(0, 5), collapse=st.booleans(), reserved=st.integers(0, 4),
)  # fmt: skip
def test_every_list_adds_up(seed, **values):
    model = LinearRecommender().fit(library(seed=seed))
    ranked = model.recommend("u0", 8, options=ListOptions(**values))
    assert [place.rank for place in ranked.recommendations] == list(range(1, len(ranked.recommendations) + 1))
    for place in ranked.recommendations:
        assert sum(leaf.value for leaf in place.ledger.leaves()) == pytest.approx(place.score, abs=1e-6)
        assert sum(place.by_modality.values()) == pytest.approx(place.score, abs=1e-6)
        assert all(line.value <= 1e-12 for line in place.ledger.children if line.kind == "penalty")


@pytest.mark.parametrize("name", ["quality", "freshness", "long_tail"])
def test_a_prior_is_a_leaf_of_its_own_and_moves_the_list(name):
    data = library(seed=3)
    model = LinearRecommender().fit(data)
    plain = model.recommend("u0", 40, options=PLAIN).recommendations
    moved = model.recommend("u0", 40, options=ListOptions(0.0, **{name: 3.0})).recommendations
    leaf = next(x for x in moved[0].ledger.leaves() if x.key == name)
    assert leaf.kind == "prior"
    values = {"quality": quality, "freshness": freshness, "long_tail": long_tail}[name](data)
    z = (values - values.mean()) / values.std()
    assert leaf.value == pytest.approx(3.0 * z[data.clip(moved[0].clip_id)])

    def mean_z(places):
        return np.mean([z[data.clip(place.clip_id)] for place in places[:10]])

    assert mean_z(moved) > mean_z(plain)


def test_quality_is_shrunk_towards_the_mean():
    corpus = make_corpus(3)
    events = [Interaction("a", "c000", "rating", 5.0, START), Interaction("b", "c001", "rating", 4.0, START)]
    events += [Interaction(f"u{i}", "c001", "rating", 5.0, START) for i in range(20)]
    found = quality(Dataset.build(corpus, [], events))
    mean = (5 + 4 + 100) / 22
    np.testing.assert_allclose(found, [(5 + 5 * mean) / 6, (104 + 5 * mean) / 26, mean])
    assert not quality(Dataset.build(corpus, [], [])).any()


def test_calibration_brings_the_list_closer_to_the_history():
    data = library(n=80, seed=5, users=10)
    model = LinearRecommender().fit(data)

    def divergence(user, places):
        wanted = taste_by_topic(data, data.taste(user))
        p = np.array([wanted.get(name, 0.0) for name in TOPICS])
        q = np.bincount([data.clip(place.clip_id) % 4 for place in places], minlength=4) / len(places)
        q = 0.99 * q + 0.01 * p
        return float(np.sum(p[p > 0] * np.log(p[p > 0] / q[p > 0])))

    users = [user for user in data.user_ids if data.taste(user).positives > 2]
    before = [divergence(u, model.recommend(u, 12, options=PLAIN).recommendations) for u in users]
    after = [divergence(u, model.recommend(u, 12, options=ListOptions(0, 0.8)).recommendations) for u in users]
    assert np.mean(after) < np.mean(before) / 2


def test_topic_target_by_hand():
    target = TopicTarget(np.array([0.5, 0.5]), np.array([[1.0, 0], [0, 1.0]]))
    one_sided = 0.5 * np.log(0.5 / (0.99 + 0.005)) + 0.5 * np.log(0.5 / 0.005)
    np.testing.assert_allclose(target.divergences(), [one_sided, one_sided])
    target.add(0)
    assert target.divergences()[1] == pytest.approx(0.0, abs=1e-12)


def test_picking_balances_topics_by_hand():
    scores = np.array([1.0, 0.95, 0.9, 0.2])
    topics = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]])
    picked = pick(scores, lambda i: np.zeros(4), 2, 0.0, target=TopicTarget(np.array([0.5, 0.5]), topics),
                  calibration=0.9)  # fmt: skip
    assert picked.order.tolist() == [0, 3]
    assert picked.calibration.max() <= 0


def test_twins_are_shown_once():
    data = library(seed=2)
    vectors = dict(data.corpus.vectors)
    for name in ("visual", "audio"):
        source = vectors[name]
        rows, clip = source.matrix, source.clip
        copied = np.flatnonzero(clip == 4)
        keep = clip != 8
        order = np.argsort(np.concatenate([clip[keep], np.full(len(copied), 8)]), kind="stable")

        def joined(values, copied=copied, keep=keep, order=order):
            return np.concatenate([values[keep], values[copied]])[order]

        new = np.concatenate([clip[keep], np.full(len(copied), 8)])[order]
        vectors[name] = type(source)(source.version, new, joined(source.start), joined(source.end), joined(rows))
    data = replace(data, corpus=replace(data.corpus, vectors=vectors))
    model = LinearRecommender().fit(data)
    assert twins_within(model.content, np.array([4, 8, 12]))[0].tolist() == [False, True, False]

    def listed(collapse):
        options = ListOptions(0.0, include_seen=True, collapse=collapse)
        return {place.clip_id for place in model.recommend("u1", 40, options=options).recommendations}

    assert {"c004", "c008"} <= listed(False)
    assert len({"c004", "c008"} & listed(True)) == 1


def test_reserved_places_go_to_clips_that_nobody_knows():
    corpus = make_corpus(40, missing=0.0)
    events = [Interaction(f"u{u}", corpus.clip_ids[(u * 3 + i) % 30], "like", None, START) for u in range(8)
              for i in range(6)]  # fmt: skip
    model = LinearRecommender().fit(Dataset.build(corpus, [], events))
    plain = {place.clip_id for place in model.recommend("u0", 6, options=PLAIN).recommendations}
    ranked = model.recommend("u0", 6, options=ListOptions(0.0, reserved=3)).recommendations
    new = [place for place in ranked if "new" in place.badges]
    assert len(ranked) == 6
    assert len(new) >= 3
    assert all("reserved for new clips" in p.badges for p in new if p.clip_id not in plain)


@pytest.mark.parametrize(
    "values", [{"diversity": -1}, {"quality": 9.0}, {"reserved": -1}, {"calibration": float("nan")}]
)
def test_options_out_of_range_are_refused(values):
    model = LinearRecommender().fit(library())
    with pytest.raises(InvalidInputError):
        model.recommend("u0", 5, options=ListOptions(**values))


def test_shelf_of_new_clips_follows_content_and_crowd():
    data = library(n=40, seed=1)
    model = LinearRecommender().fit(data)
    shelf = model.new_clips("u0", 10)
    untouched = {data.corpus.clip_ids[i] for i in np.flatnonzero(~data.touched)}
    assert {place.clip_id for place in shelf.recommendations} <= untouched
    for place in shelf.recommendations:
        assert sum(leaf.value for leaf in place.ledger.leaves()) == pytest.approx(place.score, abs=1e-6)
