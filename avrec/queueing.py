"""The queue's side of the Engine: files and folders on their way into the library."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from avrec.config import Settings
from avrec.errors import InvalidInputError
from avrec.ingest import edits, intake
from avrec.ingest.reasons import by_reason
from avrec.ingest.speeds import Pace, pace, preset_speeds
from avrec.ingest.task import Handler, Task
from avrec.ingest.watch import Watcher
from avrec.ingest.worker import Worker
from avrec.models.catalogue import Models
from avrec.schemas import Failures, Job, JobPage, QueueCounts, WatchedFolder
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.files import Arrived
from avrec.store.job_lists import ORDERS, JobLists, Tally
from avrec.store.jobs import EVALUATIONS, LIVE, JobStore, Order, lane_of, to_job
from avrec.store.known_files import KnownFiles
from avrec.store.memo import Memo

HIDDEN = EVALUATIONS  # kinds that are no work on clips
EDITS = ("text", "profile")  # seconds of work that somebody waits for
STATES = ("running", "queued", "done", "failed", "cancelled")
AGAIN = {"state": "queued", "reason": "", "outcome": "", "found": "", "progress": 0.0, "deaths": 0}
FOLDER_PRIORITY = 10  # listing a folder takes seconds, and its files wait for it


class Queueing:
    """Answers about jobs. `Engine` sets the attributes."""

    settings: Settings
    _database: Database
    _clips: ClipStore
    _jobs: JobStore
    _lists: JobLists
    _memo: Memo
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
        return [self._job(row) for row in self._jobs.rows(limit, without=HIDDEN)]

    def job(self, job_id: str) -> Job:
        return to_job(self._jobs.row(job_id))

    def _job(self, row: sa.Row) -> Job:
        if row.state != "running" or row.kind != "ingest":
            return to_job(row)
        return to_job(row, self._pace().seconds(row.stages_done, row.duration, row.progress))

    def queue_page(self, states: Sequence[str] = STATES, *, text: str = "", first: int = 0, most: int = 20) -> JobPage:
        """Some of the jobs on clips: those in hand, then those that wait, by their turn, then the latest ended ones.

        Args:
            states: Of the jobs that are wanted.
            text: What their title or file name has in it, in any case.
            first: How many jobs come before the page.
        """

        def read() -> JobPage:
            ids = [job_id for part, _ in ORDERS for job_id in self._in_order([s for s in part if s in states], text)]
            rows = self._lists.rows(ids[first : first + most])
            return JobPage(tuple(self._job(row) for row in rows), len(ids))

        return self._memo.get(("page", *states, text, first, most), self._database.stamp(), read)

    def _in_order(self, states: Sequence[str], text: str) -> list[str]:
        if not states:
            return []
        if text:
            return self._lists.in_order(states, text)
        last = tuple(self._last(state) for state in states)
        return self._memo.get(("order", *states), last, lambda: self._lists.in_order(states))

    def recent_jobs(self, most: int = 12) -> list[Job]:
        """Files in hand, then those that became clips, the latest first: with the times of their stages."""

        def read() -> list[Job]:
            running = [row for row in self._lists.running() if row.kind == "ingest"]
            return [self._job(row) for row in [*running, *self._lists.measured(most)]]

        return self._memo.get(("recent", most), self._database.stamp(), read)

    def queue_counts(self) -> dict[str, int]:
        """State -> number of jobs on clips."""
        counts: dict[str, int] = {}
        for state, _, _, number, _ in self._tally():
            counts[state] = counts.get(state, 0) + number
        return counts

    def queue_summary(self) -> QueueCounts:
        """How many jobs on clips there are, state by state, however many that is."""
        tally, states = self._tally(), self.queue_counts()
        made = [(outcome, n) for state, kind, outcome, n, _ in tally if (state, kind) == ("done", "ingest")]
        return QueueCounts(
            running=states.get("running", 0),
            waiting=states.get("queued", 0),
            done=states.get("done", 0),
            failed=states.get("failed", 0),
            cancelled=states.get("cancelled", 0),
            clips=sum(n for outcome, n in made if outcome != "duplicate"),
            known=sum(n for outcome, n in made if outcome == "duplicate"),
            cancellable=sum(n for state, kind, _, n, _ in tally if state == "queued" and kind not in EDITS),
        )

    def _tally(self) -> list[Tally]:
        return self._memo.get("tally", self._database.stamp(), self._lists.tally)

    def _last(self, state: str) -> tuple[Any, ...]:
        """What changes when a job comes into a state, or leaves it."""
        return tuple((kind, outcome, n, at) for now, kind, outcome, n, at in self._tally() if now == state)

    def queue_failures(self) -> list[Failures]:
        """Failed jobs by their reason, the most frequent first."""
        return self._memo.get("failures", self._last("failed"), lambda: by_reason(self._lists.failures()))

    def queue_seconds_left(self) -> float | None:
        """Estimate for everything that runs and waits; None before anything was measured here."""

        def read() -> float | None:
            waits = self._memo.get("begun", self._last("queued"), self._lists.begun)
            begun = [row for row in self._lists.running() if row.kind == "ingest"] + waits
            files = (n for state, kind, _, n, _ in self._tally() if state in LIVE and kind == "ingest")
            return self._pace().of_queue(begun, max(0, sum(files) - len(begun)))

        return self._memo.get("left", self._database.stamp(), read)

    def stage_speeds(self) -> dict[str, float]:
        """Median seconds of work per second of clip, by stage; empty before the first clip."""
        return dict(self._pace().speeds)

    def preset_speeds(self) -> dict[str, tuple[float, int]]:
        """Preset -> (median seconds of work per second of clip, of how many clips), of those that were measured."""
        return self._memo.get("presets", self._last("done"), lambda: preset_speeds(self._lists.measured(300)))

    def _pace(self) -> Pace:
        return self._memo.get("pace", self._last("done"), lambda: pace(self._lists.measured()))

    def cancel_job(self, job_id: str) -> None:
        """Stop a queued or running job; what it had found is dropped."""
        if self._jobs.update(job_id, only_if="queued", state="cancelled", stage=""):
            self._drop_work(job_id)
        elif not self._jobs.update(job_id, only_if="running", state="cancelled", stage=""):
            return
        self._jobs.settle_twins([job_id], "cancelled")

    def cancel_queued(self) -> int:
        """Cancel every file and folder that waits; returns how many jobs those were."""
        waiting = self._lists.ids("queued", without=EDITS)
        cancelled = self._lists.change(waiting, "queued", state="cancelled", stage="")
        self._jobs.settle_twins(set(waiting), "cancelled")
        for job_id in waiting:
            self._drop_work(job_id)
        return cancelled

    def retry_job(self, job_id: str) -> None:
        """Queue a failed or cancelled job again; its finished stages are kept."""
        for state in ("failed", "cancelled"):
            if self._jobs.update(job_id, only_if=state, **AGAIN):
                return

    def retry_failed(self, job_ids: Sequence[str] | None = None) -> int:
        """Queue failed jobs again, all of them where none are named; returns how many those were."""
        return self._lists.change(self._lists.ids("failed") if job_ids is None else job_ids, "failed", **AGAIN)

    def remove_job(self, job_id: str) -> None:
        """Take a finished, failed or cancelled job off the list; an upload that became no clip goes with it."""
        if self._jobs.row(job_id).state not in LIVE:
            self.remove_jobs([job_id])

    def remove_jobs(self, job_ids: Sequence[str]) -> None:
        """Take ended jobs off the list; uploads that became no clip go with them."""
        for sha256 in self._lists.remove(job_ids):
            (self.settings.originals_dir / sha256).unlink(missing_ok=True)
        for job_id in job_ids:
            if not self._jobs.states([job_id]):
                self._drop_work(job_id)

    def remove_ended(self, state: str) -> int:
        """Take every job in an ended state off the list; returns how many those were."""
        if state in LIVE:
            raise InvalidInputError("Jobs", f"those that are {state} are at work; cancel them first")
        ended = self._lists.ids(state)
        self.remove_jobs(ended)
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
        return self._memo.get("paused", self._database.stamp(), lambda: self._jobs.paused)

    def pause_queue(self) -> None:
        """Hold files back; a stage in hand is finished first, and nothing is lost."""
        self._jobs.pause(True)

    def resume_queue(self) -> None:
        """Let the queue go on."""
        self._jobs.pause(False)

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
