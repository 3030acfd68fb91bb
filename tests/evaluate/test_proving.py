"""Evaluations as jobs of the real queue: kept, found again, cancelled, failed."""

from dataclasses import replace

import pytest

from avrec.errors import InvalidInputError
from avrec.evaluate.evaluation import Spec
from avrec.evaluate.protocols import Protocol
from avrec.evaluate.results import Evaluation
from avrec.evaluate.tune import Tuned
from avrec.schemas import Interaction
from tests.evaluate.test_tune import topical
from tests.synthetic import START, make_corpus

SMALL = Spec(algorithms=("hybrid", "popularity"), k=5)


@pytest.fixture
def library(engine, monkeypatch):
    """An engine whose library is made up: 24 clips, 16 people."""
    data = topical(users=16, clips=24, each=4)
    monkeypatch.setattr(engine._clips, "corpus", lambda: make_corpus(24, missing=0.0))
    rows, columns = data.positives.nonzero()
    engine._interactions.add(
        Interaction(data.user_ids[r], data.corpus.clip_ids[c], "like", None, START)
        for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
    )
    return engine


def test_an_evaluation_is_a_job_and_the_second_is_read(library):
    found = library.evaluate("demo", SMALL)
    assert isinstance(found, Evaluation)
    assert len(library.evaluation_jobs()) == 1
    assert library.evaluate("demo", SMALL) == found
    assert len(library.evaluation_jobs()) == 1, "nothing ran again"
    assert library.evaluation(found.hash) == found
    (kept,) = library.evaluations()
    assert (kept["hash"], kept["dataset"]) == (found.hash, "demo")
    (job,) = library.evaluation_jobs()
    assert job.state == "done"
    assert "opularity" in job.found
    assert job.clip_id is None
    assert library.jobs() == [], "the Upload page shows files alone"


def test_an_event_makes_another_evaluation(library):
    first = library.request("demo", SMALL).hash
    found = library.evaluate("demo", SMALL)
    library._interactions.add([Interaction("u99", library._clips.corpus().clip_ids[0], "like", None, START)])
    asked = library.request("demo", SMALL)
    assert asked.hash != first
    assert library.evaluation(asked.hash) is None
    assert library.earlier(asked) == found
    assert library.earlier(library.request("demo", replace(SMALL, k=SMALL.k + 1))) is None


def test_the_same_is_queued_once_and_can_be_cancelled(library):
    job = library.evaluate("demo", SMALL, wait=False)
    assert library.evaluate("demo", SMALL, wait=False).job_id == job.job_id
    library.cancel_job(job.job_id)
    library.wait([job.job_id])
    assert library.job(job.job_id).state == "cancelled"
    assert library.evaluations() == []


def test_a_running_one_ends_at_its_next_announcement(library, monkeypatch):
    job = library.evaluate("demo", SMALL, wait=False)
    handler = library._workers["evaluations"].handlers["evaluate"]
    seen = []

    def cancelling(task):
        def told(share, sentence):
            seen.append(sentence)
            if len(seen) == 3:
                library.cancel_job(job.job_id)
            task.announce(share, sentence)

        return handler(replace(task, announce=told))

    library._workers["evaluations"].handlers["evaluate"] = cancelling
    (ended,) = library.wait([job.job_id])
    assert ended.state == "cancelled"
    assert len(seen) == 3
    assert library.evaluations() == []


def test_why_it_failed_is_one_sentence(engine):
    with pytest.raises(InvalidInputError, match="record likes or import events"):
        engine.evaluate("demo", SMALL)
    (job,) = engine.evaluation_jobs()
    assert job.state == "failed"
    engine.retry_job(job.job_id)
    assert engine.job(job.job_id).state == "queued"


def test_a_csv_file_is_evaluated_and_kept_files_too(engine, tmp_path):
    text = "user_id,item_id\n" + "".join(f"u{u},i{(u + c) % 9}\n" for u in range(12) for c in range(4))
    kept = engine.keep_interactions("../../evil.csv", text.encode())
    assert engine.own_files() == {kept: "evil.csv"}
    assert kept.startswith("csv-")
    assert engine.keep_interactions("l" * 300 + "\n.csv", b"user_id,item_id\n") in engine.own_files()
    found = engine.evaluate(kept, Spec(Protocol("leave-one-out"), ("item-knn",), 5))
    assert found.dataset.name == "evil.csv"
    assert found.tested == 12


def test_unknown_datasets_are_told(engine):
    with pytest.raises(InvalidInputError, match="neither a file"):
        engine.evaluate("/no/such/file.csv", SMALL)


def test_tuned_weights_are_kept_and_used(library):
    tuned = library.tune("demo", SMALL)
    assert isinstance(tuned, Tuned)
    assert library.tune("demo", SMALL) == tuned
    from dataclasses import replace

    found = library.evaluate("demo", replace(SMALL, hybrid=tuned.settings))
    assert found.tuned["fit"]["regularization"] == tuned.settings.fit.regularization


def test_a_damaged_file_is_as_if_it_were_not_there(library):
    found = library.evaluate("demo", SMALL)
    path = library.settings.data / "evaluations" / f"{found.hash}.json"
    path.write_text('{"format": 0}')
    assert library.evaluation(found.hash) is None
    assert library.evaluations() == []
    assert library.evaluate("demo", SMALL).rows == found.rows or library.evaluation(found.hash) is not None
    assert library.evaluation("../../etc/passwd") is None


def test_the_command_line_prints_the_contract(library, capsys, monkeypatch, tmp_path):
    import json

    from avrec import cli_evaluate

    monkeypatch.setattr(cli_evaluate, "Engine", lambda: library)
    monkeypatch.setattr(library, "close", lambda: None)
    arguments = {"dataset": "demo", "algorithms": "hybrid", "k": 5, "parts": "none"}
    cli_evaluate.evaluate(**arguments, as_json=True, export=tmp_path / "out.html")
    printed = json.loads(capsys.readouterr().out)
    assert {"dataset", "protocol", "rows"} <= set(printed)
    assert {"algorithm", "metric", "value", "low", "high", "users"} <= set(printed["rows"][0])
    assert {row["algorithm"] for row in printed["rows"]} == {"hybrid", "popularity", "random"}
    assert "Leaderboard" in (tmp_path / "out.html").read_text()
    cli_evaluate.evaluate(**arguments, export=tmp_path / "out.csv")
    assert "algorithm" in (tmp_path / "out.csv").read_text()
    assert "Popularity" in capsys.readouterr().out
    with pytest.raises(InvalidInputError):
        cli_evaluate.evaluate(**arguments, export=tmp_path / "out.pdf")


def test_auto_tunes_first_and_says_so(library):
    from avrec.evaluate.findings import tuned_words

    found = library.evaluate("demo", Spec(algorithms=("hybrid",), k=5, parts=(), auto=True))
    assert "tuned on" in tuned_words(found)
    assert library.evaluation(found.hash) == found
    assert library.tuned(library.request("demo", Spec(k=5))) is not None, "kept for the same split"
    with pytest.raises(InvalidInputError, match="folds"):
        library.evaluate("demo", Spec(Protocol("k-fold"), auto=True))


def test_work_asked_for_by_another_version_is_refused_in_words(library, monkeypatch):
    from avrec.evaluate import evaluation

    job = library.evaluate("demo", SMALL, wait=False)
    monkeypatch.setattr(evaluation, "code_version", lambda: "newer")
    (ended,) = library.wait([job.job_id])
    assert ended.state == "failed"
    assert "restart the app" in ended.reason


def test_tuned_parts_serve_the_library_until_the_fixed_ones_come_back(library):
    user = library.people()[0].user_id
    fixed = library.hybrid_settings()
    before = library.recommend(user, 5)
    tuned = library.tune("demo", SMALL, use=True)
    assert library.hybrid_settings() == tuned.settings
    other = replace(tuned.settings, content=0.0, cease=1.0, walk=1.0)
    library.use_hybrid(other)
    changed = library.recommend(user, 5)
    assert library.hybrid_settings() == other
    for place in changed.recommendations:
        assert sum(leaf.value for leaf in place.ledger.leaves()) == pytest.approx(place.score, abs=1e-6)
    library.use_hybrid(None)
    assert library.hybrid_settings() == fixed
    assert library.recommend(user, 5) == before
