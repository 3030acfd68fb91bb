"""One contract for every algorithm."""

import numpy as np
import pytest
from synthetic import make_corpus, make_dataset, make_events

from avrec.errors import InvalidInputError, UnknownClipError, UnknownUserError
from avrec.recommend.dataset import Dataset
from avrec.recommend.options import ListOptions
from avrec.recommend.registry import ENTRIES, make
from avrec.schemas import Corpus, Interaction

pytestmark = pytest.mark.parametrize("name", list(ENTRIES))


def fit(name, dataset):
    return make(name).fit(dataset)


def empty_corpus():
    return Corpus((), (), (), (), np.zeros(0), (), {})


def test_deterministic(name):
    lists = [fit(name, make_dataset(seed=2)).recommend("u1", 10) for _ in range(2)]
    assert lists[0] == lists[1]


def test_seen_and_hidden_clips_are_not_listed(name):
    dataset = make_dataset(seed=4, each=10)
    model = fit(name, dataset)
    for user in dataset.user_ids:
        taste = dataset.taste(user)
        listed = [dataset.clip(r.clip_id) for r in model.recommend(user, 50).recommendations]
        assert not (taste.seen | taste.hidden)[listed].any()
        with_seen = [
            dataset.clip(r.clip_id)
            for r in model.recommend(user, 50, options=ListOptions(include_seen=True)).recommendations
        ]
        assert not taste.hidden[with_seen].any()
        assert len(set(with_seen)) == len(with_seen) == (~taste.hidden).sum()


def test_a_person_without_positive_events_gets_popularity_and_is_told(name):
    model = fit(name, make_dataset())
    ranked = model.recommend("cold", 5)
    assert ranked.recommendations
    if not model.personal:
        return
    if name != "popularity":
        assert ranked.note.startswith("popularity")
        assert "popularity" in ranked.recommendations[0].badges
    popular = [r.by_modality["prior"] for r in ranked.recommendations]
    assert popular == sorted(popular, reverse=True)


def test_unknown_ids_are_errors(name):
    model = fit(name, make_dataset())
    with pytest.raises(UnknownUserError, match="no person"):
        model.recommend("nobody", 5)
    with pytest.raises(UnknownClipError):
        model.score("u0", ["nothing"])
    with pytest.raises(InvalidInputError):
        model.recommend("u0", 5, {"smell": 1.0})
    with pytest.raises(InvalidInputError):
        model.recommend("u0", 5, {"visual": float("nan")})


def test_empty_library_one_clip_one_person(name):
    empty = fit(name, Dataset.build(empty_corpus(), ["u0"], []))
    assert empty.recommend("u0", 5).recommendations == ()
    corpus = make_corpus(1, missing=0.0)
    alone = fit(name, Dataset.build(corpus, ["u0"], []))
    assert len(alone.recommend("u0", 5).recommendations) == 1
    assert alone.similar_clips("c000", 5).recommendations == ()


def test_a_person_who_saw_everything_is_told_so(name):
    corpus = make_corpus(6)
    seen = [Interaction("u0", c, "view", 1.0, corpus.added_at[0]) for c in corpus.clip_ids]
    ranked = fit(name, Dataset.build(corpus, [], seen)).recommend("u0", 5)
    assert ranked.recommendations == ()
    assert "seen" in ranked.note


def test_equal_events_for_everyone_are_no_trouble(name):
    corpus = make_corpus(8)
    same = [Interaction(f"u{u}", c, "rating", 5.0, corpus.added_at[0]) for u in range(4) for c in corpus.clip_ids[:4]]
    ranked = fit(name, Dataset.build(corpus, [], same)).recommend("u0", 8)
    assert len(ranked.recommendations) == 4
    assert all(np.isfinite(r.score) for r in ranked.recommendations)


def test_clips_without_any_vector_or_event_still_rank(name):
    corpus = make_corpus(10, missing=1.0)
    ranked = fit(name, Dataset.build(corpus, [], make_events(corpus, 3))).recommend("u0", 20)
    assert all(np.isfinite(r.score) for r in ranked.recommendations)


def test_similar_clips_share_the_topic(name):
    model = fit(name, make_dataset(n=40, missing=0.0, seed=8))
    places = model.similar_clips("c000", 5).recommendations
    assert all(p.clip_id != "c000" for p in places)
    assert np.all(np.diff([p.score for p in places]) <= 1e-9)  # scores within 1e-9 are ties
    if name in ("hybrid", "content"):
        assert sum(int(p.clip_id[1:]) % 4 == 0 for p in places) >= 4
