"""Putting a backup in the place of a library while the app runs; what was there before is kept aside."""

import contextlib
import fcntl
import secrets
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from avrec.config import Settings
from avrec.store import replacing
from avrec.store.backup import Progress, keeping, quiet, require_sqlite, schema_of
from avrec.store.database import BUSY_SECONDS, MIGRATIONS, Database, store_error
from avrec.store.gate import DATABASE_FILE, Gate, unfinished
from avrec.store.manifest import FOLDERS, Manifest, damaged, newer
from avrec.store.tables import clips, interactions, jobs
from avrec.store.unpack import unpack

STAGING_PREFIX = ".restore-"
NAMES = (*FOLDERS, "jobs", DATABASE_FILE)  # the database last: its rows name the files
LOST = "the file is no longer there. Add it again."


@dataclass(frozen=True)
class RestoreReport:
    """What is there now.

    Attributes:
        made_at: When the backup was made, ISO 8601.
        missing: Files that were gone already when it was made.
        kept: Folder in the data directory with what was there before, and its size; "" where there was nothing.
    """

    made_at: str
    clips: int
    events: int
    missing: tuple[str, ...]
    kept: str
    kept_bytes: int


def restore(settings: Settings, path: Path, progress: Progress = quiet) -> RestoreReport:
    """Replace the library by a backup; a running app serves it from its next question on.

    Raises:
        StoreError, InvalidInputError: Nothing was changed.
    """
    require_sqlite(settings, "restore")
    staging = settings.data / f"{STAGING_PREFIX}{uuid.uuid4().hex[:8]}"
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        with keeping(settings.data, fcntl.LOCK_EX):
            staging.mkdir()
            manifest = unpack(path, staging, progress)
            progress(1.0, "checking the database")
            counts = _prepare(settings, staging, manifest)
            kept = put_in_place(settings.data, staging, NAMES)
    except OSError as error:
        raise store_error(error) from error
    finally:
        if not unfinished(settings.data):
            shutil.rmtree(staging, ignore_errors=True)
    name = kept.name if kept.exists() else ""
    return RestoreReport(manifest.made_at, *counts, tuple(manifest.missing), name, replacing.folder_bytes(kept))


def put_in_place(data: Path, staging: Path, names: tuple[str, ...]) -> Path:
    """Swap the stores while nobody writes; counters are above both, so that every cache looks again.

    Returns:
        The folder that holds what was there before.
    """
    with Gate(data).alone(), _writers_out(data / DATABASE_FILE) as counters:
        raise_counters(staging / DATABASE_FILE, counters)
        for ending in replacing.BESIDE_DATABASE:
            (staging / f"{DATABASE_FILE}{ending}").unlink(missing_ok=True)
        return replacing.replace(data, staging, names)


@contextlib.contextmanager
def _writers_out(path: Path) -> Iterator[dict[str, int] | None]:
    """Hold the write lock of a database that other programs may use; gives its counters, None if it is damaged."""
    connection, counters = None, None
    try:
        if path.is_file() and path.stat().st_size:
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            counters = read_counters(connection)
    except sqlite3.Error as error:
        if "locked" in str(error):
            connection.close()
            raise store_error(error) from error
    try:
        yield counters
    finally:
        if connection is not None:
            connection.close()  # SQLite sees that its file has moved, and leaves the new one's neighbours alone


def read_counters(connection: sqlite3.Connection) -> dict[str, int] | None:
    """The counters that caches go by; None where they cannot be read."""
    try:
        rows = connection.execute("SELECT key, value FROM meta WHERE key LIKE 'revision:%'").fetchall()
        return {key: int(value) for key, value in rows}
    except (sqlite3.Error, TypeError, ValueError):
        return None


def raise_counters(path: Path, others: dict[str, int] | None) -> None:
    """Set a database's counters above its own and above the other's.

    Args:
        others: Where they cannot be told, what is above any counter serves: the seconds since 1970, and some by chance.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        own = read_counters(connection) or {}
        unknown = int(time.time()) + secrets.randbelow(1_000_000)
        for key in {"revision:library", "revision:events", "revision:profiles", *own, *(others or {})}:
            other = unknown if others is None else others.get(key, 0)
            row = (key, str(max(own.get(key, 0), other) + 1))
            connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", row)
        connection.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    finally:
        connection.close()


def _prepare(settings: Settings, staging: Path, manifest: Manifest) -> tuple[int, int]:
    """Check the unpacked database, bring it up to date, and say what becomes of its jobs; (clips, events)."""
    (staging / "jobs").mkdir()
    _check(staging / DATABASE_FILE)
    database = Database(settings.model_copy(update={"data": staging, "database_url": ""}))
    try:
        if database.check() != "ok":
            raise damaged("its database is not sound")
        with database.write() as connection:
            _reopen_jobs(connection, settings.data, manifest)
            counts = [
                connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one()
                for t in (clips, interactions)
            ]
        return counts[0], counts[1]
    finally:
        database.close()


def _check(path: Path) -> None:
    """Refuse a database that this code does not know.

    Raises:
        StoreError: It is newer, or holds code of its own.
    """
    known = {file.stem.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    schema = schema_of(path)
    if schema not in known:
        raise newer() if schema.isdigit() and schema > max(known) else damaged("its database is not one of avrec's")
    connection = sqlite3.connect(path)
    try:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone():
            raise damaged("its database is not one of avrec's")
    except sqlite3.Error as error:
        raise damaged("its database is not sound") from error
    finally:
        connection.close()


def _reopen_jobs(connection: sa.Connection, data: Path, manifest: Manifest) -> None:
    """Jobs that were under way begin anew, as their folders are no part of a backup; those without a file fail."""
    again = {"state": "queued", "stage": "", "stages_done": [], "progress": 0.0}
    connection.execute(jobs.update().where(jobs.c.state == "running").values(**again))
    waiting = sa.select(jobs.c.job_id, jobs.c.source, jobs.c.file_name)
    waiting = waiting.where(jobs.c.state == "queued", jobs.c.kind == "ingest")
    for job in connection.execute(waiting).all():
        if job.source not in manifest.files and not (Path(job.source).is_absolute() and Path(job.source).is_file()):
            gone = {"state": "failed", "reason": f"{job.file_name}: {LOST}"}
            connection.execute(jobs.update().where(jobs.c.job_id == job.job_id).values(**gone))
