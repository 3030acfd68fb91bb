"""A copy of a library in one file, made while the app goes on: the database first, then the files that its rows name.

A clip that is published meanwhile is not in the copy of the database and so not in the backup; files of one that is
deleted meanwhile are listed as missing. Weights are left out: they can be fetched again.
"""

import fcntl
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from avrec.config import Settings
from avrec.errors import InvalidInputError, StoreError
from avrec.store.database import DAMAGED_ADVICE, store_error
from avrec.store.gate import DATABASE_FILE, Gate, locked
from avrec.store.manifest import FOLDERS, HEAD_FILE, MANIFEST_FILE, Manifest

KEEP_LOCK = "keep.lock"
SPARE_BYTES = 64_000_000  # left free on the disk
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class BackupReport:
    """What was kept. `missing`: files that rows name and that were gone."""

    path: Path
    bytes: int
    clips: int
    files: int
    missing: tuple[str, ...]


def quiet(_share: float, _words: str) -> None:
    """Progress that nobody looks at."""


def back_up(settings: Settings, path: Path, version: str, progress: Progress = quiet) -> BackupReport:
    """Write the library to one file; the app may run meanwhile.

    Args:
        path: The file; it is replaced when the new one is whole.
        version: avrec's.
        progress: Takes the share done and what is being done.

    Returns:
        A BackupReport.

    Raises:
        StoreError, InvalidInputError: No backup was made; an earlier file of that name is as it was.
    """
    require_sqlite(settings, "backup")
    if path.is_dir() or not path.parent.is_dir():
        raise InvalidInputError(path.name, "name a file in a folder that exists")
    if not (settings.data / DATABASE_FILE).is_file():
        raise StoreError("There is no library to back up", "Name its data directory with AVREC_DATA.")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    copy = temporary.with_name(f"{temporary.name}.sqlite")
    try:
        with keeping(settings.data, fcntl.LOCK_SH):
            progress(0.0, "the database")
            copy_database(settings.data, copy)
            report = _write(settings, copy, temporary, Manifest(_now(), version, schema_of(copy)), progress)
        temporary.replace(path)
        return BackupReport(path, path.stat().st_size, *report)
    except OSError as error:
        raise store_error(error) from error
    finally:
        for leaving in (temporary, copy):
            leaving.unlink(missing_ok=True)


def require_sqlite(settings: Settings, what: str) -> None:
    if settings.database_url:
        advice = f"Use its own tool for the {what}, and copy the data directory's folders beside it."
        raise StoreError("The database of this library is not a file of avrec's", advice)


def keeping(data: Path, operation: int) -> AbstractContextManager[None]:
    """Hold off restores while a backup is made, and everything of the kind while one is restored."""
    reason = StoreError("A backup or a repair of this library is going on", "Wait until it has ended.")
    return locked(data / KEEP_LOCK, operation, 0.0, reason)


def copy_database(data: Path, target: Path) -> None:
    """Copy the database as it is at one moment, by SQLite's own means.

    Raises:
        StoreError: It is damaged or busy.
    """
    try:
        with Gate(data).passing():
            source = sqlite3.connect(data / DATABASE_FILE, timeout=30)
            source.execute("PRAGMA journal_mode").fetchone()
        try:
            copy = sqlite3.connect(target)
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            sound = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            copy.close()
        finally:
            source.close()
    except sqlite3.Error as error:
        raise store_error(error) from error
    if not sound:
        raise StoreError("The database is damaged", DAMAGED_ADVICE)


def schema_of(path: Path) -> str:
    """The version of a database's tables; "" where it has none."""
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError):
        return ""
    finally:
        connection.close()


def _write(
    settings: Settings, copy: Path, target: Path, manifest: Manifest, progress: Progress
) -> tuple[int, int, tuple[str, ...]]:
    """Fill the archive; returns how many clips and files it has, and what was missing."""
    wanted = _wanted(settings, copy, manifest)
    sizes = [path.stat().st_size if path.exists() else 0 for _, path in wanted]
    total = sum(sizes) + copy.stat().st_size
    if shutil.disk_usage(target.parent).free < total + SPARE_BYTES:
        words = f"The disk has not enough room for the backup ({total / 1e9:.1f} GB)"
        raise StoreError(words, "Free some space, or choose another disk.")
    done = 0
    target.touch(mode=0o600)  # it holds what people did, and the secret that their pseudonyms are drawn from
    with target.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, HEAD_FILE, io.BytesIO(manifest.head()), len(manifest.head()))
        for (name, path), size in zip([(DATABASE_FILE, copy), *wanted], [copy.stat().st_size, *sizes], strict=True):
            _add_file(archive, name, path, manifest)
            done += size
            progress(done / max(total, 1), name)
        listed = manifest.encode()
        _add(archive, MANIFEST_FILE, io.BytesIO(listed), len(listed))
        archive.close()
        file.flush()
        os.fsync(file.fileno())
    return len(_query(copy, "SELECT clip_id FROM clips")), len(manifest.files), tuple(manifest.missing)


def _wanted(settings: Settings, copy: Path, manifest: Manifest) -> list[tuple[str, Path]]:
    """(name in the archive, file) of all that the copied rows name, and of what was found by evaluating."""
    found: list[tuple[str, Path]] = []
    for (clip_id,) in _query(copy, "SELECT clip_id FROM clips ORDER BY clip_id"):
        if not (settings.clips_dir / clip_id).is_dir():
            manifest.missing.append(f"clips/{clip_id}")
        found += _below(settings.data, f"clips/{clip_id}")
    sources = _query(copy, "SELECT source FROM clips UNION SELECT source FROM jobs WHERE state != 'done'")
    names = [f"originals/{Path(source).name}" for (source,) in sources if source.startswith("originals/")]
    found += [(name, settings.data / name) for name in names]
    return found + [pair for folder in FOLDERS[2:] for pair in _below(settings.data, folder)]


def _below(data: Path, folder: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((data / folder).rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield str(path.relative_to(data)), path


def _query(database: Path, query: str) -> list[tuple]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.Error as error:
        raise store_error(error) from error
    finally:
        connection.close()


def _add_file(archive: tarfile.TarFile, name: str, path: Path, manifest: Manifest) -> None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        manifest.missing.append(name)
        return
    with file:
        found = os.fstat(file.fileno())
        reader = _Hashing(file)
        _add(archive, name, reader, found.st_size, int(found.st_mtime))
        manifest.files[name] = [found.st_size, reader.digest.hexdigest()]


def _add(archive: tarfile.TarFile, name: str, data: Any, size: int, modified: int = 0) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, modified, 0o600
    archive.addfile(info, data)


class _Hashing:
    """A file that hashes what is read of it, so that each is read once."""

    def __init__(self, file: BinaryIO):
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
