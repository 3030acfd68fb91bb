"""Files that stay where they are: what their bytes hash to, and whether they were queued.

An unchanged file (same size and time of change) is not read again, so a second pass over a folder takes seconds.
"""

from pathlib import Path

import sqlalchemy as sa

from avrec.store.database import Database
from avrec.store.files import hash_file
from avrec.store.tables import known_files


class KnownFiles:
    """Path -> sha256, kept with size and time of change."""

    def __init__(self, database: Database):
        self._database = database

    def sha256(self, path: Path) -> str:
        """The file's sha256.

        Raises:
            OSError: It cannot be read.
        """
        key, state = _key(path), _state(path)
        with self._database.read() as connection:
            query = sa.select(known_files.c.sha256).where(known_files.c.path == key, *_unchanged(state))
            found = connection.execute(query).scalar()
        if found is None:
            found = hash_file(path)
            values = {**state, "sha256": found, "taken": False}
            statement = self._database.insert(known_files).values(path=key, **values)
            with self._database.write() as connection:
                connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=values))
        return found

    def take(self, path: Path) -> None:
        """Remember that the file, as it is now, was queued or refused."""
        values = {**_state(path), "taken": True}
        statement = self._database.insert(known_files).values(path=_key(path), sha256="", **values)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=values))

    def taken(self, folder: Path) -> set[tuple[str, int, int]]:
        """(path, size, mtime_ns) of the files below a folder that were queued or refused."""
        below = known_files.c.path.startswith(f"{_key(folder)}/", autoescape=True)
        with self._database.read() as connection:
            columns = known_files.c.path, known_files.c.size, known_files.c.mtime_ns
            return {tuple(row) for row in connection.execute(sa.select(*columns).where(below, known_files.c.taken))}

    @staticmethod
    def fingerprint(path: Path) -> tuple[str, int, int]:
        """What `taken` would hold for the file as it is now.

        Raises:
            OSError: It went away.
        """
        return (_key(path), *_state(path).values())


def _state(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _unchanged(state: dict[str, int]) -> list[sa.ColumnElement[bool]]:
    return [known_files.c[name] == value for name, value in state.items()]


def _key(path: Path) -> str:
    """The path as text; bytes that are no UTF-8 are escaped, since databases take none."""
    return str(path.resolve()).encode("utf-8", "backslashreplace").decode("utf-8")
