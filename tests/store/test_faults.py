"""The disk, the clock and other programs misbehave: a sentence each time, and it works again afterwards."""

import errno
import os
import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from generate import write_video
from light import LightModels, take_in

from avrec.engine import Engine
from avrec.errors import StoreError
from avrec.ingest import worker
from avrec.store import backup, database, gate, unpack
from avrec.store import restore as restoring
from avrec.store.backup import back_up
from avrec.store.restore import restore


@pytest.fixture
def impatient(monkeypatch):
    """Wait a moment where half a minute is waited for a lock."""
    for module in (database, restoring):
        monkeypatch.setattr(module, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(gate, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(worker, "AFTER_FAILURE_SECONDS", 0.1)


def add(engine, tmp_path, seconds=2.0):
    with write_video(tmp_path / f"{seconds}.mp4", seconds).open("rb") as stream:
        return engine.add_file(stream, "a.mp4")


def test_a_database_that_another_program_holds_is_one_sentence_and_works_afterwards(impatient, engine, tmp_path):
    other = sqlite3.connect(engine.settings.data / "avrec.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="The database is busy"):
        add(engine, tmp_path)
    assert engine.jobs() == [], "reading goes on"
    back_up(engine.settings, tmp_path / "b.tar", "1")
    with pytest.raises(StoreError, match="busy"):
        restore(engine.settings, tmp_path / "b.tar")
    other.execute("ROLLBACK")
    assert engine.wait([add(engine, tmp_path).job_id], timeout=60)[0].state == "done"
    assert restore(engine.settings, tmp_path / "b.tar").clips == 0
    other.close()


def test_a_worker_outlives_a_store_that_fails_and_finishes_the_job_in_hand(impatient, settings, tmp_path, caplog):
    engine = Engine(settings, models=LightModels(), start_worker=True)
    update, transcribe, failing = engine._jobs.update, engine._models.transcriber.transcribe, []

    def begin_to_fail(audio, language=None):
        engine._jobs.update = fail
        return transcribe(audio)

    def fail(job_id, **fields):
        if "failed" in failing:
            return update(job_id, **fields)
        failing.append(fields.get("state", ""))
        raise StoreError("The database is busy")

    engine._models.transcriber.transcribe = begin_to_fail
    job = add(engine, tmp_path)
    assert engine.wait([job.job_id], timeout=30)[0].state == "done"
    assert failing[-1] == "failed", "not even the failure could be written down"
    assert len(engine.clips()) == 1
    engine.close()
    assert list(settings.jobs_dir.iterdir()) == []


@pytest.mark.parametrize(("number", "words"), [
    (errno.EROFS, "read-only file system"), (errno.EACCES, "permission denied"), (errno.ENOSPC, "The disk is full"),
])  # fmt: skip
def test_a_data_directory_that_cannot_be_written_is_one_sentence(settings, monkeypatch, number, words):
    def refuse(path, data):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(StoreError, match=words) as caught:
        Engine(settings, models=LightModels())
    assert str(settings.data) not in str(caught.value)


def on_connections(engine, pragma):
    """Have SQLite itself refuse, on every connection of the engine."""
    engine._database.engine.dispose()
    sa.event.listen(engine._database.engine, "checkout", lambda c, *_: c.execute(f"PRAGMA {pragma}").fetchall())


@pytest.mark.parametrize(("pragma", "undo", "words"), [
    ("query_only=ON", "query_only=OFF", "cannot be written"),
    ("max_page_count=1", "max_page_count=1000000000", "The disk is full"),
])  # fmt: skip
def test_a_store_that_takes_nothing_more_keeps_what_it_has_and_goes_on(engine, tmp_path, pragma, undo, words):
    (clip_id,) = take_in(engine, tmp_path, ["Red kite"])
    before = engine.revision
    on_connections(engine, pragma)
    with pytest.raises(StoreError, match=words):
        engine._database.put_value("big", "x" * 100_000)
    with pytest.raises(StoreError, match=words):
        engine.edit_clip(clip_id, description="x " * 2400)
    assert engine.clip(clip_id).description == ""
    assert engine._database.check() == "ok"
    on_connections(engine, undo)
    engine.record("ann", clip_id, "like")
    assert engine.revision > before


@pytest.mark.parametrize("module", [backup, unpack])
def test_a_disk_that_fills_up_during_backup_or_restore_changes_nothing(engine, tmp_path, monkeypatch, module):
    take_in(engine, tmp_path, ["Red kite"])
    back_up(engine.settings, tmp_path / "b.tar", "1")
    kept, before = (tmp_path / "b.tar").read_bytes(), engine.clips()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    call, more = (back_up, ["1"]) if module is backup else (restore, [])
    with pytest.raises(StoreError, match="The disk is full"):
        call(engine.settings, tmp_path / "b.tar", *more)
    assert (tmp_path / "b.tar").read_bytes() == kept
    assert [p.name for p in tmp_path.iterdir() if "b.tar" in p.name] == ["b.tar"]
    assert not list(engine.settings.data.glob(".restore-*"))
    assert engine.clips() == before


class Shifted(datetime):
    """A clock that is a year off."""

    days = 0

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=cls.days)


@pytest.mark.parametrize("days", [365, -365])
def test_a_clock_that_jumps_stops_nothing_and_doubles_nothing(engine, tmp_path, monkeypatch, days):
    for module in ("avrec.store.jobs", "avrec.people", "avrec.ingest.publish"):
        monkeypatch.setattr(f"{module}.datetime", Shifted)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 86_400 * Shifted.days)
    ids = []
    for i, shift in enumerate((0, days, 0)):
        monkeypatch.setattr(Shifted, "days", shift)
        ids.append(add(engine, tmp_path, 2.0 + i).job_id)
    engine._jobs.update(ids[1], state="running")  # as a worker left it that died before the jump
    ended = engine.wait(ids, timeout=120)
    assert [job.state for job in ended] == ["done"] * 3
    clips = [job.clip_id for job in ended]
    assert len(engine.clips()) == 3
    for i, shift in enumerate((0, days, 0, 0)):
        monkeypatch.setattr(Shifted, "days", shift)
        engine.record("ann", clips[i % 2], "like")
    ranked = engine.recommend("ann", 3, include_seen=True).recommendations
    assert len(ranked) == 3
    assert np.isfinite([r.score for r in ranked]).all()
    assert all(ok for name, ok, _ in engine.doctor(wait=True) if name in ("database", "clip files", "orphans"))
    assert len(engine.clips()) == 3
