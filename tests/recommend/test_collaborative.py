"""User-based and item-based prediction against the formulas written out, and what neighbours reveal."""

import numpy as np
import pytest
from rated import dataset_of, random_ratings

from avrec.recommend.bias import Biases, RatingBaseline
from avrec.recommend.item_cf import ItemAdjustedCosine, ItemCf, ItemCosine
from avrec.recommend.user_cf import BaselineKnn, CentredKnn, UserCf, UserCosine
from avrec.recommend.user_knn import UserKnn

_ = np.nan
BY_PEOPLE = (UserCf, UserCosine, CentredKnn, BaselineKnn)
BY_CLIPS = (ItemCf, ItemAdjustedCosine, ItemCosine)


def correlation(a, b):
    both = ~np.isnan(a) & ~np.isnan(b)
    if both.sum() < 2 or not np.ptp(a[both]) or not np.ptp(b[both]):
        return 0.0, both.sum()
    return float(np.corrcoef(a[both], b[both])[0, 1]), both.sum()


def resnick(table, user, clip, k, beta):
    """r_u + sum s (r_vi - r_v) / sum |s| over the k most similar who rated the clip, in loops."""
    near = []
    for other in range(len(table)):
        s, n = correlation(table[user], table[other])
        if other != user and not np.isnan(table[other, clip]) and s > 0:
            near.append((s * n / (n + beta), table[other, clip] - np.nanmean(table[other])))
    near = sorted(near, key=lambda pair: -pair[0])[:k]
    mean = np.nanmean(table[user])
    return mean + sum(s * left for s, left in near) / sum(s for s, _ in near) if near else mean


def test_user_prediction_by_hand():
    table = np.array([[5, 3, 4, _], [4, 2, 5, 2], [1, 5, 2, 5]])
    model = UserCf(beta=0, damping=0).fit(dataset_of(table))
    # Person 1 correlates .65 with person 0 and gave clip 3 a 2 where their mean is 3.25; person 2 is of opposite taste.
    assert model.score("u0", ["c3"])[0] == pytest.approx(4 + (2 - 3.25))
    assert model.predict([0], [3])[0] == pytest.approx(2.75)
    ledger = model.contributions("u0", "c3")
    neighbour = next(leaf for leaf in ledger.leaves() if leaf.kind == "neighbour")
    assert neighbour.label == "a person of similar taste, 0.65, 3 in common"
    assert neighbour.value == pytest.approx(-1.25)
    assert neighbour.details["common"] == 3
    assert next(leaf for leaf in ledger.leaves() if leaf.kind == "prior").value == pytest.approx(4)


STARS, SIGNED = (1, 2, 3, 4, 5), (-1.0, -0.5, 0.0, 0.5, 1.0)  # the second with stored zeros, which are ratings


@pytest.mark.parametrize(("k", "levels"), [(2, STARS), (40, STARS), (2, SIGNED)])
def test_user_predictions_are_the_formula(k, levels):
    table = random_ratings(14, 11, 0.5, 3, levels)
    model = UserCf(k, beta=5).fit(dataset_of(table))
    users, clips = np.divmod(np.arange(14 * 11), 11)
    expected = [np.clip(resnick(table, u, c, k, 5), levels[0], levels[-1]) for u, c in zip(users, clips, strict=True)]
    np.testing.assert_allclose(model.predict(users, clips), expected, atol=1e-9)


def test_item_prediction_by_hand():
    # Columns 0 and 2: over people 1, 2, 3 (1, 5, 4) and (1, 5, 3); columns 1 and 2: (5, 2, 3) and (1, 5, 3).
    table = np.array([[4, 2, _], [1, 5, 1], [5, 2, 5], [4, 3, 3]])
    model = ItemCf(beta=0, damping=0).fit(dataset_of(table))
    s = np.corrcoef([1, 5, 4], [1, 5, 3])[0, 1]
    assert model.similarities(np.array([0]))[0, 2] == pytest.approx(s)
    assert model.similarities(np.array([1]))[0, 2] < 0
    assert model.score("u0", ["c2"])[0] == pytest.approx(4)  # the one similar clip alone
    damped = ItemCf(beta=0, damping=1).fit(dataset_of(table)).score("u0", ["c2"])[0]
    assert damped == pytest.approx((s * 4 + 1 * 3) / (s + 1))


@pytest.mark.parametrize(("k", "levels"), [(2, STARS), (40, STARS), (2, SIGNED)])
def test_item_predictions_are_the_formula(k, levels):
    table = random_ratings(14, 11, 0.5, 5, levels)
    model = ItemCf(k, beta=5).fit(dataset_of(table))
    users, clips = np.divmod(np.arange(14 * 11), 11)
    expected = []
    for u, c in zip(users, clips, strict=True):
        near = []
        for h in range(11):
            s, n = correlation(table[:, h], table[:, c])
            if h != c and not np.isnan(table[u, h]) and s > 0:
                near.append((s * n / (n + 5), table[u, h]))
        near = sorted(near, key=lambda pair: -pair[0])[:k]
        mean = np.nanmean(table[u])
        expected.append(sum(s * r for s, r in near) / sum(s for s, _ in near) if near else mean)
    np.testing.assert_allclose(model.predict(users, clips), np.clip(expected, levels[0], levels[-1]), atol=1e-9)


@pytest.mark.parametrize("make", [*BY_PEOPLE, *BY_CLIPS, RatingBaseline])
def test_predictions_stay_on_the_scale_and_quick_scores_are_the_told_ones(make):
    dataset = dataset_of(random_ratings(20, 15, 0.4, 7))
    model = make().fit(dataset)
    users, clips = np.divmod(np.arange(20 * 15), 15)
    predicted = model.predict(users, clips)
    assert predicted.min() >= 1
    assert predicted.max() <= 5
    weights = model.weights(None)
    for row in range(20):
        taste = dataset.taste_of(row)
        told = model.told(taste, np.arange(15), weights).totals()
        np.testing.assert_allclose(told, model.base_scores(taste, weights), atol=1e-9)


@pytest.mark.parametrize("make", [*BY_PEOPLE, UserKnn])
def test_nobody_is_their_own_neighbour_nor_named(make):
    table = random_ratings(12, 10, 0.7, 1)
    dataset = dataset_of(table)
    model = make().fit(dataset)
    taste = dataset.taste("u3")
    for changed in (taste, taste.without(int(taste.clips[0]))):
        assert 3 not in model.similar_people(changed).people
    for place in model.recommend("u3", 5).recommendations:
        for leaf in place.ledger.leaves():
            assert not any(user in f"{leaf.label} {leaf.key} {leaf.details}" for user in dataset.user_ids)


@pytest.mark.parametrize("make", [*BY_PEOPLE, *BY_CLIPS, UserKnn, RatingBaseline])
def test_an_update_is_a_fit(make):
    before, after = random_ratings(12, 10, 0.6, 1), random_ratings(14, 10, 0.6, 2)
    updated = make().fit(dataset_of(before)).update(dataset_of(after))
    anew = make().fit(dataset_of(after))
    for user in ("u0", "u13"):
        clips = list(anew.dataset.corpus.clip_ids)
        if make is not RatingBaseline:
            np.testing.assert_allclose(updated.score(user, clips), anew.score(user, clips), atol=1e-12)
        assert np.isfinite(updated.score(user, clips)).all()


def test_the_baseline_shrinks_towards_the_mean_and_folds_people_in():
    table = random_ratings(40, 20, 0.5, 9)
    dataset = dataset_of(table)
    biases = Biases(dataset.user_items)
    for row in range(40):
        assert biases.of_person(dataset.user_items[[row]]) == pytest.approx(biases.users[row])
    assert biases.mean == pytest.approx(np.nanmean(table))
    left = np.nanmean(table - biases.mean - biases.users[:, None], axis=0)
    counts = (~np.isnan(table)).sum(axis=0)
    np.testing.assert_allclose(biases.items, left * counts / (10 + counts), atol=1e-3)


def test_a_reason_names_what_sets_the_clip_apart_and_not_a_shared_level():
    table = random_ratings(40, 20, 0.5, 9)
    table[:, 4] = np.where(np.arange(40) % 2, 5.0, np.nan)
    reasons = [p.reason for p in RatingBaseline().fit(dataset_of(table)).recommend("u0", 20).recommendations]
    assert reasons[0].startswith("Is rated above the average")
    assert reasons[-1].startswith("Little speaks for it")
    neighbours = UserCf().fit(dataset_of(table)).recommend("u0", 1).recommendations[0]
    assert neighbours.reason.startswith("Was liked by people of a similar taste")


def test_user_knn_by_hand():
    table = np.array([[1, 1, _, _], [1, 1, 1, _], [_, 1, _, 1]])
    model = UserKnn(shrink=0).fit(dataset_of(table))
    assert model.score("u0", ["c2", "c3"]) == pytest.approx([2 / np.sqrt(6) / np.sqrt(3), 1 / 2 / np.sqrt(2)])
    assert [leaf.label for leaf in model.contributions("u0", "c3").leaves()] == [
        "a person of similar taste, 0.50, 1 in common"
    ]


def test_similar_tastes_beat_the_mean():
    """Two kinds of people: whoever predicts must know them apart."""
    table = random_ratings(60, 30, 0.6, 11)
    rng = np.random.default_rng(0)
    known = ~np.isnan(table)
    held = known & (rng.random(table.shape) < 0.2)
    train = np.where(held, np.nan, table)
    users, clips = np.nonzero(held)
    errors = {}
    for make in (UserCf, CentredKnn, BaselineKnn, ItemAdjustedCosine, RatingBaseline):  # cosine of raw stars does not
        model = make().fit(dataset_of(train))
        errors[make.name] = float(np.sqrt(np.mean((model.predict(users, clips) - table[held]) ** 2)))
    assert max(error for name, error in errors.items() if name != "baseline") < 0.9 * errors["baseline"]
