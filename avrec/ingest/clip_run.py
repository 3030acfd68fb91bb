"""One file's way through the stages: what is heard and what is seen run beside each other.

    decode (child process) ──┬─────────── segments ─┬─ pictures ─┬─ text ─ index
             sound ready ────┴─ speech ─────────────┴─ audio ────┘

Each stage leaves its outputs in the job's folder, so that a killed job does only what was not finished.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import sqlalchemy as sa

from avrec.config import Settings
from avrec.errors import JobCancelledError
from avrec.ingest import intake, stages
from avrec.ingest.faults import Faults
from avrec.ingest.folder import StageFolder
from avrec.ingest.publish import describe, publish, remove_clip
from avrec.media import load_sound
from avrec.models.catalogue import Models
from avrec.models.memory import relieve
from avrec.schemas import STAGES, Understanding
from avrec.store.clips import ClipStore
from avrec.store.jobs import JobStore

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


class ClipRun:
    """Runs the stages of one job that are not done yet.

    Args:
        check: Raises when the job is cancelled or the worker stopped, and, where its argument is true, when the queue
            is paused; asked between stages.
    """

    def __init__(
        self,
        row: sa.Row,
        settings: Settings,
        clips: ClipStore,
        jobs: JobStore,
        models: Models,
        faults: Faults,
        check: Callable[[bool], None],
    ):
        self._row, self._settings, self._clips, self._jobs = row, settings, clips, jobs
        self._models, self._faults, self._check = models, faults, check
        self.folder = StageFolder(settings.jobs_dir / row.job_id)
        self._seconds: dict[str, float] = dict(row.stage_seconds)
        self._times: dict[str, tuple[float, float]] = dict(row.stage_times)
        self._shares = dict.fromkeys((s for s in STAGES if self.folder.done(s)), 1.0)
        self._now: list[str] = []
        self._lock = threading.Lock()
        self._sound: np.ndarray | None = None
        self._sound_known, self._segments_known = threading.Event(), threading.Event()
        self._given_up = self._failed = False

    def run(self) -> None:
        """Run what is left and publish.

        Raises:
            AvrecError, OSError: A stage failed; the finished ones are kept.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="avrec-sound") as beside:
            heard = beside.submit(self._hear)
            try:
                self._see()
            except BaseException:
                self._given_up = True
                raise
            finally:
                self._sound_known.set()
                self._segments_known.set()
            heard.result()
        self._stage("text", stages.text)
        self._publish()

    def _see(self) -> None:
        self._stage("decode", self._decode)
        if not self._sound_known.is_set():  # decoded before a restart
            self._take_sound(load_sound(self.folder.media))
        self._stage("segments", stages.segments)
        self._segments_known.set()
        self._stage("pictures", stages.pictures)

    def _hear(self) -> None:
        self._sound_known.wait()
        if not self._given_up:
            self._stage("speech", lambda work: stages.speech(work, self._sound))
        self._segments_known.wait()
        if not self._given_up:
            self._stage("audio", stages.audio)

    def _take_sound(self, sound: np.ndarray | None) -> None:
        self._sound = sound
        self._sound_known.set()

    def _stage(self, stage: str, function: Callable[[stages.Work], None]) -> None:
        if self.folder.done(stage):
            return
        self._check(True)
        self._begin(stage)
        started, at = time.monotonic(), time.time()
        try:
            self._faults.strike(stage)
            relieve(self._models)
            function(self._work(stage))
        except Exception:
            self._say_failed(stage)
            raise
        self._finished(stage, time.monotonic() - started, at)

    def _say_failed(self, stage: str) -> None:
        """Leave the stage that failed as the job's, whatever else runs on beside it."""
        with self._lock:
            if not self._failed:
                self._failed = True
                self._jobs.update(self._row.job_id, only_if="running", stage=stage)

    def _work(self, stage: str) -> stages.Work:
        report: Callable[[float], None] = lambda share: self._announce(stage, share)  # noqa: E731
        return stages.Work(self.folder, self._models, self._row.fields, report, self._row.preset)

    def _finished(self, stage: str, seconds: float, at: float) -> None:
        with self._lock:
            self._seconds[stage], self._times[stage] = seconds, (at, at + seconds)
            self._shares[stage] = 1.0
            done = [name for name in STAGES if self.folder.done(name)]
            self._now.remove(stage)
            self._jobs.update(
                self._row.job_id,
                **({} if self._failed else {"stage": ",".join(self._now)}),
                stages_done=done,
                stage_seconds=dict(self._seconds),
                stage_times=dict(self._times),
                deaths=0,
            )

    def _begin(self, stage: str) -> None:
        """A stage in hand has a time that ends as it starts."""
        with self._lock:
            self._now.append(stage)
            self._times[stage] = (time.time(),) * 2
            self._jobs.update(self._row.job_id, stage_times=dict(self._times))
        self._announce(stage, 0.0)

    def _announce(self, stage: str, share: float) -> None:
        with self._lock:
            self._shares[stage] = min(share, 1.0)
            progress = sum(SHARES[name] * done for name, done in self._shares.items())
            if not self._failed:
                now = ",".join(self._now)
                self._jobs.update(self._row.job_id, only_if="running", stage=now, progress=min(progress, 1.0))

    def _decode(self, work: stages.Work) -> None:
        from avrec.media import decode

        self.folder.path.mkdir(parents=True, exist_ok=True)
        source = intake.source_of(self._row.source, self._settings, self._row.file_name)
        decoded = decode(
            source,
            self.folder.media,
            name=self._row.file_name,
            preset=self._row.preset,
            progress=work.report,
            cancelled=self._interrupted,
            on_sound=self._take_sound,
        )
        intake.check_unchanged(source, self._row.sha256, self._settings, self._row.file_name)
        self._jobs.update(self._row.job_id, duration=decoded.info.duration)
        self.folder.save("decode", {"duration": decoded.info.duration})

    def _interrupted(self) -> bool:
        """Whether decoding should end here; a pause lets it finish."""
        try:
            self._check(False)
        except BaseException:
            return True
        return False

    def _publish(self) -> None:
        self._check(True)
        self._begin("index")
        self._faults.strike("index")
        started, at = time.monotonic(), time.time()
        current = self._jobs.row(self._row.job_id)
        found = publish(self.folder, current, self._clips, self._settings.clips_dir)
        seconds = time.monotonic() - started
        self._seconds["index"], self._times["index"] = seconds, (at, at + seconds)
        wanted = self._finish(found)
        self.folder.remove()
        if not wanted:  # cancelled while it was being published
            if self._jobs.has(self._row.job_id):  # else its library was replaced by a backup, with clips of its own
                remove_clip(found.clip.clip_id, self._clips, self._settings)
            raise JobCancelledError

    def _finish(self, found: Understanding) -> bool:
        return self._jobs.update(
            self._row.job_id,
            only_if="running",
            state="done",
            outcome="partial" if found.clip.status == "partial" else "done",
            reason=" ".join(found.clip.info.notes),
            stage="",
            stages_done=list(STAGES),
            progress=1.0,
            found=describe(found),
            duration=found.clip.duration,
            stage_seconds=self._seconds,
            stage_times=self._times,
            deaths=0,
        )
