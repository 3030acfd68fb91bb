"""The child process: a decoder may crash, hang or eat memory here without touching the app.

    python -m avrec.media.child '{"path": ..., "folder": ..., "name": ..., "preset": ...}'

Prints one JSON line per progress step and one last line: {"done": true} or {"error": type, "reason": ..., "advice": ...}.
"""

import errno
import json
import os
import resource
import sys
from pathlib import Path

ADDRESS_SPACE = 3 << 30
CPU_SECONDS = 3600
FILE_BYTES = 8 << 30


def limit() -> None:
    """Bound what this process may use; called before the file is touched."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def say(record: dict) -> None:
    print(json.dumps(record), flush=True)


def main() -> None:
    task = json.loads(sys.argv[1])
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[library] = "1"
    limit()
    from avrec.errors import MediaError

    try:
        import av

        from avrec.media.decode import decode_file

        av.logging.set_level(av.logging.PANIC)
        decode_file(
            Path(task["path"]),
            Path(task["folder"]),
            task["name"],
            task["preset"],
            lambda share: say({"progress": share}),
        )
        say({"done": True})
    except MediaError as error:
        say({"error": type(error).__name__, "reason": error.reason, "advice": error.advice})
    except MemoryError:
        say({"error": "MediaTooLargeError", "reason": "decoding it needs more memory than is allowed"})
    except OSError as error:
        if error.errno == errno.ENOSPC:
            say({"error": "ENOSPC", "reason": ""})
        elif error.errno == errno.ENOMEM:
            say({"error": "MediaTooLargeError", "reason": "decoding it needs more memory than is allowed"})
        else:
            say(
                {"error": "CorruptMediaError", "reason": "it is damaged or cut off, and nothing in it could be decoded"}
            )
    except Exception:
        # Anything can come out of a damaged file, UnicodeDecodeError and AttributeError among it.
        say({"error": "CorruptMediaError", "reason": "it is damaged, and the decoder gave up"})


if __name__ == "__main__":
    main()
