"""The queue in the store: every job ends in one state, and a known file is recognised before any work."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from avrec.errors import InvalidInputError
from avrec.schemas import Job
from avrec.store.database import Database
from avrec.store.tables import clips, jobs

LIVE = ("queued", "running")
OF_CLIPS = ("ingest", "text")
TWIN = "same bytes as job"


@dataclass(frozen=True)
class Order:
    """A file to be taken in. `fields`: title, description, tags, category, subject, demo.

    Other kinds of work bring their own fields, and in `sha256` what they are known by.
    """

    sha256: str
    source: str
    file_name: str
    fields: dict[str, Any]
    preset: str = "balanced"
    kind: str = "ingest"
    priority: int = 0


class JobStore:
    """Reads and writes of jobs."""

    def __init__(self, database: Database):
        self.database = database

    def enqueue(self, orders: list[Order]) -> list[str]:
        """Queue files; those whose bytes are known or on their way become done jobs with outcome "duplicate".

        A job that repeats a live one names it in its fields, so that whoever waits can wait for that one.

        Returns:
            The new job ids, in order.
        """
        ids = []
        with self.database.write() as connection:
            for order in orders:
                row = _new_row(order)
                if order.kind == "ingest":
                    found, live = self._twin(connection, order.sha256)
                    if found:
                        row |= {"state": "done", "outcome": "duplicate", "progress": 1.0, "found": found}
                    if live:
                        row["fields"] = {**order.fields, TWIN: live}
                connection.execute(jobs.insert().values(**row))
                ids.append(row["job_id"])
        return ids

    @staticmethod
    def _twin(connection: sa.Connection, sha256: str) -> tuple[str, str]:
        """What is said of bytes that are known, or "", and the live job that brings them, or ""."""
        title = connection.execute(sa.select(clips.c.title).where(clips.c.sha256 == sha256)).scalar()
        if title is not None:
            return f"already indexed as {title}, same bytes", ""
        query = sa.select(jobs.c.job_id, jobs.c.file_name).where(
            jobs.c.sha256 == sha256, jobs.c.state.in_(LIVE), jobs.c.kind == "ingest"
        )
        row = connection.execute(query).first()
        return (f"already in the queue as {row.file_name}, same bytes", row.job_id) if row is not None else ("", "")

    def twin(self, job_id: str) -> str:
        """The job that a repeated one has to wait for; the job itself where it repeats none."""
        twin = self.row(job_id).fields.get(TWIN, job_id)
        with self.database.read() as connection:
            known = connection.execute(sa.select(jobs.c.job_id).where(jobs.c.job_id == twin)).first()
        return twin if known is not None else job_id

    def claim(self) -> sa.Row | None:
        """Take the next queued job; only the holder of the worker lock calls this."""
        with self.database.write() as connection:
            query = jobs.select().where(jobs.c.state == "queued").order_by(-jobs.c.priority, jobs.c.created_at)
            row = connection.execute(query.limit(1)).first()
            if row is not None:
                self._set(connection, row.job_id, state="running", reason="")
            return row

    def requeue_running(self) -> int:
        """Queue again what a dead worker left running; its finished stages are kept."""
        with self.database.write() as connection:
            statement = jobs.update().where(jobs.c.state == "running").values(state="queued", stage="")
            return connection.execute(statement).rowcount

    def update(self, job_id: str, *, only_if: str | None = None, **fields: Any) -> bool:
        """Set columns of a job; with `only_if`, only while it is in that state. False when nothing changed."""
        with self.database.write() as connection:
            return self._set(connection, job_id, only_if, **fields)

    @staticmethod
    def _set(connection: sa.Connection, job_id: str, only_if: str | None = None, **fields: Any) -> bool:
        statement = jobs.update().where(jobs.c.job_id == job_id)
        if only_if:
            statement = statement.where(jobs.c.state == only_if)
        return bool(connection.execute(statement.values(**fields, updated_at=_now())).rowcount)

    def state(self, job_id: str) -> str:
        return self.row(job_id).state

    def row(self, job_id: str) -> sa.Row:
        with self.database.read() as connection:
            row = connection.execute(jobs.select().where(jobs.c.job_id == job_id)).first()
        if row is None:
            raise InvalidInputError("Job", f"there is no job {job_id!r}")
        return row

    def rows(self, limit: int = 200) -> list[sa.Row]:
        """Newest first; live jobs are never cut off by the limit."""
        live_first = sa.case((jobs.c.state.in_(LIVE), 0), else_=1)
        with self.database.read() as connection:
            query = jobs.select().order_by(live_first, jobs.c.created_at.desc(), jobs.c.job_id).limit(limit)
            rows = list(connection.execute(query))
        return sorted(rows, key=lambda row: row.created_at, reverse=True)

    def counts(self, without: tuple[str, ...] = ()) -> dict[str, int]:
        """State -> how many jobs, those of some kinds left out."""
        query = sa.select(jobs.c.state, sa.func.count()).where(jobs.c.kind.not_in(without)).group_by(jobs.c.state)
        with self.database.read() as connection:
            return dict(connection.execute(query).all())

    def remove(self, job_id: str) -> None:
        with self.database.write() as connection:
            connection.execute(jobs.delete().where(jobs.c.job_id == job_id, jobs.c.state.not_in(LIVE)))

    def knows(self, sha256: str) -> bool:
        """Whether any job is about these bytes."""
        with self.database.read() as connection:
            query = sa.select(jobs.c.job_id).where(jobs.c.sha256 == sha256)
            return connection.execute(query).first() is not None

    def forget_clip(self, sha256: str) -> None:
        """Drop the finished jobs of a deleted clip and cancel its live ones, so that the same bytes can come again."""
        with self.database.write() as connection:
            mine = jobs.c.sha256 == sha256
            connection.execute(jobs.update().where(mine, jobs.c.state.in_(LIVE)).values(state="cancelled"))
            connection.execute(jobs.delete().where(mine, jobs.c.state == "done"))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _new_row(order: Order) -> dict[str, Any]:
    return {
        "job_id": uuid.uuid4().hex[:12],
        "kind": order.kind,
        "sha256": order.sha256,
        "source": order.source,
        "file_name": order.file_name,
        "fields": order.fields,
        "preset": order.preset,
        "state": "queued",
        "stage": "",
        "stages_done": [],
        "progress": 0.0,
        "outcome": "",
        "reason": "",
        "found": "",
        "stage_seconds": {},
        "priority": order.priority,
        "created_at": _now(),
        "updated_at": _now(),
    }


def to_job(row: sa.Row, seconds_left: float | None = None) -> Job:
    """The public record of a row. `clip_id` is set once the file's bytes are in the library, or are on their way."""
    finished = row.state == "done"
    return Job(
        job_id=row.job_id,
        file_name=row.file_name,
        title=row.fields.get("title") or row.file_name,
        state=row.state,
        created_at=row.created_at.replace(tzinfo=UTC),
        stage=row.stage,
        stages_done=tuple(row.stages_done),
        progress=row.progress,
        clip_id=row.sha256[:16] if finished and row.kind in OF_CLIPS else None,
        outcome=row.outcome,
        reason=row.reason,
        preset=row.preset,
        seconds_left=seconds_left if row.state == "running" else None,
        stage_seconds=dict(row.stage_seconds),
        found=row.found,
        kind=row.kind,
        key=row.sha256,
    )
