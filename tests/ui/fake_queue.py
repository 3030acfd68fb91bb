"""The queue of the Engine's test double: jobs in any state, none of which runs."""

import csv
from dataclasses import replace
from pathlib import Path

from fake_library import NOW, unit

from avrec.errors import InvalidInputError
from avrec.schemas import (
    STAGES,
    Job,
)


class FakeQueue:
    """Over `_jobs` and `_clips`, which `FakeEngine` sets."""

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
        if not any(folder.is_relative_to(root) for root in self.settings.roots):
            raise InvalidInputError("Folder", "it is not below a configured root")
        return [self.add_file(path, path.name, preset=preset) for path in sorted(folder.glob("*.mp4"))]

    def read_metadata_csv(self, text: str):
        rows = list(csv.DictReader(text.splitlines()))
        table = {r["file"]: {"title": r.get("title", ""), "description": "", "tags": ()} for r in rows if r.get("file")}
        return table, [(i + 2, "no file name") for i, r in enumerate(rows) if not r.get("file")]

    def jobs(self, limit: int = 200) -> list[Job]:
        return [job for job in self._jobs.values() if job.kind == "ingest"][::-1][:limit]

    def job(self, job_id: str) -> Job:
        return self._jobs[job_id]

    def cancel_job(self, job_id: str) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], state="cancelled")
        self._changed("cancel_job", job_id)

    def retry_job(self, job_id: str) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], state="queued", reason="")
        self._changed("retry_job", job_id)

    def remove_job(self, job_id: str) -> None:
        del self._jobs[job_id]
        self._changed("remove_job", job_id)

    def wait(self, job_ids, timeout=None) -> list[Job]:
        return [self._jobs[i] for i in job_ids]

    def stage_speeds(self) -> dict[str, float]:
        return {stage: 0.05 + 0.5 * unit(stage) for stage in STAGES} if self._clips else {}
