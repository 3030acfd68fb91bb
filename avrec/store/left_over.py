"""A `-wal` that another database left beside this one: SQLite would take it for this one's newest transactions.

Nothing in the file names its database, but the first page does, once it was written: each store draws an application
id. Where the newest first page in a `-wal` has another one, the file is put aside before SQLite sees it.
"""

import logging
import struct
from pathlib import Path

from avrec.store.gate import DATABASE_FILE, Gate
from avrec.store.replacing import dated_folder, move

log = logging.getLogger(__name__)

ID_AT, ID_END = 68, 72
WAL_HEADER, FRAME_HEADER = 32, 24
WAL_MAGIC = (0x377F0682, 0x377F0683)
FOREIGN_PREFIX = "replaced-"


def put_foreign_aside(data: Path) -> None:
    """Move a `-wal` of another database, and its index, to a folder named with the date."""
    path = data / DATABASE_FILE
    wal = path.with_name(f"{path.name}-wal")
    if not path.is_file() or not wal.is_file() or not _is_foreign(path, wal):
        return
    with Gate(data).alone():
        if not wal.is_file() or not _is_foreign(path, wal):
            return
        kept = dated_folder(data, FOREIGN_PREFIX)
        for ending in ("-wal", "-shm"):
            if path.with_name(path.name + ending).exists():
                move(path.with_name(path.name + ending), kept / (path.name + ending))
        log.warning("transactions of another database lay beside this one; they are put aside in %s", kept.name)


def _is_foreign(path: Path, wal: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(100)
    own = int.from_bytes(head[ID_AT:ID_END], "big")
    found = _newest_id(wal)
    return bool(own) and found is not None and found != own


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
