import io

import numpy as np
import pytest
import scipy.sparse as sp
from synthetic import make_corpus, make_dataset

from avrec.explain.counterfactual import counterfactuals
from avrec.recommend.calibration import ShippedNull, blend_scale, load_shipped, null_pairs
from avrec.recommend.cease import Cease, CeaseSettings
from avrec.recommend.content import ContentModel
from avrec.recommend.csv_import import read_interactions
from avrec.recommend.dataset import Dataset, popularity
from avrec.recommend.greedy import pick
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.options import PLAIN
from avrec.recommend.presets import FITTED, PRESET_WEIGHTS
from avrec.recommend.registry import ENTRIES
from avrec.recommend.simulate import simulate
from avrec.recommend.words import WordIndex, tokenize
from avrec.schemas import CONTENT_MODALITIES, Interaction


def ease(X, regularization):
    return Cease(X, {}, CeaseSettings(regularization, kernel=0.0)).rows(np.arange(X.shape[1]))


def test_ease_is_the_closed_form_of_the_paper():
    X = sp.csr_matrix(np.array([[1.0, 1, 0], [0, 1, 1], [1, 1, 1]]))
    weight = np.diag(1 / np.array([2.0, 2, 3]))
    P = np.linalg.inv(X.T.toarray() @ weight @ X.toarray() + 2 * np.eye(3))
    expected = -P / np.diag(P)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(ease(X, 2.0), expected)


def test_ease_minimises_its_objective_against_a_numeric_solution():
    rng = np.random.default_rng(0)
    X = (rng.random((30, 5)) < 0.4).astype(float)
    X[0] = 1
    lengths = np.maximum(X.sum(1), 1)
    B = ease(sp.csr_matrix(X), 1.0)
    W = np.sqrt(1 / lengths)[:, None] * X
    for j in range(5):  # each column is a ridge regression on the other columns
        others = [i for i in range(5) if i != j]
        beta = np.linalg.solve(W[:, others].T @ W[:, others] + np.eye(4), W[:, others].T @ W[:, j])
        np.testing.assert_allclose(B[others, j], beta, atol=1e-8)


def test_popularity_counts_light_watchers_more():
    X = sp.csr_matrix(np.array([[1.0, 0, 0, 0], [0, 1, 1, 1]]))
    np.testing.assert_allclose(popularity(X), [1, 3**-0.5, 3**-0.5, 3**-0.5])


def test_chinese_is_cut_into_words():
    assert "宇宙" in tokenize("我喜欢宇宙和科幻电影")
    index = WordIndex(["我喜欢宇宙和科幻电影", "宇宙科幻电影合集", "a cat at home"])
    cosines = (index.matrix @ index.matrix.T).toarray()
    assert cosines[0, 1] > 0.3
    assert cosines[0, 2] == 0


def test_tfidf_is_fitted_on_the_library_not_on_the_query():
    index = WordIndex(["rocket launch", "rocket engine", "cat"])
    query = index.query("rocket cat unknownword")
    assert query.nnz == 2
    assert index.shared(0, 1) == ["rocket"]
    assert WordIndex(["", "  "]).present.tolist() == [False, False]


def test_cosine_of_clips_is_the_sum_over_their_segments():
    model = ContentModel(make_corpus(12, missing=0.0), shipped={})
    for modality in ("visual", "audio"):
        vectors = model.vectors[modality]
        _, _, parts, cosines = vectors.pairs(2, 7)
        assert parts.sum() == pytest.approx(float(vectors.cosines(np.array([2]))[0, 7]), abs=1e-5)
        assert (np.abs(cosines) <= 1 + 1e-6).all()


def test_likeness_of_random_pairs_has_unit_spread_and_nothing_shared_is_zero():
    corpus = make_corpus(60, missing=0.3, seed=1)
    model = ContentModel(corpus, shipped={})
    S = model.likeness(np.arange(60), FITTED)
    a, b = null_pairs(60)
    assert np.std(S[a, b]) == pytest.approx(1, abs=0.15)
    assert np.allclose(S, S.T, atol=1e-5)
    lone = ContentModel(make_corpus(5, missing=1.0), shipped={})
    assert not lone.likeness(np.arange(5), FITTED).any()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_libraries_are_calibrated_by_the_shipped_null(n):
    model = ContentModel(make_corpus(n, missing=0.0), shipped={})
    assert np.isfinite(model.likeness(np.arange(n), FITTED)).all()
    assert set(load_shipped()) == set(CONTENT_MODALITIES)
    mu, sigma = blend_scale(np.array([0.9]), 2, ShippedNull("v", np.zeros(3), 0.1, 0.2))
    assert mu == pytest.approx(0.1 * 50 / 52 + 0.9 * 2 / 52)
    assert sigma == pytest.approx(0.2 * 50 / 52)


def test_mmr_by_hand():
    scores = np.array([1.0, 0.9, 0.5])
    like = np.array([[1, 1.0, 0], [1.0, 1, 0], [0, 0, 1]])
    picked = pick(scores, lambda i: like[i], 3, 0.8)
    assert picked.order.tolist() == [0, 2, 1]
    assert picked.diversity.tolist() == pytest.approx([0, 0, -4 * scores.std()])
    assert pick(scores, lambda i: like[i], 3, 0.0).order.tolist() == [0, 1, 2]
    assert pick(np.zeros(0), lambda i: like[i], 3, 0.5).order.tolist() == []


def test_presets_multiply_their_modalities_by_three():
    assert PRESET_WEIGHTS["visual"]["visual"] == 3 * FITTED["visual"]
    assert PRESET_WEIGHTS["dialogue"]["words"] == 3 * FITTED["words"]
    assert PRESET_WEIGHTS["crowd"]["visual"] == FITTED["visual"]


def test_audience_agrees_with_each_persons_own_list():
    dataset = make_dataset(n=30, users=8, each=8, seed=6)
    model = LinearRecommender().fit(dataset)
    clip_id = model.recommend("u0", 1, options=PLAIN).recommendations[0].clip_id
    found = {m.user_id: m.rank for m in model.audience(clip_id, 10)}
    assert found["u0"] == 1
    for user in dataset.user_ids:
        own = {r.clip_id: r.rank for r in model.recommend(user, 10, options=PLAIN).recommendations}
        if dataset.taste(user).positives:
            assert found.get(user) == own.get(clip_id)


def test_a_clip_uploaded_a_minute_ago_has_an_audience_and_a_place_on_the_shelf():
    corpus = make_corpus(20, missing=0.0)
    fans = [Interaction(f"u{u}", corpus.clip_ids[i], "like", None, corpus.added_at[0]) for u in range(3)
            for i in (0, 4, 8)]  # fmt: skip
    model = LinearRecommender().fit(Dataset.build(corpus, [], fans))
    assert {m.user_id for m in model.audience("c012", 3)} == {"u0", "u1", "u2"}
    shelf = model.new_clips("u0", 4)
    assert [int(r.clip_id[1:]) % 4 for r in shelf.recommendations[:2]] == [0, 0]
    assert all("new" in r.badges for r in shelf.recommendations)


def test_counterfactuals_come_from_ranking_again():
    dataset = make_dataset(n=30, seed=9, each=8)
    model = LinearRecommender().fit(dataset)
    place = model.recommend("u0", 3).recommendations[1]
    rows = counterfactuals(model, "u0", place.clip_id)
    assert {r.without for r in rows if r.kind == "modality"} == set(FITTED)
    visual = next(r for r in rows if r.without == "visual")
    again = model.recommend("u0", 30, {**FITTED, "visual": 0.0}).recommendations
    mine = next((r for r in again if r.clip_id == place.clip_id), None)
    assert visual.rank == place.rank
    assert visual.rank_without == (mine.rank if mine else None)
    assert visual.score_without == pytest.approx(mine.score)


def test_reasons_name_only_what_the_ledger_holds():
    dataset = make_dataset(n=30, seed=2, each=8, missing=0.2)
    model = LinearRecommender().fit(dataset)
    for user in ("u0", "u1", "u2"):
        for place in model.recommend(user, 5).recommendations:
            leaves = {leaf.label for leaf in place.ledger.leaves() if leaf.kind == "clip"}
            named = {title for title in dataset.corpus.titles if f"{title} " in f"{place.reason} ".replace(",", " ")}
            assert named <= leaves


def test_simulation_is_stable_when_clips_are_added_and_follows_stated_tastes():
    clips = [(f"c{i}", ("space", "cats", "tea")[i % 3], "") for i in range(30)]
    people, events = simulate(clips)
    assert len(people) == 40
    assert all(p.simulated and p.taste.startswith("simulated") for p in people)
    assert people[-1].events == 0
    more = simulate([*clips, ("new", "space", "")])[1]
    assert [e for e in more if e.clip_id != "new"] == events
    liked = {p.user_id: p.taste.split(";")[0] for p in people}
    likes = [e for e in events if e.event in ("like", "favourite", "share")]
    subject = {c: s for c, s, _ in clips}
    assert np.mean([subject[e.clip_id] in liked[e.user_id] for e in likes]) > 0.7


def test_csv_rows_are_kept_or_named():
    text = (
        "\ufeffuser_id,item_id,event,value,timestamp\n"
        "ann,c1,like,,1700000000\nann,c1,rating,4,2026-01-02T03:04:05\nbob,c1,,5,\nbob,c9,like,,\n"
        ",c1,like,,\nbob,c1,rating,1e308,\nbob,c1,view,NaN,\nbob,c1,dance,,\nbob,c1,like,,not a time\n"
    )
    rows, rejected = read_interactions(io.StringIO(text), frozenset({"c1"}))
    assert [(r.user_id, r.event, r.value) for r in rows] == [
        ("ann", "like", None),
        ("ann", "rating", 4),
        ("bob", "rating", 5),
    ]
    assert [line for line, _ in rejected] == [5, 6, 7, 8, 9, 10]
    assert read_interactions(io.StringIO("a,b\n1,2\n"), frozenset())[1][0][0] == 1
    assert ENTRIES


def test_stop_words_and_what_every_clip_says_are_no_reason():
    texts = [f"the launch of rocket number{i} and so on film" for i in range(2)]
    texts += [f"the cat and so on film {i}" for i in range(10)]
    index = WordIndex(texts)
    assert index.shared(0, 1) == ["launch", "rocket"] or set(index.shared(0, 1)) == {"launch", "rocket"}
    assert index.shared(0, 5) == []
