"""The one worker of a lane: takes jobs from the store and runs them.

Whoever holds the lane's lock file is its worker; everyone else (a second app, the command line) only enqueues and
waits. A worker that dies leaves its job "running" with the finished stages on disk, and the next holder of the lock
goes on from there. Clips and evaluations are two lanes, so that neither waits for the other.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from avrec import __version__
from avrec.config import Settings
from avrec.errors import (
    AvrecError,
    CorruptMediaError,
    JobCancelledError,
    MediaError,
    NotEnoughMemoryError,
    UnsupportedMediaError,
)
from avrec.ingest.clip_run import ClipRun
from avrec.ingest.faults import Faults
from avrec.ingest.folder import StageFolder
from avrec.ingest.task import Handler, MadeWay, Stopping, Task
from avrec.ingest.worker_lock import WorkerLock
from avrec.models.catalogue import Models
from avrec.models.memory import is_out_of_memory
from avrec.store.clips import ClipStore
from avrec.store.database import store_error
from avrec.store.jobs import PAUSABLE, REFUSED, JobStore

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
UNLOAD_AFTER = 180.0
AFTER_FAILURE_SECONDS = 5.0
LOCKS = {"clips": "worker.lock", "evaluations": "evaluations.lock"}


class Worker:
    """Runs the jobs of a lane until told to stop.

    Args:
        models: Shared with the rest of the process; loaded on first use.
        handlers: Kind of job -> what runs it besides ingest; it returns what was found, in words.
        lane: "clips" or "evaluations".
    """

    def __init__(
        self,
        settings: Settings,
        clips: ClipStore,
        jobs: JobStore,
        models: Models,
        handlers: Mapping[str, Handler] | None = None,
        lane: str = "clips",
    ):
        self.settings, self.clips, self.jobs, self.models, self.lane = settings, clips, jobs, models, lane
        self.handlers = dict(handlers or {})
        self._faults = Faults(settings.fault)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = WorkerLock(settings.data / LOCKS[lane])
        self.idle_since = time.monotonic()

    @property
    def working(self) -> bool:
        """Whether this object is the lane's worker."""
        return self._lock.held

    @property
    def started(self) -> bool:
        """Whether a thread of this process runs, or waits to become, the worker."""
        return self._thread is not None

    def start(self) -> None:
        """Run in a thread until `stop`."""
        self._thread = threading.Thread(target=self.run, name=f"avrec-{self.lane}", daemon=True)
        self._thread.start()

    def stop(self, wait: bool = True) -> None:
        """Finish the stage in hand, then end; the job goes on at the next start."""
        self._stop.set()
        if wait and self._thread is not None:
            self._thread.join(timeout=30)
        elif wait:
            self._lock.release()

    def run(self, idle_seconds: float = float("inf")) -> None:
        """Work until told to stop, or until nothing was to do for so long."""
        while not self._stop.is_set() and time.monotonic() - self.idle_since < idle_seconds:
            try:
                if not self.step():
                    self.models.unload_idle(UNLOAD_AFTER)
                    self._stop.wait(IDLE_SECONDS)
            except Stopping:
                break
            except Exception:
                # The store itself failed (disk full, locked): nothing can be written down, so wait and try again.
                log.exception("the worker could not take a job")
                self._lock.release()  # whoever takes it next goes on with the job that is still said to run
                self._stop.wait(AFTER_FAILURE_SECONDS)
        self._lock.release()

    def step(self) -> bool:
        """Run one job if this process is, or can become, the worker. False when there was nothing to do."""
        if not self._acquire():
            return False
        row = self.jobs.claim(self.lane)
        if row is None:
            return False
        try:
            self._run_job(row)
        finally:
            self.idle_since = time.monotonic()
        return True

    def _acquire(self) -> bool:
        if self._lock.held:
            return True
        if not self._lock.acquire():
            return False
        if count := self.jobs.requeue_running(self.lane):
            log.info("going on with %d unfinished job(s)", count)
        return True

    def drain(self, until: Callable[[], bool]) -> None:
        """Work in this thread until `until()`; where another process is the worker, wait for it."""
        told = False
        try:
            while not until():
                if not self.step():
                    if self.jobs.paused and not told:
                        log.warning("the queue is paused; `python -m avrec queue resume` lets it go on")
                        told = True
                    time.sleep(0.2)
        finally:
            self._lock.release()

    def _run_job(self, row: sa.Row) -> None:
        folder = StageFolder(self.settings.jobs_dir / row.job_id)
        try:
            if row.kind in self.handlers:
                self._run_handler(row, folder)
            else:
                check = lambda pausable: self._check(row, pausable)  # noqa: E731
                ClipRun(row, self.settings, self.clips, self.jobs, self.models, self._faults, check).run()
        except (Stopping, MadeWay) as early:
            self.jobs.give_back(row.job_id)
            if isinstance(early, Stopping):
                raise
        except JobCancelledError:
            self._settle_cancelled(row, folder)
        except AvrecError as error:
            self._fail(row, str(error), error)
        except Exception as error:
            if self._ended(row, folder):
                return
            log.exception("job %s failed", row.job_id)
            if is_out_of_memory(error):
                return self._fail(row, str(NotEnoughMemoryError(row.file_name)))
            if isinstance(error, OSError):
                return self._fail(row, str(store_error(error)))
            self._fail(row, f"{row.file_name}: this could not be processed. Retry it; the log has the details.")

    def _ended(self, row: sa.Row, folder: StageFolder) -> bool:
        """Whether the job ended meanwhile, as by a restored backup that took its folder: then it says nothing."""
        if self.jobs.state(row.job_id) == "running":
            return False
        folder.remove()
        return True

    def _settle_cancelled(self, row: sa.Row, folder: StageFolder) -> None:
        """Decoding says "cancelled" for every reason to end early; the job's state says which it was."""
        if self._stop.is_set():
            self.jobs.give_back(row.job_id)
            raise Stopping
        if self.jobs.state(row.job_id) == "running":
            self.jobs.give_back(row.job_id)
        else:
            folder.remove()

    def _fail(self, row: sa.Row, reason: str, error: AvrecError | None = None) -> None:
        """Write down why; of a file that is itself the cause, that the same bytes need no second try."""
        refused = isinstance(error, (UnsupportedMediaError, CorruptMediaError)) and _is_here(self.settings, row)
        fields = {"outcome": REFUSED, "found": __version__} if refused else {}
        if isinstance(error, MediaError):
            StageFolder(self.settings.jobs_dir / row.job_id).remove()
        if self.jobs.update(row.job_id, only_if="running", state="failed", reason=reason, **fields):
            self.jobs.settle_twins([row.job_id], "failed")

    def _run_handler(self, row: sa.Row, folder: StageFolder) -> None:
        """Run a job that is no file's."""

        def announce(share: float, sentence: str) -> None:
            self._check(row, pausable=False)
            self.jobs.update(row.job_id, only_if="running", stage=sentence, progress=min(max(share, 0.0), 1.0))

        def make_way() -> None:
            self._check(row)
            waiting = self.jobs.next_priority(self.lane)
            if waiting is not None and waiting > row.priority:
                raise MadeWay

        started, at = time.monotonic(), time.time()
        task = Task(row.job_id, row.kind, row.sha256, dict(row.fields), folder.path, announce, make_way)
        found = self.handlers[row.kind](task)
        seconds = time.monotonic() - started
        done = {"state": "done", "outcome": "done", "stage": "", "progress": 1.0, "deaths": 0}
        if row.kind == "text":
            done["stages_done"] = ["text"]
        times = {"stage_seconds": {row.kind: seconds}, "stage_times": {row.kind: (at, at + seconds)}}
        self.jobs.update(row.job_id, only_if="running", **done, **times, found=found)
        folder.remove()

    def _check(self, row: sa.Row, pausable: bool = True) -> None:
        """Raise where the job has to end here."""
        if self._stop.is_set():
            raise Stopping
        if self.jobs.state(row.job_id) == "cancelled":
            raise JobCancelledError
        if pausable and row.kind in PAUSABLE and self.jobs.paused:
            raise MadeWay


def _is_here(settings: Settings, row: sa.Row) -> bool:
    return (settings.data / row.source).is_file()
