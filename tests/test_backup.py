"""Backup and restore while the app runs, and what a kill, a damaged or a hostile archive leaves."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
from collections import namedtuple

import pytest
from generate import write_video
from light import LightModels, take_in

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError, StoreError
from avrec.ingest import publish as publishing
from avrec.store import replacing
from avrec.store.backup import back_up
from avrec.store.database import Database
from avrec.store.gate import Gate
from avrec.store.restore import put_in_place, restore

TITLES = ("Red kite", "Blue kite", "Green tree")


def contents(engine):
    """All that a library holds, to be compared."""
    corpus, data = engine._clips.corpus(), engine.settings.data
    files = [p for name in ("clips", "originals", "evaluations") for p in (data / name).rglob("*") if p.is_file()]
    return {
        "clips": engine.clips(),
        "annotations": [engine.annotations(clip.clip_id) for clip in engine.clips()],
        "vectors": {m: (v.version, v.clip.tobytes(), v.matrix.tobytes()) for m, v in corpus.vectors.items()},
        "events": [(e.user_id, e.clip_id, e.event, e.at) for e in engine._interactions.all()],
        "secret": engine._database.secret("pseudonyms"),
        "files": {str(p.relative_to(data)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }


def tree(folder):
    """Files and their bytes, without locks and SQLite's own neighbours of the database."""
    left_out = (".lock", "-wal", "-shm")
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(left_out))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A closed library of three clips with events, an evaluation, and its backup."""
    folder = tmp_path_factory.mktemp("kept")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    ids = take_in(engine, folder, TITLES)
    for person, clip_id in (("ann", ids[0]), ("bob", ids[1])):
        engine.record(person, clip_id, "like")
    (folder / "data" / "evaluations").mkdir()
    (folder / "data" / "evaluations" / "0123.json").write_text("{}")
    back_up(engine.settings, folder / "kept.tar", "1")
    held = contents(engine)
    engine.close()
    return folder, ids, held


@pytest.fixture
def library(made, tmp_path):
    """An open engine on a copy of that library, and the backup's path."""
    folder, _, _ = made
    shutil.copytree(folder / "data", tmp_path / "data")
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    yield engine, folder / "kept.tar"
    engine.close()


def damage(data):
    """What a failing disk does: pages overwritten, folders gone, originals cut."""
    path = data / "avrec.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        for page in range(2, path.stat().st_size // 4096, 2):
            file.seek(page * 4096)
            file.write(os.urandom(4096))
    shutil.rmtree(next((data / "clips").iterdir()))
    for original in (data / "originals").iterdir():
        os.truncate(original, 100)


def test_everything_comes_back_after_the_store_was_damaged_and_an_open_engine_serves_it(made, library):
    engine, archive = library
    _, ids, held = made
    engine.recommend("ann", 3)
    damage(engine.settings.data)
    assert engine._database.check() != "ok"
    report = restore(engine.settings, archive)
    assert (report.clips, report.events, report.missing) == (3, 2, ())
    assert contents(engine) == held
    assert [r.clip_id for r in engine.recommend("ann", 3).recommendations]
    assert all(ok for name, ok, _ in engine.doctor() if not name.startswith(("weights", "model")))
    assert (engine.settings.data / report.kept / "avrec.sqlite").is_file()
    assert report.kept_bytes > 100_000
    engine.record("ann", ids[2], "like")  # and it goes on: nothing is written to the old database
    other = Engine(engine.settings, models=LightModels())
    assert len(other._interactions.all()) == 3
    other.close()


def test_a_backup_during_an_ingest_is_whole_and_the_worker_survives_the_restore(made, tmp_path):
    folder, _, held = made
    shutil.copytree(folder / "data", tmp_path / "data")
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels(), start_worker=True)
    transcribe, reached, go_on = engine._models.transcriber.transcribe, threading.Event(), threading.Event()

    def wait_for_us(audio, language=None):
        reached.set()
        assert go_on.wait(60)
        return transcribe(audio)

    engine._models.transcriber.transcribe = wait_for_us
    jobs = []
    for i, seconds in enumerate((6.0, 7.0)):
        with write_video(tmp_path / f"{i}.mp4", seconds).open("rb") as stream:
            jobs.append(engine.add_file(stream, f"late {i}.mp4"))
        if not i:
            assert reached.wait(60)
            report = back_up(engine.settings, tmp_path / "b.tar", "1")
    assert (report.clips, report.missing) == (3, ())
    restore(engine.settings, tmp_path / "b.tar")
    assert [job.state for job in engine.jobs() if job.state != "done"] == ["queued"]
    go_on.set()
    (first,) = engine.wait([jobs[0].job_id], timeout=60)
    assert first.state == "done"
    assert len(engine.clips()) == 4
    assert [clip for clip in engine.clips() if clip.clip_id != first.clip_id] == held["clips"]
    assert len(list(engine.settings.clips_dir.iterdir())) == 4
    assert engine._jobs.state(jobs[1].job_id) == "cancelled", "it was queued after the backup: it is gone, quietly"
    assert engine._workers["clips"].working
    engine.close()
    assert list(engine.settings.jobs_dir.iterdir()) == []


def test_a_worker_whose_job_is_gone_publishes_nothing(library, tmp_path):
    engine, archive = library
    transcribe = engine._models.transcriber.transcribe

    def restore_meanwhile(audio, language=None):
        restore(engine.settings, archive)
        return transcribe(audio)

    engine._models.transcriber.transcribe = restore_meanwhile
    with write_video(tmp_path / "new.mp4", 5.0).open("rb") as stream:
        job = engine.add_file(stream, "new.mp4")
    engine._workers["clips"].drain(lambda: not engine._jobs.has(job.job_id))
    assert len(engine.clips()) == 3
    assert not engine._jobs.has(job.job_id)
    assert list(engine.settings.jobs_dir.iterdir()) == []


def test_restoring_between_publishing_and_the_last_word_keeps_the_restored_clip(made, library, monkeypatch):
    """The clip that was being added again is in the backup: it must not be taken away as a cancelled one."""
    engine, archive = library
    _, ids, held = made
    with (engine.settings.data / engine._clips.source(ids[0])).open("rb") as stream:
        original = io.BytesIO(stream.read())
    engine.delete_clip(ids[0])
    job = engine.add_file(original, "again.mp4")
    publish = engine._clips.publish

    def then_restore(*arguments):
        publish(*arguments)
        restore(engine.settings, archive)

    monkeypatch.setattr(engine._clips, "publish", then_restore)
    engine._workers["clips"].drain(lambda: not engine._jobs.has(job.job_id))
    assert not engine._jobs.has(job.job_id)
    assert contents(engine) == held


def test_restoring_just_before_publishing_publishes_nothing(made, library, monkeypatch):
    """The job is gone by then, and the clip of the same bytes that came back keeps its row and its files."""
    engine, archive = library
    _, ids, held = made
    original = io.BytesIO((engine.settings.data / engine._clips.source(ids[0])).read_bytes())
    engine.delete_clip(ids[0])
    job = engine.add_file(original, "again.mp4", title="Another title")
    assemble = publishing.assemble

    def restore_first(*arguments):
        found = assemble(*arguments)
        restore(engine.settings, archive)
        return found

    monkeypatch.setattr(publishing, "assemble", restore_first)
    engine._workers["clips"].drain(lambda: not engine._jobs.has(job.job_id))
    assert contents(engine) == held


def test_the_newest_transactions_of_the_old_database_do_not_get_into_the_new_one(made, library):
    engine, archive = library
    _, ids, held = made
    for i in range(300):  # they lie in the -wal, beside the database
        engine.record(f"u{i}", ids[i % 3], "like")
    assert (engine.settings.data / "avrec.sqlite-wal").stat().st_size > 100_000
    report = restore(engine.settings, archive)
    assert contents(engine) == held
    other = Engine(engine.settings, models=LightModels())
    assert contents(other) == held
    other.close()
    kept = Database(Settings(data=engine.settings.data / report.kept))
    with kept.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM interactions").scalar() == 302, "nothing is lost"
    kept.close()


def test_what_is_deleted_while_the_backup_runs_is_listed_and_the_rest_is_whole(made, library, tmp_path):
    engine, _ = library
    _, ids, held = made

    def delete_one(share, words):
        if words == "the database":
            return
        if engine._clips.has(ids[1]):
            engine.delete_clip(ids[1])

    report = back_up(engine.settings, tmp_path / "b.tar", "1", delete_one)
    assert any(ids[1] in name for name in report.missing)
    restore(engine.settings, tmp_path / "b.tar")
    assert engine.clips() == held["clips"]
    assert contents(engine)["vectors"] == held["vectors"]


def test_jobs_without_their_file_fail_with_a_sentence_and_the_others_wait(made, library, tmp_path):
    engine, _ = library
    ids = []
    for i, seconds in enumerate((8.0, 9.0)):
        with write_video(tmp_path / f"{i}.mp4", seconds).open("rb") as stream:
            ids.append(engine.add_file(stream, f"late {i}.mp4").job_id)
    (engine.settings.originals_dir / engine.job(ids[0]).key).unlink()
    back_up(engine.settings, tmp_path / "b.tar", "1")
    restore(engine.settings, tmp_path / "b.tar")
    assert engine.job(ids[0]).state == "failed"
    assert "Add it again." in engine.job(ids[0]).reason
    assert engine.job(ids[1]).state == "queued"
    assert engine.wait(ids, timeout=60)[1].state == "done"


def test_a_new_machine_gets_the_library(made, tmp_path):
    folder, _, held = made
    settings = Settings(data=tmp_path / "new" / "data", demo=False)
    assert restore(settings, folder / "kept.tar").kept == ""
    engine = Engine(settings, models=LightModels())
    assert contents(engine) == held
    engine.close()


# ---- archives that are not to be trusted ---------------------------------------------------------------


def rewrite(archive, target, change):
    """Copy a backup member by member, as `change(name, data)` gives them: (name, data, type) or None."""
    with tarfile.open(archive) as old, tarfile.open(target, "w") as new:
        for member in old:
            for name, data, kind in change(member.name, old.extractfile(member).read()):
                info = tarfile.TarInfo(name)
                info.size, info.type, info.linkname = len(data) if kind == tarfile.REGTYPE else 0, kind, "/etc/passwd"
                new.addfile(info, io.BytesIO(data))


def with_extra(name, kind=tarfile.REGTYPE, before="manifest.json"):
    def change(found, data):
        extra = [(name, b"x", kind)] if found == before else []
        return [*extra, (found, data, tarfile.REGTYPE)]

    return lambda archive, target: rewrite(archive, target, change)


def changed(which, new):
    def change(found, data):
        return [(found, new(data) if found == which else data, tarfile.REGTYPE)]

    return lambda archive, target: rewrite(archive, target, change)


def cut(share):
    return lambda archive, target: target.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])


def flip(share):
    def write(archive, target):
        data = bytearray(archive.read_bytes())
        data[int(len(data) * share)] ^= 0x10
        target.write_bytes(data)

    return write


def newer_head(data):
    return json.dumps(json.loads(data) | {"format": 99}).encode()


HOSTILE = {
    "empty": (lambda a, t: t.write_bytes(b""), "no backup"),
    "random": (lambda a, t: t.write_bytes(os.urandom(50_000)), "no backup"),
    "a zip": (lambda a, t: t.write_bytes(b"PK\x03\x04" + bytes(5000)), "no backup"),
    "another tar": (lambda a, t: rewrite(a, t, lambda n, d: [(f"x{n}", d, tarfile.REGTYPE)]), "no backup"),
    "cut at its head": (cut(0.0001), "cut off"),
    "cut in the middle": (cut(0.5), "damaged"),
    "cut near the end": (cut(0.995), "damaged"),
    "a bit in the database": (flip(0.02), "damaged"),
    "a bit in a picture": (flip(0.3), "damaged"),
    "a bit near the end": (flip(0.993), "damaged"),
    "dots": (with_extra("clips/../../evil"), "no backup has"),
    "dots in the middle": (with_extra("clips/a/../../../evil"), "no backup has"),
    "an absolute name": (with_extra("/tmp/avrec-evil"), "no backup has"),
    "another folder": (with_extra("weights/evil"), "no backup has"),
    "a backslash": (with_extra("clips/..\\evil"), "no backup has"),
    "a link": (with_extra("clips/evil", tarfile.SYMTYPE), "no backup has"),
    "a hard link": (with_extra("clips/evil", tarfile.LNKTYPE), "no backup has"),
    "a device": (with_extra("clips/evil", tarfile.CHRTYPE), "no backup has"),
    "a file too many": (with_extra("clips/evil"), "not as it was written"),
    "a file twice": (with_extra("avrec.sqlite"), "no backup has"),
    "another database": (changed("avrec.sqlite", lambda d: d[:-1] + b"x"), "not as it was written"),
    "a list that lies": (changed("manifest.json", lambda d: d.replace(b"clips/", b"clops/", 1)), "list of files"),
    "no list": (changed("manifest.json", lambda d: b"[]"), "list of files"),
    "of a newer avrec": (changed("avrec-backup.json", newer_head), "newer avrec"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_damaged_or_foreign_archive_changes_nothing_and_is_one_sentence(library, tmp_path, case):
    engine, archive = library
    make, words = HOSTILE[case]
    make(archive, tmp_path / "bad.tar")
    before, revision = tree(engine.settings.data), engine.revision
    with pytest.raises(StoreError, match=words) as caught:
        restore(engine.settings, tmp_path / "bad.tar")
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert tree(engine.settings.data) == before
    assert engine.revision == revision
    assert len(engine.clips()) == 3


def tampered(made, tmp_path, statement):
    """A backup of a library whose database was changed by hand."""
    shutil.copytree(made[0] / "data", tmp_path / "other")
    with sqlite3.connect(tmp_path / "other" / "avrec.sqlite") as connection:
        connection.execute(statement)
    connection.close()
    back_up(Settings(data=tmp_path / "other"), tmp_path / "other.tar", "1")
    return tmp_path / "other.tar"


@pytest.mark.parametrize(("statement", "words"), [
    ("UPDATE alembic_version SET version_num = '9999'", "newer avrec"),
    ("UPDATE alembic_version SET version_num = 'x'", "not one of avrec's"),
    ("CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM clips; END", "not one of avrec's"),
])  # fmt: skip
def test_a_database_that_this_code_does_not_know_is_refused(made, library, tmp_path, statement, words):
    engine, _ = library
    with pytest.raises(StoreError, match=words):
        restore(engine.settings, tampered(made, tmp_path, statement))
    assert len(engine.clips()) == 3


def test_an_older_database_is_brought_up_to_date_before_it_serves(made, library, tmp_path):
    engine, _ = library
    restore(engine.settings, tampered(made, tmp_path, "UPDATE alembic_version SET version_num = '0001'"))
    with engine._database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() > "0001"
    assert len(engine.clips()) == 3


def test_a_disk_without_room_says_so_before_anything_is_written(library, tmp_path, monkeypatch):
    engine, archive = library
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10**6))
    with pytest.raises(StoreError, match="room"):
        restore(engine.settings, archive)
    with pytest.raises(StoreError, match="room"):
        back_up(engine.settings, tmp_path / "b.tar", "1")
    assert not list(tmp_path.glob("*b.tar*"))
    assert len(engine.clips()) == 3


def test_what_cannot_be_done_is_said(library, tmp_path):
    engine, archive = library
    with pytest.raises(InvalidInputError):
        restore(engine.settings, tmp_path / "none.tar")
    for place in (tmp_path, tmp_path / "none" / "b.tar"):
        with pytest.raises(InvalidInputError):
            back_up(engine.settings, place, "1")
    elsewhere = Settings(data=tmp_path / "pg", database_url="postgresql://localhost/avrec")
    for call in (back_up, restore):
        with pytest.raises(StoreError, match="not a file") as caught:
            call(elsewhere, archive, *(["1"] if call is back_up else []))
        assert "own tool" in str(caught.value)
    with pytest.raises(StoreError, match="no library"):
        back_up(Settings(data=tmp_path / "nothing"), tmp_path / "b.tar", "1")


def test_a_damaged_database_is_not_backed_up(library, tmp_path):
    engine, _ = library
    (tmp_path / "b.tar").write_text("the earlier one")
    damage(engine.settings.data)
    with pytest.raises(StoreError, match="damaged"):
        back_up(engine.settings, tmp_path / "b.tar", "1")
    assert (tmp_path / "b.tar").read_text() == "the earlier one"
    assert [p.name for p in tmp_path.iterdir() if "b.tar" in p.name] == ["b.tar"]


def test_two_at_once_are_refused(library):
    engine, archive = library
    refused = []

    def again(share, words):
        if not refused:
            with pytest.raises(StoreError, match="going on"):
                restore(engine.settings, archive)
            refused.append(words)

    restore(engine.settings, archive, again)
    assert refused


def test_a_writer_that_waits_writes_to_the_new_database(library, tmp_path):
    engine, _ = library
    staging = engine.settings.data / ".restore-x"
    staging.mkdir()
    new = Database(Settings(data=staging))
    new.close()
    with Gate(engine.settings.data).alone():
        writer = threading.Thread(target=engine._database.put_value, args=("waited", "yes"))
        writer.start()
        time.sleep(0.2)
        replacing.replace(engine.settings.data, staging, ("avrec.sqlite",))
        assert writer.is_alive()
    writer.join(timeout=10)
    assert engine._database.get("waited") == "yes"
    assert engine.clips() == []


def test_counters_are_above_both_even_when_the_old_ones_cannot_be_read(library):
    engine, _ = library
    before = engine._database.revisions()
    for sound in (True, False):
        staging = engine.settings.data / ".restore-x"
        staging.mkdir()
        Database(Settings(data=staging)).close()
        if not sound:
            damage_header(engine.settings.data / "avrec.sqlite")
        put_in_place(engine.settings.data, staging, ("avrec.sqlite",))
        after = engine._database.revisions()
        assert all(new > old for new, old in zip(after, before, strict=True))
        before = after


def damage_header(path):
    with path.open("r+b") as file:
        file.write(b"not a database!!")


# ---- kill -9 -------------------------------------------------------------------------------------------

KILLED = textwrap.dedent(
    """
    import os, signal, sys, tarfile
    from pathlib import Path
    from avrec.config import Settings
    from avrec.store import backup, replacing, restore, unpack

    settings, archive, where, count = Settings(data=Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    calls = [0]

    def killing(function):
        def call(*arguments, **options):
            calls[0] += 1
            if calls[0] == count:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)
        return call

    if where == "add":
        tarfile.TarFile.addfile = killing(tarfile.TarFile.addfile)
        backup.back_up(settings, archive, "1")
    else:
        place = {"extract": (unpack, "_extract"), "prepare": (restore, "_prepare"), "plan": (replacing, "write_json"),
                 "move": (replacing, "move"), "sync": (replacing, "_sync")}[where]
        setattr(*place, killing(getattr(*place)))
        restore.restore(settings, archive)
    """
)


def run_killed(data, archive, where, count):
    command = [sys.executable, "-c", KILLED, str(data), str(archive), where, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_killed_backup_leaves_the_earlier_one_and_the_store(library, made, tmp_path, count):
    engine, _ = library
    (tmp_path / "b.tar").write_text("the earlier one")
    run_killed(engine.settings.data, tmp_path / "b.tar", "add", count)
    assert (tmp_path / "b.tar").read_text() == "the earlier one"
    assert contents(engine) == made[2]
    assert back_up(engine.settings, tmp_path / "b.tar", "1").clips == 3


BEFORE = [("extract", 3), ("prepare", 1), ("plan", 1)]
AFTER = [("move", 2), ("move", 5), ("move", 10), ("sync", 1)]
BESIDE = [("prepare", 1), ("move", 5), ("move", 10)]  # an app that is open all along


@pytest.mark.parametrize(
    ("where", "count", "running"),
    [(*point, point in BESIDE) for point in BEFORE + AFTER]
    + [pytest.param("move", n, n % 2 == 0, marks=pytest.mark.slow) for n in (1, 3, 4, 6, 7, 8, 9)],
)
def test_a_killed_restore_leaves_the_old_store_or_the_new_one(made, library, where, count, running):
    engine, archive = library
    ids, held = made[1:]
    engine.delete_clip(ids[0])
    reduced = contents(engine)
    if not running:
        engine.close()
    run_killed(engine.settings.data, archive, where, count)
    if not running:
        engine = Engine(engine.settings, models=LightModels())
    assert contents(engine) == (reduced if (where, count) in BEFORE else held)
    assert engine._database.check() == "ok"
    assert not (engine.settings.data / "replacing.json").exists()
    assert restore(engine.settings, archive).clips == 3
    assert contents(engine) == held
    engine.close()


# ---- command line --------------------------------------------------------------------------------------


def run(data, *arguments, expect=0):
    environment = os.environ | {"AVREC_DATA": str(data), "AVREC_DEMO": "0"}
    command = [sys.executable, "-m", "avrec", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=False)
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_commands_print_documents_and_progress(library, made, tmp_path):
    engine, _ = library
    data = engine.settings.data
    done = run(data, "backup", tmp_path / "b.tar", "--json")
    assert json.loads(done.stdout)["clips"] == 3
    assert "100 %" in done.stderr
    engine.delete_clip(made[1][0])
    done = run(data, "restore", tmp_path / "b.tar")
    assert "3 clip(s), 2 event(s)" in done.stdout
    assert "replaced-" in done.stdout
    assert "can be deleted" in done.stdout
    assert contents(engine) == made[2]
    (tmp_path / "b.tar").write_bytes(b"x")
    refused = run(data, "restore", tmp_path / "b.tar", expect=1)
    assert len(refused.stderr.strip().splitlines()) == 1
