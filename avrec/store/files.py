"""Files that land whole or not at all: write to a temporary name, fsync, rename."""

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from avrec.errors import MediaTooLargeError, StoreError
from avrec.store.database import store_error

CHUNK = 1 << 20
INCOMING = ".incoming-"  # then the process that writes it


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` by `data`.

    Raises:
        StoreError: The disk is full or the folder cannot be written; the old file is kept.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise store_error(error) from error


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, json.dumps(value, ensure_ascii=False).encode())


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class Arrived:
    """A file that lies on the same disk already, written and hashed as it came: it is moved instead of copied.

    Attributes:
        path: Where it lies; its owner removes it where nobody took it.
        sha256: Of its bytes.
        size: Bytes.
    """

    path: Path
    sha256: str
    size: int

    def move(self, folder: Path) -> Path:
        """Put it below `folder` under its hash; on the disk for good before it has its name."""
        folder.mkdir(parents=True, exist_ok=True)
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        return self.path.replace(folder / self.sha256)


def keep_by_hash(source: BinaryIO | Arrived, folder: Path, name: str, limit_bytes: int) -> tuple[Path, str]:
    """Copy a stream below `folder` under its sha256, in chunks; move what has arrived on this disk already.

    Args:
        name: Display name, for errors.
        limit_bytes: Largest accepted size.

    Returns:
        The file's path and its sha256.

    Raises:
        MediaTooLargeError: The stream is longer than the limit; nothing is kept.
        StoreError: The disk is full; nothing is kept.
    """
    temporary = folder / f"{INCOMING}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    digest, size = hashlib.sha256(), 0
    try:
        if isinstance(source, Arrived):
            if source.size > limit_bytes:
                raise MediaTooLargeError(name, f"it is larger than {limit_bytes // 1_000_000} MB")
            return source.move(folder), source.sha256
        folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > limit_bytes:
                    raise MediaTooLargeError(name, f"it is larger than {limit_bytes // 1_000_000} MB")
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        path = folder / digest.hexdigest()
        _land(temporary, path)
        return path, digest.hexdigest()
    except OSError as error:
        raise store_error(error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _land(temporary: Path, path: Path) -> None:
    try:
        temporary.replace(path)
    except FileNotFoundError as error:
        raise StoreError("The library was replaced by a backup while the file came", "Add it again.") from error


def remove_incoming(folder: Path) -> int:
    """Remove what processes that are gone had not written to its end; returns how many files those were."""
    count = 0
    for path in folder.glob(f"{INCOMING}*"):
        owner = path.name.removeprefix(INCOMING).partition("-")[0]
        if not owner.isdigit() or not Path(f"/proc/{owner}").exists():
            path.unlink(missing_ok=True)
            count += 1
    return count


def move_folder(source: Path, target: Path) -> None:
    """Put a finished folder in its place, replacing an earlier one."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            shutil.rmtree(target)
        source.replace(target)
    except OSError as error:
        raise store_error(error) from error
