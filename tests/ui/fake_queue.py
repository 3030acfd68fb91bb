"""The queue of the Engine's test double: jobs in any state, none of which runs."""

import csv
import statistics
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from fake_library import NOW, unit

from avrec.errors import InvalidInputError
from avrec.ingest.reasons import by_reason
from avrec.schemas import (
    STAGES,
    Failures,
    Job,
    JobPage,
    QueueCounts,
    WatchedFolder,
)

HIDDEN = ("evaluate", "tune")
ENDED = ("done", "failed", "cancelled")


class FakeQueue:
    """Over `_jobs`, `_clips` and `_watched`, which `FakeEngine` sets."""

    queue_paused = False

    def add_file(self, source, name, *, title="", description="", tags=(), preset="balanced") -> Job:
        data = source.read_bytes() if isinstance(source, Path) else source.read()
        if not data:
            job = self._job(name, title, "failed", reason=f"{name}: the file is empty. Export it again, then retry.")
        elif any(j.file_name == name for j in self._jobs.values()):
            job = self._job(name, title, "done", outcome="duplicate", clip_id=next(iter(self._clips), None))
        else:
            job = self._job(name, title, "queued", preset=preset)
        self._changed("add_file", name, title, description, tuple(tags), preset)
        return job

    def _job(self, name: str, title: str, state: str, **fields) -> Job:
        job = Job(f"j{len(self._jobs) + 1}", name, title or name, state, NOW, **fields)
        self._jobs[job.job_id] = job
        return job

    def put_job(self, **fields) -> Job:
        """Place a job in any state; only the double has this."""
        base = Job(f"j{len(self._jobs) + 1}", "clip.mp4", "A clip", "queued", NOW)
        job = replace(base, **fields)
        self._jobs[job.job_id] = job
        return job

    def add_folder(self, folder: Path, *, preset="balanced", table=None) -> list[Job]:
        self._below_a_root(folder)
        return [self.add_file(path, path.name, preset=preset) for path in sorted(folder.glob("*.mp4"))]

    def queue_folder(self, folder: Path, *, preset="balanced", table=None) -> Job:
        self._below_a_root(folder)
        self._changed("queue_folder", str(folder), preset)
        return self._job("", f"Folder {folder.name}", "queued", kind="folder", preset=preset)

    def _below_a_root(self, folder: Path) -> None:
        if not any(folder.is_relative_to(root) for root in self.settings.roots):
            raise InvalidInputError("Folder", "it is not below a configured root")

    def watch_folder(self, folder: Path, *, preset="balanced") -> WatchedFolder:
        self._below_a_root(folder)
        self._watched[str(folder)] = WatchedFolder(str(folder), preset, None, "")
        return self._watched[str(folder)]

    def watched_folders(self) -> list[WatchedFolder]:
        return list(self._watched.values())

    def unwatch_folder(self, path: str) -> None:
        self._watched.pop(path, None)
        self._changed("unwatch_folder", path)

    def read_metadata_csv(self, text: str):
        rows = list(csv.DictReader(text.splitlines()))
        table = {r["file"]: {"title": r.get("title", ""), "description": "", "tags": ()} for r in rows if r.get("file")}
        return table, [(i + 2, "no file name") for i, r in enumerate(rows) if not r.get("file")]

    # ---- lists
    def jobs(self, limit: int = 200) -> list[Job]:
        return [job for job in self._jobs.values() if job.kind not in HIDDEN][::-1][:limit]

    def job(self, job_id: str) -> Job:
        return self._jobs[job_id]

    def queue_page(self, states=("running", "queued", *ENDED), *, text="", first=0, most=20) -> JobPage:
        named = [j for j in self.jobs(10**6) if text.lower() in f"{j.title}\n{j.file_name}".lower()]
        turns = sorted((j for j in named if j.state == "queued"), key=lambda j: (-j.priority, j.job_id))
        order = [j for j in named if j.state == "running"] + turns + [j for j in named if j.state in ENDED]
        shown = [job for job in order if job.state in states]
        return JobPage(tuple(shown[first : first + most]), len(shown))

    def recent_jobs(self, most: int = 12) -> list[Job]:
        files = [job for job in self.jobs(10**6) if job.kind == "ingest"]
        made = [job for job in files if job.state == "done" and job.duration]
        return [*(job for job in files if job.state == "running"), *made[:most]]

    def queue_counts(self) -> dict[str, int]:
        states = [job.state for job in self.jobs(10**6)]
        return {state: states.count(state) for state in dict.fromkeys(states)}

    def queue_summary(self) -> QueueCounts:
        counts = self.queue_counts()
        outcomes = [job.outcome for job in self.jobs(10**6) if job.state == "done" and job.kind == "ingest"]
        return QueueCounts(
            counts.get("running", 0), counts.get("queued", 0), *(counts.get(state, 0) for state in ENDED),
            len(outcomes) - outcomes.count("duplicate"), outcomes.count("duplicate"), counts.get("queued", 0),
        )  # fmt: skip

    def queue_failures(self) -> list[Failures]:
        failed = [job for job in self.jobs(10**6) if job.state == "failed"]
        return by_reason([SimpleNamespace(job_id=j.job_id, file_name=j.file_name, reason=j.reason) for j in failed])

    def queue_seconds_left(self) -> float | None:
        live = [job for job in self.jobs(10**6) if job.state in ("running", "queued")]
        return 6.0 * len(live) if live and self._clips else None

    def preset_speeds(self) -> dict[str, tuple[float, int]]:
        done = [j for j in self._jobs.values() if j.state == "done" and j.duration and j.stage_seconds]
        rates = {p: [sum(j.stage_seconds.values()) / j.duration for j in done if j.preset == p] for p in
                 {j.preset for j in done}}  # fmt: skip
        return {preset: (statistics.median(values), len(values)) for preset, values in rates.items()}

    # ---- changes
    def cancel_job(self, job_id: str) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], state="cancelled")
        self._changed("cancel_job", job_id)

    def cancel_queued(self) -> int:
        waiting = [job.job_id for job in self.jobs(10**6) if job.state == "queued"]
        for job_id in waiting:
            self.cancel_job(job_id)
        return len(waiting)

    def retry_job(self, job_id: str) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], state="queued", reason="")
        self._changed("retry_job", job_id)

    def retry_failed(self, job_ids=None) -> int:
        chosen = [
            j.job_id for j in self.jobs(10**6) if j.state == "failed" and (job_ids is None or j.job_id in job_ids)
        ]
        for job_id in chosen:
            self.retry_job(job_id)
        return len(chosen)

    def remove_job(self, job_id: str) -> None:
        del self._jobs[job_id]
        self._changed("remove_job", job_id)

    def remove_jobs(self, job_ids) -> None:
        for job_id in job_ids:
            self.remove_job(job_id)

    def remove_ended(self, state: str) -> int:
        ended = [job.job_id for job in self.jobs(10**6) if job.state == state]
        self.remove_jobs(ended)
        return len(ended)

    def move_job(self, job_id: str, *, first: bool = True) -> None:
        priorities = [job.priority for job in self._jobs.values() if job.state == "queued"]
        self._jobs[job_id] = replace(self._jobs[job_id], priority=max(priorities) + 1 if first else min(priorities) - 1)
        self._changed("move_job", job_id, first)

    def pause_queue(self) -> None:
        self.queue_paused = True

    def resume_queue(self) -> None:
        self.queue_paused = False

    def wait(self, job_ids, timeout=None) -> list[Job]:
        return [self._jobs[i] for i in job_ids]

    def stage_speeds(self) -> dict[str, float]:
        return {stage: 0.05 + 0.5 * unit(stage) for stage in STAGES} if self._clips else {}
