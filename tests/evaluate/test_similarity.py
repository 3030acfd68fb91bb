import numpy as np
import pytest

from avrec.evaluate.similarity import per_query, quality, random_quality


def test_ndcg_agrees_with_scikit_learn():
    from sklearn.metrics import ndcg_score

    rng = np.random.default_rng(0)
    labels = rng.choice(["a", "b", "c"], 30).tolist()
    scores = rng.random((30, 30))
    found, precise = per_query(scores, labels)
    for query in range(30):
        others = np.arange(30) != query
        relevant = (np.array(labels)[others] == labels[query]).astype(float)
        assert found[query] == pytest.approx(ndcg_score([relevant], [scores[query, others]]))
        best = np.argsort(-scores[query, others])[: int(relevant.sum())]
        assert precise[query] == pytest.approx(relevant[best].mean())


def test_a_perfect_ranking_is_one_and_chance_is_far_below():
    labels = ["a"] * 5 + ["b"] * 5
    perfect = np.equal.outer(labels, labels).astype(float)
    found = quality(perfect, labels)
    assert (found.ndcg, found.r_precision, found.queries) == (1.0, 1.0, 10)
    assert found.ndcg_low == found.ndcg_high == 1.0
    assert random_quality(labels).ndcg < 0.85


def test_queries_without_a_relevant_clip_are_left_out():
    found, _ = per_query(np.zeros((3, 3)), ["a", "a", "lonely"])
    assert len(found) == 2
