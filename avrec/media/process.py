"""The parent's side of decoding: start the child, follow it, stop it, and say what went wrong."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from avrec import errors
from avrec.config import PACKAGE
from avrec.errors import (
    CorruptMediaError,
    JobCancelledError,
    MediaError,
    MediaTooLargeError,
    StoreError,
    UnsupportedMediaError,
)
from avrec.media.decode_result import Decoded, load_decoded
from avrec.media.sniff import sniff
from avrec.store.database import store_error

WALL_SECONDS = 3600.0
QUIET_SECONDS = 90.0  # without a sign of life for this long, the decoder hangs
# Slower than a quarter of real time is no film but a trap; the grace is for starting on a busy machine.
GRACE_SECONDS, SLOWEST = 180.0, 4.0
POLL_SECONDS = 0.1


def decode(
    path: Path,
    folder: Path,
    *,
    name: str,
    preset: str = "balanced",
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    quiet_seconds: float = QUIET_SECONDS,
) -> Decoded:
    """Decode a file in a limited child process; `folder` appears whole or not at all.

    Args:
        path: The file; only read.
        folder: Where frames, sound, thumbnails and proxy go.
        name: Display name, for errors.
        progress: Takes the share done, in [0, 1].
        cancelled: Asked about five times a second.

    Raises:
        MediaError: The file cannot be used.
        StoreError: The disk is full.
        JobCancelledError: `cancelled` said so.
    """
    _check(path, name)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        task = {"path": str(path), "folder": str(temporary), "name": name, "preset": preset}
        last = _follow(task, name, progress or (lambda _: None), cancelled or (lambda: False), quiet_seconds)
        if "error" in last:
            raise _error(last, name)
        _sync(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    except OSError as error:
        raise store_error(error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return load_decoded(folder)


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
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    quiet_seconds: float,
) -> dict:
    """Run the child and return its last line."""
    with _child(task) as child:
        lines: list[dict] = []
        heard = [time.monotonic()]

        def listen() -> None:
            for line in child.stdout:
                heard[0] = time.monotonic()
                with contextlib.suppress(json.JSONDecodeError):
                    lines.append(json.loads(line))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        started, told, seconds = time.monotonic(), 0, 0.0
        while child.poll() is None:
            if cancelled():
                raise JobCancelledError
            now = time.monotonic()
            if now - heard[0] > quiet_seconds or now - started > allowed_seconds(seconds):
                raise MediaTooLargeError(name, "decoding it took too long and was stopped")
            for line in lines[told:]:
                told += 1
                seconds = max(seconds, line.get("seconds", 0.0))
                progress(line.get("progress", 1.0))
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(POLL_SECONDS)
        listener.join(timeout=5)
        last = lines[-1] if lines else {}
        if (last.get("done") and child.returncode == 0) or "error" in last:
            return last
        if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            raise MediaTooLargeError(name, "decoding it needs more time or memory than is allowed")
        raise CorruptMediaError(name, "it crashed the decoder")


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
        cwd=PACKAGE.parent,
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
