"""The queue's side of the Engine: files and folders on their way into the library."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from avrec.config import Settings
from avrec.errors import InvalidInputError
from avrec.ingest import edits, intake
from avrec.ingest.speeds import queue_left, seconds_left, stage_speeds
from avrec.ingest.task import Handler, Task
from avrec.ingest.watch import Watcher
from avrec.ingest.worker import Worker
from avrec.models.catalogue import Models
from avrec.schemas import Job, WatchedFolder
from avrec.store.clips import ClipStore
from avrec.store.files import Arrived
from avrec.store.jobs import EVALUATIONS, LIVE, JobStore, Order, lane_of, to_job
from avrec.store.known_files import KnownFiles

HIDDEN = EVALUATIONS  # kinds that are no work on clips
FOLDER_PRIORITY = 10  # listing a folder takes seconds, and its files wait for it


class Queueing:
    """Answers about jobs. `Engine` sets the attributes."""

    settings: Settings
    _clips: ClipStore
    _jobs: JobStore
    _models: Models
    _known: KnownFiles
    _watcher: Watcher
    _workers: Mapping[str, Worker]
    _served: bool

    # ---- adding --------------------------------------------------------------------------------------

    def add_file(
        self,
        source: BinaryIO | Arrived | Path,
        name: str,
        *,
        title: str = "",
        description: str = "",
        tags: Sequence[str] = (),
        preset: str = "balanced",
    ) -> Job:
        """Take a file in: a stream is copied under its hash, an arrived file moved, a path referred to.

        Raises:
            MediaError, StoreError, InvalidInputError: Nothing was added.
        """
        fields = intake.clean_fields(name, title, description, tags)
        if isinstance(source, Path):
            order = intake.order_reference(source, self.settings, fields, preset, self._known.sha256)
        else:
            order = intake.order_upload(source, name, self.settings, fields, preset)
        return self.job(self._jobs.enqueue([order])[0])

    def add_folder(
        self, folder: Path, *, preset: str = "balanced", table: dict[str, dict[str, Any]] | None = None
    ) -> list[Job]:
        """Take in the media files below a server folder, at once; `queue_folder` does it in the background.

        Args:
            table: File name -> title, description and tags, as `read_metadata_csv` gives them.

        Raises:
            InvalidInputError: The folder is not below one of `settings.roots`.
        """
        orders = []
        for path in intake.media_files(intake.check_root(folder, self.settings)):
            fields = intake.clean_fields(path.name, **(table or {}).get(path.name, {}))
            orders.append(intake.order_reference(path, self.settings, fields, preset, self._known.sha256))
        return [self.job(job_id) for job_id in self._jobs.enqueue(orders)]

    def queue_folder(
        self, folder: Path, *, preset: str = "balanced", table: dict[str, dict[str, Any]] | None = None
    ) -> Job:
        """Take in the media files below a server folder, in the background; the job's `found` says how many.

        Known files make no jobs of their own, and one that cannot be read becomes a failed job that says why.

        Raises:
            InvalidInputError: The folder is not below one of `settings.roots`.
        """
        intake.check_preset(preset)
        resolved = intake.check_root(folder, self.settings)
        fields = {"title": f"Folder {intake.display_name(resolved.name)}", "path": str(resolved), "table": table or {}}
        order = Order("", "", fields["title"], fields, preset, kind="folder", priority=FOLDER_PRIORITY)
        return self.job(self._jobs.enqueue([order])[0])

    def _run_folder(self, task: Task) -> str:
        """List a folder and queue what is new in it."""
        files = intake.media_files(intake.check_root(Path(task.fields["path"]), self.settings))
        preset, table = self._jobs.row(task.job_id).preset, task.fields["table"]
        counts: dict[str, int] = {"added": 0}
        for i, path in enumerate(files):
            task.announce(i / len(files), f"reading {i + 1} of {len(files)} files")
            outcome = self._watcher.take(path, preset, intake.clean_fields(path.name, **table.get(path.name, {})))
            counts[outcome] = counts.get(outcome, 0) + 1
        return ", ".join(f"{n} {what}" for what, n in counts.items()) if files else "it holds no video or audio"

    def read_metadata_csv(self, text: str) -> tuple[dict[str, dict[str, Any]], list[tuple[int, str]]]:
        """File name -> fields, and the rejected lines; columns file, title, description, tags (`;` between)."""
        return intake.read_metadata_csv(text)

    # ---- watched folders -----------------------------------------------------------------------------

    def watch_folder(self, folder: Path, *, preset: str = "balanced") -> WatchedFolder:
        """Take in what a server folder holds, and from then on whatever is put into it.

        Raises:
            InvalidInputError: The folder is not below one of `settings.roots`.
        """
        intake.check_preset(preset)
        return self._watcher.add(intake.check_root(folder, self.settings), preset)

    def watched_folders(self) -> list[WatchedFolder]:
        """Folders that are watched, by path, with what the last look found."""
        return self._watcher.folders()

    def unwatch_folder(self, path: str) -> None:
        """Watch a folder no longer; its clips stay."""
        self._watcher.remove(path)

    # ---- the queue -----------------------------------------------------------------------------------

    def jobs(self, limit: int = 200) -> list[Job]:
        """Jobs on clips, newest first, with an estimate of the time left for the running one."""
        speeds = self.stage_speeds()
        rows = self._jobs.rows(limit, without=HIDDEN)
        return [to_job(row, seconds_left(row, speeds, rows)) for row in rows]

    def job(self, job_id: str) -> Job:
        return to_job(self._jobs.row(job_id))

    def queue_counts(self) -> dict[str, int]:
        """State -> number of jobs on clips."""
        return self._jobs.counts(without=HIDDEN)

    def queue_seconds_left(self) -> float | None:
        """Estimate for everything that runs and waits; None before anything was measured here."""
        return queue_left(self._jobs.rows(1000, without=HIDDEN), self.stage_speeds())

    def cancel_job(self, job_id: str) -> None:
        """Stop a queued or running job; what it had found is dropped."""
        if self._jobs.update(job_id, only_if="queued", state="cancelled", stage=""):
            self._drop_work(job_id)
            return
        self._jobs.update(job_id, only_if="running", state="cancelled", stage="")

    def cancel_queued(self) -> int:
        """Cancel everything that waits; returns how many jobs those were."""
        waiting = self._jobs.ids("queued")
        for job_id in waiting:
            self.cancel_job(job_id)
        return len(waiting)

    def retry_job(self, job_id: str) -> None:
        """Queue a failed or cancelled job again; its finished stages are kept."""
        for state in ("failed", "cancelled"):
            fields = {"state": "queued", "reason": "", "outcome": "", "found": "", "progress": 0.0, "deaths": 0}
            if self._jobs.update(job_id, only_if=state, **fields):
                return

    def retry_failed(self) -> int:
        """Queue every failed job again; returns how many those were."""
        failed = self._jobs.ids("failed")
        for job_id in failed:
            self.retry_job(job_id)
        return len(failed)

    def remove_job(self, job_id: str) -> None:
        """Take a finished, failed or cancelled job off the list; an upload that became no clip goes with it."""
        row = self._jobs.row(job_id)
        if row.state in LIVE:
            return
        self._jobs.remove(job_id)
        self._drop_work(job_id)
        if row.sha256 and not self._jobs.knows(row.sha256) and not self._clips.has(row.sha256[:16]):
            (self.settings.originals_dir / row.sha256).unlink(missing_ok=True)

    def remove_ended(self, state: str) -> int:
        """Take every job in an ended state off the list; returns how many those were."""
        if state in LIVE:
            raise InvalidInputError("Jobs", f"those that are {state} are at work; cancel them first")
        ended = self._jobs.ids(state)
        for job_id in ended:
            self.remove_job(job_id)
        return len(ended)

    def _drop_work(self, job_id: str) -> None:
        from avrec.ingest.folder import StageFolder

        StageFolder(self.settings.jobs_dir / job_id).remove()

    def move_job(self, job_id: str, *, first: bool = True) -> None:
        """Put a waiting job before, or behind, all others."""
        self._jobs.move(job_id, first=first)

    @property
    def queue_paused(self) -> bool:
        """Whether files wait until `resume_queue`."""
        return self._jobs.paused

    def pause_queue(self) -> None:
        """Hold files back; a stage in hand is finished first, and nothing is lost."""
        self._jobs.pause(True)

    def resume_queue(self) -> None:
        """Let the queue go on."""
        self._jobs.pause(False)

    def stage_speeds(self) -> dict[str, float]:
        """Median seconds of work per second of clip, by stage; empty before the first clip."""
        return stage_speeds(self._jobs.rows(100, without=HIDDEN))

    # ---- working -------------------------------------------------------------------------------------

    def wait(self, job_ids: Sequence[str], timeout: float | None = None) -> list[Job]:
        """Wait until the jobs have ended; this process works on them itself where no other does.

        A job whose bytes were on their way already ends as the job that brings them does.
        """
        deadline = time.monotonic() + timeout if timeout is not None else math.inf
        awaited = [self._jobs.twin(job_id) for job_id in job_ids]

        def over(ids: Sequence[str]) -> bool:
            live = any(state in LIVE for state in self._jobs.states(ids).values())
            return not live or time.monotonic() > deadline

        by_lane: dict[str, list[str]] = {}
        for job_id in awaited:
            by_lane.setdefault(lane_of(self._jobs.row(job_id).kind), []).append(job_id)
        for lane, ids in by_lane.items():
            if self._served:
                while not over(ids):
                    time.sleep(0.1)
            else:
                self._workers[lane].drain(lambda ids=ids: over(ids))
        ended = [(self.job(own), self.job(other)) for own, other in zip(job_ids, awaited, strict=True)]
        return [own if other.state == "done" else replace(other, job_id=own.job_id) for own, other in ended]

    def _queue_handlers(self) -> dict[str, Handler]:
        """Kind of job -> what the worker runs for it."""
        return {"folder": self._run_folder, "text": self._run_text}

    def _run_text(self, task: Task) -> str:
        """Embed an edited clip's text again."""
        task.announce(0.0, "text")
        edits.embed_document(task.key[:16], self._clips, self._models)
        return "text embedded again"
