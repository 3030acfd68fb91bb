"""The app's side of the workers: a process for each lane, started when there is work and again when it died.

Models, decoders and evaluations run there, so that whatever becomes of them (a crash, a leak, a kill for want of
memory) the pages stay. The processes run at low priority and end when idle, which gives all their memory back.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time

from avrec.config import PACKAGE, Settings
from avrec.ingest.standing_back import stand_back
from avrec.ingest.worker import LOCKS
from avrec.ingest.worker_lock import WorkerLock
from avrec.schemas import WorkerState
from avrec.store.jobs import LANES, JobStore
from avrec.worker_state import read_states

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.25
STOP_SECONDS = 8.0  # a longer stage is cut off; its job goes on at the next start
LONGEST_WAIT = 30.0  # between two starts of a worker that dies at once
ATTENDED_SECONDS = 4.0  # after a page was drawn, somebody is there for so long
SOUND_SECONDS = 20.0  # one that lived so long did not die of its start


class Supervisor:
    """Watches the queue and the workers in a thread."""

    def __init__(self, settings: Settings, jobs: JobStore):
        self._settings, self._jobs = settings, jobs
        self._children: dict[str, subprocess.Popen] = {}
        self._deaths = dict.fromkeys(LANES, 0)
        self._started = dict.fromkeys(LANES, 0.0)
        self._not_before = dict.fromkeys(LANES, 0.0)
        self._stop, self._wake = threading.Event(), threading.Event()
        self._attended_at, self._back = float("-inf"), False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="avrec-supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the workers; what they had in hand goes on at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_SECONDS + 5)

    def states(self) -> list[WorkerState]:
        """The workers of this data directory, whoever started them."""
        return read_states(self._settings.data)

    def _run(self) -> None:
        # The children are told to die with the thread that started them, so this one lives as long as they do.
        while not self._stop.is_set():
            self._wake.wait(EVERY_SECONDS)
            self._wake.clear()
            self._stand_back()
            for lane in LANES:
                try:
                    self._look_after(lane)
                except Exception:
                    log.exception("the worker of %s could not be looked after", lane)
                    self._stop.wait(2.0)
        for lane, child in self._children.items():
            self._end(lane, child)

    def attend(self) -> None:
        """Say that somebody uses the pages now: work stands back for some seconds."""
        self._attended_at = time.monotonic()
        if not self._back:
            self._wake.set()

    def _stand_back(self) -> None:
        """Let the workers stand back, or go on, where that has changed."""
        back = time.monotonic() - self._attended_at < ATTENDED_SECONDS
        if back != self._back:
            self._back = back
            for child in self._children.values():
                stand_back(child.pid, back)

    def _look_after(self, lane: str) -> None:
        child = self._children.get(lane)
        if child is not None:
            if child.poll() is None:
                return
            del self._children[lane]
            child.stdin.close()
            self._note_end(lane, child.returncode)
        if time.monotonic() < self._not_before[lane] or not self._jobs.has_work(lane):
            return
        if not WorkerLock(self._settings.data / LOCKS[lane]).taken:
            self._children[lane], self._started[lane] = self._spawn(lane), time.monotonic()
            if self._back:
                stand_back(self._children[lane].pid, True)

    def _note_end(self, lane: str, code: int) -> None:
        if code == 0 or time.monotonic() - self._started[lane] > SOUND_SECONDS:
            self._deaths[lane] = 0
        if code == 0:
            return
        self._deaths[lane] += 1
        wait = min(LONGEST_WAIT, 0.25 * 2 ** min(self._deaths[lane], 8))
        self._not_before[lane] = time.monotonic() + wait
        log.error("the worker of %s ended with %d; it is started again in %.0f s", lane, code, wait)

    def _spawn(self, lane: str) -> subprocess.Popen:
        child = subprocess.Popen(
            [sys.executable, "-m", "avrec.working", lane],
            stdin=subprocess.PIPE,
            # Two threads of a library on two busy cores are several times slower than one.
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            cwd=PACKAGE.parent,
            start_new_session=True,  # Ctrl-C is for the app, which then ends its workers in order
            text=True,
        )
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(self._settings.model_dump(mode="json")) + "\n")
            child.stdin.flush()
        return child

    def _end(self, lane: str, child: subprocess.Popen) -> None:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            self._jobs.requeue_running(lane, died=False)
        finally:
            child.stdin.close()
