"""Reading a backup: nothing in it is trusted. It is unpacked into a folder of its own and checked whole before use."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from avrec.errors import InvalidInputError, StoreError
from avrec.store.backup import SPARE_BYTES, Progress
from avrec.store.database import store_error
from avrec.store.gate import DATABASE_FILE
from avrec.store.manifest import (
    FOLDERS,
    HEAD_FILE,
    MANIFEST_FILE,
    RECORD_BYTES,
    Manifest,
    damaged,
    foreign,
    is_safe,
    read_head,
)

CHUNK = 1 << 20
HEAD_BYTES = 10_000


def unpack(path: Path, folder: Path, progress: Progress) -> Manifest:
    """Unpack a backup into a new folder and check every byte of it.

    Raises:
        StoreError: It is damaged, no backup, or larger than the free space; the folder is to be thrown away.
        InvalidInputError: There is no such file.
    """
    if not path.is_file():
        raise InvalidInputError(path.name, "there is no such file")
    try:
        need, free = path.stat().st_size + SPARE_BYTES, shutil.disk_usage(folder.parent).free
        if need > free:
            words = (
                f"The disk has not enough room to restore: {need / 1e9:.1f} GB are needed, {free / 1e9:.1f} are free"
            )
            raise StoreError(words, "Free some space; nothing was changed.")
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        with tarfile.open(path, "r:") as archive:
            return _unpack(archive, folder, path.stat().st_size, progress)
    except tarfile.ReadError as error:
        raise (damaged("it is cut off or changed") if _begins_well(path) else foreign()) from error
    except (tarfile.TarError, ValueError, EOFError) as error:  # a header with numbers that are none
        raise damaged("it is cut off or changed") from error
    except OSError as error:
        raise store_error(error) from error


def _begins_well(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HEAD_FILE)) == HEAD_FILE.encode()


def _unpack(archive: tarfile.TarFile, folder: Path, total: int, progress: Progress) -> Manifest:
    head = archive.next()
    if head is None or head.name != HEAD_FILE or head.size > HEAD_BYTES:
        raise foreign()
    read_head(_read(archive, head))
    found: dict[str, list] = {}
    for member in _members(archive):
        if member.name == MANIFEST_FILE:
            manifest = Manifest.decode(_read(archive, member))
            return _compare(manifest, found)
        if not member.isreg() or member.issparse() or not is_safe(member.name) or member.name in found:
            raise damaged(f"it holds something that no backup has ({member.name[:80]!r})")
        found[member.name] = _extract(archive, member, folder / member.name)
        progress(archive.offset / max(total, 1), member.name)
    raise damaged("its end is missing")


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        archive.members = []  # type: ignore[assignment]  # else it keeps every header
        yield member


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.isreg() and member.size <= RECORD_BYTES else None
    if file is None:
        raise foreign()
    return file.read()


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> list:
    """Write one file; returns its size and hash."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size, source = hashlib.sha256(), 0, archive.extractfile(member)
    with target.open("xb") as file:
        while source is not None and (chunk := source.read(CHUNK)):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    os.utime(target, (member.mtime, member.mtime))
    return [size, digest.hexdigest()]


def _compare(manifest: Manifest, found: dict[str, list]) -> Manifest:
    """Hold what was unpacked against the list.

    Raises:
        StoreError: Something is missing, changed, or too much.
    """
    for name in sorted(manifest.files.keys() | found.keys()):
        if manifest.files.get(name) != found.get(name):
            raise damaged(f"{name} is not as it was written")
    if DATABASE_FILE not in found:
        raise damaged("its database is missing")
    return manifest
