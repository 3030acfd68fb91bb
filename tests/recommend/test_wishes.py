"""Pinned and banned topics of a list."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import make_corpus, make_events

from avrec.recommend.dataset import Dataset
from avrec.recommend.options import ListOptions
from avrec.recommend.priors import PIN
from avrec.recommend.registry import ENTRIES, make

TOPICS = ("space", "cats", "tea", "jazz")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    corpus = make_corpus(24, seed=3)
    corpus = replace(corpus, topics=tuple((TOPICS[i % 4],) if i != 5 else ("cats", "jazz") for i in range(24)))
    return Dataset.build(corpus, ["cold"], make_events(corpus, 5, 4, seed=4))


@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_banned_topic_never_shows_and_the_list_says_so(dataset, name):
    model = make(name).fit(dataset)
    for user in ("u0", "cold"):
        whole = model.recommend(user, 24)
        ranked = model.recommend(user, 24, options=ListOptions(banned=("cats", "no such topic")))
        mine = [p.clip_id for p in ranked.recommendations]
        away = {c for c, t in zip(dataset.corpus.clip_ids, dataset.corpus.topics, strict=True) if "cats" in t}
        assert set(mine) == {p.clip_id for p in whole.recommendations} - away
        assert "left out: banned topics cats, no such topic" in ranked.note
        assert ranked.candidates == len(mine)


@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_pin_is_one_additive_line(dataset, name):
    model = make(name).fit(dataset)
    plain = {p.clip_id: p for p in model.recommend("u0", 24, options=ListOptions(diversity=0)).recommendations}
    ranked = model.recommend("u0", 24, options=ListOptions(diversity=0, pinned=("cats",)))
    for place in ranked.recommendations:
        topics = dataset.corpus.topics[dataset.clip(place.clip_id)]
        lines = [leaf for leaf in place.ledger.leaves() if leaf.label == "pinned topic cats"]
        lifted = model.unit * PIN * ("cats" in topics) / len(topics)
        assert sum(leaf.value for leaf in lines) == pytest.approx(lifted)
        assert all(leaf.kind == "prior" for leaf in lines)
        assert place.score == pytest.approx(plain[place.clip_id].score + lifted, abs=1e-6)
        assert sum(leaf.value for leaf in place.ledger.leaves()) == pytest.approx(place.score, abs=1e-6)
        assert place.by_modality["prior"] == pytest.approx(plain[place.clip_id].by_modality["prior"] + lifted)


def test_a_pin_lifts_its_topic_and_the_reason_says_so(dataset):
    model = make("hybrid").fit(dataset)
    before, after = (
        model.recommend("u0", 24, options=ListOptions(diversity=0, pinned=pins)).recommendations
        for pins in ((), ("tea",))
    )
    tea = [i for i, topics in enumerate(dataset.corpus.topics) if "tea" in topics]
    ids = {dataset.corpus.clip_ids[i] for i in tea}
    ranks = [np.mean([p.rank for p in places if p.clip_id in ids]) for places in (before, after)]
    assert ranks[1] < ranks[0]
    assert any("pinned topic tea" in p.reason for p in after)


def test_topics_that_nothing_is_about_change_nothing(dataset):
    model = make("hybrid").fit(dataset)
    plain = model.recommend("u0", 24)
    assert model.recommend("u0", 24, options=ListOptions(pinned=("no such topic",))) == plain


def test_a_ban_on_everything_leaves_an_empty_list_that_says_why(dataset):
    ranked = make("hybrid").fit(dataset).recommend("u0", 24, options=ListOptions(banned=TOPICS))
    assert not ranked.recommendations
    assert "banned topics" in ranked.note
