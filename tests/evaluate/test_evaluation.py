"""Whole evaluations: no leak, honest baselines, what cannot be told apart, and records that survive JSON."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import scipy.sparse as sp

from avrec.errors import InvalidInputError, UnknownModelError
from avrec.evaluate import findings, tables
from avrec.evaluate.datasets import Loaded, describe, from_library
from avrec.evaluate.evaluation import Spec, evaluate
from avrec.evaluate.faithfulness import faithfulness
from avrec.evaluate.leaderboard import pareto
from avrec.evaluate.protocols import PROTOCOLS, Protocol, splits
from avrec.evaluate.report import html_report
from avrec.evaluate.results import Evaluation
from avrec.export import csv_text
from avrec.recommend import registry
from avrec.recommend.dataset import Dataset
from avrec.recommend.popularity import Popularity
from avrec.schemas import Interaction
from tests.evaluate.test_tune import topical
from tests.synthetic import START, make_corpus, make_events

SMALL = ("hybrid", "content", "item-knn")


def loaded(dataset: Dataset, times=None) -> Loaded:
    return Loaded(dataset, times, describe(dataset, "made", "Made up"))


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(loaded(topical(users=40, clips=40, each=6)), Spec(algorithms=SMALL, k=5))


def test_popularity_and_random_are_always_among_them(found):
    assert {row.algorithm for row in found.rows} == {*SMALL, "popularity", "random"}


def test_who_knows_the_topics_beats_popularity_and_it_is_said(found):
    gain = found.compared("hybrid", "popularity", "ndcg")
    assert gain.distinguishable
    assert gain.difference > 0.1
    assert gain.low < gain.difference < gain.high
    words = findings.headline(found)
    assert words.startswith(f"Hybrid beats Popularity by {gain.difference:.3f}, paired p")


def test_a_leaderboard_of_noise_marks_everything_as_level():
    rng, corpus = np.random.default_rng(0), make_corpus(40, missing=0.0)
    events = [
        Interaction(f"u{u:02d}", corpus.clip_ids[c], "like", None, START)
        for u in range(30)
        for c in rng.choice(40, 6, replace=False)
    ]
    noise = evaluate(loaded(Dataset.build(corpus, [], events)), Spec(algorithms=SMALL, k=5, parts=()))
    assert findings.level_with_best(noise, "ndcg") == {row.algorithm for row in noise.rows} - {noise.best}
    assert "not distinguishable" in findings.headline(noise)


class Recorder(Popularity):
    """Writes down every dataset that it is given."""

    name = "recorder"
    given: ClassVar[list[Dataset]] = []

    def _fit(self, dataset: Dataset) -> None:
        Recorder.given.append(dataset)
        super()._fit(dataset)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_test_interaction_reaches_a_fit(name, monkeypatch):
    """Leaderboard, ratings and ablation alike."""
    corpus = make_corpus(30)
    events = make_events(corpus, 12, 12)
    data = from_library(corpus, [], events)
    entry = registry.Entry("recorder", "Recorder", "test", True, Recorder)
    monkeypatch.setitem(registry.ENTRIES, "recorder", entry)
    Recorder.given.clear()
    evaluate(data, Spec(Protocol(name), ("recorder",), k=5, parts=()))
    cuts = list(splits(data.dataset, Protocol(name), data.times))
    assert len(Recorder.given) == len(cuts)
    for given, cut in zip(Recorder.given, cuts, strict=True):
        for matrix in (given.user_items, given.seen, given.hidden, given.ratings):
            assert not matrix.multiply(cut.targets).nnz


def test_what_is_learned_does_not_depend_on_the_held_out_pairs():
    """Turning every held-out like into nothing changes no score."""
    data = topical(users=20, clips=24, each=4)
    split = next(splits(data, Protocol()))
    without = replace(data, user_items=sp.csr_matrix(data.user_items - data.user_items.multiply(split.targets)))
    without.user_items.eliminate_zeros()
    for name in ("hybrid", "item-knn", "popularity"):
        first = registry.make(name).fit(split.train).scores_of(split.people)
        second = registry.make(name).fit(replace(split.train, user_items=without.user_items)).scores_of(split.people)
        np.testing.assert_array_equal(first, second)


def test_a_model_that_fails_does_not_stop_the_others(monkeypatch, caplog):
    class Broken(Popularity):
        name = "broken"

        def _fit(self, dataset: Dataset) -> None:
            raise ZeroDivisionError

    monkeypatch.setitem(registry.ENTRIES, "broken", registry.Entry("broken", "Broken", "test", True, Broken))
    result = evaluate(loaded(topical(users=12, clips=16, each=3)), Spec(algorithms=("broken",), k=5))
    assert "could not be fitted" in result.row("broken").error
    assert result.row("popularity").metrics


def test_the_record_survives_json(found):
    assert Evaluation.from_json(found.as_json()) == found
    with pytest.raises(ValueError, match="validation errors"):
        Evaluation.from_json("{}")


def test_ablation_finds_the_modality_that_carries_everything():
    """Content is pure noise here but for `visual`, which holds the topics."""
    data = topical(users=60, clips=60, each=8)
    rng = np.random.default_rng(0)
    vectors = {
        name: source if name == "visual" else replace(source, matrix=_units(rng.normal(size=source.matrix.shape)))
        for name, source in data.corpus.vectors.items()
    }
    corpus = replace(data.corpus, vectors=vectors, documents=("",) * len(data.corpus.clip_ids))
    result = evaluate(loaded(replace(data, corpus=corpus)), Spec(algorithms=("hybrid",), k=5, parts=("ablation",)))
    changes = {row.modality: row.change.value for row in result.ablation}
    assert "words" not in changes
    content = {name: value for name, value in changes.items() if name not in ("crowd", "prior")}
    assert min(content, key=content.get) == "visual"
    alone = {row.modality: row.alone.value for row in result.ablation}
    assert alone["visual"] == max(alone[name] for name in content)


def test_a_modality_alone_ranks_by_likeness_whatever_the_hybrids_weights():
    from avrec.recommend.hybrid_settings import HybridSettings

    data = loaded(topical(users=30, clips=40, each=5))
    spec = Spec(algorithms=("hybrid", "visual"), k=5, parts=("ablation",), hybrid=HybridSettings(content=0.0))
    result = evaluate(data, spec)
    alone = next(row.alone.value for row in result.ablation if row.modality == "visual")
    assert alone == pytest.approx(result.value("visual", "ndcg").value, abs=0.05)
    assert alone > result.value("random", "ndcg").value + 0.1


def _units(matrix):
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


def test_exact_ledgers_are_faithful_and_a_lying_one_is_found_out():
    data = topical(users=20, clips=24, each=5)
    model = registry.make("hybrid").fit(data)
    rates = {f.reason: f.rate.value for f in faithfulness(model, np.arange(20))}
    assert rates["watched clip"] > 0.99
    assert rates["modality"] > 0.99

    class Liar(type(model)):
        def _told(self, taste, columns, weights):
            told = super()._told(taste, columns, weights)
            turned = tuple(replace(b, values=-b.values) if b.leaves.kind == "clip" else b for b in told.blocks)
            return replace(told, blocks=turned)

    model.__class__ = Liar
    assert {f.reason: f.rate.value for f in faithfulness(model, np.arange(20))}["watched clip"] < 0.2


def test_newcomers_are_served_better_the_more_is_known(found):
    curve = {p.known: p.estimate.value for p in found.cold_start if p.algorithm == "hybrid"}
    assert set(curve) >= {0, 1, 2, 3}
    assert curve[0] == pytest.approx(
        next(p.estimate.value for p in found.cold_start if p.algorithm == "popularity" and p.known == 0)
    )
    assert curve[3] > curve[0] + 0.1


def test_calibration_bias_and_worst_served_add_up(found):
    assert [b.low for b in found.calibration] == [10.0 * i for i in range(10)]
    assert found.calibration[-1].rate.value > found.calibration[0].rate.value
    assert sum(b.history for b in found.popularity_bias) == pytest.approx(1)
    assert sum(b.listed["hybrid"] for b in found.popularity_bias) == pytest.approx(1)
    values = [w.value for w in found.worst]
    assert values == sorted(values)


def test_every_table_and_the_report_can_be_made(found):
    for make in tables.TABLES.values():
        assert csv_text(make(found)).count("\n") == len(make(found)) + 1
    page = html_report(found)
    assert "Hybrid beats Popularity" in page
    for outside in ("http://", "https://", "src=", "<script"):
        assert outside not in page


def test_hostile_titles_stay_text_in_report_and_csv():
    data = topical(users=12, clips=16, each=3)
    data = replace(data, user_ids=("<script>x</script>", "=cmd()", *data.user_ids[2:]))
    result = evaluate(loaded(data), Spec(algorithms=("popularity",), k=5))
    worst = replace(result.worst[0], user_id="=cmd()|<script>")
    result = replace(result, worst=(worst,))
    assert "<script" not in html_report(result)
    assert "'=cmd()" in csv_text(tables.worst_served(result))


def test_nothing_to_hold_out_is_one_sentence():
    empty = Dataset.build(make_corpus(5), ["u1"], [])
    with pytest.raises(InvalidInputError, match="record likes or import events"):
        evaluate(loaded(empty), Spec())
    nothing = Dataset.build(make_corpus(0), [], [])
    with pytest.raises(InvalidInputError):
        evaluate(loaded(nothing), Spec())


def test_one_person_with_two_likes_is_enough():
    corpus = make_corpus(6)
    events = [Interaction("u", corpus.clip_ids[i], "like", None, START) for i in range(2)]
    result = evaluate(from_library(corpus, [], events), Spec(algorithms=SMALL, k=5))
    assert result.tested == 1
    assert not any(c.distinguishable for c in result.comparisons)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (Spec(algorithms=("no-such",)), UnknownModelError),
        (Spec(k=0), InvalidInputError),
        (Spec(parts=("tea",)), InvalidInputError),
        (Spec(Protocol("by lot")), InvalidInputError),
    ],
)
def test_wrong_specifications_are_told(spec, error):
    with pytest.raises(error):
        spec.checked()


def test_the_hash_moves_with_everything_that_matters():
    base = Spec().checked()
    hashes = {base.hash("a"), base.hash("b"), Spec(k=5).checked().hash("a"), Spec(Protocol(seed=1)).checked().hash("a"),
              Spec(algorithms=("hybrid",)).checked().hash("a")}  # fmt: skip
    assert len(hashes) == 5
    assert Spec().checked().hash("a") == base.hash("a")


def test_pareto_by_hand():
    assert pareto([(1, 1), (2, 0), (0, 2), (0.5, 0.5), (2, 0)]) == [True, True, True, False, True]
