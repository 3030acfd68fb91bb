"""What a worker says of itself, for the System page: a small file that it rewrites while it lives."""

import json
import os
import time
from pathlib import Path

from avrec.schemas import WorkerState
from avrec.store.files import read_json

FRESH_SECONDS = 10.0


def _folder(data: Path) -> Path:
    return data / "workers"


def write_state(data: Path, lane: str, loaded: list[str]) -> None:
    """Say that this process is the lane's worker, now, with these tasks' models loaded."""
    import psutil

    record = {
        "lane": lane,
        "pid": os.getpid(),
        "memory_bytes": psutil.Process().memory_info().rss,
        "loaded": loaded,
        "at": time.time(),
    }
    path = _folder(data) / f"{lane}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{lane}.{os.getpid()}")
    temporary.write_text(json.dumps(record), encoding="utf-8")  # unlike a clip's files it needs no fsync
    temporary.replace(path)


def clear_state(data: Path, lane: str) -> None:
    (_folder(data) / f"{lane}.json").unlink(missing_ok=True)


def read_states(data: Path) -> list[WorkerState]:
    """The workers that were alive within the last seconds."""
    found = []
    for path in sorted(_folder(data).glob("*.json")):
        try:
            record = read_json(path)
            if abs(time.time() - record.pop("at")) < FRESH_SECONDS:
                found.append(WorkerState(**record | {"loaded": tuple(record["loaded"])}))
        except (OSError, ValueError, TypeError, KeyError):  # it ended meanwhile, or another version wrote it
            continue
    return found
