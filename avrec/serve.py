"""Start the app: one per data directory, on 127.0.0.1 only unless told otherwise."""

import os
import socket
import sys
from pathlib import Path

from avrec.config import Settings
from avrec.errors import InvalidInputError
from avrec.ingest.worker_lock import WorkerLock
from avrec.store.database import Database


def serve_app(settings: Settings, port: int, repository: Path) -> None:
    """Replace this process by Streamlit serving `app.py`.

    Raises:
        InvalidInputError: avrec already runs on this data directory, or the port is taken.
        StoreError: The data directory cannot be used.
    """
    Database(settings).close()
    lock = WorkerLock(settings.data / "app.lock")
    if not lock.acquire():
        where = (settings.data / "app.address").read_text() if (settings.data / "app.address").exists() else ""
        raise InvalidInputError("avrec is already running on this data directory", where or "close it first")
    address = os.environ.get("AVREC_ADDRESS", "127.0.0.1")
    with socket.socket() as probe:
        if probe.connect_ex((address, port)) == 0:
            raise InvalidInputError(f"Port {port}", "another program listens there; choose one with --port")
    (settings.data / "app.address").write_text(f"http://{address}:{port}")
    lock.keep_over_exec()
    print(f"avrec: http://{address}:{port}", flush=True)
    os.chdir(repository)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads on two busy cores are several times slower than one
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", address, "--server.fileWatcherType", "none", "--server.headless", "true"]
    os.execv(sys.executable, command)
