"""The quick check of event weights: by hand, without leak, quickly."""

import time

import numpy as np
import pytest
from synthetic import START, make_corpus, make_events

from avrec.evaluate import live
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.events import EventWeights
from avrec.recommend.registry import make
from avrec.schemas import Interaction


def likes(user, clips, corpus):
    return [Interaction(user, corpus.clip_ids[c], "like", None, START.replace(day=1 + i)) for i, c in enumerate(clips)]


@pytest.fixture(scope="module")
def corpus():
    return make_corpus(24, seed=3)


def test_the_latest_liked_clip_is_held_out_where_another_is_left(corpus):
    events = [*likes("a", [1, 5, 2], corpus), *likes("b", [3], corpus), *likes("c", [4, 6], corpus)]
    events.append(Interaction("c", corpus.clip_ids[6], "dislike", None, START.replace(day=20)))
    events.append(Interaction("a", "", "search", None, START.replace(day=25), text="cats"))
    assert live.held_out(corpus.clip_ids, events) == [("a", corpus.clip_ids[2])]
    assert live.held_out(corpus.clip_ids, []) == []


def test_ndcg_is_one_over_log_of_the_rank_by_a_model_that_never_saw_the_pair(corpus):
    events = make_events(corpus, 5, 9, seed=2)
    content, users = ContentModel(corpus), [f"u{u}" for u in range(5)]
    held = live.held_out(corpus.clip_ids, events)
    found = live.leave_one_out(content, users, events, held, EventWeights())
    rest = [e for e in events if (e.user_id, e.clip_id) not in set(held)]
    model = make("hybrid").fit(Dataset.build(corpus, users, rest))
    assert len(held) >= 3
    for value, (user, clip) in zip(found, held, strict=True):
        taste = model.dataset.taste(user)
        weights, _ = model.settled(taste, model.weights(None))
        scores = np.asarray(model.scores_of(np.array([model.dataset.user_at[user]])))[0]
        away = taste.seen | taste.hidden
        better = sum(scores[i] > scores[model.dataset.clip(clip)] + 1e-6 for i in np.flatnonzero(~away))
        assert weights
        assert value == pytest.approx(1 / np.log2(2 + better))


def test_at_most_sixty_people_and_always_the_same(corpus):
    events = [e for u in range(90) for e in likes(f"u{u:02d}", [u % 24, (u + 5) % 24], corpus)]
    first = live.held_out(corpus.clip_ids, events)
    assert len(first) == live.MOST_PEOPLE
    assert first == live.held_out(corpus.clip_ids, events)


def test_an_interval_holds_its_mean_and_narrows_with_people():
    rng = np.random.default_rng(0)
    few, many = live.estimate(rng.random(8)), live.estimate(rng.random(60))
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low
    assert live.estimate(np.zeros(0)) == live.Estimate(0.0, 0.0, 0.0)


def test_it_answers_within_a_second(corpus):
    big = make_corpus(80, seed=5)
    events = make_events(big, 60, 25, seed=6)
    content, users = ContentModel(big), [f"u{u}" for u in range(60)]
    live.live_check(content, users, events, EventWeights(), EventWeights(view=0.5))
    started = time.perf_counter()
    found = live.live_check(content, users, events, EventWeights(), EventWeights(like=0.2))
    assert time.perf_counter() - started < 1.0
    assert found.people == 60
    assert found.before != found.after
