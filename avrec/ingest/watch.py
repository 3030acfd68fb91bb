"""Watched folders: what is put into one becomes a clip, once it has stopped growing.

One process a data directory looks, every few seconds; an unchanged file is known by its size and time, and costs one
`stat`.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from avrec.config import Settings
from avrec.errors import AvrecError
from avrec.ingest import intake
from avrec.ingest.worker_lock import WorkerLock
from avrec.schemas import WatchedFolder
from avrec.store.database import Database
from avrec.store.jobs import JobStore, Order
from avrec.store.known_files import KnownFiles
from avrec.store.tables import watched_folders

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
RESTS = 20  # times as long as the last look took
STILL_SECONDS = 3.0  # a file that changed later than this may still be on its way
LOCK = "watch.lock"


class Watcher:
    """Keeps the list of folders and looks into them."""

    def __init__(self, settings: Settings, database: Database, jobs: JobStore, known: KnownFiles):
        self._settings, self._database, self._jobs, self._known = settings, database, jobs, known
        self._lock = WorkerLock(settings.data / LOCK)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # ---- the list ------------------------------------------------------------------------------------

    def add(self, folder: Path, preset: str) -> WatchedFolder:
        """Watch a folder that was checked against the roots; again, with another preset, changes the preset."""
        row = {"path": str(folder), "preset": preset, "added_at": datetime.now(UTC).replace(tzinfo=None), "note": ""}
        statement = self._database.insert(watched_folders).values(**row)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_={"preset": preset}))
        return next(one for one in self.folders() if one.path == str(folder))

    def folders(self) -> list[WatchedFolder]:
        with self._database.read() as connection:
            rows = connection.execute(watched_folders.select().order_by(watched_folders.c.path))
            return [
                WatchedFolder(row.path, row.preset, row.looked_at and row.looked_at.replace(tzinfo=UTC), row.note)
                for row in rows
            ]

    def remove(self, path: str) -> None:
        with self._database.write() as connection:
            connection.execute(watched_folders.delete().where(watched_folders.c.path == path))

    # ---- looking -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Look in a thread until `stop`; where another process looks, wait for its end."""
        self._thread = threading.Thread(target=self._run, name="avrec-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._lock.release()

    def _run(self) -> None:
        rest = EVERY_SECONDS
        while not self._stop.wait(rest):
            started = time.monotonic()
            try:
                if self._lock.acquire():
                    self.look()
            except Exception:
                log.exception("watched folders could not be looked at")
            # Listing tens of thousands of files takes a while, in the process that draws the pages.
            rest = max(EVERY_SECONDS, RESTS * (time.monotonic() - started))

    def look(self) -> dict[str, int]:
        """Look into every watched folder once.

        Returns:
            Path -> number of files that were queued.
        """
        return {one.path: self._look_into(one) for one in self.folders() if not self._stop.is_set()}

    def _look_into(self, watched: WatchedFolder) -> int:
        try:
            files = intake.media_files(intake.check_root(Path(watched.path), self._settings))
        except (AvrecError, OSError):
            self._note(watched.path, "The folder cannot be read now; its clips stay.")
            return 0
        taken, added, growing = self._known.taken(Path(watched.path)), 0, 0
        for path in files:
            if self._stop.is_set():
                return added
            try:
                fingerprint = self._known.fingerprint(path)
            except OSError:  # it went away between listing and looking
                continue
            if fingerprint in taken:
                continue
            if abs(time.time() - fingerprint[2] / 1e9) < STILL_SECONDS:
                growing += 1
                continue
            added += self.take(path, watched.preset, intake.clean_fields(path.name)) == "added"
        note = f"{len(files)} file{'s' if len(files) != 1 else ''}"
        self._note(watched.path, note + (f", {growing} still being written" if growing else ""))
        return added

    def take(self, path: Path, preset: str, fields: Mapping[str, Any]) -> str:
        """Queue a file that stays where it is, if its bytes are new; a look makes no rows for known ones.

        Returns:
            "added", "not usable", or what is known of its bytes, as `JobStore.known_as` says it.
        """
        try:
            order = intake.order_reference(path, self._settings, dict(fields), preset, self._known.sha256)
        except AvrecError as error:
            self._jobs.refuse(intake.display_name(path.name), str(error), dict(fields), preset)
            outcome = "not usable"
        else:
            outcome = self._jobs.known_as(order) or self._queue(order)
        with contextlib.suppress(OSError):  # it went away meanwhile
            self._known.take(path)
        return outcome

    def _queue(self, order: Order) -> str:
        """Queue a file, and say what its job is: a copy of a file that waits or was refused has its answer already."""
        row = self._jobs.row(self._jobs.enqueue([order])[0])
        return {"done": "already in the queue", "failed": "refused before"}.get(row.state, "added")

    def _note(self, path: str, note: str) -> None:
        values = {"looked_at": datetime.now(UTC).replace(tzinfo=None), "note": note}
        with self._database.write() as connection:
            connection.execute(sa.update(watched_folders).where(watched_folders.c.path == path).values(**values))
