"""The parent's side of decoding: start the child, follow it, stop it, and say what went wrong."""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from avrec import errors
from avrec.errors import (
    CorruptMediaError,
    JobCancelledError,
    MediaError,
    MediaTooLargeError,
    StoreError,
    UnsupportedMediaError,
)
from avrec.media.decode_result import Decoded, load_decoded, load_sound
from avrec.media.sniff import sniff

REPOSITORY = Path(__file__).resolve().parents[2]
WALL_SECONDS = 3600.0
QUIET_SECONDS = 90.0  # without a sign of life for this long, the decoder hangs
# Slower than a quarter of real time is no film but a trap; the grace is for starting on a busy machine.
GRACE_SECONDS, SLOWEST = 180.0, 4.0
POLL_SECONDS = 0.1
ENDING_SECONDS = 5.0


def decode(
    path: Path,
    folder: Path,
    *,
    name: str,
    preset: str = "balanced",
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_sound: Callable[[np.ndarray | None], None] | None = None,
    quiet_seconds: float = QUIET_SECONDS,
) -> Decoded:
    """Decode a file in a limited child process; `folder` appears whole or not at all.

    Args:
        path: The file; only read.
        folder: Where frames, sound, thumbnails and proxy go.
        name: Display name, for errors.
        progress: Takes the share done, in [0, 1].
        cancelled: Asked about five times a second.
        on_sound: Called once, in this thread, as soon as the sound is whole and before the pictures are decoded: takes
            what `load_sound` will give. The array stays valid when decoding fails later; it must not take long.

    Raises:
        MediaError: The file cannot be used.
        StoreError: The disk is full.
        JobCancelledError: `cancelled` said so.
    """

    def hear(line: dict) -> None:
        if "sound" in line and on_sound is not None:
            on_sound(load_sound(Path(task["folder"])) if line["sound"] else None)
        elif progress is not None:
            progress(line.get("progress", 1.0))

    with _whole_folder(path, folder, name) as temporary:
        task = {"path": str(path), "folder": str(temporary), "name": name, "preset": preset}
        _follow(task, name, hear, cancelled or (lambda: False), quiet_seconds)
    return load_decoded(folder)


@contextlib.contextmanager
def _whole_folder(path: Path, folder: Path, name: str) -> Iterator[Path]:
    """A folder to write into, which becomes `folder` if nothing is raised and vanishes otherwise."""
    _check(path, name)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _sync(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    except OSError as error:
        from avrec.store.database import store_error  # here, since the child imports this module, too

        raise store_error(error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check(path: Path, name: str) -> None:
    """Refuse what is no media by its first bytes alone: nothing is decoded for that, so no child is needed."""
    if not path.is_file():
        raise CorruptMediaError(name, "the file is no longer there", "Add it again.")
    try:
        sniff(path, name)
    except OSError as error:
        raise UnsupportedMediaError(name, "it cannot be read", "Allow reading it, then retry.") from error


def _sync(folder: Path) -> None:
    """Have the files on the disk before the folder gets its name."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _follow(
    task: dict[str, str],
    name: str,
    hear: Callable[[dict], None],
    cancelled: Callable[[], bool],
    quiet_seconds: float,
) -> None:
    """Run the child to its end and hand on every line that is no answer.

    Raises:
        MediaError, StoreError, JobCancelledError: As `decode`.
    """
    with _child(task) as child:
        last: dict = {}
        for last in _lines(child, name, cancelled, quiet_seconds):
            if not {"done", "error"} & last.keys():
                hear(last)
        if "error" in last:
            raise _error(last, name)
        if last.get("done") and child.returncode == 0:
            return
        if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            raise MediaTooLargeError(name, "decoding it needs more time or memory than is allowed")
        raise CorruptMediaError(name, "it crashed the decoder")


def _lines(child: subprocess.Popen, name: str, cancelled: Callable[[], bool], quiet_seconds: float) -> Iterator[dict]:
    """Give the child's lines as they come, until it has ended."""
    arrived: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(child.stdout, arrived), daemon=True).start()
    started = heard = time.monotonic()
    seconds = 0.0
    line: dict | None = {}
    while line is not None:
        now = time.monotonic()
        if cancelled():
            raise JobCancelledError
        if now - started > allowed_seconds(seconds) or now - heard > quiet_seconds:
            raise MediaTooLargeError(name, "decoding it took too long and was stopped")
        with contextlib.suppress(queue.Empty):
            if line := arrived.get(timeout=POLL_SECONDS):
                heard, seconds = time.monotonic(), max(seconds, line.get("seconds", 0.0))
                yield line
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(ENDING_SECONDS)


def _listen(stdout: IO[str], arrived: queue.SimpleQueue[dict | None]) -> None:
    """Put the child's lines into the queue, and None when it has closed its side."""
    for line in stdout:
        with contextlib.suppress(json.JSONDecodeError):
            record = json.loads(line)
            arrived.put(record if isinstance(record, dict) else {})
    arrived.put(None)


def allowed_seconds(seconds: float) -> float:
    """How long decoding may have taken once `seconds` of the clip are decoded."""
    return min(WALL_SECONDS, GRACE_SECONDS + SLOWEST * seconds)


@contextlib.contextmanager
def _child(task: dict[str, str]) -> Iterator[subprocess.Popen]:
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")}
    # Thread pools and malloc arenas cost address space, which is limited.
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    child = subprocess.Popen(
        [sys.executable, "-m", "avrec.media.child", json.dumps(task)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=REPOSITORY,
        env=environment,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()


def _error(last: dict, name: str) -> MediaError | StoreError:
    if last["error"] == "ENOSPC":
        return StoreError("The disk is full", "Free some space and retry; nothing was half-written.")
    kind: type[MediaError] = getattr(errors, last["error"], CorruptMediaError)
    return kind(name, last["reason"], last.get("advice"))
