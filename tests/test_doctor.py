"""Self-checks: what is damaged is said with what to do, and mended where nothing is lost; a second look is all well."""

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from generate import write_video
from light import LightModels, take_in

from avrec import health
from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from avrec.errors import StoreError
from avrec.ingest.orphans import EVENT_COLUMNS
from avrec.schemas import Interaction
from avrec.store.jobs import Order
from avrec.store.tables import jobs, vectors

STORE = ("database", "disk space", "clip files", "orphans", "vectors", "repair")
HOUR_AGO = 2 * 3600


def checks(engine, wait=True):
    """Check -> (passed, sentence), of the store."""
    return {name: (ok, words) for name, ok, words in engine.doctor(wait) if name in STORE}


def all_well(engine):
    found = checks(engine)
    assert all(ok for ok, _ in found.values()), found
    assert found["orphans"][1].startswith("No file")
    assert found["clip files"][1] == "Every clip has its files."
    return True


def age(path):
    os.utime(path, (time.time() - HOUR_AGO,) * 2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A closed library of three clips with events."""
    folder = tmp_path_factory.mktemp("doctor")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    ids = take_in(engine, folder, ("Red kite", "Blue kite", "Green tree"))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [Interaction(f"u{i % 9}", ids[i % 3], "view", 1.0, start + timedelta(seconds=i)) for i in range(900)]
    engine._interactions.add(events)
    engine.close()
    return folder / "data", ids


@pytest.fixture
def data(made, tmp_path):
    """A copy of that library's data directory."""
    shutil.copytree(made[0], tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def library(data, made):
    """An open engine on the copy, and the clips' ids."""
    engine = Engine(Settings(data=data, demo=False), models=LightModels())
    yield engine, made[1]
    engine.close()


# ---- files without rows --------------------------------------------------------------------------------


def test_what_belongs_to_nothing_is_cleared_away_and_nothing_of_value_is_lost(library):
    engine, ids = library
    data = engine.settings.data
    shutil.copytree(data / "clips" / ids[0], data / "clips" / "aaaaaaaaaaaaaaaa")  # its original is nowhere
    (data / "clips" / "bbbbbbbbbbbbbbbb").mkdir()
    (data / "jobs" / "cccccccccccc").mkdir(parents=True)
    lost = data / "originals" / ("d" * 64)
    lost.write_bytes(b"somebody's film")
    for name in ("originals/.incoming-1", "originals/.incoming-2", "evaluations/.x.json.1", ".restore-1"):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).mkdir() if "restore" in name else (data / name).write_bytes(b"x")
    young = data / "originals" / ".incoming-2"
    for path in (lost, data / "originals/.incoming-1", data / "evaluations/.x.json.1", data / ".restore-1"):
        age(path)
    ok, words = checks(engine)["orphans"]
    assert ok
    assert "1 folder(s) without a clip, 1 folder(s) without a job" in words
    assert "3 left-over temporary file(s)" in words
    (kept,) = data.glob("found-*")
    assert kept.name in words
    assert (kept / "originals" / lost.name).read_bytes() == b"somebody's film"
    assert (kept / "clips" / "aaaaaaaaaaaaaaaa" / "proxy.mp4").is_file()
    assert young.exists(), "somebody may be writing it"
    assert sorted(p.name for p in (data / "clips").iterdir()) == sorted(ids)
    assert len(list((data / "originals").iterdir())) == 4
    assert all_well(engine)


def test_a_young_original_waits_for_its_job(library):
    engine, _ = library
    young = engine.settings.originals_dir / ("e" * 64)
    young.write_bytes(b"x")
    assert all_well(engine)
    assert young.exists()


def test_a_clip_on_its_way_keeps_its_folder(library, tmp_path):
    """Killed after its files were moved and before its row was stored: the job goes on with the files."""
    engine, _ = library
    with write_video(tmp_path / "new.mp4", 4.0).open("rb") as stream:
        job = engine.add_file(stream, "new.mp4")
    publish = engine._clips.publish

    def store_nothing(found, source, first):
        with engine._database.read() as connection:
            first(connection)
        raise OSError(28, "No space left on device")

    engine._clips.publish = store_nothing
    assert engine.wait([job.job_id], timeout=60)[0].state == "failed"
    home = engine.settings.clips_dir / job.key[:16]
    assert home.is_dir()
    assert all_well(engine)
    assert home.is_dir()
    engine._clips.publish = publish
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
    assert len(engine.clips()) == 4


def test_events_and_jobs_of_clips_that_are_gone_go_too_and_events_can_be_imported_again(library, tmp_path):
    engine, ids = library
    sha256 = engine.clip(ids[0]).sha256
    with engine._database.write("library") as connection:
        connection.execute(sa.text("DELETE FROM clips WHERE clip_id = :id"), {"id": ids[0]})
    (engine.settings.originals_dir / sha256).unlink()
    engine._interactions.record(Interaction("ann", "", "search", None, datetime.now(UTC), text="kites"))
    words = checks(engine)["orphans"][1]
    assert "1 finished job(s) of clips that are gone" in words
    assert "300 event(s) with clips that are gone" in words
    assert len(engine._interactions.all()) == 601, "a search is no clip's event"
    assert not engine._jobs.knows(sha256)
    (kept,) = engine.settings.data.glob("found-*")
    lines = (kept / "events.csv").read_text().splitlines()
    assert lines[0] == ",".join(EVENT_COLUMNS)
    assert len(lines) == 301
    assert all_well(engine)
    with write_video(tmp_path / "again.mp4", 2.0).open("rb") as stream:
        job = engine.add_file(stream, "again.mp4")
    assert engine.wait([job.job_id], timeout=60)[0].clip_id == ids[0], "the same bytes"
    assert engine.import_interactions(kept / "events.csv").kept == 300


def test_events_of_clips_that_still_wait_stay(library):
    engine, _ = library
    engine._jobs.enqueue([Order("f" * 64, "/nowhere.mp4", "demo.mp4", {"title": "Demo"})])
    engine._interactions.add([Interaction("ann", "f" * 16, "like", None, datetime.now(UTC))])
    assert checks(engine)["orphans"][1].startswith("No file")
    assert len(engine._interactions.all()) == 901


# ---- rows without files --------------------------------------------------------------------------------


def bytes_of(engine):
    return {m: (v.clip.tobytes(), v.matrix.tobytes()) for m, v in engine._clips.corpus().vectors.items()}


DAMAGE = {
    "the folder": shutil.rmtree,
    "the proxy": lambda folder: (folder / "proxy.mp4").unlink(),
    "the poster": lambda folder: (folder / "poster.jpg").write_bytes(b""),
    "the sound": lambda folder: (folder / "sound.f32").unlink(),
    "the frames": lambda folder: (folder / "frames.npy").write_bytes((folder / "frames.npy").read_bytes()[:500]),
    "the record": lambda folder: (folder / "decoded.json").write_text("{"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_clip_without_its_files_gets_them_from_its_original(library, what):
    engine, ids = library
    vectors_before, clips_before = bytes_of(engine), engine.clips()
    DAMAGE[what](engine.settings.clips_dir / ids[1])
    assert engine.peaks(ids[1]) is not None
    ok, words = checks(engine)["clip files"]
    assert ok
    assert "1 clip(s) lacked files; they were made again" in words
    assert engine.media(ids[1], "proxy")[0].stat().st_size > 1000
    assert engine.media(ids[1], "frame", 0)[0].stat().st_size > 100
    assert bytes_of(engine) == vectors_before
    assert engine.clips() == clips_before
    assert list(engine.settings.jobs_dir.iterdir()) == []
    assert all_well(engine)


def test_a_page_does_not_wait_and_asks_once(library):
    engine, ids = library
    shutil.rmtree(engine.settings.clips_dir / ids[1])
    for _ in range(2):
        ok, words = checks(engine, wait=False)["clip files"]
        assert not ok
        assert "are being made again" in words
    (job,) = [job for job in engine.jobs() if job.kind == "media"]
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
    assert all_well(engine)


def test_where_the_original_is_gone_too_the_clip_stays_and_comes_back_with_the_file(library, tmp_path):
    engine, ids = library
    vectors_before = bytes_of(engine)
    original = engine.settings.originals_dir / engine.clip(ids[1]).sha256
    kept = original.read_bytes()
    original.write_bytes(b"changed")
    shutil.rmtree(engine.settings.clips_dir / ids[1])
    ok, words = checks(engine)["clip files"]
    assert not ok
    assert "1 clip(s) have no preview" in words
    assert "Blue kite" in words
    assert not engine.has_preview(ids[1])
    assert engine.has_preview(ids[0])
    assert engine.peaks(ids[1]) == []
    assert bytes_of(engine) == vectors_before
    assert ids[1] in [r.clip_id for r in engine.similar(ids[0]).recommendations]
    (tmp_path / "same.mp4").write_bytes(kept)
    with (tmp_path / "same.mp4").open("rb") as stream:
        assert engine.add_file(stream, "same.mp4").outcome == "duplicate"
    assert "were made again" in checks(engine)["clip files"][1]
    assert all_well(engine)


def test_a_referenced_file_that_vanished_is_replaced_by_an_upload_of_the_same_bytes(library, tmp_path):
    engine, _ = library
    path = write_video(tmp_path / "film.mp4", 4.0)
    clip_id = engine.wait([engine.add_file(path, "film.mp4").job_id], timeout=60)[0].clip_id
    shutil.rmtree(engine.settings.clips_dir / clip_id)
    moved = path.rename(tmp_path / "elsewhere.mp4")
    assert not checks(engine)["clip files"][0]
    with moved.open("rb") as stream:
        engine.add_file(stream, "film.mp4")
    assert checks(engine)["clip files"][0]
    assert engine._clips.source(clip_id).startswith("originals/")
    engine.delete_clip(clip_id)
    assert all_well(engine)


def test_a_clip_that_is_deleted_while_its_files_are_made_leaves_nothing(library, monkeypatch):
    engine, ids = library
    shutil.rmtree(engine.settings.clips_dir / ids[1])
    from avrec.ingest import remake

    move = remake._place
    monkeypatch.setattr(remake, "_place", lambda *a: (engine.delete_clip(ids[1]), move(*a)))
    checks(engine)
    assert not (engine.settings.clips_dir / ids[1]).exists()
    monkeypatch.setattr(remake, "_place", move)
    assert all_well(engine)


# ---- vectors -------------------------------------------------------------------------------------------


def test_damaged_and_stale_vectors_are_named(library):
    engine, ids = library
    with engine._database.write("library") as connection:
        mine = vectors.update().where(vectors.c.modality == "visual")
        connection.execute(mine.where(vectors.c.clip_id == ids[0]).values(data=b"x"))
        connection.execute(mine.where(vectors.c.clip_id == ids[1]).values(version="an older one"))
        connection.execute(vectors.delete().where(vectors.c.modality == "audio", vectors.c.clip_id == ids[2]))
    ok, words = checks(engine)["vectors"]
    assert not ok
    assert "2 vector(s) are damaged" in words
    assert "1 clip(s) have their pictures from another model" in words


# ---- a damaged database --------------------------------------------------------------------------------


def page(number, what=bytes(4096)):
    def damage(path):
        with path.open("r+b") as file:
            file.seek(number * 4096)
            file.write(what)

    return damage


def largest_table_pages(path, table="interactions"):
    """Leaf pages of a table, by what is in them: where only some rows are lost."""
    found = []
    for number in range(1, path.stat().st_size // 4096):
        with path.open("rb") as file:
            file.seek(number * 4096)
            data = file.read(4096)
        if data[0] == 0x0D and data.count(b"view") > 20:
            found.append(number)
    return found


def zero_the_middle(path):
    page(largest_table_pages(path)[3])(path)


def overwrite_many(path):
    chosen = np.random.default_rng(3).permutation(largest_table_pages(path))[:4]
    for number in chosen:
        page(int(number), os.urandom(4096))(path)


def index_page(path):
    """The first page of the index of events' people: its table is whole."""
    with sqlite3.connect(path) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_interactions_user_id'"
        number = connection.execute(query).fetchone()[0]
    connection.close()
    page(number - 1)(path)


DAMAGED = {
    "header": (page(0, b"not a database at all!"), 900),
    "header, all of it": (page(0, bytes(100)), 900),
    "cut": (lambda path: os.truncate(path, path.stat().st_size * 2 // 3), 100),
    "a page of events zeroed": (zero_the_middle, 700),
    "four pages overwritten": (overwrite_many, 300),
    "an index": (index_page, 900),
    "random": (lambda path: path.write_bytes(os.urandom(20_000)), 0),
    "empty": (lambda path: path.write_bytes(b""), 0),
    "gone": (lambda path: path.unlink(), 0),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_database_is_one_sentence_and_what_can_be_read_is_rescued(data, made, case):
    damage, least = DAMAGED[case]
    damage(data / "avrec.sqlite")
    settings = Settings(data=data, demo=False)
    try:
        engine = Engine(settings, models=LightModels())
        ok, words = checks(engine)["database"]
        engine.close()
    except StoreError as error:
        ((_, ok, words), *_) = health.check_closed(settings, error)
    assert not ok
    assert "restore FILE" in words
    assert "doctor --repair" in words
    assert "\n" not in words
    assert "malformed" not in words
    told = health.repair_database(settings)
    engine = Engine(settings, models=LightModels())
    assert engine._database.check(thorough=True) == "ok"
    events = len(engine._interactions.all())
    assert least <= events <= 900
    assert ("Rows were lost in: interactions" in told) == (0 < events < 900)
    queued = engine.take_back()
    assert queued == 3 - len(engine.clips())
    assert all(job.state == "done" for job in engine.wait([j.job_id for j in engine.jobs() if j.state == "queued"]))
    assert sorted(clip.clip_id for clip in engine.clips()) == sorted(made[1])
    assert all_well(engine)
    engine.close()
    assert health.repair_database(settings) is None
    if case != "gone":
        assert any(data.glob("replaced-*/avrec.sqlite"))


def test_lost_segments_come_back_from_the_files(library):
    engine, ids = library
    with engine._database.write("library") as connection:
        connection.execute(sa.text("DELETE FROM segments"))
    assert engine.segments(ids[0]) == ()
    engine.take_back()
    assert engine.segments(ids[0])
    assert engine._clips.damaged_vectors() == []


def test_rows_that_make_no_sense_are_left_out_and_their_clips_come_again(data, made):
    with sqlite3.connect(data / "avrec.sqlite") as connection:
        connection.execute("UPDATE clips SET info = replace(info, 'height', 'heifht') WHERE clip_id = ?", made[1][:1])
        connection.execute("UPDATE clips SET tags = 'not json' WHERE clip_id = ?", made[1][1:2])
    connection.close()
    index_page(data / "avrec.sqlite")
    settings = Settings(data=data, demo=False)
    assert "clips" in health.repair_database(settings)
    engine = Engine(settings, models=LightModels())
    assert [clip.clip_id for clip in engine.clips()] == made[1][2:]
    assert engine.take_back() == 2
    engine.close()


def test_a_check_that_fails_does_not_hide_the_others(library):
    engine, ids = library
    with engine._database.write("library") as connection:
        connection.execute(sa.text("UPDATE clips SET tags = 'not json' WHERE clip_id = :id"), {"id": ids[0]})
    found = checks(engine)
    assert found["database"][0]
    assert not found["clip files"][0]
    assert "the log has the details" in found["clip files"][1]


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_what_another_database_left_beside_it_is_no_traceback(data, made, tmp_path, ending):
    """SQLite would take a foreign -wal for its own newest transactions, and write it into the database."""
    other = sqlite3.connect(tmp_path / "other.sqlite", isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE t (x)")
    other.executemany("INSERT INTO t VALUES (?)", [("x" * 3000,)] * 20)
    shutil.copyfile(tmp_path / f"other.sqlite{ending}", data / f"avrec.sqlite{ending}")
    other.close()
    settings = Settings(data=data, demo=False)
    engine = Engine(settings, models=LightModels())
    assert len(engine.clips()) == 3
    assert len(engine._interactions.all()) == 900
    assert all_well(engine)
    assert len(list(data.glob("replaced-*/avrec.sqlite-wal"))) == (ending == "-wal")
    engine.close()


def test_a_database_without_its_tables_is_no_new_library(data):
    (data / "avrec.sqlite").unlink()
    with sqlite3.connect(data / "avrec.sqlite") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(StoreError, match="missing or empty"):
        Engine(Settings(data=data, demo=False), models=LightModels())


@pytest.mark.parametrize("torn", [False, True])
def test_its_own_newest_transactions_are_taken(data, made, torn):
    """What a killed process left in the -wal counts, also where it was about to write the first page when it died."""
    settings = Settings(data=data, demo=False)
    engine = Engine(settings, models=LightModels())
    for i in range(3):
        engine._database.put_value(f"big {i}", "x" * 20_000)
    shutil.copytree(data, data.with_name("copy"))
    engine.close()
    wal = data.with_name("copy") / "avrec.sqlite-wal"
    if torn:  # the head of a frame is there, and behind it what the file held before
        with wal.open("r+b") as file:
            salts = file.read(24)[16:]
            file.seek(0, 2)
            file.write(struct.pack(">II", 1, 50) + salts + bytes(8) + b"x" * 4096)
    again = Engine(Settings(data=data.with_name("copy"), demo=False), models=LightModels())
    assert again._database.get("big 2")
    assert len(again.clips()) == 3
    assert not list(data.with_name("copy").glob("replaced-*"))
    again.close()


def test_without_its_newest_transactions_the_store_is_whole_as_of_before(data, made, tmp_path):
    """A copy of the database without its -wal: older, but sound; the clip whose row is missing is taken in again."""
    settings = Settings(data=data, demo=False)
    engine = Engine(settings, models=LightModels())
    with write_video(tmp_path / "new.mp4", 4.0).open("rb") as stream:
        job = engine.add_file(stream, "new.mp4")
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
    shutil.copytree(data, tmp_path / "copy", ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    engine.close()
    settings = Settings(data=tmp_path / "copy", demo=False)
    engine = Engine(settings, models=LightModels())
    assert len(engine.clips()) == 3
    age(settings.originals_dir / job.key)
    assert "original(s) without a clip" in checks(engine)["orphans"][1]
    assert all_well(engine)
    (kept,) = settings.data.glob("found-*/originals/*")
    with kept.open("rb") as stream:
        again = engine.add_file(stream, "new.mp4")
    assert engine.wait([again.job_id], timeout=60)[0].state == "done"
    engine.close()


# ---- the command ---------------------------------------------------------------------------------------


def run(data, *arguments, expect):
    environment = os.environ | {"AVREC_DATA": str(data), "AVREC_DEMO": "0", "AVREC_WEIGHTS": str(data / "none")}
    command = [sys.executable, "-m", "avrec", "doctor", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == expect, done.stderr
    return {row["check"]: (row["ok"], row["message"]) for row in json.loads(done.stdout)}


def test_doctor_runs_on_a_damaged_database_and_repairs_when_asked(data, made):
    page(0, b"not a database at all!")(data / "avrec.sqlite")
    shutil.rmtree(data / "clips" / made[1][0])
    found = run(data, expect=1)
    assert found["database"] == (False, f"The database is damaged. {health.MEND}")
    assert {"disk space", "weights"} <= found.keys()
    found = run(data, "--repair", expect=1)  # the weights are not there
    assert found["repair"][0]
    assert "900 interactions" in found["repair"][1]
    assert "were made again" in found["clip files"][1]
    assert all(ok for name, (ok, _) in found.items() if name in STORE and name != "vectors"), (
        "those are of light models"
    )


def test_nothing_is_cleared_away_by_a_database_that_may_have_lost_rows(data):
    damage, _ = DAMAGED["an index"]
    damage(data / "avrec.sqlite")
    (data / "clips" / "aaaaaaaaaaaaaaaa").mkdir()
    engine = Engine(Settings(data=data, demo=False), models=LightModels())
    found = checks(engine)
    assert [found[name][0] for name in ("database", "clip files", "orphans")] == [False] * 3
    assert "not sound" in found["orphans"][1]
    assert (data / "clips" / "aaaaaaaaaaaaaaaa").exists()
    engine.close()


def test_a_paused_queue_is_not_waited_for(library):
    engine, ids = library
    engine.pause_queue()
    shutil.rmtree(engine.settings.clips_dir / ids[1])
    ok, words = checks(engine)["clip files"]
    assert not ok
    assert "in the queue" in words
    with engine._database.read() as connection:
        assert connection.execute(sa.select(jobs.c.state).where(jobs.c.kind == "media")).scalars().all() == ["queued"]
