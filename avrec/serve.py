"""Start the app: one per data directory, on 127.0.0.1 only unless told otherwise."""

import os
import socket
import sys
from pathlib import Path

from avrec.config import Settings
from avrec.errors import InvalidInputError
from avrec.exposure import expose, host_name, read_auth
from avrec.ingest.worker_lock import WorkerLock
from avrec.store.database import Database


def serve_app(settings: Settings, port: int, repository: Path) -> None:
    """Replace this process by Streamlit serving `app.py`.

    Raises:
        InvalidInputError: avrec already runs on this data directory, the port is taken, or nothing may listen on the
            address without a login.
        StoreError: The data directory cannot be used.
    """
    address = settings.address
    expose(settings, address, read_auth())
    Database(settings).close()
    lock = WorkerLock(settings.data / "app.lock")
    if not lock.acquire():
        where = (settings.data / "app.address").read_text() if (settings.data / "app.address").exists() else ""
        raise InvalidInputError("avrec is already running on this data directory", where or "close it first")
    _check_port(address, port)
    shown = f"[{address}]" if ":" in host_name(address) else address
    (settings.data / "app.address").write_text(f"http://{shown}:{port}")
    lock.keep_over_exec()
    print(f"avrec: http://{shown}:{port}", flush=True)
    os.chdir(repository)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads on two busy cores are several times slower than one
    os.environ["AVREC_ADDRESS"], os.environ["AVREC_OPEN"] = address, "1" if settings.open else "0"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", address, "--server.fileWatcherType", "none", "--server.headless", "true"]
    os.execv(sys.executable, command)


def _check_port(address: str, port: int) -> None:
    """Require that nothing listens there, and that the address is one of this machine's."""
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            if probe.connect_ex((address, port)) == 0:
                raise InvalidInputError(f"Port {port}", "another program listens there; choose one with --port")
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except (OSError, UnicodeError) as error:
        reason = "nothing can listen there; choose an address of this machine with --address, or a port with --port"
        raise InvalidInputError(f"Address {address}, port {port}", reason) from error
