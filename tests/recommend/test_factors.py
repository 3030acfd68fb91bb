"""ALS, BPR and matrix factorisation: their makers' own answers, fold-in, and what the ledger says."""

import numpy as np
import pytest
import scipy.sparse as sp
from rated import dataset_of, random_likes, random_ratings

from avrec.recommend.als import Als
from avrec.recommend.bias import RatingBaseline
from avrec.recommend.bpr import Bpr
from avrec.recommend.mf import BiasedMf

IDS = [f"c{i}" for i in range(20)]


def implicit_als(model, X):
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        theirs = AlternatingLeastSquares(
            model.factors, float(model.regularization), model.alpha, num_threads=1, random_state=3
        )
        theirs.fit(sp.csr_matrix(X, dtype=np.float32), show_progress=False)
    return theirs


def test_als_is_implicits_with_the_person_recalculated():
    likes = random_likes(50, 20)
    X = np.nan_to_num(likes)
    model = Als(6, 2.0, 4.0).fit(dataset_of(likes))
    theirs = implicit_als(model, X)
    np.testing.assert_allclose(model.item_factors, theirs.item_factors, atol=1e-6)
    for row in range(5):
        vector = theirs.recalculate_user(row, sp.csr_matrix(X[[row]], dtype=np.float32))
        np.testing.assert_allclose(model.score(f"u{row}", IDS), theirs.item_factors @ vector, atol=1e-4)


def test_alss_lines_are_implicits_explanation():
    likes = random_likes(50, 20)
    X = np.nan_to_num(likes)
    model = Als(6, 2.0, 4.0).fit(dataset_of(likes))
    theirs = implicit_als(model, X)
    total, parts, _ = theirs.explain(0, sp.csr_matrix(X, dtype=np.float32), 7, N=99)
    mine = {leaf.key: leaf.value for leaf in model.contributions("u0", "c7").leaves()}
    assert sum(mine.values()) == pytest.approx(total, abs=1e-3)
    for clip, value in parts:
        assert mine[f"c{clip}"] == pytest.approx(value, abs=1e-3)


def test_what_was_turned_down_pushes_its_like_down_in_als():
    likes = random_likes(60, 20, 0.45)
    likes[0] = np.nan
    likes[0, [0, 1]] = 1.0
    model = Als(4).fit(dataset_of(likes))
    changed = likes.copy()
    changed[0, 1] = -1.0
    after = model.update(dataset_of(changed))
    odd = [f"c{i}" for i in range(3, 20, 2)]  # alike clip 1: one kind of taste likes the odd clips
    assert after.score("u0", odd).mean() < model.score("u0", odd).mean()
    assert {leaf.key for leaf in after.contributions("u0", "c5").leaves()} == {"c0"}


def test_bpr_is_implicits_for_the_people_of_the_fit():
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    likes = random_likes(50, 20)
    X = sp.csr_matrix(np.nan_to_num(likes), dtype=np.float32)
    model = Bpr(6).fit(dataset_of(likes))
    theirs = BayesianPersonalizedRanking(6, 0.01, 0.01, iterations=model.iterations, num_threads=1, random_state=3)
    theirs.fit(X, show_progress=False)
    ids, scores = theirs.recommend(4, X[4], N=5)
    np.testing.assert_allclose(model.score("u4", [f"c{i}" for i in ids]), scores, atol=1e-5)


def test_a_changed_person_is_folded_into_bpr_much_as_the_fit_had_them():
    likes = random_likes(200, 20, 0.45)
    model = Bpr(8, iterations=300).fit(dataset_of(likes))
    agreement = []
    for row in range(20):
        trained = model.item_factors @ model._people[row]
        folded = model.item_factors @ model._folded_in(np.flatnonzero(~np.isnan(likes[row])))
        agreement.append(np.corrcoef(trained, folded)[0, 1])
    assert np.mean(agreement) > 0.8
    new = np.full((201, 20), np.nan)
    new[:200] = likes
    new[200, [1, 3]] = 1.0
    scores = model.update(dataset_of(new)).score("u200", IDS)
    assert scores[5::2].mean() > scores[4::2].mean()


def test_bprs_leaves_are_dimensions_and_the_clips_level():
    model = Bpr(5).fit(dataset_of(random_likes(50, 20)))
    kinds = [leaf.kind for leaf in model.contributions("u1", "c3").leaves()]
    assert kinds.count("factor") == 5
    assert kinds.count("prior") == 1


def test_matrix_factorisation_learns_what_levels_cannot():
    table = random_ratings(80, 40, 0.6, 11)
    held = ~np.isnan(table) & (np.random.default_rng(0).random(table.shape) < 0.2)
    users, clips = np.nonzero(held)
    dataset = dataset_of(np.where(held, np.nan, table))

    def error(model):
        return float(np.sqrt(np.mean((model.fit(dataset).predict(users, clips) - table[held]) ** 2)))

    assert error(BiasedMf(8, epochs=200)) < 0.8 * error(RatingBaseline())


def test_the_descent_is_the_textbooks():
    """One pass over two ratings, by hand."""
    model = BiasedMf(1, epochs=1, rate=0.1, ridge=0.5).fit(dataset_of([[4.0, 2.0]]))
    rng = np.random.default_rng(3)
    p, (q0, q1) = rng.normal(0, 0.1, (1, 1))[0, 0], rng.normal(0, 0.1, (2, 1))[:, 0]
    b = 0.0
    expected = []
    for q, rating in ((q0, 4.0), (q1, 2.0)):
        e = rating - (3.0 + b + 0.0 + p * q)
        b, b_i, p, q = b + 0.1 * (e - 0.5 * b), 0.1 * e, p + 0.1 * (e * q - 0.5 * p), q + 0.1 * (e * p - 0.5 * q)
        expected.append((b_i, q))
    assert model.b_u[0] == pytest.approx(b)
    assert model.P[0, 0] == pytest.approx(p)
    np.testing.assert_allclose(np.stack([model.b_i, model.Q[:, 0]], axis=1), expected)


def test_a_person_is_folded_into_the_factors_by_ridge_regression():
    table = random_ratings(40, 20, 0.5, 3)
    model = BiasedMf(6).fit(dataset_of(table))
    rated = ~np.isnan(table[2])
    Z = np.hstack([np.ones((20, 1)), model.Q])
    left = table[2, rated] - model._mean - model.b_i[rated]
    penalty = np.sqrt(model.fold_in * rated.sum()) * np.eye(7)
    solved = np.linalg.lstsq(np.vstack([Z[rated], penalty]), np.append(left, np.zeros(7)), rcond=None)[0]
    np.testing.assert_allclose(model.score("u2", IDS), model._mean + model.b_i + Z @ solved, atol=1e-9)


@pytest.mark.parametrize("make", [Als, Bpr, BiasedMf])
def test_many_people_at_once_score_as_one_by_one(make):
    dataset = dataset_of(random_ratings(30, 20, 0.4, 6, levels=(-1, -0.5, 0, 0.5, 1)))
    model = make().fit(dataset)
    many, weights = model.scores_of(np.arange(30)), model.weights(None)
    for row in range(30):
        taste = dataset.taste_of(row)
        settled, _ = model.settled(taste, weights)
        np.testing.assert_allclose(many[row], model.base_scores(taste, settled), atol=1e-9)
        np.testing.assert_allclose(many[row], model.told(taste, np.arange(20), settled).totals(), atol=1e-9)
