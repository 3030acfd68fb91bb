"""The child process: a decoder may crash, hang or eat memory here without touching the app.

    python -m avrec.media.child '{"path": ..., "folder": ..., "name": ..., "preset": ...}'

Without a preset only the sound is decoded. Prints one JSON line per progress step, {"sound": true or false} once the
sound is whole, and a last one: {"done": true} or {"error": type, "reason": ..., "advice": ...}.
"""

import ctypes
import errno
import json
import resource
import signal
import sys
from pathlib import Path

ADDRESS_SPACE = 3 << 30
CPU_SECONDS = 3600
FILE_BYTES = 8 << 30
PR_SET_PDEATHSIG = 1
MEMORY = "decoding it needs more memory than is allowed"
DAMAGED = "it is damaged or cut off, and nothing in it could be decoded"


def limit() -> None:
    """Bound what this process may use; called before the file is touched."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def die_with_parent() -> None:
    """Ask Linux to end this process when the one that started it dies, even by kill -9."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def say(record: dict) -> None:
    print(json.dumps(record), flush=True)


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


def work(path: Path, folder: Path, name: str, preset: str | None) -> None:
    """Decode, and say how far it is."""
    import av

    av.logging.set_level(None)
    if preset is None:
        from avrec.media.sound_pass import write_sound

        say({"sound": write_sound(path, folder, name, lambda: say({"progress": 0.0})).present})
        return
    from avrec.media.decode import decode_file

    decode_file(
        path, folder, name, preset, lambda share: say({"progress": share}), lambda present: say({"sound": present})
    )


def main() -> None:
    task = json.loads(sys.argv[1])
    die_with_parent()
    limit()
    from avrec.errors import MediaError

    try:
        work(Path(task["path"]), Path(task["folder"]), task["name"], task.get("preset"))
        say({"done": True})
    except MediaError as error:
        say({"error": type(error).__name__, "reason": error.reason, "advice": error.advice})
    except MemoryError:
        say({"error": "MediaTooLargeError", "reason": MEMORY})
    except OSError as error:
        say(explain(error.errno))
    except Exception:
        # Anything can come out of a damaged file, UnicodeDecodeError and AttributeError among it.
        say({"error": "CorruptMediaError", "reason": "it is damaged, and the decoder gave up"})


if __name__ == "__main__":
    main()
