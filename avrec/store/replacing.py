"""Putting a whole new store in the place of the old one, so that kill -9 leaves the one or the other.

What is to be moved is written down first. From then on there is only forward: whoever opens the store next finishes
what was begun. The old files are kept in a folder named with the date; nothing is deleted.
"""

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from avrec.store.database import store_error
from avrec.store.files import read_json, write_json
from avrec.store.gate import DATABASE_FILE, PLAN_FILE, unfinished

KEPT_PREFIX = "replaced-"
BESIDE_DATABASE = ("-wal", "-shm", "-journal")


def replace(data: Path, staging: Path, names: Sequence[str]) -> Path:
    """Put `names` of the folder `staging` in their place; the caller holds the gate alone.

    Args:
        staging: A folder in the data directory; it is gone afterwards.
        names: Files and folders in it, relative. What has the same name in the data directory is kept aside.

    Returns:
        The folder that holds what was there before; it does not exist where there was nothing.

    Raises:
        StoreError: The disk is full or cannot be written; nothing was changed, or it is finished at the next start.
    """
    kept = dated_folder(data, KEPT_PREFIX)
    write_json(data / PLAN_FILE, {"staging": staging.name, "kept": kept.name, "names": list(names)})
    finish(data)
    return kept


def dated_folder(data: Path, prefix: str) -> Path:
    """A name with the date that no folder has yet."""
    stem = f"{prefix}{datetime.now():%Y-%m-%d-%H%M%S}"
    taken = {path.name for path in data.glob(f"{stem}*")}
    return data / next(name for n in range(1000) if (name := f"{stem}-{n}" if n else stem) not in taken)


def finish(data: Path) -> None:
    """Do what is left of a replacement; the caller holds the gate alone."""
    if not unfinished(data):
        return
    plan = read_json(data / PLAN_FILE)
    staging, kept = data / plan["staging"], data / plan["kept"]
    try:
        for name in plan["names"]:
            if (staging / name).exists():  # else it is in its place already
                _put(data, staging / name, name, kept)
        _sync(data)
        (data / PLAN_FILE).unlink()
        shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise store_error(error) from error


def _put(data: Path, staged: Path, name: str, kept: Path) -> None:
    """Move one file or folder; what belongs to an old database goes before it, so that none is read with the new."""
    beside = [f"{name}{ending}" for ending in BESIDE_DATABASE] if name == DATABASE_FILE else []
    for old in (*beside, name):
        if os.path.lexists(data / old):
            move(data / old, _free(kept / old))
    move(staged, data / name)


def _free(path: Path) -> Path:
    """Where a half-finished move was begun anew, the second one's leavings get another name."""
    return next(p for n in range(1000) if not os.path.lexists(p := path.with_name(f"{path.name}.{n}") if n else path))


def move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def _sync(folder: Path) -> None:
    """Have the renames on the disk before the plan is forgotten."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def folder_bytes(folder: Path) -> int:
    """Size of all files below a folder; 0 where there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
