"""Takes a folder of hostile files in, in a process of its own, so that its memory can be measured.

    python tests/hostile_run.py FILES DATA

Prints one JSON document: what became of each file, how far this process grew, what the canary server heard. Real queue,
store and decoding; light models.
"""

import json
import logging
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from hostile_bytes import media
from light import LightModels

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import AvrecError
from avrec.media import process


class Canary:
    """A local server that counts who connects."""

    def __init__(self, port: int = 0):
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.heard = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            self.heard += 1
            connection.close()


def resident_mb(field: str) -> int:
    """VmRSS or VmHWM of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(field))


class Run:
    """An engine of its own, and the children's peaks."""

    def __init__(self, data: Path):
        self.engine = Engine(Settings(data=data, demo=False), models=LightModels())
        self.peak = 0
        lines = process._lines

        def overheard(*arguments):
            for line in lines(*arguments):
                self.peak = max(self.peak, line.get("peak_mb", 0))
                yield line

        process._lines = overheard

    def take(self, path: Path, stream: bool = True, name: str = "") -> dict:
        """One file: how it ended, in how long."""
        started = time.monotonic()
        self.peak = 0
        row = {"state": "refused", "outcome": "", "clip_id": None}
        try:
            if stream:
                with path.open("rb") as file:
                    job = self.engine.add_file(file, name or path.name)
            else:
                job = self.engine.add_file(path, name or path.name)
            (ended,) = self.engine.wait([job.job_id], timeout=300)
            row = {"state": ended.state, "outcome": ended.outcome, "clip_id": ended.clip_id, "reason": ended.reason}
        except AvrecError as error:
            row["reason"] = str(error)
        return {**row, "name": path.name, "seconds": time.monotonic() - started, "peak_mb": self.peak}


def main() -> None:
    files, data = Path(sys.argv[1]), Path(sys.argv[2])
    logging.basicConfig(stream=sys.stderr)
    run = Run(data)
    (files.parent / "warm.mkv").write_bytes(media("mkv", seconds=3.0))
    run.take(files.parent / "warm.mkv")
    before = resident_mb("VmRSS")
    rows = [run.take(path) for path in sorted(files.iterdir())]
    grown = resident_mb("VmHWM") - before
    run.engine.close()
    print(json.dumps({"rows": rows, "grown_mb": grown}))


if __name__ == "__main__":
    main()
