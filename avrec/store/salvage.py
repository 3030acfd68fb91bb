"""Reading what can be read of a damaged database into a new one.

Rows are read in the order of SQLite's own row numbers, which needs no index. Where reading stops at a damaged page, it
goes on behind it: the next readable row is found by ever longer steps. The damaged database is kept aside.
"""

import fcntl
import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from avrec.config import Settings
from avrec.store.backup import keeping, require_sqlite
from avrec.store.clips import read_clip
from avrec.store.database import Database, store_error
from avrec.store.gate import DATABASE_FILE, unfinished
from avrec.store.jobs import to_job
from avrec.store.restore import STAGING_PREFIX, put_in_place
from avrec.store.tables import clips, jobs, metadata, people

HEADER = b"SQLite format 3\x00"
PAGE_SIZE_AT, USUAL_PAGE = 16, 4096
ROW_NUMBER = "avrec_row_number"
LARGEST = 2**62


@dataclass
class Salvaged:
    """What was read: table -> rows, the tables that have holes, and where the damaged database is kept."""

    rows: dict[str, int] = field(default_factory=dict)
    holes: set[str] = field(default_factory=set)
    kept: str = ""

    def sentence(self) -> str:
        """What came back and what did not, in words."""
        told = ", ".join(
            f"{count} {name}" for name, count in self.rows.items() if count and name not in ("meta", "jobs")
        )
        lost = ", ".join(sorted(self.holes))
        words = f"What could be read is in a new database: {told or 'nothing'}."
        words += f" Rows were lost in: {lost}." if lost else " No loss was seen."
        return (
            f"{words} The damaged one is kept in the folder {self.kept} of the data directory." if self.kept else words
        )


def salvage(settings: Settings) -> Salvaged:
    """Replace a damaged database by what can be read of it; files of clips stay where they are.

    Raises:
        StoreError: Nothing was changed.
    """
    require_sqlite(settings, "repair")
    staging = settings.data / f"{STAGING_PREFIX}{uuid.uuid4().hex[:8]}"
    try:
        with keeping(settings.data, fcntl.LOCK_EX):
            copy = staging / "damaged" / DATABASE_FILE
            copy.parent.mkdir(parents=True)
            _copy(settings.data / DATABASE_FILE, copy)
            found = _rebuild(settings, staging, copy)
            shutil.rmtree(copy.parent)
            kept = put_in_place(settings.data, staging, (DATABASE_FILE,))
            found.kept = kept.name if kept.exists() else ""
    except (OSError, sqlite3.Error) as error:
        raise store_error(error) from error
    finally:
        if not unfinished(settings.data):
            shutil.rmtree(staging, ignore_errors=True)
    return found


def _copy(source: Path, target: Path) -> None:
    """Copy the database with its newest transactions, and give it a header that SQLite takes.

    A left-over index of those transactions is not copied: SQLite makes it again.
    """
    for ending in ("", "-wal"):
        if source.with_name(source.name + ending).is_file():
            shutil.copyfile(source.with_name(source.name + ending), target.with_name(target.name + ending))
    if not target.exists() or target.stat().st_size < 100:
        return
    with target.open("r+b") as file:
        head = file.read(100)
        size = int.from_bytes(head[PAGE_SIZE_AT : PAGE_SIZE_AT + 2], "big")
        size = size if size in {2**n for n in range(9, 16)} | {1} else USUAL_PAGE
        file.seek(0)
        # Name, page size, WAL format (2, 2), no reserved bytes, and the payload fractions that never differ.
        file.write(HEADER + size.to_bytes(2, "big") + b"\x02\x02\x00\x40\x20\x20")


def _rebuild(settings: Settings, staging: Path, copy: Path) -> Salvaged:
    database = Database(settings.model_copy(update={"data": staging, "database_url": ""}))
    found = Salvaged()
    damaged = sqlite3.connect(copy, isolation_level=None)
    damaged.execute("PRAGMA writable_schema=ON")  # bears a file that is shorter than it says
    try:
        with database.write() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in metadata.sorted_tables:
                _take_table(database, connection, damaged, table, found)
            _mend(database, connection, found)
    finally:
        damaged.close()
        database.close()
    return found


def _take_table(
    database: Database, connection: sa.Connection, damaged: sqlite3.Connection, table: sa.Table, found: Salvaged
) -> None:
    found.rows[table.name] = 0
    for row in read_rows(damaged, table.name):
        fit = row and _fitting(table, row)
        if not fit:
            found.holes.add(table.name)
            continue
        # Values as SQLite had them, since they are of its own types.
        names = ", ".join(f'"{name}"' for name in fit)
        marks = ", ".join("?" * len(fit))
        statement = f'INSERT OR IGNORE INTO "{table.name}" ({names}) VALUES ({marks})'
        found.rows[table.name] += connection.exec_driver_sql(statement, tuple(fit.values())).rowcount


def read_rows(damaged: sqlite3.Connection, table: str) -> Iterator[dict[str, Any] | None]:
    """Rows of a table as column -> value; None for each hole in it."""
    last, step = -LARGEST, 0
    while True:
        try:
            for row in _after(damaged, table, last):
                last, step = row.pop(ROW_NUMBER), 0
                yield row
            return
        except sqlite3.Error as error:
            if not step:
                yield None
            if "no such table" in str(error) or last >= LARGEST or not _may_read(damaged, table):
                return
        step = max(2 * step, 1)
        last = max(last, 0) + step if last > -LARGEST else 0


def _after(damaged: sqlite3.Connection, table: str, number: int) -> Iterator[dict[str, Any]]:
    query = f'SELECT rowid AS {ROW_NUMBER}, * FROM "{table}" NOT INDEXED WHERE rowid > ? ORDER BY rowid'
    cursor = damaged.execute(query, (number,))
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield dict(zip(names, values, strict=True))


def _may_read(damaged: sqlite3.Connection, table: str) -> bool:
    """Whether the table is known at all: where the schema is lost, no row can be found."""
    try:
        damaged.execute(f'SELECT 1 FROM "{table}" NOT INDEXED WHERE rowid = 0').fetchone()
    except sqlite3.DatabaseError as error:
        return "malformed" in str(error) and "schema" not in str(error)
    return True


def _fitting(table: sa.Table, row: dict[str, Any]) -> dict[str, Any] | None:
    """The columns of a row that today's table has; None where a value is not of its kind."""
    fit = {column.name: row[column.name] for column in table.columns if column.name in row}
    for column in table.columns:
        value = fit.get(column.name)
        if value is None:
            if not column.nullable and column.name in fit:
                return None
            continue
        try:
            _read(column.type, value)
        except (ValueError, TypeError):
            return None
    return fit


def _read(kind: sa.types.TypeEngine, value: Any) -> None:
    """Read a value as its column's type; raises ValueError or TypeError where it is none."""
    match kind:
        case sa.JSON():
            json.loads(value)
        case sa.DateTime():
            datetime.fromisoformat(value)
        case sa.LargeBinary():
            bytes(memoryview(value))
        case sa.Float() | sa.Boolean() | sa.Integer():
            float(value) if not isinstance(value, str | bytes) else int("text")
        case _:
            if not isinstance(value, str):
                raise TypeError


def _mend(database: Database, connection: sa.Connection, found: Salvaged) -> None:
    """People who are only known by their events come back; rows of clips that were lost go."""
    events = metadata.tables["interactions"]
    for (user_id,) in connection.execute(sa.select(events.c.user_id).distinct()).all():
        row = {"user_id": user_id, "simulated": False, "taste": "", "settings": {}}
        connection.execute(database.insert(people).values(**row).on_conflict_do_nothing())
    _drop_unreadable(connection, found)
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            known = sa.select(key.column)
            gone = connection.execute(table.delete().where(key.parent.not_in(known))).rowcount
            if gone:
                found.holes.add(key.column.table.name)
                found.rows[table.name] -= gone


def _drop_unreadable(connection: sa.Connection, found: Salvaged) -> None:
    """Leave out clips and jobs whose values have the right kinds but make no sense."""
    for table, key, read in ((clips, clips.c.clip_id, read_clip), (jobs, jobs.c.job_id, to_job)):
        for row in connection.execute(table.select()).all():
            try:
                read(row)
            except (TypeError, ValueError, KeyError, AttributeError):
                connection.execute(table.delete().where(key == getattr(row, key.name)))
                found.holes.add(table.name)
                found.rows[table.name] -= 1
