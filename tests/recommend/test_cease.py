"""CEASE against its closed form, its objective and its exact split by source."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import make_dataset

from avrec.recommend.cease import WHITEN_FROM, Cease, CeaseSettings, kernel_features, whitened
from avrec.recommend.content import ContentModel
from avrec.recommend.gram import inverse, weighted_gram
from avrec.recommend.sparse_crowd import SparseCrowd
from avrec.recommend.spectral import SpectralFilter
from avrec.recommend.walk import TwoStepWalk, step_matrix, strongest


def likes(users=30, clips=8, seed=0):
    X = (np.random.default_rng(seed).random((users, clips)) < 0.35).astype(float)
    return sp.csr_matrix(X)


def features(clips=8, seed=1):
    rng = np.random.default_rng(seed)
    made = {}
    for name, dims in (("visual", 4), ("audio", 3)):
        Z = rng.normal(size=(clips, dims))
        Z /= np.linalg.norm(Z, axis=1, keepdims=True)
        Z[:2] = 0  # two clips lack the modality
        made[name] = Z
    return made


@pytest.mark.parametrize(("beta", "p", "w"), [(1.0, 0.0, 0.0), (0.5, 0.6, 0.0), (0.0, 0.0, 2.0), (1.0, 0.6, 3.0)])
def test_closed_form(beta, p, w):
    X, Z = likes(), features()
    found = Cease(X, Z, CeaseSettings(7.0, beta, p, w)).rows(np.arange(8))
    lengths = np.maximum(X.toarray().sum(1), 1)
    G = X.toarray().T @ np.diag(lengths**-beta) @ X.toarray()
    C = sum(z @ z.T for z in Z.values()) / len(Z)
    P = np.linalg.inv(G + w * C + np.diag(7.0 + p / (1 - p) * np.diag(G)))
    expected = np.eye(8) - P / np.diag(P)
    np.testing.assert_allclose(found, expected, atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 30), beta=st.sampled_from([0.0, 0.5, 1.0]), p=st.sampled_from([0.0, 0.6]),
    w=st.floats(0, 10), ridge=st.floats(0.1, 300),
)  # fmt: skip
def test_sources_sum_to_b(seed, beta, p, w, ridge):
    model = Cease(likes(seed=seed), features(seed=seed), CeaseSettings(ridge, beta, p, w))
    every = np.arange(8)
    np.testing.assert_allclose(model.split(every).sum(axis=0), model.rows(every), atol=1e-9)
    assert not model.rows(every).diagonal().any()
    columns = np.array([6, 1])
    np.testing.assert_allclose(model.split(every, columns), model.split(every)[:, :, columns], atol=1e-12)


def test_each_column_is_a_ridge_regression_on_likes_and_features():
    X, Z = likes(), features()
    model = Cease(X, Z, CeaseSettings(5.0, 0.0, 0.0, 2.0))
    stacked = np.vstack([X.toarray(), *(np.sqrt(2.0 / 2) * z.T for z in Z.values())])
    for j in range(8):
        others = [i for i in range(8) if i != j]
        A = stacked[:, others]
        beta = np.linalg.solve(A.T @ A + 5.0 * np.eye(7), A.T @ stacked[:, j])
        np.testing.assert_allclose(model.rows(np.array(others), np.array([j]))[:, 0], beta, atol=1e-9)


def test_a_clip_nobody_likes_is_reached_through_content_alone():
    X = likes().tolil()
    X[:, 5] = 0
    Z = features()
    model = Cease(X.tocsr(), Z, CeaseSettings())
    rows = dict(zip(model.sources, model.split(np.arange(8), np.array([5])), strict=True))
    assert np.abs(rows["visual"]).max() > 1e-3
    assert not np.abs(Cease(X.tocsr(), {}, CeaseSettings(kernel=0)).rows(np.arange(8), np.array([5]))).any()


def test_whitening_waits_for_enough_clips():
    rng = np.random.default_rng(0)
    few = rng.normal(size=(WHITEN_FROM - 1, 20)).astype(np.float32)
    assert whitened(few, np.ones(len(few), dtype=bool)) is few
    many = (rng.normal(size=(600, 20)) * np.geomspace(1, 100, 20)).astype(np.float32)
    present = np.arange(600) % 10 > 0
    out = whitened(many, present)
    assert out.shape[1] <= 54
    assert not out[~present].any()
    np.testing.assert_allclose(np.linalg.norm(out[present], axis=1), 1, rtol=1e-5)
    spread = out[present].std(axis=0)
    assert spread.max() / spread.min() < 1.3


def test_kernels_come_from_the_content_model():
    content = ContentModel(make_dataset(missing=0.2).corpus)
    found = kernel_features(content)
    assert set(found) == {"visual", "audio", "speech", "caption", "meaning", "words"}
    for name, Z in found.items():
        lengths = np.sqrt(np.asarray(Z.multiply(Z).sum(1)).ravel()) if sp.issparse(Z) else np.linalg.norm(Z, axis=1)
        present = content.present[["visual", "audio", "speech", "caption", "meaning", "words"].index(name)]
        np.testing.assert_allclose(lengths, present.astype(float), atol=1e-5)


def test_inverse_and_gram_by_hand():
    A = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
    np.testing.assert_allclose(inverse(np.asfortranarray(A.copy())), np.linalg.inv(A), atol=1e-12)
    X = sp.csr_matrix([[1.0, 1, 0], [0, 1, 1], [0, 0, 1]])
    np.testing.assert_allclose(weighted_gram(X, 1.0).toarray(), [[0.5, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1.5]])


def test_walk_reaches_clips_two_steps_away():
    X = sp.csr_matrix([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
    walk = TwoStepWalk(X)
    N = X.T.toarray() @ np.diag(X.toarray().sum(1) ** -1.5) @ X.toarray()
    np.fill_diagonal(N, 0)
    degrees = N.sum(1)
    Q = np.diag(np.where(degrees > 0, np.maximum(degrees, 1e-12) ** -0.5, 0)) @ N
    np.testing.assert_allclose(step_matrix(X).toarray(), Q)
    expected = Q @ Q
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(walk.rows(np.arange(4)), expected)
    assert walk.rows(np.array([0]), np.array([2]))[0, 0] > 0  # nobody likes both
    weights = np.array([1.0, -0.5])
    np.testing.assert_allclose(walk.total(np.array([0, 2]), weights), weights @ expected[[0, 2]])


def test_strongest_keeps_the_largest_of_each_row():
    matrix = sp.csr_matrix([[3.0, 1, 2, 0], [0, 0, 0, 0], [1, 1, 1, 5]])
    assert strongest(matrix, 2).toarray().tolist() == [[3, 0, 2, 0], [0, 0, 0, 0], [1, 1, 1, 5]]


def test_totals_and_sums_are_those_of_the_rows():
    model, watched, weights = Cease(likes(), features(), CeaseSettings()), np.array([1, 4, 6]), np.array([1.0, -0.5, 2])
    rows = np.einsum("h,shc->sc", weights, model.split(watched))
    factors = np.array([2.0, 0.0, 1.0])
    np.testing.assert_allclose(model.total(watched, weights, factors), factors @ rows, atol=1e-12)
    tastes = sp.csr_matrix((weights, (np.zeros(3, int), watched)), shape=(2, 8))
    places = np.array([[0, 2, 7, 7], [1, 2, 3, 4]])
    sums = model.sums(tastes, places)
    np.testing.assert_allclose(sums[:, 0], rows[:, places[0]], atol=1e-12)
    assert not sums[:, 1].any()
    assert model.split(np.zeros(0, dtype=np.int64)).shape == (3, 0, 8)


def test_split_holds_in_single_precision():
    rng = np.random.default_rng(4)
    X = sp.csr_matrix((rng.random((300, 2100)) < 0.01).astype(float))
    Z = rng.normal(size=(2100, 6)).astype(np.float32)
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    single, clips = Cease(X, {"visual": Z}, CeaseSettings()), np.array([3, 2000])
    assert single.P.dtype == np.float32
    G = weighted_gram(X).toarray()
    P = np.linalg.inv(G + Z.astype(float) @ Z.T.astype(float) + 10 * np.eye(2100))
    mu = (1 / np.diag(P) - 10) * np.diag(G) / (np.diag(G) + 1)
    expected = P @ (G - np.diag(mu))
    expected[np.diag_indices(2100)] = 0
    np.testing.assert_allclose(single.split(clips)[1], expected[clips], atol=2e-6)


def test_products_with_many_tastes_are_those_of_the_rows():
    X = likes()
    for model in (TwoStepWalk(X), SparseCrowd(X), SpectralFilter(X, 2)):
        rows, columns = model.rows(np.arange(8)), np.array([5, 0])
        np.testing.assert_allclose(model.product(X), X @ rows, atol=1e-6)
        np.testing.assert_allclose(model.product(X, columns), (X @ rows)[:, columns], atol=1e-6)


def test_spectral_filter_by_hand():
    X = likes()
    lengths, n = np.maximum(X.toarray().sum(1), 1), X.toarray().sum(0)
    _, _, Vt = np.linalg.svd(np.diag(lengths**-0.25) @ X.toarray() @ np.diag(n**-0.25))
    expected = np.diag(n**-0.25) @ Vt[:2].T @ Vt[:2] @ np.diag(n**0.25)
    np.fill_diagonal(expected, 0)
    model = SpectralFilter(X, 2)
    np.testing.assert_allclose(model.rows(np.arange(8)), expected, atol=1e-9)
    weights = np.array([1.0, -0.5])
    np.testing.assert_allclose(model.total(np.array([0, 2]), weights), weights @ expected[[0, 2]], atol=1e-9)
    assert not SpectralFilter(sp.csr_matrix((3, 4))).rows(np.arange(4)).any()
