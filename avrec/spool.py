"""Uploads that wait to be taken in lie on the disk, never in memory, and all of them together are bounded.

A file is written and hashed chunk by chunk as it arrives; a transfer that ends half-way leaves nothing. Each process
has a folder of its own with a lock in it, so that what a killed one left is known as nobody's and removed.
"""

import fcntl
import hashlib
import os
import shutil
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from avrec.errors import InvalidInputError, MediaTooLargeError
from avrec.store.database import store_error
from avrec.store.files import CHUNK, Arrived

KEEP_FREE = 1_000_000_000  # bytes of the disk that uploads leave alone, or a tenth of a small one
MOST_FILES = 2_000
MOST_AT_ONCE = 64  # transfers under way; each holds about a chunk
LOCK_FILE = "lock"


@dataclass(frozen=True)
class Limits:
    """Bytes that one file, and all waiting files together, may have."""

    one: int
    all: int


class Spool:
    """Uploaded files of this process, on the disk until they are taken in or let go. Safe under many threads.

    Args:
        folder: Made when it is missing; the data directory's, so that files can be moved on.

    Raises:
        StoreError: The folder cannot be written.
    """

    def __init__(self, folder: Path, limits: Limits):
        self.limits = limits
        self._guard = threading.Lock()
        self._bytes = self._files = self._arriving = 0
        try:
            remove_leftovers(folder)
            self._folder = folder / uuid.uuid4().hex
            self._folder.mkdir(parents=True)
            self._lock = (self._folder / LOCK_FILE).open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise store_error(error) from error

    @property
    def used(self) -> int:
        """Bytes on the disk now, of whole and of arriving files."""
        return self._bytes

    def begin(self, name: str, expected: int = 0) -> "Arriving":
        """Open a place for a file.

        Args:
            name: For errors only.
            expected: Bytes that the sender speaks of, to refuse early; never believed otherwise.

        Raises:
            MediaTooLargeError, InvalidInputError: It is too large, or there is no room; nothing was opened.
            StoreError: The disk cannot be written.
        """
        if expected > self.limits.one + CHUNK:
            raise self._too_large(name)
        with self._guard:
            if self._arriving >= MOST_AT_ONCE or self._files >= MOST_FILES:
                raise InvalidInputError(name, "too many uploads at once; add it again when the others are through")
            self._check_room(name, min(expected, self.limits.one))
            self._arriving += 1
            self._files += 1
        try:
            return Arriving(self, self._folder / uuid.uuid4().hex, name)
        except OSError as error:
            self._give_back(0, ended=True, gone=True)
            raise store_error(error) from error

    def release(self, arrived: Arrived) -> None:
        """Let a file go: whoever took it in has moved it, otherwise it is removed."""
        arrived.path.unlink(missing_ok=True)
        self._give_back(arrived.size, gone=True)

    def close(self) -> None:
        """Remove everything; the spool takes no more."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()

    def _take(self, name: str, size: int) -> None:
        with self._guard:
            self._check_room(name, size)
            self._bytes += size

    def _check_room(self, name: str, size: int) -> None:
        if self._bytes + size > self.limits.all:
            most = f"{self.limits.all // 1_000_000:,} MB, as much as AVREC_UPLOADS_MB allows"
            raise InvalidInputError(name, f"the files that are being uploaded fill {most}; add it again in a moment")
        disk = shutil.disk_usage(self._folder)
        if disk.free - size < min(KEEP_FREE, disk.total // 10):
            raise InvalidInputError(name, "the disk is nearly full; free some space, then add it again")

    def _give_back(self, size: int, *, ended: bool = False, gone: bool = False) -> None:
        with self._guard:
            self._bytes -= size
            self._arriving -= ended
            self._files -= gone

    def _too_large(self, name: str) -> MediaTooLargeError:
        return MediaTooLargeError(name, f"it is larger than {self.limits.one // 1_000_000} MB")


class Arriving:
    """One file under way; `finish` or `abandon` ends it. Not for two threads at once."""

    def __init__(self, spool: Spool, path: Path, name: str):
        self._spool, self._path, self._name = spool, path, name
        self._digest, self._size, self._over = hashlib.sha256(), 0, False
        self._file = path.open("xb", buffering=0)

    def write(self, chunk: bytes | bytearray) -> None:
        """Add bytes.

        Raises:
            MediaTooLargeError, InvalidInputError, StoreError: There is no room for them; abandon it.
        """
        if self._size + len(chunk) > self._spool.limits.one:
            raise self._spool._too_large(self._name)
        self._spool._take(self._name, len(chunk))
        self._size += len(chunk)
        self._digest.update(chunk)
        view = memoryview(chunk)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise store_error(error) from error

    def finish(self) -> Arrived:
        """The whole file; the spool counts it until it is released."""
        self._end()
        return Arrived(self._path, self._digest.hexdigest(), self._size)

    def abandon(self) -> None:
        """Remove what came so far; a second time does nothing."""
        if not self._over:
            self._end()
            self._path.unlink(missing_ok=True)
            self._spool._give_back(self._size, gone=True)

    def _end(self) -> None:
        self._over = True
        self._file.close()
        self._spool._give_back(0, ended=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the folders of processes that are no more; a living one holds its lock."""
    for own in folder.iterdir() if folder.is_dir() else ():
        try:
            descriptor = os.open(own / LOCK_FILE, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # just being made, or none of ours
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(own, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)
