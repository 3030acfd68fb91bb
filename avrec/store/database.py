"""One database: engine, transactions and revision counters.

SQLite in WAL mode by default; the URL is a setting. Writers take one lock in the process and BEGIN IMMEDIATE in the
database, so two processes on one data directory queue up instead of failing half-way. Two counters tell caches when
to look again: `library` (clips) and `events` (interactions and people's settings); a third, `profiles`, tells that a
profile text was embedded.
"""

import contextlib
import errno
import os
import secrets
import sqlite3
import threading
from collections.abc import Hashable, Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DatabaseError, OperationalError

from avrec.config import Settings
from avrec.errors import StoreError
from avrec.store import tables
from avrec.store.gate import DATABASE_FILE, Gate, watch
from avrec.store.stamp import Stamp

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
DAMAGED_ADVICE = (
    "Run `python -m avrec doctor`; it says what to do. Or put a backup in place: `python -m avrec restore`."
)
DAMAGED_WORDS = ("malformed", "not a database", "no such table", "no such column")
BUSY_SECONDS = 30.0


def store_error(error: BaseException) -> StoreError:
    """Say in one sentence what went wrong with the disk or the database."""
    text = str(error).lower()
    if getattr(error, "errno", None) == errno.ENOSPC or "disk is full" in text or "no space left" in text:
        return StoreError("The disk is full", "Free some space and retry; nothing was half-written.")
    if isinstance(error, PermissionError) or "readonly" in text or "unable to open" in text:
        return StoreError(
            "The data directory cannot be written", "Choose another one with AVREC_DATA, or allow writing."
        )
    if "locked" in text:
        return StoreError("The database is busy", "Another program holds it; try again in a moment.")
    if any(words in text for words in DAMAGED_WORDS):
        return StoreError("The database is damaged", DAMAGED_ADVICE)
    if "disk i/o error" in text:
        return StoreError("The database cannot be read or written", "Check the disk and its free space, then retry.")
    return StoreError("The store failed", "Run `python -m avrec doctor`; the log has the details.")


class Database:
    """Connections to the store.

    Args:
        settings: Says where; the data directory is made when it is missing.

    Raises:
        StoreError: The directory cannot be written, or the database is damaged.
    """

    def __init__(self, settings: Settings):
        self._lock = threading.RLock()
        self.library_writes = 0  # by this process
        try:
            settings.data.mkdir(parents=True, exist_ok=True)
            probe = settings.data / ".writable"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise store_error(error) from error
            reason = f"The data directory cannot be used ({os.strerror(error.errno or errno.EIO).lower()})"
            raise StoreError(reason, "Choose another one with AVREC_DATA, or allow writing.") from error
        url = settings.database_url or f"sqlite:///{settings.data / DATABASE_FILE}"
        self.engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS} if url.startswith("sqlite") else {})
        self._gate = None if settings.database_url else Gate(settings.data)
        if self._gate is not None:
            self._look_first(settings)
            watch(self.engine, self._gate, _prepare_sqlite)
        elif self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", lambda connection, _record: _prepare_sqlite(connection))
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        self._migrate(settings)
        self._stamp = Stamp(self.engine, settings.data if self._gate is not None else None)

    def _look_first(self, settings: Settings) -> None:
        """What must be known before SQLite opens the files, as opening changes them."""
        from avrec.store.left_over import put_foreign_aside

        try:
            path = settings.data / DATABASE_FILE
            with self._passing():
                if not path.exists() or not path.stat().st_size:
                    _refuse_lost(settings)
            put_foreign_aside(settings.data)
        except OSError as error:
            raise store_error(error) from error

    def _migrate(self, settings: Settings) -> None:
        with self.write() as connection:
            current = None
            if sa.inspect(connection).has_table("alembic_version"):
                current = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            heads = sorted(path.stem.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
            if current is None and self._gate is not None:
                _refuse_lost(settings)
            if current != heads[-1]:
                _upgrade(connection)
            if self.engine.dialect.name == "sqlite":
                _name_file(connection)

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent snapshot."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except (OperationalError, DatabaseError) as error:
            raise store_error(error.orig or error) from error

    @contextlib.contextmanager
    def write(self, *bumps: str) -> Iterator[sa.Connection]:
        """One transaction: all of it or nothing.

        Args:
            bumps: Counters to raise when it commits: "library", "events", "profiles".
        """
        try:
            with self._lock, self._passing(), self.engine.connect() as connection:
                connection = connection.execution_options(immediate=True)
                with connection.begin():
                    yield connection
                    for name in bumps:
                        self._bump(connection, name)
                self.library_writes += "library" in bumps
        except (OperationalError, DatabaseError) as error:
            raise store_error(error.orig or error) from error

    def _passing(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self._gate is None else self._gate.passing()

    def _bump(self, connection: sa.Connection, name: str) -> None:
        key = f"revision:{name}"
        value = connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.key == key)).scalar()
        self.put(connection, key, str(int(value or 0) + 1))

    def insert(self, table: sa.Table) -> sa.sql.dml.Insert:
        """An insert that knows `on_conflict_do_nothing/update` in this dialect."""
        return postgresql_insert(table) if self.engine.dialect.name == "postgresql" else sqlite_insert(table)

    def put(self, connection: sa.Connection, key: str, value: str) -> None:
        statement = self.insert(tables.meta).values(key=key, value=value)
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))

    def get(self, key: str) -> str | None:
        with self.read() as connection:
            return connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.key == key)).scalar()

    def revisions(self) -> tuple[int, int, int]:
        """Counters (library, events, profiles); equal counters mean that caches still hold."""
        with self.read() as connection:
            query = sa.select(tables.meta.c.key, tables.meta.c.value).where(tables.meta.c.key.like("revision:%"))
            found = dict(connection.execute(query).all())
        library, events, profiles = (int(found.get(f"revision:{x}", 0)) for x in ("library", "events", "profiles"))
        return library, events, profiles

    def stamp(self) -> Hashable:
        """What changes with every commit, by whichever process: equal stamps mean that nothing changed."""
        try:
            return self._stamp.now()
        except (sqlite3.Error, DatabaseError) as error:
            raise store_error(error) from error

    def put_value(self, key: str, value: str, *bumps: str) -> None:
        """Store one value in a transaction of its own."""
        with self.write(*bumps) as connection:
            self.put(connection, key, value)

    def drop_value(self, key: str, *bumps: str) -> None:
        """Forget one value."""
        with self.write(*bumps) as connection:
            connection.execute(tables.meta.delete().where(tables.meta.c.key == key))

    def secret(self, name: str) -> bytes:
        """A secret of this data directory, drawn at random on first use and kept."""
        key = f"secret:{name}"
        found = self.get(key)
        if found is None:
            with self.write() as connection:
                drawn = self.insert(tables.meta).values(key=key, value=secrets.token_hex(32))
                connection.execute(drawn.on_conflict_do_nothing())
            found = self.get(key)
        return bytes.fromhex(str(found))

    def check(self, thorough: bool = False) -> str:
        """SQLite's own integrity check: "ok", or what is wrong, as a clause.

        Args:
            thorough: Hold the indexes against their tables, too; takes several times as long.

        Raises:
            StoreError: It cannot be checked now.
        """
        if self.engine.dialect.name != "sqlite":
            return "ok"
        kind = "integrity_check" if thorough else "quick_check"
        try:
            with self.read() as connection:
                told = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA {kind}")]
        except StoreError as error:
            if error.advice != DAMAGED_ADVICE:
                raise
            return "parts of it cannot be read"
        return "ok" if told == ["ok"] else f"{len(told)} faults were found in it"

    def close(self) -> None:
        self._stamp.close()
        self.engine.dispose()


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, "head")


def _name_file(connection: sa.Connection) -> None:
    """Draw a number that tells this database's transactions from another's; see `left_over`."""
    if not connection.exec_driver_sql("PRAGMA application_id").scalar():
        connection.exec_driver_sql(f"PRAGMA application_id = {secrets.randbelow(2**31 - 1) + 1}")


def _refuse_lost(settings: Settings) -> None:
    """Where clips have files, a database without tables was lost: a new one would make orphans of them all."""
    if any(settings.clips_dir.glob("*/")):
        raise StoreError("The database is missing or empty, but clips' files are there", DAMAGED_ADVICE)


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _prepare_sqlite(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000:.0f}",
    ):
        connection.execute(f"PRAGMA {pragma}")
