"""A worker's process: `python -m avrec.working clips|evaluations`, started by the app with its settings on stdin.

It runs at low priority, gives its memory up first when there is none left, ends when it was idle for long, and dies
with the app.
"""

import contextlib
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from avrec.config import Settings
from avrec.engine import Engine
from avrec.media.child import die_with_parent
from avrec.models.allocator import keep_large_blocks
from avrec.worker_state import clear_state, write_state

NICENESS = 5
IDLE_SECONDS = {"clips": 180.0, "evaluations": 20.0}
TELL_SECONDS = 2.0


def main() -> None:
    """Work until told to stop."""
    keep_large_blocks()
    lane = sys.argv[1]
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("AVREC_LOG", "WARNING").upper())
    settings = Settings(**json.loads(sys.stdin.readline()))
    die_with_parent()
    threading.Thread(target=_die_with_pipe, daemon=True).start()
    _be_modest()
    engine = Engine(settings)
    signal.signal(signal.SIGTERM, lambda *_: engine.stop_working())
    threading.Thread(target=_tell, args=(engine, lane), daemon=True).start()
    try:
        engine.work(lane, IDLE_SECONDS[lane])
    finally:
        clear_state(settings.data, lane)
    engine.close()


def _be_modest() -> None:
    """Let the pages go first, and be the one to go when memory is short."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _die_with_pipe() -> None:
    """The app holds the other end of stdin: when it is gone, so is the app."""
    while sys.stdin.readline():
        pass
    os._exit(1)


def _tell(engine: Engine, lane: str) -> None:
    """Say what is loaded, for the System page."""
    event = threading.Event()
    while not event.wait(TELL_SECONDS):
        with contextlib.suppress(OSError):
            write_state(engine.settings.data, lane, engine.loaded_here())


if __name__ == "__main__":
    main()
