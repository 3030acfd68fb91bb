"""Crashes and faults, over the real queue and store with light models."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest
from generate import write_video
from light import LightModels

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from avrec.schemas import STAGES

CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from light import LightModels
    from avrec.config import Settings
    from avrec.engine import Engine
    engine = Engine(Settings(data=Path({data!r}), demo=False, fault={fault!r}), models=LightModels())
    with open({video!r}, "rb") as stream:
        job = engine.add_file(stream, "a.mp4")
    print(engine.wait([job.job_id], timeout=60)[0].state)
    """
)


def run_child(data, video, fault):
    code = CHILD.format(tests=str(REPOSITORY / "tests"), data=str(data), video=str(video), fault=fault)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False)


QUICK = ("decode", "speech", "index")  # one of each kind; the others are slow for their number


@pytest.mark.parametrize("stage", [s if s in QUICK else pytest.param(s, marks=pytest.mark.slow) for s in STAGES])
def test_killed_at_a_stage_the_job_goes_on_without_doubles(tmp_path, stage):
    video = write_video(tmp_path / "a.mp4", 2.0)
    assert run_child(tmp_path / "data", video, f"{stage}:1:kill").returncode == -9
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    assert engine.clips() == []
    (job,) = engine.jobs()
    assert job.state == "running"
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
    assert len(engine.clips()) == 1
    assert len(list(engine.settings.clips_dir.iterdir())) == 1
    assert list(engine.settings.jobs_dir.iterdir()) == []
    engine.close()


@pytest.mark.parametrize(("kind", "words"), [("enospc", "The disk is full"), ("raise", "could not be processed")])
def test_a_fault_is_one_sentence_and_retry_goes_on(tmp_path, kind, words):
    settings = Settings(data=tmp_path / "data", demo=False, fault=f"pictures:1:{kind}")
    engine = Engine(settings, models=LightModels())
    with write_video(tmp_path / "a.mp4", 2.0).open("rb") as stream:
        job = engine.add_file(stream, "a.mp4")
    failed = engine.wait([job.job_id], timeout=60)[0]
    assert failed.state == "failed"
    assert words in failed.reason
    assert str(tmp_path) not in failed.reason
    assert engine.clips() == []
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
    engine.close()


def test_two_engines_on_one_data_directory_share_the_work(tmp_path):
    settings = Settings(data=tmp_path / "data", demo=False)
    app = Engine(settings, models=LightModels(), start_worker=True)
    other = Engine(settings, models=LightModels())
    videos = [write_video(tmp_path / f"{i}.mp4", 1.0, cuts=i + 1) for i in range(3)]
    ids = []
    for engine, video in zip((app, other, app), videos, strict=True):
        with video.open("rb") as stream:
            ids.append(engine.add_file(stream, video.name).job_id)
    assert {job.state for job in other.wait(ids, timeout=60)} == {"done"}
    assert len(app.clips()) == len(other.clips()) == 3
    assert app._workers["clips"].working
    assert not other._workers["clips"].working
    other.close()
    app.close()


def test_the_same_bytes_from_many_threads_become_one_clip(tmp_path):
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    data = write_video(tmp_path / "a.mp4", 1.0)
    outcomes = []

    def add():
        with data.open("rb") as stream:
            outcomes.append(engine.add_file(stream, "a.mp4").outcome)

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["", *["duplicate"] * 5]
    engine.close()


def test_deleting_while_it_is_being_made_leaves_nothing(tmp_path):
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    with write_video(tmp_path / "a.mp4", 1.0).open("rb") as stream:
        job = engine.add_file(stream, "a.mp4")
    transcribe = engine._models.transcriber.transcribe

    def cancel_meanwhile(audio, language=None):
        engine.cancel_job(job.job_id)
        return transcribe(audio)

    engine._models.transcriber.transcribe = cancel_meanwhile
    assert engine.wait([job.job_id], timeout=60)[0].state == "cancelled"
    assert engine.clips() == []
    assert not any(engine.settings.jobs_dir.iterdir())
    engine.close()
    assert os.path.exists(tmp_path / "data")


@pytest.mark.parametrize("error", [MemoryError(), OSError(12, "Cannot allocate memory")])
def test_memory_that_runs_out_beside_the_models_is_one_sentence(engine, tmp_path, monkeypatch, error):
    def full(*_):
        raise error

    monkeypatch.setattr("avrec.models.sound.pool", full)
    with write_video(tmp_path / "a.mp4", 1.0).open("rb") as stream:
        job = engine.add_file(stream, "a.mp4")
    failed = engine.wait([job.job_id], timeout=60)[0]
    assert failed.reason == "There is not enough memory for a.mp4. Close other programs, then retry."
    monkeypatch.undo()
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
