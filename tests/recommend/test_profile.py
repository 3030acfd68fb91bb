"""Interest over time, people alike, pseudonyms, what a sentence weighs: by hand."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from synthetic import START, make_corpus, make_dataset, make_events

from avrec.recommend.dataset import Dataset
from avrec.recommend.events import EventWeights
from avrec.recommend.interests import read_interests
from avrec.recommend.profile import MOST_PERIODS, interest_over_time
from avrec.recommend.pseudonyms import pseudonym
from avrec.recommend.similar_people import liked_by_neighbours, neighbours, similarities
from avrec.recommend.words import WordIndex
from avrec.schemas import Interaction


@pytest.fixture(scope="module")
def corpus():
    made = make_corpus(24, seed=3)
    return replace(made, topics=tuple((("space", "cats", "tea", "jazz")[i % 4],) for i in range(24)))


def event(corpus, clip, name, days, value=None):
    return Interaction("ann", corpus.clip_ids[clip], name, value, START + timedelta(days=days))


def test_interest_halves_with_the_half_life_and_the_latest_opinion_counts(corpus):
    events = [event(corpus, 0, "like", 0), event(corpus, 1, "like", 0), event(corpus, 1, "dislike", 90)]
    dates, levels = interest_over_time(Dataset.build(corpus, [], events), events, EventWeights())
    assert len(dates) == 13
    assert levels["space"][-1] == pytest.approx(0.5)
    assert levels["cats"][-1] == pytest.approx(-1.0)
    assert levels["space"][0] == pytest.approx(2 ** (-6 / 90)), "the first week ends six days later"
    assert set(levels) == {"space", "cats"}


def test_no_events_no_time(corpus):
    assert interest_over_time(Dataset.build(corpus, ["ann"], []), [], EventWeights()) == ((), {})
    assert interest_over_time(make_dataset(), [event(corpus, 0, "like", 0)], EventWeights()) == ((), {})


def test_a_hundred_thousand_events_over_years_are_thirty_periods(corpus):
    rng = np.random.default_rng(0)
    events = [event(corpus, int(c), "view", float(d), 0.9) for c, d in zip(rng.integers(0, 24, 100_000),
              rng.uniform(0, 2000, 100_000), strict=True)]  # fmt: skip
    dates, levels = interest_over_time(Dataset.build(corpus, [], events[:50]), events, EventWeights())
    assert len(dates) <= MOST_PERIODS
    assert set(levels) <= {"space", "cats", "tea", "jazz"}


def test_similarities_are_the_shrunk_cosines_of_a_plain_loop(corpus):
    dataset = Dataset.build(corpus, ["cold"], make_events(corpus, 7, 9, seed=8))
    items = dataset.user_items.toarray()
    for row in range(len(dataset.user_ids)):
        alike, common = similarities(dataset, dataset.taste_of(row))
        for other in range(len(dataset.user_ids)):
            both = (items[row] != 0) & (items[other] != 0)
            norm = np.linalg.norm(items[row]) * np.linalg.norm(items[other])
            cosine = items[row] @ items[other] / norm if norm else 0.0
            assert common[other] == both.sum()
            assert alike[other] == pytest.approx(cosine * both.sum() / (both.sum() + 5), abs=1e-12)


def test_nobody_is_their_own_neighbour_and_what_was_seen_is_not_proposed(corpus):
    dataset = Dataset.build(corpus, ["cold"], make_events(corpus, 7, 9, seed=8))
    for row, user in enumerate(dataset.user_ids):
        near = neighbours(dataset, row)
        assert user not in {n.user_id for n in near}
        assert all(n.similarity > 0 for n in near)
        taste = dataset.taste_of(row)
        for one in liked_by_neighbours(dataset, row, near):
            assert not taste.seen[dataset.clip(one.clip_id)]
            assert one.people >= 1
    cold = dataset.user_at["cold"]
    assert neighbours(dataset, cold) == []
    assert liked_by_neighbours(dataset, cold, []) == []


def test_a_statement_is_carried_by_its_rare_words_and_unknown_ones_keep_their_share():
    words = WordIndex(["the cat and the dog", "the rocket and the pad", "the tea and the cup", "the end"])
    row = words.statement("the cat and the unheard")
    weights = {str(words.vocabulary[i]): v for i, v in zip(row.indices, row.data, strict=True)}
    assert weights["cat"] > 5 * weights["and"] > 0
    assert weights["the"] == pytest.approx(0)
    assert 0 < np.linalg.norm(row.data) < 1
    assert words.statement("").nnz == 0
    assert words.statement("nothing that is known").nnz == 0


@pytest.mark.parametrize(
    "user", ["ann@example.com", "Ann Smith", "<b>x</b>", "u-ann", "ann.2026", "p-ann", "\u65e5\u672c"]
)
def test_ids_that_may_say_who_somebody_is(user):
    assert pseudonym(user, b"k") == pseudonym(user, b"k") != pseudonym(user, b"other")
    assert pseudonym(user, b"k").startswith("person ")


@pytest.mark.parametrize("user", ["u-001", "17", "user_3", "p-0a1b2c", "person 12", "viewer-9"])
def test_ids_that_say_nothing_stay(user):
    assert pseudonym(user, b"k") == user


def test_interests_without_an_encoder_are_keywords_alone(corpus):
    words = WordIndex(corpus.documents)
    found = read_interests(["rocket  rocket", "", "jazz band", "rocket  rocket"], corpus, words, None)
    assert found.read == 2
    assert "rocket" in found.keywords
    assert found.topics == found.sentences == ()
    assert read_interests([], corpus, words, None).text == ""
    assert read_interests(["anything"], make_corpus(0), None, None).keywords == ()
