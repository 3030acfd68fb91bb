"""A `-wal` that another database left beside this one: SQLite would take it for this one's newest transactions.

Nothing in the file names its database, but the first page does, once it was written: each store draws an application
id. Where the newest first page in a `-wal` has another one, the file is put aside before SQLite sees it.
"""

import logging
import shutil
import sqlite3
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

from avrec.store.gate import DATABASE_FILE, Gate
from avrec.store.replacing import dated_folder, move

log = logging.getLogger(__name__)

ID_AT, ID_END = 68, 72
WAL_HEADER, FRAME_HEADER, LARGEST_PAGE = 32, 24, 65_536
WAL_MAGIC = (0x377F0682, 0x377F0683)
FOREIGN_PREFIX = "replaced-"


def put_foreign_aside(data: Path) -> None:
    """Move a `-wal` of another database, and its index, to a folder named with the date."""
    path = data / DATABASE_FILE
    wal = path.with_name(f"{path.name}-wal")
    if not path.is_file() or not wal.is_file() or not _looks_foreign(path, wal):
        return
    with Gate(data).alone():
        if not wal.is_file() or not _is_foreign(path, wal):
            return
        kept = dated_folder(data, FOREIGN_PREFIX)
        for ending in ("-wal", "-shm"):
            if path.with_name(path.name + ending).exists():
                move(path.with_name(path.name + ending), kept / (path.name + ending))
        log.warning("transactions of another database lay beside this one; they are put aside in %s", kept.name)


def _own_id(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file.read(100)[ID_AT:ID_END], "big")


def _looks_foreign(path: Path, wal: Path) -> bool:
    """Look at the numbers alone; a page that a killed process was writing may deceive."""
    own, found = _own_id(path), _newest_id(wal)
    return bool(own) and found is not None and found != own


def _is_foreign(path: Path, wal: Path) -> bool:
    """Ask SQLite, which leaves out what was not written to its end, what it would take for the first page."""
    own = _own_id(path)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with path.open("rb") as file:
            copy.write_bytes(file.read(LARGEST_PAGE))
        shutil.copyfile(wal, copy.with_name(wal.name))
        connection = sqlite3.connect(copy)
        try:
            connection.execute("PRAGMA writable_schema=ON")  # bears a file that is shorter than it says
            return connection.execute("PRAGMA application_id").fetchone()[0] != own
        except sqlite3.Error:  # damaged; opening the store says so
            return False
        finally:
            connection.close()


def _newest_id(wal: Path) -> int | None:
    """The application id in the newest first page of a `-wal`; None where it has none."""
    newest = None
    with wal.open("rb") as file:
        header = file.read(WAL_HEADER)
        if len(header) < WAL_HEADER or struct.unpack(">I", header[:4])[0] not in WAL_MAGIC:
            return None
        size, salts = struct.unpack(">I", header[8:12])[0], header[16:24]
        while len(frame := file.read(FRAME_HEADER)) == FRAME_HEADER and frame[8:16] == salts:
            if struct.unpack(">I", frame[:4])[0] == 1:
                page = file.read(size)
                newest = int.from_bytes(page[ID_AT:ID_END], "big") if len(page) == size else newest
            else:
                file.seek(size, 1)
    return newest
