"""Recommenders of the form x_u B against B written out, and the views of a singular value decomposition."""

import numpy as np
import pytest
import scipy.sparse as sp
from rated import dataset_of, random_likes, random_ratings
from synthetic import make_dataset

from avrec.recommend.cease import CeaseSettings
from avrec.recommend.ease import CeaseRecommender, Ease, Edlae
from avrec.recommend.neighbours import ItemKnn, P3Alpha, RP3Beta, Walk, nearest
from avrec.recommend.pure_svd import PureSvd, centred, decompose
from avrec.schemas import MODALITIES

ALL = (Ease, Edlae, CeaseRecommender, ItemKnn, P3Alpha, RP3Beta, Walk, PureSvd)


def matrix_of(likes):
    return np.nan_to_num(likes)


def item_matrix(model, clips):
    return model.matrix.rows(np.arange(clips))


def ease(X, beta, ridge, dropout):
    lengths = np.maximum(X.sum(axis=1), 1.0)
    G = X.T @ (X * lengths[:, None] ** -beta)
    P = np.linalg.inv(G + np.diag(ridge + dropout / (1 - dropout) * np.diag(G)))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    return B


@pytest.mark.parametrize(("make", "dropout"), [(Ease, 0.0), (Edlae, 0.3)])
def test_ease_and_edlae_are_the_closed_form(make, dropout):
    likes = random_likes(40, 15)
    model = make(CeaseSettings(7.0, 0.5, dropout, 0.0)).fit(dataset_of(likes))
    np.testing.assert_allclose(item_matrix(model, 15), ease(matrix_of(likes), 0.5, 7.0, dropout), atol=1e-10)


def test_ease_minimises_its_objective_under_a_zero_diagonal():
    likes = random_likes(40, 10)
    X, ridge = matrix_of(likes), 5.0
    B = item_matrix(Ease(CeaseSettings(ridge, 0.0, 0.0, 0.0)).fit(dataset_of(likes)), 10)
    gradient = X.T @ (X @ B - X) + ridge * B
    assert np.abs(gradient - np.diag(np.diag(gradient))).max() < 1e-9


def test_item_knn_is_the_shrunk_cosine_of_the_weighted_gram_matrix():
    likes = random_likes(40, 15)
    X = matrix_of(likes)
    G = X.T @ (X / np.maximum(X.sum(axis=1), 1.0)[:, None])
    expected = G / np.sqrt(np.outer(np.diag(G) + 0.5, np.diag(G) + 0.5))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(item_matrix(ItemKnn(99, 0.5).fit(dataset_of(likes)), 15), expected, atol=1e-6)
    few = item_matrix(ItemKnn(3, 0.5).fit(dataset_of(likes)), 15)
    third = np.sort(expected, axis=1)[:, [-3]]
    np.testing.assert_allclose(few, np.where(expected >= third, expected, 0.0), atol=1e-6)


@pytest.mark.filterwarnings("ignore:Method expects CSR input")
def test_item_knn_without_weights_is_implicits_cosine():
    from implicit.nearest_neighbours import CosineRecommender

    likes = random_likes(40, 15)
    theirs = CosineRecommender(K=99)
    theirs.fit(sp.csr_matrix(matrix_of(likes)), show_progress=False)
    similar = theirs.similarity.toarray()
    np.fill_diagonal(similar, 0)
    np.testing.assert_allclose(item_matrix(ItemKnn(99, 0.0, beta=0.0).fit(dataset_of(likes)), 15), similar, atol=1e-6)


def test_walks_of_three_steps_are_products_of_transition_probabilities():
    likes = random_likes(40, 15)
    X = matrix_of(likes)
    to_people = (X / np.maximum(X.sum(axis=0), 1)).T ** 0.8
    to_clips = (X / np.maximum(X.sum(axis=1), 1)[:, None]) ** 0.8
    expected = to_people @ to_clips
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(item_matrix(P3Alpha(0.8, 99).fit(dataset_of(likes)), 15), expected, atol=1e-6)
    expected /= np.maximum(X.sum(axis=0), 1)[None] ** 0.4
    np.testing.assert_allclose(item_matrix(RP3Beta(0.8, 0.4, 99).fit(dataset_of(likes)), 15), expected, atol=1e-6)


@pytest.mark.parametrize("share", [0.02, 0.4])
def test_sparse_and_full_products_keep_the_same_neighbours(share):
    X = sp.csr_matrix((np.random.default_rng(0).random((50, 300)) < share).astype(float) * 0.37)
    product = (X.T @ X).toarray()
    np.fill_diagonal(product, 0)
    limit = np.sort(product, axis=1)[:, [-20]]
    expected = np.where(product >= limit, product, 0.0)
    np.testing.assert_allclose(nearest(sp.csr_matrix(X.T), X, 20).toarray(), expected, atol=1e-6)


def test_pure_svd_projects_on_the_largest_singular_vectors():
    likes = random_likes(40, 15)
    V = np.linalg.svd(matrix_of(likes))[2][:2].T
    np.testing.assert_allclose(item_matrix(PureSvd(2, beta=0.0).fit(dataset_of(likes)), 15), V @ V.T, atol=1e-9)


@pytest.mark.parametrize("make", ALL)
def test_scores_are_the_persons_row_times_b(make):
    dataset = make_dataset(n=30, users=12, each=10, seed=2)
    model = make().fit(dataset)
    expected = dataset.user_items.toarray() @ item_matrix(model, 30).astype(float)
    rows, columns = np.arange(12), np.array([3, 0, 29])
    some, weights = model.scores_of(rows), model.weights(None)
    np.testing.assert_allclose(model.scores_of(rows, columns=columns), some[:, columns], atol=1e-7)
    for row in rows:
        taste = dataset.taste_of(row)
        if taste.positives:
            np.testing.assert_allclose(some[row], expected[row], atol=1e-6)
            np.testing.assert_allclose(model.base_scores(taste, weights), expected[row], atol=1e-6)
            np.testing.assert_allclose(model.told(taste, np.arange(30), weights).totals(), expected[row], atol=1e-6)


def test_an_update_takes_the_row_and_leaves_what_was_learned():
    likes = random_likes(40, 15)
    changed = np.vstack([likes, np.full(15, np.nan)])
    changed[0] = np.nan
    changed[0, [1, 4]] = changed[40, [2, 5]] = 1.0
    for make in ALL:
        model = make().fit(dataset_of(likes))
        updated = model.update(dataset_of(changed))
        B = item_matrix(model, 15).astype(float)
        np.testing.assert_allclose(updated.score("u0", [f"c{i}" for i in range(15)]), B[1] + B[4], atol=1e-6)
        np.testing.assert_allclose(updated.score("u40", [f"c{i}" for i in range(15)]), B[2] + B[5], atol=1e-6)


def test_weights_multiply_ceases_lines_and_no_others():
    dataset = make_dataset(n=30, users=12, each=10, seed=2, missing=0.1)
    model = CeaseRecommender().fit(dataset)
    full = model.weights(None)
    before = {line.key: line.value for line in model.contributions("u1", "c003").children}
    assert {"visual", "crowd"} <= set(before) <= set(MODALITIES)
    after = {
        line.key: line.value
        for line in model.contributions("u1", "c003", {**full, "visual": 0.0, "crowd": 2.0}).children
    }
    assert after == pytest.approx({k: v * (2 if k == "crowd" else 1) for k, v in before.items() if k != "visual"})
    uneven = {**full, "audio": 1.0}
    exact = model.told(dataset.taste("u1"), np.arange(30), uneven).totals()
    np.testing.assert_allclose(model.base_scores(dataset.taste("u1"), uneven), exact, atol=1e-5)
    np.testing.assert_allclose(model.scores_of(np.array([1]), uneven)[0], exact, atol=1e-5)


@pytest.mark.parametrize("make", [Ease, Edlae, CeaseRecommender])
def test_a_library_too_large_for_an_inverse_gets_sparse_neighbours(make, monkeypatch):
    monkeypatch.setattr("avrec.recommend.ease.DENSE_CLIPS", 10)
    dataset = make_dataset(n=30, users=12, each=10, seed=2)
    model = make().fit(dataset)
    taste = dataset.taste("u1")
    for weights in (model.weights(None), {**model.weights(None), "crowd": 2.0}):
        told = model.told(taste, np.arange(30), weights)
        assert {block.modality for block in told.blocks} == {"crowd"}
        np.testing.assert_allclose(told.totals(), model.base_scores(taste, weights), atol=1e-5)
        np.testing.assert_allclose(told.totals(), model.scores_of(np.array([1]), weights)[0], atol=1e-5)


# ---- singular values ---------------------------------------------------------------------------------


def test_the_textbook_matrix():
    found = decompose(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert found.singular_values.shape == (2,)
    np.testing.assert_allclose(found.singular_values, [5.46498570, 0.36596619], atol=1e-8)
    np.testing.assert_allclose(np.abs(found.U), [[0.40455359, 0.91451430], [0.91451430, 0.40455359]], atol=1e-8)
    np.testing.assert_allclose(np.abs(found.Vt), [[0.57604844, 0.81741556], [0.81741556, 0.57604844]], atol=1e-8)
    np.testing.assert_allclose(found.reconstruction(), [[1, 2], [3, 4]], atol=1e-12)
    np.testing.assert_allclose(found.explained_variance, np.array([5.46498570, 0.36596619]) ** 2 / 30, atol=1e-8)


@pytest.mark.parametrize("shape", [(30, 12), (12, 30), (260, 240)])
def test_factors_are_orthonormal_ordered_and_the_best_of_their_rank(shape):
    X = np.random.default_rng(0).random(shape)
    found = decompose(sp.csr_matrix(X), 5)
    np.testing.assert_allclose(found.U.T @ found.U, np.eye(5), atol=1e-9)
    np.testing.assert_allclose(found.Vt @ found.Vt.T, np.eye(5), atol=1e-9)
    np.testing.assert_allclose(found.singular_values, np.linalg.svd(X, compute_uv=False)[:5], rtol=1e-9)
    error = np.sum((X - found.reconstruction()) ** 2)
    assert error / np.sum(X**2) == pytest.approx(1 - found.explained_variance.sum())
    assert found.feature_importance.sum() == pytest.approx(1)
    assert found.reconstruction(2).shape == shape


def test_columns_that_carry_the_matrix_are_the_important_ones():
    X = np.random.default_rng(1).normal(size=(50, 4)) * [10, 1, 1, 1]
    assert decompose(X, 2).feature_importance.argmax() == 0


@pytest.mark.parametrize("X", [np.zeros((3, 2)), np.zeros((0, 4)), np.zeros((4, 0))])
def test_nothing_to_decompose(X):
    found = decompose(X)
    assert found.singular_values.shape == (0,)
    assert found.reconstruction().shape == X.shape
    assert found.feature_importance.shape == (X.shape[1],)


def test_missing_ratings_are_not_zeros():
    table = random_ratings(10, 8, 0.5, 2)
    left, means = centred(dataset_of(table).user_items)
    np.testing.assert_allclose(means, np.nanmean(table, axis=1))
    np.testing.assert_allclose(left.toarray(), np.nan_to_num(table - means[:, None]), atol=1e-12)
    assert left.nnz == (~np.isnan(table)).sum()
