"""Lists, reasons, percentiles and small datasets beyond the ledger's sums."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import START, make_corpus, make_dataset, make_events

from avrec.explain.counterfactual import counterfactuals
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.events import EventWeights
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.options import PLAIN, ListOptions
from avrec.recommend.presets import FITTED
from avrec.recommend.registry import ENTRIES, make
from avrec.schemas import CONTENT_MODALITIES, MODALITIES, Interaction


def likes(user, clips, event="like"):
    return [Interaction(user, clip, event, None, START) for clip in clips]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 200), person=st.integers(0, 6), days=st.floats(0, 400))
def test_one_persons_events_alone_give_the_dataset_of_all_events(seed, person, days):
    corpus = make_corpus(12, seed)
    history = make_events(corpus, 5, 5, seed)
    before = Dataset.build(corpus, ["u0"], history)
    click = Interaction(f"u{person}", corpus.clip_ids[seed % 12], "like", None, START + timedelta(days=days))
    mine = [event for event in [*history, click] if event.user_id == click.user_id]
    quick, slow = before.with_person(click.user_id, mine), Dataset.build(corpus, before.user_ids, [*history, click])
    assert quick.user_ids == slow.user_ids
    for name in ("user_items", "seen", "hidden"):
        np.testing.assert_allclose(getattr(quick, name).toarray(), getattr(slow, name).toarray(), atol=1e-12)


def test_events_can_be_worth_something_else():
    corpus = make_corpus(4)
    dataset = Dataset.build(corpus, [], likes("u0", corpus.clip_ids[:1]), EventWeights(like=0.25))
    assert dataset.taste("u0").weights.tolist() == [0.25]


def test_a_list_stands_in_the_order_of_its_shown_scores():
    dataset = make_dataset(n=60, users=8, each=9, seed=11)
    for name in ENTRIES:
        model = make(name).fit(dataset)
        for user in dataset.user_ids:
            scores = [place.score for place in model.recommend(user, 60, options=PLAIN).recommendations]
            assert np.all(np.diff(scores) <= 1e-9)


def test_views_of_one_fit_are_the_algorithms_themselves():
    dataset = make_dataset(n=20, seed=4)
    hybrid = make("hybrid").fit(dataset)
    for name, entry in ENTRIES.items():
        if entry.view is None:
            continue
        alone = make(name).fit(dataset).recommend("u1", 5)
        view = hybrid.view(name, entry.title, entry.view, entry.family == "content").recommend("u1", 5)
        assert [r.clip_id for r in view.recommendations] == [r.clip_id for r in alone.recommendations]
        assert [r.score for r in view.recommendations] == pytest.approx([r.score for r in alone.recommendations])


def test_the_pool_of_diversity_is_a_prefix_whatever_k():
    model = LinearRecommender().fit(make_dataset(n=40, seed=7, each=8))
    long = [r.clip_id for r in model.recommend("u0", 30, options=ListOptions(diversity=0.6)).recommendations]
    assert [r.clip_id for r in model.recommend("u0", 7, options=ListOptions(diversity=0.6)).recommendations] == long[:7]


def test_double_and_single_precision_agree():
    dataset = make_dataset(n=50, seed=5, each=8)
    model = LinearRecommender().fit(dataset)
    weights = model.weights(None)
    people = np.arange(len(dataset.user_ids))
    many = model.model.scores_of(people, weights, slice(None))
    for person, user in enumerate(dataset.user_ids):
        taste = dataset.taste(user)
        exact = model.told(taste, np.arange(50), weights).totals()
        np.testing.assert_allclose(model.model.scores(taste, weights), exact, atol=1e-4)
        np.testing.assert_allclose(many[person], exact, atol=1e-4)


def test_an_audience_in_a_large_library_is_the_one_of_every_list():
    corpus = make_corpus(2300, missing=0.5, dims=4, segments=1)
    model = make("content").fit(Dataset.build(corpus, [], make_events(corpus, 12, 8, 3)))
    clip = model.recommend("u1", 3, options=PLAIN).recommendations[2].clip_id
    found = {member.user_id: member.rank for member in model.audience(clip, 5)}
    own = {u: {r.clip_id: r.rank for r in model.recommend(u, 5, options=PLAIN).recommendations}.get(clip)
           for u in model.dataset.user_ids if model.dataset.taste(u).positives}  # fmt: skip
    assert found == {user: rank for user, rank in own.items() if rank}
    assert found["u1"] == 3


def test_percentiles_rank_as_scores_do_and_the_seen_best_is_near_the_top():
    model = LinearRecommender().fit(make_dataset(n=40, users=8, each=8, seed=3))
    places = model.recommend("u0", 40, options=PLAIN).recommendations
    levels = [place.percentile for place in places]
    assert levels == sorted(levels, reverse=True)
    assert 0 <= levels[-1] < levels[0] <= 100
    assert LinearRecommender().fit(make_dataset(users=0)).recommend("cold", 1).recommendations[0].percentile is None


def test_percentile_is_spread_evenly_over_random_pairs():
    dataset = make_dataset(n=40, users=10, each=8, seed=6)
    model = LinearRecommender().fit(dataset)
    levels = []
    for user in dataset.user_ids:
        taste = dataset.taste(user)
        if taste.positives:
            levels += [r.percentile for r in model.recommend(user, 40, options=PLAIN).recommendations]
    assert np.mean(levels) == pytest.approx(50, abs=4)


def test_reasons_say_what_is_missing_and_words_come_from_both_texts():
    corpus = make_corpus(24, missing=0.4, seed=9)
    model = LinearRecommender().fit(Dataset.build(corpus, [], make_events(corpus, 6, 8, 9)))
    for user in model.dataset.user_ids:
        for place in model.recommend(user, 20).recommendations:
            text = corpus.documents[corpus.clip_ids.index(place.clip_id)]
            if "the words match: " in place.reason:
                words = place.reason.split("the words match: ")[1].split(";")[0].split(", and ")[0].split(", ")
                assert all(word in text for word in words)
            if not place.reason.startswith(("Liked by", "Nobody")) and "popularity" not in place.badges:
                assert ("no picture" in place.reason) == ("visual" in place.missing)
                assert ("no sound" in place.reason) == ("audio" in place.missing)


def test_leaves_tell_the_event_weight_behind_them():
    dataset = make_dataset(seed=3, each=9)
    model = LinearRecommender().fit(dataset)
    taste = dataset.taste("u0")
    weights = {dataset.corpus.clip_ids[h]: x for h, x in zip(taste.clips, taste.weights, strict=True)}
    ledger = model.recommend("u0", 1).recommendations[0].ledger
    leaves = [leaf for leaf in ledger.leaves() if leaf.kind == "clip"]
    assert leaves
    assert all(leaf.details["event"] == pytest.approx(weights[leaf.key]) for leaf in leaves)
    assert ledger.details["fit"] == model.content.fit_id
    assert ledger.exact


def test_without_the_only_positive_clip_the_list_is_by_popularity():
    corpus = make_corpus(12, missing=0.0)
    events = likes("u0", [corpus.clip_ids[0]]) + likes("u1", corpus.clip_ids[5:7]) + likes("u2", corpus.clip_ids[5:6])
    model = LinearRecommender().fit(Dataset.build(corpus, [], events))
    rows = {r.without: r for r in counterfactuals(model, "u0", corpus.clip_ids[5])}
    alone = rows[corpus.clip_ids[0]]
    assert alone.rank_without == 1  # the most popular one
    assert alone.score_without == pytest.approx(FITTED["prior"] * model.model.prior[5])


def test_seen_and_hidden_clips_have_counterfactuals_too():
    corpus = make_corpus(12, missing=0.0)
    events = likes("u0", corpus.clip_ids[:3]) + likes("u0", corpus.clip_ids[4:5], "hide")
    model = LinearRecommender().fit(Dataset.build(corpus, [], events))
    assert counterfactuals(model, "u0", corpus.clip_ids[0])[0].rank >= 1
    hidden = counterfactuals(model, "u0", corpus.clip_ids[4])
    assert {(row.rank, row.rank_without) for row in hidden} == {(0, None)}


def test_a_sets_order_of_modalities_is_the_schemas():
    assert tuple(FITTED) == MODALITIES
    assert MODALITIES[:6] == CONTENT_MODALITIES


def test_one_chinese_clip_among_english_ones_is_no_outlier_by_construction():
    corpus = make_corpus(30, missing=0.0, seed=3)
    languages = ("zh",) + ("en",) * 29
    model = ContentModel(type(corpus)(**{**corpus.__dict__, "languages": languages}), shipped={})
    terms = model.block(np.array([0]))[CONTENT_MODALITIES.index("meaning"), 0, 1:]
    assert np.isfinite(terms).all()
    assert np.ptp(terms) > 0
    assert terms.max() > 0


def test_two_languages_of_twenty_clips_are_centred_apart():
    corpus = make_corpus(60, missing=0.0, seed=3)
    source = corpus.vectors["meaning"]
    shifted = source.matrix + 3.0 * np.where(source.clip[:, None] < 25, 1.0, -1.0)
    shifted = (shifted / np.linalg.norm(shifted, axis=1, keepdims=True)).astype(np.float32)
    vectors = {
        **corpus.vectors,
        "meaning": type(source)(source.version, source.clip, source.start, source.end, shifted),
    }
    languages = ("de",) * 25 + ("en",) * 35
    model = ContentModel(type(corpus)(**{**corpus.__dict__, "vectors": vectors, "languages": languages}), shipped={})
    cosines = model.vectors["meaning"].cosines(np.arange(60))
    across = cosines[:25, 25:]
    assert abs(across.mean()) < 0.1
