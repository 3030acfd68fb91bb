"""The gate of a data directory: nobody opens or writes the database while its files are being put in another's place.

SQLite keeps the newest transactions beside the database, in files found by name. A connection that opens a new database
next to an old `-wal` would mix the two, so opening and writing pass a shared lock, and replacing takes it alone.
Connections that were open before go on reading what they opened; the pool drops them at their next use.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DisconnectionError

from avrec.errors import StoreError

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.005
LOCK_FILE = "store.lock"
PLAN_FILE = "replacing.json"
DATABASE_FILE = "avrec.sqlite"


def unfinished(data: Path) -> bool:
    """Whether a replacement was begun and not finished."""
    return (data / PLAN_FILE).exists()


@contextlib.contextmanager
def locked(path: Path, operation: int, seconds: float, refusal: StoreError) -> Iterator[None]:
    """Hold an advisory lock on a file; the kernel releases it when its holder dies.

    Args:
        operation: `fcntl.LOCK_SH` or `fcntl.LOCK_EX`.
        seconds: How long to wait for it.

    Raises:
        StoreError: `refusal`, when others hold it for longer.
    """
    deadline = time.monotonic() + seconds
    with path.open("a+b") as file:
        while True:
            try:
                fcntl.flock(file, operation | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise refusal from None
                time.sleep(POLL_SECONDS)
        yield


class Gate:
    """Who may touch the database's files of a data directory."""

    def __init__(self, data: Path):
        self.data, self.path = data, data / LOCK_FILE

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Open or write the database; a replacement that was cut off is finished first."""
        from avrec.store.replacing import finish

        while True:
            with self._hold(fcntl.LOCK_SH):
                if not unfinished(self.data):
                    yield
                    return
            with self.alone():
                finish(self.data)

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Replace the database's files; waits for writers, keeps everybody else out."""
        return self._hold(fcntl.LOCK_EX)

    def _hold(self, operation: int) -> contextlib.AbstractContextManager[None]:
        busy = StoreError("The database is busy", "Another program holds it; try again in a moment.")
        return locked(self.path, operation, WAIT_SECONDS, busy)


def watch(engine: sa.Engine, gate: Gate, prepare: Callable[[Any], None]) -> None:
    """Have the engine's pool open connections through the gate, and drop those whose file was replaced.

    Args:
        prepare: Takes a new connection; must touch the database, so that all its files are open.
    """
    path = gate.data / DATABASE_FILE

    def connect(dialect: sa.Dialect, record: Any, arguments: list, options: dict) -> Any:
        with gate.passing():
            connection = dialect.connect(*arguments, **options)
            prepare(connection)
            record.info["file"] = identity(path)
        return connection

    def checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get("file") != identity(path) or unfinished(gate.data):
            raise DisconnectionError("the database was replaced")

    sa.event.listen(engine, "do_connect", connect)
    sa.event.listen(engine, "checkout", checkout)


def identity(path: Path) -> tuple[int, int] | None:
    """What tells one file from another that has its name; None where there is no file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
