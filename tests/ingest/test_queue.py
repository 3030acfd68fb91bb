"""The queue: pausing, priority, lanes, jobs that take workers down, files that were refused before."""

import io
import os
import time
from dataclasses import replace

import pytest
from generate import write_video
from light import LightModels

from avrec.engine import Engine
from avrec.errors import InvalidInputError
from avrec.ingest import watch
from avrec.ingest.task import MadeWay
from avrec.schemas import STAGES
from avrec.store.jobs import MOST_DEATHS, SUSPECT_DEATHS, Order


def add(engine, path, **fields):
    with path.open("rb") as stream:
        return engine.add_file(stream, path.name, **fields)


@pytest.fixture
def three(engine, tmp_path):
    return [add(engine, write_video(tmp_path / f"{i}.mp4", 1.0 + i / 2)) for i in range(3)]


@pytest.fixture
def rooted(settings, tmp_path):
    """An engine that may take from `tmp_path/in`."""
    (tmp_path / "in").mkdir()
    made = Engine(settings.model_copy(update={"roots": [tmp_path / "in"]}), models=LightModels())
    yield made
    made.close()


def test_a_paused_queue_holds_files_back_and_lets_edits_through(engine, three):
    first = three[0].job_id
    engine.wait([first])
    engine.pause_queue()
    assert engine.status()["paused"]
    engine.edit_clip(engine.job(first).clip_id, title="Renamed")
    (text,) = [job for job in engine.jobs() if job.kind == "text"]
    assert engine.wait([text.job_id], timeout=30)[0].state == "done"
    assert not engine._workers["clips"].step()
    engine.resume_queue()
    assert {job.state for job in engine.wait([job.job_id for job in three], timeout=60)} == {"done"}


def test_pausing_ends_a_running_job_after_its_stage_and_keeps_what_it_has(engine, three):
    transcribe = engine._models.transcriber.transcribe

    def pause_meanwhile(audio, language=None):
        engine.pause_queue()
        return transcribe(audio)

    engine._models.transcriber.transcribe = pause_meanwhile
    engine._workers["clips"].step()
    (job,) = [job for job in engine.jobs() if job.stages_done]
    assert job.state == "queued"
    assert {"decode", "speech"} <= set(job.stages_done)
    before = job.stage_times["decode"]
    engine._models.transcriber.transcribe = transcribe
    engine.resume_queue()
    ended = engine.wait([job.job_id], timeout=60)[0]
    assert ended.state == "done"
    assert ended.stage_times["decode"] == before, "a finished stage is not run again"


def test_the_order_can_be_changed(engine, three):
    a, b, c = (job.job_id for job in three)
    engine.move_job(c)
    engine.move_job(a, first=False)
    ended = [engine._jobs.claim().job_id for _ in range(3)]
    assert ended == [c, b, a]


def test_stage_times_overlap_and_are_whole(engine, three):
    job = engine.wait([three[0].job_id], timeout=60)[0]
    assert set(job.stage_times) == set(STAGES)
    assert all(end >= start for start, end in job.stage_times.values())
    assert job.stage_times["text"][0] >= max(job.stage_times[s][1] for s in ("speech", "pictures", "audio")) - 1e-3
    assert job.duration
    assert engine.queue_seconds_left() > 0
    engine.wait([other.job_id for other in three], timeout=60)
    assert engine.queue_seconds_left() is None


def test_what_is_heard_does_not_wait_for_what_is_seen(engine, three):
    """Speech recognition begins before the pictures are decoded, and both are shown."""
    transcribe, seen = engine._models.transcriber.transcribe, []

    def transcribe_slowly(audio, language=None):
        deadline = time.monotonic() + 20
        while ("decode", "speech") not in seen and time.monotonic() < deadline:
            seen.append(engine.job(three[0].job_id).stages_now)
            time.sleep(0.01)
        return transcribe(audio)

    engine._models.transcriber.transcribe = transcribe_slowly
    job = engine.wait([three[0].job_id], timeout=60)[0]
    assert ("decode", "speech") in seen
    assert job.stage_times["speech"][0] < job.stage_times["decode"][1]


def test_a_job_that_takes_workers_down_waits_behind_the_others_and_fails_in_the_end(engine, three):
    jobs, poison = engine._jobs, three[0].job_id
    for _ in range(SUSPECT_DEATHS):
        assert jobs.claim().job_id == poison
        jobs.requeue_running()
    assert jobs.claim().job_id == three[1].job_id
    jobs.requeue_running(died=False)
    for job in three[1:]:
        engine.cancel_job(job.job_id)
    for _ in range(MOST_DEATHS - SUSPECT_DEATHS):
        assert jobs.claim().job_id == poison
        jobs.requeue_running()
    failed = engine.job(poison)
    assert failed.state == "failed"
    assert failed.reason.startswith("0.mp4: work on it ended")
    engine.retry_job(poison)
    assert engine.wait([poison], timeout=60)[0].state == "done"


def test_a_stop_is_no_death(engine, three):
    for _ in range(MOST_DEATHS + 1):
        job = engine._jobs.claim()
        engine._jobs.requeue_running(died=False)
    assert job.job_id == three[0].job_id
    assert engine._jobs.row(job.job_id).deaths == 0


def test_a_refused_file_is_refused_again_at_once_and_can_be_retried(engine, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypisom" + os.urandom(3000))
    first = engine.wait([add(engine, broken).job_id], timeout=30)[0]
    assert first.state == "failed"
    again = add(engine, broken)
    assert (again.job_id, again.state, again.reason) == (first.job_id, "failed", first.reason)
    assert not engine._workers["clips"].step(), "no second try by itself"
    engine.retry_job(first.job_id)
    assert engine.job(first.job_id).state == "queued"
    assert engine.wait([first.job_id], timeout=30)[0].state == "failed"


def test_many_at_once(engine, three):
    assert engine.cancel_queued() == 3
    assert engine.queue_counts() == {"cancelled": 3}
    assert engine.remove_ended("cancelled") == 3
    assert engine.jobs() == []
    assert list(engine.settings.originals_dir.iterdir()) == []
    with pytest.raises(InvalidInputError, match="cancel them first"):
        engine.remove_ended("queued")


def test_evaluations_do_not_wait_for_clips(engine, three):
    order = Order("hash", "", "Evaluation", {"title": "Evaluation"}, kind="evaluate")
    engine._jobs.enqueue([order])
    assert engine._jobs.claim("evaluations").kind == "evaluate"
    assert engine._jobs.claim("clips").job_id == three[0].job_id
    engine._jobs.requeue_running("evaluations")
    assert engine._jobs.row(three[0].job_id).state == "running", "the other lane's job is not touched"
    assert engine._jobs.has_work("clips")


def test_a_long_job_makes_way_and_goes_on_later(engine, three, tmp_path):
    runs = []

    def long_job(task):
        runs.append(task.folder)
        task.make_way()
        return "all done"

    worker = engine._workers["clips"]
    worker.handlers["rerun"] = long_job
    (job_id,) = engine._jobs.enqueue([Order("", "", "again", {"title": "again"}, kind="rerun", priority=-10)])
    row = engine._jobs.row(job_id)
    engine._jobs.update(job_id, state="running")
    worker._run_job(row)
    assert engine.job(job_id).state == "queued", "files go first"
    engine.wait([job_id], timeout=90)
    assert engine.job(job_id).found == "all done"
    assert len(runs) == 2
    assert issubclass(MadeWay, BaseException)
    assert not issubclass(MadeWay, Exception), "a handler that catches Exception must not swallow it"


# ---- folders -----------------------------------------------------------------------------------------


def test_a_folder_is_queued_in_the_background_and_a_second_pass_adds_nothing(rooted, tmp_path):
    for i in range(2):
        write_video(tmp_path / "in" / f"{i}.mp4", 1.0 + i)
    (tmp_path / "in" / "broken.mp3").write_bytes(b"no sound at all" * 50)
    (tmp_path / "in" / "notes.txt").write_text("not media")
    (tmp_path / "in" / "copy of 1.mp4").write_bytes((tmp_path / "in" / "1.mp4").read_bytes())
    job = rooted.queue_folder(tmp_path / "in", table={"0.mp4": {"title": "Named"}})
    assert rooted.wait([job.job_id], timeout=60)[0].found == "3 added, 1 already in the queue"
    rooted.wait([j.job_id for j in rooted.jobs()], timeout=60)
    assert {clip.title for clip in rooted.clips()} == {"Named", "1"}
    (failed,) = [j for j in rooted.jobs() if j.state == "failed"]
    assert failed.file_name == "broken.mp3"
    again = rooted.queue_folder(tmp_path / "in")
    before = len(rooted.jobs())
    assert rooted.wait([again.job_id], timeout=60)[0].found == "0 added, 3 already indexed, 1 refused before"
    assert len(rooted.jobs()) == before, "known files make no jobs"


def test_copies_of_a_broken_file_are_each_told_why(rooted, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "in" / name).write_bytes(b"not media at all")
    job = rooted.wait([rooted.queue_folder(tmp_path / "in").job_id], timeout=60)[0]
    assert job.found == "1 added, 1 already in the queue"
    rooted.wait([j.job_id for j in rooted.jobs()], timeout=60)
    failed = {j.file_name: j.reason for j in rooted.jobs() if j.state == "failed"}
    assert failed["a.mp4"].startswith("a.mp4: ")
    assert failed["b.mp4"] == failed["a.mp4"].replace("a.mp4", "b.mp4")
    (tmp_path / "in" / "c.mp4").write_bytes(b"not media at all")
    again = rooted.wait([rooted.queue_folder(tmp_path / "in").job_id], timeout=60)[0]
    assert again.found == "0 added, 3 refused before"
    assert sum(j.state == "failed" for j in rooted.jobs()) == 3
    assert rooted.queue_counts().get("queued", 0) == 0


def test_a_copy_of_a_cancelled_file_is_cancelled(engine, three, tmp_path):
    copy = tmp_path / "copy.mp4"
    copy.write_bytes((tmp_path / "0.mp4").read_bytes())
    twin = add(engine, copy)
    assert twin.outcome == "duplicate"
    engine.cancel_job(three[0].job_id)
    assert engine.job(twin.job_id).state == "cancelled"


def test_a_cancelled_folder_can_be_added_again(rooted, tmp_path):
    write_video(tmp_path / "in" / "a.mp4", 1.0)
    rooted.wait([rooted.queue_folder(tmp_path / "in").job_id], timeout=60)
    assert rooted.cancel_queued() == 1
    again = rooted.wait([rooted.queue_folder(tmp_path / "in").job_id], timeout=60)[0]
    assert again.found == "1 added"
    third = rooted.wait([rooted.queue_folder(tmp_path / "in").job_id], timeout=60)[0]
    assert third.found == "0 added, 1 already in the queue"


def test_only_roots_are_open(rooted, tmp_path):
    for path in (tmp_path, tmp_path / "in" / "..", tmp_path / "in" / "absent"):
        for ask in (rooted.queue_folder, rooted.watch_folder, rooted.add_folder):
            with pytest.raises(InvalidInputError):
                ask(path)
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    with pytest.raises(InvalidInputError):
        rooted.watch_folder(tmp_path / "in" / "out")


def test_a_watched_folder_brings_new_files_once_they_are_whole(rooted, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    watched = rooted.watch_folder(folder, preset="fast")
    assert (watched.preset, watched.looked_at) == ("fast", None)
    path = write_video(folder / "new.mp4", 1.0)
    assert rooted._watcher.look() == {str(folder): 0}, "it changed a moment ago"
    assert "still being written" in rooted.watched_folders()[0].note
    monkeypatch.setattr(watch, "STILL_SECONDS", 0.0)
    assert rooted._watcher.look() == {str(folder): 1}
    assert rooted._watcher.look() == {str(folder): 0}
    (job,) = rooted.jobs()
    assert job.preset == "fast"
    clip_id = rooted.wait([job.job_id], timeout=60)[0].clip_id
    rooted.delete_clip(clip_id)
    assert rooted._watcher.look() == {str(folder): 0}, "a deleted clip does not come back by itself"
    assert path.exists(), "the file stays where it is"
    os.utime(path, (1, 1))
    assert rooted._watcher.look() == {str(folder): 1}, "a file that changed is new"
    rooted.unwatch_folder(str(folder))
    assert rooted.watched_folders() == []


def test_a_watched_folder_that_is_gone_or_closed_says_so(rooted, tmp_path):
    (tmp_path / "in" / "usb").mkdir()
    rooted.watch_folder(tmp_path / "in" / "usb")
    (tmp_path / "in" / "usb").rmdir()
    assert rooted._watcher.look() == {str(tmp_path / "in" / "usb"): 0}
    assert "cannot be read now" in rooted.watched_folders()[0].note


def test_a_file_that_cannot_be_taken_is_on_the_list_once(rooted, tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "STILL_SECONDS", 0.0)
    path = write_video(tmp_path / "in" / "big.mp4", 1.0)
    rooted.settings.max_clip_mb = 0
    rooted.watch_folder(tmp_path / "in")
    for _ in range(2):
        assert rooted._watcher.look() == {str(tmp_path / "in"): 0}
    (job,) = rooted.jobs()
    assert job.state == "failed"
    assert "larger than" in job.reason
    assert str(path.parent) not in job.reason


def test_hashing_is_not_done_twice(rooted, tmp_path, monkeypatch):
    path = write_video(tmp_path / "in" / "a.mp4", 1.0)
    first = rooted._known.sha256(path)
    monkeypatch.setattr("avrec.store.known_files.hash_file", lambda _: pytest.fail("read again"))
    assert rooted._known.sha256(path) == first


def test_a_job_of_an_ended_upload_leaves_no_folder(engine, tmp_path):
    job = engine.add_file(io.BytesIO(b"not media at all"), "x.mp4")
    assert engine.wait([job.job_id], timeout=30)[0].state == "failed"
    assert list(engine.settings.jobs_dir.glob("*")) == []
    assert replace(job, state="failed").state == "failed"
