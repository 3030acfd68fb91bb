"""What browsers upload goes to the disk while it arrives, not into the server's memory.

Streamlit keeps uploads as bytes until a session ends. Here its manager holds descriptions of files in a `Spool`
instead, and `receive` writes a body there chunk by chunk. `st.file_uploader` still hands out its `UploadedFile`, with
the right name and size but no bytes in it; pages read through `stream`, `content` and `take`. A refused file is
accepted as a refusal, so that the page can say in a sentence why, where the browser would show a status code.
"""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from streamlit import get_option
from streamlit.runtime import get_instance
from streamlit.runtime import memory_uploaded_file_manager as streamlit_uploads
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import StopException, get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from avrec.config import Settings
from avrec.errors import AvrecError, InvalidInputError
from avrec.spool import Arrived, Limits, Spool

FORGOTTEN_AFTER = 900.0  # seconds until an upload that no page ever asked for is let go
MOST_CONTENT = 20_000_000  # bytes of a table that may be read into memory

_held: dict[str, "Uploads"] = {}
_guard = threading.Lock()


class Elsewhere(bytes):
    """No bytes, and the size of those on the disk, which is all that `UploadedFile` wants to know."""

    size = 0

    def __len__(self) -> int:
        return self.size


@dataclass(eq=False)
class Upload:
    """One uploaded file of a session: on the disk, or refused for a reason."""

    file_id: str
    name: str
    type: str
    arrived: Arrived | None = None
    refused: AvrecError | None = None
    at: float = 0.0
    asked: bool = False
    fresh: bool = False

    def record(self) -> UploadedFileRec:
        """What Streamlit is told about it."""
        data = Elsewhere()
        data.size = self.arrived.size if self.arrived else 0
        return UploadedFileRec(self.file_id, self.name, self.type, data)


class Uploads(MemoryUploadedFileManager):
    """Streamlit's upload manager over a spool. Safe under many threads."""

    def __init__(self, upload_endpoint: str):
        super().__init__(upload_endpoint)
        self._sessions: dict[str, dict[str, Upload]] = {}
        self._absent: dict[str, float] = {}
        self._spool: Spool | None = None
        _held["uploads"] = self

    @property
    def largest(self) -> int:
        """Bytes that one file may have."""
        return Settings().max_clip_mb * 1_000_000

    @property
    def spool(self) -> Spool:
        """Made on first use.

        Raises:
            StoreError: The data directory cannot be written.
        """
        with _guard:
            if self._spool is None:
                settings = Settings()
                limits = Limits(self.largest, settings.uploads_mb * 1_000_000)
                self._spool = Spool(settings.uploads_dir, limits)
            return self._spool

    def put(self, session_id: str, upload: Upload) -> None:
        """Keep a file, or a refusal, for a session; one of the same id goes."""
        upload.at = time.monotonic()
        with self._lock:
            old = self._sessions.setdefault(session_id, {}).pop(upload.file_id, None)
            self._sessions[session_id][upload.file_id] = upload
        self._let_go([old] if old else [])

    def get_files(self, session_id: str, file_ids: Sequence[str]) -> list[UploadedFileRec]:
        with self._lock:
            known = self._sessions.get(session_id, {})
            found = [known[file_id] for file_id in file_ids if file_id in known]
            for upload in found:
                upload.asked = upload.fresh = True
        return [upload.record() for upload in found]

    def find(self, file_id: str) -> Upload | None:
        """A file by its id, which the server drew at random for one session."""
        with self._lock:
            return next((files[file_id] for files in self._sessions.values() if file_id in files), None)

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Never used: Streamlit's own route, which has the bytes in memory, is not served."""
        raise InvalidInputError("Upload", "it did not come through avrec's own route; reload the page")

    def remove_file(self, session_id: str, file_id: str) -> None:
        with self._lock:
            gone = self._sessions.get(session_id, {}).pop(file_id, None)
        self._let_go([gone] if gone else [])

    def remove_session_files(self, session_id: str) -> None:
        with self._lock:
            gone = self._sessions.pop(session_id, {})
        self._let_go(gone.values())

    def drop(self, file_ids: Iterable[str]) -> None:
        """Let files go, whoever's they are."""
        wanted = set(file_ids)
        with self._lock:
            gone = [files.pop(i) for files in self._sessions.values() for i in wanted & files.keys()]
        self._let_go(gone)

    def sweep(self, session_id: str) -> None:
        """After a whole run of a page: let go what a widget once held and none holds any more."""
        now = time.monotonic()
        with self._lock:
            files = self._sessions.get(session_id, {})
            over = [u for u in files.values() if not u.fresh and (u.asked or now - u.at > FORGOTTEN_AFTER)]
            gone = [files.pop(upload.file_id) for upload in over]
            for upload in files.values():
                upload.fresh = False
        self._let_go(gone)

    def forget_absent(self, is_active: Callable[[str], bool], grace: float) -> None:
        """Let go what belongs to sessions without a browser for `grace` seconds.

        Streamlit ends a disconnected session only when another one makes it look, which may be never.
        """
        now = time.monotonic()
        with self._lock:
            absent = {session_id for session_id in self._sessions if not is_active(session_id)}
            self._absent = {session_id: self._absent.get(session_id, now) for session_id in absent}
            over = [session_id for session_id, since in self._absent.items() if now - since >= grace]
        for session_id in over:
            self.remove_session_files(session_id)

    def close(self) -> None:
        """Remove every file; the server stops."""
        with self._lock:
            self._sessions.clear()
        with _guard:
            if self._spool is not None:
                self._spool.close()
                self._spool = None

    def get_stats(self, family_names: Sequence[str] | None = None) -> dict[str, list[Any]]:
        return {}  # nothing of it is memory

    def _let_go(self, uploads: Iterable[Upload]) -> None:
        for upload in uploads:
            if upload.arrived is not None and self._spool is not None:
                self._spool.release(upload.arrived)


def install() -> None:
    """Have Streamlit make this manager for the app that is about to start."""
    streamlit_uploads.MemoryUploadedFileManager = Uploads  # type: ignore[misc]


def held() -> Uploads | None:
    """The server's manager; none without a server, where Streamlit's own holds the few bytes of a test."""
    return _held.get("uploads")


def take(file: Any) -> BinaryIO | Arrived:
    """An uploaded file as `Engine.add_file` wants it; `drop` it afterwards.

    Raises:
        AvrecError: Why it was refused, or that it is gone.
    """
    uploads = held()
    if uploads is None:
        return file
    upload = uploads.find(file.file_id)
    if upload is None or (upload.arrived is None and upload.refused is None):
        raise InvalidInputError(file.name, "it is no longer here; add it again")
    if upload.refused is not None:
        raise upload.refused
    return upload.arrived  # type: ignore[return-value]


def content(file: Any, most: int = MOST_CONTENT) -> bytes:
    """All bytes of an uploaded table.

    Raises:
        InvalidInputError: There are more than `most`.
        AvrecError: Why it was refused, or that it is gone.
    """
    source = take(file)
    if isinstance(source, Arrived):
        with source.path.open("rb") as stream:
            data = stream.read(most + 1)
    else:
        data = io.BytesIO(source.getvalue()).read(most + 1)  # type: ignore[union-attr]
    if len(data) > most:
        raise InvalidInputError(file.name, f"a table may have {most // 1_000_000} MB; split it")
    return data


def drop(files: Iterable[Any]) -> None:
    """Let uploaded files go, taken in or not; their widget must not be drawn again."""
    uploads = held()
    if uploads is not None:
        uploads.drop(file.file_id for file in files)


@contextmanager
def sweeping() -> Iterator[None]:
    """Around a page's whole run: release what its widgets no longer hold; a run that starts again midway is none."""
    try:
        yield
    except StopException:
        _sweep()
        raise
    _sweep()


def _sweep() -> None:
    uploads, context = held(), get_script_run_ctx()
    if uploads is not None and context is not None:
        uploads.sweep(context.session_id)


async def keep_tidy() -> None:
    """While the server runs: let go what sessions left that are gone for good."""
    grace = float(get_option("server.disconnectedSessionTTL"))
    while True:
        await asyncio.sleep(min(15.0, max(grace / 2, 0.5)))
        uploads = held()
        if uploads is not None:
            await asyncio.to_thread(uploads.forget_absent, get_instance().is_active_session, grace)
