"""One contract for every algorithm."""

import numpy as np
import pytest
from rated import dataset_of, random_ratings
from synthetic import make_corpus, make_dataset, make_events

from avrec.errors import InvalidInputError, UnknownClipError, UnknownUserError
from avrec.explain.counterfactual import counterfactuals
from avrec.recommend.dataset import Dataset
from avrec.recommend.options import PLAIN, ListOptions
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


@pytest.mark.parametrize("event", ["dislike", "skip", "hide"])
def test_people_who_like_nothing_at_all(name, event):
    corpus = make_corpus(8)
    events = [Interaction(f"u{u}", c, event, None, corpus.added_at[0]) for u in range(3) for c in corpus.clip_ids[:4]]
    model = fit(name, Dataset.build(corpus, [], events))
    scores = [place.score for place in model.recommend("u1", 8).recommendations]
    assert scores
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("stars", [1.0, 3.0, 5.0])
def test_raw_stars_that_are_all_equal(name, stars):
    table = np.full((5, 9), np.nan)
    table[:, :6] = stars
    table[0, 3:] = np.nan
    model = fit(name, dataset_of(table))
    for user in ("u0", "u1"):
        assert np.isfinite([place.score for place in model.recommend(user, 9).recommendations]).all()
        assert np.isfinite(model.score(user, ["c0", "c8"])).all()


def test_one_person_alone(name):
    corpus = make_corpus(10)
    events = [Interaction("u0", c, "like", None, corpus.added_at[0]) for c in corpus.clip_ids[:3]]
    ranked = fit(name, Dataset.build(corpus, [], events)).recommend("u0", 10)
    assert len(ranked.recommendations) == 7
    assert np.isfinite([place.score for place in ranked.recommendations]).all()


def test_a_person_with_a_hundred_thousand_events(name, flooded):
    model = fit(name, flooded)
    for user in ("flood", "u0"):
        places = model.recommend(user, 5).recommendations
        assert len(places) == 5
        assert np.isfinite([place.score for place in places]).all()


@pytest.fixture(scope="module")
def flooded():
    corpus = make_corpus(30)
    at, ids = corpus.added_at[0], corpus.clip_ids[:20]
    flood = [Interaction("flood", ids[i % 20], "view", (i % 11) / 10, at) for i in range(100_000)]
    return Dataset.build(corpus, [], [*flood, *make_events(corpus, 5)])


def test_scores_of_many_are_the_scores_of_each(name):
    dataset = make_dataset(n=20, users=8, each=8, seed=5)
    model = fit(name, dataset)
    columns = np.array([4, 0, 17])
    many = model.scores_of(np.arange(9), None, columns)
    ids = [dataset.corpus.clip_ids[c] for c in columns]
    for row, user in enumerate(dataset.user_ids):
        np.testing.assert_allclose(many[row], model.score(user, ids), atol=1e-4)


def test_a_person_who_is_new_to_the_fit_is_served_after_an_update(name):
    corpus = make_corpus(20, seed=3)
    history = make_events(corpus, 6, 8, 3)
    before = Dataset.build(corpus, ["u0"], history)
    new = [Interaction("new", c, "like", None, corpus.added_at[0]) for c in corpus.clip_ids[4:7]]
    model = fit(name, before)
    updated = model.update(before.with_person("new", new))
    ranked = updated.recommend("new", 20)
    assert len(ranked.recommendations) == 17
    assert not ranked.note.startswith("popularity")
    assert np.isfinite([place.score for place in ranked.recommendations]).all()
    with pytest.raises(UnknownUserError):
        model.recommend("new", 5)
    for user in before.user_ids:
        assert len(updated.recommend(user, 5).recommendations) == len(model.recommend(user, 5).recommendations)


def test_without_a_watched_clip_there_is_still_an_answer(name):
    dataset = make_dataset(n=20, users=8, each=8, seed=5)
    model = fit(name, dataset)
    for row in range(3):
        taste = dataset.taste_of(row)
        for watched in taste.clips.tolist():
            changed = taste.without(watched)
            weights, _ = model.settled(changed, model.weights(None))
            told = model.told(changed, np.arange(20), weights).totals()
            np.testing.assert_allclose(told, model.base_scores(changed, weights), atol=1e-4)


def test_what_if_and_audience_answer(name):
    dataset = make_dataset(n=20, users=8, each=8, seed=5)
    model = fit(name, dataset)
    place = model.recommend("u1", 1, options=PLAIN).recommendations[0]
    rows = counterfactuals(model, "u1", place.clip_id, options=PLAIN)
    assert all(row.rank == 1 and row.score == pytest.approx(place.score) for row in rows)
    assert np.isfinite([row.score_without for row in rows]).all()
    found = {member.user_id: member.rank for member in model.audience(place.clip_id, 3)}
    assert found["u1"] == 1
    own = {user: {p.clip_id: p.rank for p in model.recommend(user, 3, options=PLAIN).recommendations}
           for user in dataset.user_ids if dataset.taste(user).positives}  # fmt: skip
    assert found == {user: ranks[place.clip_id] for user, ranks in own.items() if place.clip_id in ranks}


def test_stars_rank_what_a_kind_of_people_rates_highly(name):
    """Two kinds of people with opposite tastes: whoever learns from ratings must tell them apart."""
    table = random_ratings(60, 30, 0.5, 2, levels=(-1.0, -0.5, 0.0, 0.5, 1.0))
    model = fit(name, dataset_of(table))
    if ENTRIES[name].family in ("content", "baseline") or name == "baseline":
        return
    right = 0
    for user in range(20):
        top = model.recommend(f"u{user}", 3, options=ListOptions(diversity=0)).recommendations
        right += sum(int(place.clip_id[1:]) % 2 == user % 2 for place in top)
    assert right >= 48  # of 60; chance is 30


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
