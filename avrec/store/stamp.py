"""A stamp that changes with every commit, by whichever process: what pages' kept answers are held against."""

import sqlite3
import threading
import time
from collections.abc import Hashable
from pathlib import Path

import sqlalchemy as sa

from avrec.store.gate import DATABASE_FILE, identity


class Stamp:
    """SQLite counts the commits of others in some 20 microseconds; elsewhere a new stamp comes twice a second.

    Args:
        data: The data directory; None where the database is elsewhere.
    """

    def __init__(self, engine: sa.Engine, data: Path | None):
        self._engine, self._sqlite = engine, engine.dialect.name == "sqlite"
        self._path = data / DATABASE_FILE if data is not None else None
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._opened = 0

    def now(self) -> Hashable:
        """Equal stamps mean that nothing was committed in between."""
        if not self._sqlite:
            return int(time.monotonic() * 2)
        with self._lock:
            file = identity(self._path) if self._path is not None else None
            if self._connection is None or file != self._file:  # first use, or a backup was restored
                self._close()
                self._connection, self._file = self._open(), file
                self._opened += 1
            return self._opened, int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _open(self) -> sqlite3.Connection:
        """A connection that never writes: it sees everybody's commits as another's, which is what SQLite counts."""
        pooled = self._engine.raw_connection()
        pooled.detach()
        return pooled.dbapi_connection

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
