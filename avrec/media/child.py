"""The child process: a decoder may crash, hang or eat memory here without touching the app.

    python -m avrec.media.child '{"path": ..., "folder": ..., "name": ..., "preset": ...}'

Prints one JSON line per progress step, {"progress": share, "seconds": of the clip}, {"sound": true or false} once the
sound is whole, and a last one: {"done": true} or {"error": type, "reason": ..., "advice": ...}, both with the most
memory that was resident, {"peak_mb": ...}.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import sys
from pathlib import Path

# What is written to counts against DATA, so at most about a gigabyte is ever resident; the address space also holds
# libraries, thread stacks and mapped files.
DATA, ADDRESS_SPACE = 880 << 20, 3 << 30
NICE = 10  # pages come first
CPU_SECONDS = 3600
FILE_BYTES = 8 << 30
PR_SET_PDEATHSIG = 1
MEMORY = "decoding it needs more memory than is allowed"
DAMAGED = "it is damaged or cut off, and nothing in it could be decoded"


def limit() -> None:
    """Bound what this process may use; called before the file is touched."""
    resource.setrlimit(resource.RLIMIT_DATA, (DATA, DATA))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def die_with_parent() -> None:
    """Ask Linux to end this process when the one that started it dies, even by kill -9."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def step_back() -> None:
    """Let everything else go first, however nice the parent is."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))


def say(record: dict) -> None:
    print(json.dumps(record), flush=True)


def end(record: dict) -> None:
    """Say the last line."""
    say({**record, "peak_mb": peak_mb()})


def peak_mb() -> int:
    """The most memory that was resident in this process, in MB; what getrusage says holds its parent's, too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def explain(number: int | None) -> dict[str, str]:
    """Say what a failed system or libav call means for the file."""
    match number:
        case errno.ENOSPC | errno.EDQUOT:
            return {"error": "ENOSPC", "reason": ""}
        case errno.EFBIG:
            return {"error": "MediaTooLargeError", "reason": "what it decodes to is larger than is allowed"}
        case errno.ENOMEM:
            return {"error": "MediaTooLargeError", "reason": MEMORY}
        case _:
            return {"error": "CorruptMediaError", "reason": DAMAGED}


def work(path: Path, folder: Path, name: str, preset: str) -> None:
    """Decode, and say how far it is."""
    import av

    from avrec.media.decode import decode_file

    av.logging.set_level(None)
    decode_file(
        path,
        folder,
        name,
        preset,
        lambda share, seconds: say({"progress": share, "seconds": seconds}),
        lambda present: say({"sound": present}),
    )


def main() -> None:
    task = json.loads(sys.argv[1])
    die_with_parent()
    step_back()
    limit()
    from avrec.errors import MediaError

    try:
        work(Path(task["path"]), Path(task["folder"]), task["name"], task["preset"])
        end({"done": True})
    except MediaError as error:
        end({"error": type(error).__name__, "reason": error.reason, "advice": error.advice})
    except MemoryError:
        end({"error": "MediaTooLargeError", "reason": MEMORY})
    except OSError as error:
        end(explain(error.errno))
    except Exception:
        # Anything can come out of a damaged file, UnicodeDecodeError and AttributeError among it.
        end({"error": "CorruptMediaError", "reason": "it is damaged, and the decoder gave up"})


if __name__ == "__main__":
    main()
