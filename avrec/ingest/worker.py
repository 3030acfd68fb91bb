"""The one worker of a data directory: takes jobs from the store and runs their stages.

Whoever holds the lock on `worker.lock` is the worker; everyone else (a second app, the command line) only enqueues
and waits. A worker that dies leaves its job "running" with the finished stages on disk, and the next holder of the
lock goes on from there.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from avrec.config import Settings
from avrec.errors import AvrecError, JobCancelledError
from avrec.ingest import stages
from avrec.ingest.faults import Faults
from avrec.ingest.folder import StageFolder
from avrec.ingest.publish import describe, publish, remove_clip
from avrec.models.catalogue import Models
from avrec.schemas import STAGES
from avrec.store.clips import ClipStore
from avrec.store.database import store_error
from avrec.store.jobs import JobStore

log = logging.getLogger(__name__)

# Shares of a typical clip's work, for the progress bar only.
SHARES = {
    "decode": 0.15,
    "segments": 0.01,
    "speech": 0.35,
    "audio": 0.06,
    "pictures": 0.28,
    "text": 0.13,
    "index": 0.02,
}
Handler = Callable[[dict[str, Any], Callable[[float, str], None]], str]

IDLE_SECONDS = 0.5
UNLOAD_AFTER = 180.0


class WorkerLock:
    """An advisory lock on a file; released by the kernel when its holder dies."""

    def __init__(self, path: Path):
        self._path = path
        self._file = None

    def acquire(self) -> bool:
        if self._file is not None:
            return True
        file = self._path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def keep_over_exec(self) -> None:
        """Hand the lock on to the program that replaces this one."""
        if self._file is not None:
            os.set_inheritable(self._file.fileno(), True)

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Worker:
    """Runs jobs until told to stop.

    Args:
        models: Shared with the rest of the process; loaded on first use.
        handlers: Kind of job -> what runs it besides ingest: takes the job's fields and a callable for the share done
            and a sentence, which raises when the job is cancelled; returns what was found, in words.
    """

    def __init__(
        self,
        settings: Settings,
        clips: ClipStore,
        jobs: JobStore,
        models: Models,
        handlers: Mapping[str, Handler] | None = None,
    ):
        self.settings, self.clips, self.jobs, self.models = settings, clips, jobs, models
        self.handlers = dict(handlers or {})
        self._faults = Faults(settings.fault)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = WorkerLock(settings.data / "worker.lock")
        self._has_lock = False

    @property
    def working(self) -> bool:
        """Whether this process is the worker."""
        return self._has_lock

    @property
    def started(self) -> bool:
        """Whether a thread of this process runs, or waits to become, the worker."""
        return self._thread is not None

    def start(self) -> None:
        """Run in a thread until `stop`."""
        self._thread = threading.Thread(target=self._run, name="avrec-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the stage in hand, then end; the job goes on at the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if not self.step():
                    self.models.unload_idle(UNLOAD_AFTER)
                    self._stop.wait(IDLE_SECONDS)
            except _Stopping:
                break
            except Exception:
                # The store itself failed (disk full, locked): nothing can be written down, so wait and try again.
                log.exception("the worker could not take a job")
                self._stop.wait(5.0)
        self._release()

    def step(self) -> bool:
        """Run one job if this process is, or can become, the worker. False when there was nothing to do."""
        if not self._acquire():
            return False
        row = self.jobs.claim()
        if row is None:
            return False
        self._run_job(row)
        return True

    def _acquire(self) -> bool:
        if not self._has_lock and self._lock.acquire():
            self._has_lock = True
            if count := self.jobs.requeue_running():
                log.info("going on with %d unfinished job(s)", count)
        return self._has_lock

    def _release(self) -> None:
        self._lock.release()
        self._has_lock = False

    def drain(self, until: Callable[[], bool]) -> None:
        """Work in this thread until `until()`; where another process is the worker, wait for it."""
        try:
            while not until():
                if not self.step():
                    time.sleep(0.2)
        finally:
            self._release()

    def _run_job(self, row: sa.Row) -> None:
        folder = StageFolder(self.settings.jobs_dir / row.job_id)
        try:
            if row.kind == "text":
                self._run_text(row, folder)
            elif row.kind in self.handlers:
                self._run_handler(row)
            else:
                self._run_stages(row, folder)
        except JobCancelledError:
            folder.remove()
        except AvrecError as error:
            self._fail(row, str(error))
        except OSError as error:
            log.exception("job %s failed", row.job_id)
            self._fail(row, str(store_error(error)))
        except Exception:
            log.exception("job %s failed", row.job_id)
            self._fail(row, f"{row.file_name}: this could not be processed. Retry it; the log has the details.")

    def _fail(self, row: sa.Row, reason: str) -> None:
        self.jobs.update(row.job_id, only_if="running", state="failed", reason=reason)

    def _run_stages(self, row: sa.Row, folder: StageFolder) -> None:
        seconds = dict(row.stage_seconds)
        for stage in STAGES[:-1]:
            if folder.done(stage):
                continue
            self._check_cancelled(row.job_id)
            self._announce(row.job_id, stage, 0.0)
            self._faults.strike(stage)
            started = time.monotonic()
            self._run_stage(stage, row, folder)
            seconds[stage] = time.monotonic() - started
            self.jobs.update(row.job_id, stages_done=_done(folder), stage_seconds=seconds)
        self._check_cancelled(row.job_id)
        self._announce(row.job_id, "index", 0.0)
        self._faults.strike("index")
        started = time.monotonic()
        current = self.jobs.row(row.job_id)
        understanding = publish(folder, current, self.clips, self.settings.clips_dir)
        seconds["index"] = time.monotonic() - started
        still_wanted = self.jobs.update(
            row.job_id,
            only_if="running",
            state="done",
            outcome="partial" if understanding.clip.status == "partial" else "done",
            reason=" ".join(understanding.clip.info.notes),
            stage="",
            stages_done=list(STAGES),
            progress=1.0,
            found=describe(understanding),
            duration=understanding.clip.duration,
            stage_seconds=seconds,
        )
        folder.remove()
        if not still_wanted:  # cancelled while it was being published
            remove_clip(understanding.clip.clip_id, self.clips, self.settings)

    def _run_stage(self, stage: str, row: sa.Row, folder: StageFolder) -> None:
        if stage == "decode":
            self._decode(row, folder)
            return
        work = stages.Work(folder, self.models, row.fields, lambda share: self._announce(row.job_id, stage, share))
        if stage == "segments":
            folder.save("segments", stages.segment_record(work.decoded().segments))
            return
        {"speech": stages.speech, "audio": stages.audio, "pictures": stages.pictures, "text": stages.text}[stage](work)

    def _decode(self, row: sa.Row, folder: StageFolder) -> None:
        from avrec.media import decode

        folder.path.mkdir(parents=True, exist_ok=True)
        source = self.settings.data / row.source  # an absolute source stays as it is
        decoded = decode(
            source,
            folder.media,
            name=row.file_name,
            preset=row.preset,
            progress=lambda share: self._announce(row.job_id, "decode", share),
            cancelled=lambda: self.jobs.state(row.job_id) == "cancelled",
        )
        self.jobs.update(row.job_id, duration=decoded.info.duration)
        folder.save("decode", {"duration": decoded.info.duration})

    def _run_text(self, row: sa.Row, folder: StageFolder) -> None:
        """Embed an edited clip's text again."""
        from avrec.ingest.edits import embed_document

        self._announce(row.job_id, "text", 0.0)
        embed_document(row.sha256[:16], self.clips, self.models)
        self.jobs.update(
            row.job_id,
            only_if="running",
            state="done",
            outcome="done",
            stage="",
            progress=1.0,
            stages_done=["text"],
            found="text embedded again",
        )

    def _run_handler(self, row: sa.Row) -> None:
        """Run a job that is no file's."""

        def announce(share: float, sentence: str) -> None:
            self._check_cancelled(row.job_id)
            self.jobs.update(row.job_id, only_if="running", stage=sentence, progress=min(max(share, 0.0), 1.0))

        started = time.monotonic()
        found = self.handlers[row.kind](dict(row.fields), announce)
        seconds = {row.kind: time.monotonic() - started}
        done = {"state": "done", "outcome": "done", "stage": "", "progress": 1.0}
        self.jobs.update(row.job_id, only_if="running", **done, found=found, stage_seconds=seconds)

    def _announce(self, job_id: str, stage: str, share: float) -> None:
        before = sum(SHARES[s] for s in STAGES[: STAGES.index(stage)])
        self.jobs.update(job_id, only_if="running", stage=stage, progress=before + SHARES[stage] * min(share, 1.0))

    def _check_cancelled(self, job_id: str) -> None:
        if self._stop.is_set():
            raise _Stopping
        if self.jobs.state(job_id) == "cancelled":
            raise JobCancelledError


class _Stopping(BaseException):
    """The process ends; the job stays "running" in the store and is taken up again by the next worker."""


def _done(folder: StageFolder) -> list[str]:
    return [stage for stage in STAGES if folder.done(stage)]
