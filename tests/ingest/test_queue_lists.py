"""Lists of the queue: true with thousands of jobs, in the order of work, by reason; what is kept never goes stale."""

import time
from datetime import datetime, timedelta

import pytest

from avrec.engine import Engine
from avrec.errors import InvalidInputError
from avrec.ingest.reasons import by_reason
from avrec.ingest.speeds import Pace
from avrec.schemas import STAGES
from avrec.store.jobs import Order, _new_row
from avrec.store.tables import jobs

BEGAN = datetime(2026, 1, 1)
EMPTY = "{name}: the file is empty. Export or download the file again, then retry."


def put(engine, *rows):
    """Write jobs as (state, more columns), a second apart."""
    made, begin = [], len(engine.jobs(10**6))
    for i, (state, more) in enumerate(rows, begin):
        at = BEGAN + timedelta(seconds=i)
        order = Order(f"{i:064x}", "", f"file_{i}.mp4", {"title": f"File {i}"})
        made.append(
            _new_row(order)
            | {"job_id": f"j{i}", "state": state, "created_at": at, "updated_at": at, "duration": None}
            | more
        )
    with engine._database.write() as connection:
        connection.execute(jobs.insert(), made)
    return [row["job_id"] for row in made]


def done(work=1.0, duration=10.0, **more):
    seconds = dict.fromkeys(STAGES, work)
    times = {stage: (100.0 + i, 101.0 + i) for i, stage in enumerate(STAGES)}
    return "done", {"outcome": "done", "duration": duration, "stage_seconds": seconds, "stage_times": times,
                    "stages_done": list(STAGES)} | more  # fmt: skip


@pytest.fixture
def many(engine) -> Engine:
    """3,000 jobs: 2,500 wait, 300 are done, 200 failed."""
    failed = [("failed", {"reason": EMPTY.format(name=f"file_{2800 + i}.mp4")}) for i in range(200)]
    put(engine, *[("queued", {})] * 2500, *[done()] * 300, *failed)
    return engine


def test_counts_and_pages_of_thousands(many):
    assert many.queue_counts() == {"queued": 2500, "done": 300, "failed": 200}
    summary = many.queue_summary()
    assert (summary.waiting, summary.clips, summary.cancellable) == (2500, 300, 2500)
    first = many.queue_page(most=20)
    assert first.total == 3000
    assert [job.job_id for job in first.jobs] == [f"j{i}" for i in range(20)]
    last = many.queue_page(first=2990, most=20)
    assert [job.job_id for job in last.jobs] == [f"j{i}" for i in range(2509, 2499, -1)]
    assert many.queue_page(("failed",), most=5).total == 200
    assert many.queue_page(first=3000).jobs == ()


def test_speeds_are_measured_however_much_waits(many):
    assert many.stage_speeds()["speech"] == pytest.approx(0.1)
    assert many.queue_seconds_left() == pytest.approx(2500 * 7.0, rel=0.01)
    assert many.preset_speeds() == {"balanced": (pytest.approx(0.7), 300)}


def test_a_page_of_thousands_is_quick(many):
    taken = []
    for _ in range(5):
        many._database.put_value("x", str(time.time()))
        started = time.thread_time()
        many.queue_page(most=20), many.queue_summary(), many.queue_seconds_left(), many.queue_failures()
        taken.append(time.thread_time() - started)
    assert min(taken) < 0.03


def test_the_order_is_running_then_by_turn_then_the_latest(engine):
    put(engine, done(), ("queued", {}), ("running", {}), ("queued", {"priority": 1}), ("failed", {}), ("queued", {}))
    assert [job.job_id for job in engine.queue_page().jobs] == ["j2", "j3", "j1", "j5", "j4", "j0"]
    engine.move_job("j5")
    engine.move_job("j3", first=False)
    assert [job.job_id for job in engine.queue_page(("queued",)).jobs] == ["j5", "j1", "j3"]
    assert [job.job_id for job in engine.queue_page(("failed", "running")).jobs] == ["j2", "j4"]


def test_search_is_in_titles_and_names_in_any_case_and_knows_no_wildcards(engine):
    put(engine, ("queued", {"fields": {"title": "100% Äpfel"}}), ("queued", {"file_name": "A_b.MP4"}), done())
    assert [job.job_id for job in engine.queue_page(text="0% äpf").jobs] in (["j0"], []), "accents as the database does"
    assert [job.job_id for job in engine.queue_page(text="100% ").jobs] == ["j0"]
    assert [job.job_id for job in engine.queue_page(text="a_B.mp").jobs] == ["j1"]
    assert engine.queue_page(text="a%b").total == 0
    assert engine.queue_page(("done",), text="file").total == 1


def test_failures_stand_together_whose_sentences_differ_in_name_and_numbers(engine):
    large = "{name}: its picture has {n} × 2 points. Cut or scale it down, then add it again."
    put(
        engine,
        ("failed", {"reason": EMPTY.format(name="file_0.mp4")}),
        ("failed", {"reason": large.format(name="file_1.mp4", n=16000)}),
        ("failed", {"reason": large.format(name="file_2.mp4", n=17000)}),
        ("failed", {"reason": large.format(name="file_3.mp4", n="18,000.5")}),
        ("failed", {"reason": ""}),
    )
    groups = engine.queue_failures()
    assert [len(group.files) for group in groups] == [3, 1, 1]
    assert groups[0].what == "its picture has … × … points. Cut or scale it down, then add it again."
    assert groups[0].files[0][:2] == ("j3", "file_3.mp4")
    assert "16000 × 2" in groups[0].files[2][2]
    assert {group.what for group in groups[1:]} == {
        "the file is empty. Export or download the file again, then retry.",
        "it stopped without a reason. Retry it.",
    }
    assert by_reason([]) == []


def test_nothing_kept_is_stale(engine):
    """Each answer is asked before and after a change that another connection makes."""
    assert engine.queue_counts() == {}
    assert engine.queue_failures() == []
    put(engine, ("queued", {}), ("failed", {"reason": "file_1.mp4: x. Do y."}))
    assert engine.queue_counts() == {"queued": 1, "failed": 1}
    assert engine.queue_failures()[0].what == "x. Do y."
    assert not engine.queue_paused
    engine.pause_queue()
    assert engine.queue_paused
    engine.retry_job("j1")
    assert engine.queue_failures() == []
    assert [job.state for job in engine.queue_page().jobs] == ["queued", "queued"]
    put(engine, done())
    assert engine.stage_speeds()


def test_changes_of_many_at_once(many):
    edit = put(many, ("queued", {"kind": "text"}))
    work = many.settings.jobs_dir / "j7"
    work.mkdir(parents=True)
    assert many.cancel_queued() == 2500
    assert not work.exists(), "what a cancelled job had is dropped"
    assert many.job(edit[0]).state == "queued", "an edit's text is still embedded"
    assert many.retry_failed(["j2800", "j0"]) == 1, "only failed ones"
    assert many.retry_failed() == 199
    assert many.queue_counts() == {"cancelled": 2500, "done": 300, "queued": 201}
    assert many.remove_ended("cancelled") == 2500
    assert many.queue_counts() == {"done": 300, "queued": 201}
    with pytest.raises(InvalidInputError):
        many.remove_ended("queued")


def test_removing_takes_uploads_along_that_nothing_else_is_about(engine):
    ids = put(engine, ("failed", {}), ("failed", {"sha256": "a" * 64}), ("queued", {"sha256": "a" * 64}))
    engine.settings.originals_dir.mkdir(parents=True, exist_ok=True)
    kept, gone = engine.settings.originals_dir / ("a" * 64), engine.settings.originals_dir / f"{0:064x}"
    for path in (kept, gone):
        path.write_bytes(b"x")
    engine.remove_jobs(ids)
    assert [job.job_id for job in engine.jobs()] == [ids[2]], "a waiting job is not removed"
    assert kept.exists()
    assert not gone.exists()


def test_clips_of_some_ids(engine):
    assert engine.clips_of(["x"]) == {}
    assert engine.clips() is not engine.clips(), "a list of one's own"


def test_time_left_shrinks_with_the_work_done():
    pace = Pace({"decode": 1.0, "speech": 3.0}, usual=10.0, overlap=0.5)
    assert pace.seconds((), None) == 20.0
    assert pace.seconds(("decode",), 2.0) == 3.0
    assert pace.seconds((), 2.0, progress=0.5) == 2.0
    assert pace.seconds(("decode", "speech"), 2.0) == 0.0
    assert Pace().seconds((), 2.0) is None
