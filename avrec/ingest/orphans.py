"""What belongs to nothing: files without rows, events and jobs of clips that are gone, left-over temporary files.

What can be made again is removed; anything else is moved to a folder named with the date, so that nothing is lost.
All of it happens in one transaction that publishing waits for, since a clip's files come before its row.
"""

import fcntl
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

import sqlalchemy as sa

from avrec.config import Settings
from avrec.errors import StoreError
from avrec.export import csv_text
from avrec.store.backup import keeping
from avrec.store.database import Database, store_error
from avrec.store.jobs import LIVE
from avrec.store.replacing import dated_folder, move
from avrec.store.restore import STAGING_PREFIX
from avrec.store.tables import clips, interactions, jobs

FOUND_PREFIX = "found-"
OLD_SECONDS = 3600.0
EVENT_COLUMNS = ("user_id", "clip_id", "event", "value", "datetime", "text")


@dataclass
class Orphans:
    """What was found and dealt with; `kept` is the folder in the data directory with what was moved."""

    removed: dict[str, int] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    kept: str = ""

    def sentence(self) -> str:
        told = [f"Removed {_listed(self.removed)}."] if self.removed else []
        if self.moved:
            told.append(
                f"Moved {_listed(self.moved)} to the folder {self.kept} of the data directory; it can be deleted, "
                "or its files added again."
            )
        return " ".join(told) or "No file lacks its clip, and no event or job either."

    def count(self, kind: str, *, moved: bool = False) -> None:
        counts = self.moved if moved else self.removed
        counts[kind] = counts.get(kind, 0) + 1


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


@dataclass(frozen=True)
class _Known:
    """What the store knows: clip ids, their bytes' hashes, jobs by id, and hashes of what is on its way."""

    clip_ids: set[str]
    hashes: set[str]
    jobs: dict[str, str]
    coming: set[str]


def clear_orphans(settings: Settings, database: Database) -> Orphans:
    """Remove or move everything that belongs to nothing.

    Raises:
        StoreError: The disk or the database failed; what was not dealt with is found again.
    """
    found = Orphans()
    kept = dated_folder(settings.data, FOUND_PREFIX)
    found.kept = kept.name
    try:
        with database.write() as connection:
            known = _known(connection, settings)
            _clip_folders(settings, known, kept, found)
            for original in _lost_originals(settings, known):
                move(original, kept / "originals" / original.name)
                found.count("original(s) without a clip", moved=True)
            _job_folders(settings, known, found)
            _finished_jobs(connection, known, found)
        _events(database, known, kept, found)
        for path in _leavings(settings):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            found.count("left-over temporary file(s)")
    except OSError as error:
        raise store_error(error) from error
    return found


def lost_originals(settings: Settings, database: Database) -> list[Path]:
    """Uploaded files that are no clip's and no job's, however young."""
    with database.read() as connection:
        return list(_lost_originals(settings, _known(connection, settings), 0.0))


def _known(connection: sa.Connection, settings: Settings) -> _Known:
    ids = {row.clip_id: row.sha256 for row in connection.execute(sa.select(clips.c.clip_id, clips.c.sha256))}
    rows = connection.execute(sa.select(jobs.c.job_id, jobs.c.sha256, jobs.c.state)).all()
    # A stopped job that has its folder goes on where it was, and its clip's files may be in their place already.
    coming = {r.sha256 for r in rows if r.state in LIVE or (settings.jobs_dir / r.job_id).is_dir()}
    ended = {r.sha256 for r in rows if r.state != "done"}
    return _Known(set(ids), set(ids.values()) | coming | ended, {r.job_id: r.state for r in rows}, coming)


def _folders(parent: Path) -> list[Path]:
    return [p for p in parent.glob("*") if p.is_dir() and not p.name.startswith(".")]


def _clip_folders(settings: Settings, known: _Known, kept: Path, found: Orphans) -> None:
    coming = {sha256[:16] for sha256 in known.coming}
    originals = {path.name[:16] for path in settings.originals_dir.glob("*")}
    for folder in _folders(settings.clips_dir):
        if folder.name in known.clip_ids | coming:
            continue
        if folder.name in originals or not any(folder.glob("proxy.*")):
            shutil.rmtree(folder, ignore_errors=True)
            found.count("folder(s) without a clip")
        else:  # its proxy may be all that is left of the clip
            move(folder, kept / "clips" / folder.name)
            found.count("folder(s) without a clip", moved=True)


def _lost_originals(settings: Settings, known: _Known, age: float = OLD_SECONDS) -> Iterator[Path]:
    """A file that just came may not have its job yet, so young ones are left alone."""
    for path in sorted(settings.originals_dir.glob("*")):
        if path.is_file() and not path.name.startswith(".") and path.name not in known.hashes and _is_old(path, age):
            yield path


def _job_folders(settings: Settings, known: _Known, found: Orphans) -> None:
    for folder in _folders(settings.jobs_dir):
        if known.jobs.get(folder.name, "done") == "done":
            shutil.rmtree(folder, ignore_errors=True)
            found.count("folder(s) without a job")


def _finished_jobs(connection: sa.Connection, known: _Known, found: Orphans) -> None:
    """Jobs that say that a clip is there which is not."""
    query = sa.select(jobs.c.job_id, jobs.c.sha256).where(
        jobs.c.state == "done", jobs.c.kind.in_(("ingest", "text", "media"))
    )
    for row in connection.execute(query).all():
        if row.sha256[:16] not in known.clip_ids and row.sha256 not in known.coming:
            connection.execute(jobs.delete().where(jobs.c.job_id == row.job_id))
            found.count("finished job(s) of clips that are gone")


def _events(database: Database, known: _Known, kept: Path, found: Orphans) -> None:
    """Take out events with clips that are neither here nor on their way; they are kept as a table to import."""
    here = known.clip_ids | {sha256[:16] for sha256 in known.hashes}
    with database.read() as connection:
        named = connection.execute(sa.select(interactions.c.clip_id).distinct()).scalars()
        gone = [clip_id for clip_id in named if clip_id and clip_id not in here]
    if not gone:
        return
    with database.write("events") as connection:
        mine = interactions.c.clip_id.in_(gone)
        rows = connection.execute(interactions.select().where(mine)).all()
        table = [(r.user_id, r.clip_id, r.event, r.value, r.at.replace(tzinfo=UTC).isoformat(), r.text) for r in rows]
        kept.mkdir(parents=True, exist_ok=True)
        lines = csv_text([dict(zip(EVENT_COLUMNS, row, strict=True)) for row in table])
        (kept / "events.csv").write_text(lines, encoding="utf-8")
        connection.execute(interactions.delete().where(mine))
    found.moved["event(s) with clips that are gone"] = len(rows)


def _leavings(settings: Settings) -> Iterator[Path]:
    """Temporary files that a killed process left; a live one's are young, or it holds the lock."""
    for name in ("originals", "clips", "evaluations", "workers", "datasets/csv"):
        yield from (p for p in (settings.data / name).glob(".*") if _is_old(p))
    staged = [p for p in settings.data.glob(f"{STAGING_PREFIX}*") if _is_old(p)]
    if staged:
        try:
            with keeping(settings.data, fcntl.LOCK_EX):
                yield from staged
        except StoreError:  # a restore is going on
            return


def _is_old(path: Path, age: float = OLD_SECONDS) -> bool:
    try:
        return abs(time.time() - path.stat().st_mtime) >= age  # a clock that jumped makes nothing young for ever
    except FileNotFoundError:
        return False
