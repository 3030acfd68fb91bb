"""The queue in the store: every job ends in one state, and a known file is recognised before any work."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from avrec import __version__
from avrec.errors import InvalidInputError, JobCancelledError
from avrec.schemas import Job
from avrec.store.database import Database
from avrec.store.tables import clips, jobs, meta

LIVE = ("queued", "running")
OF_CLIPS = ("ingest", "text")
EVALUATIONS = ("evaluate", "tune")
LANES = ("clips", "evaluations")
PAUSABLE = ("ingest", "rerun", "media")  # what a paused queue holds back: not the seconds' work of an edit
TWIN = "same bytes as job"
PAUSED = "queue:paused"
REFUSED = "refused"  # outcome of a failure that the same bytes will have again
SUSPECT_DEATHS, MOST_DEATHS = 3, 25


def lane_of(kind: str) -> str:
    """Which worker takes jobs of a kind: evaluations have their own, so that none waits for the other."""
    return "evaluations" if kind in EVALUATIONS else "clips"


def _in_lane(lane: str) -> sa.ColumnElement[bool]:
    return jobs.c.kind.in_(EVALUATIONS) if lane == "evaluations" else jobs.c.kind.not_in(EVALUATIONS)


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

        A job that repeats a live one names it in its fields, so that whoever waits can wait for that one. A file
        that was refused before, by the same version of avrec, is refused again at once: its job comes back.

        Returns:
            The job ids, in order.
        """
        ids = []
        with self.database.write() as connection:
            for order in orders:
                row = _new_row(order)
                if order.kind == "ingest":
                    found, live = self._twin(connection, order.sha256)
                    refused = None if found else self._refused(connection, order)
                    if refused is not None and refused.file_name == order.file_name:
                        self._set(connection, refused.job_id, created_at=_now())
                        ids.append(refused.job_id)
                        continue
                    if refused is not None:
                        row |= _as_ended(refused, order.file_name)
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

    def known_as(self, order: Order) -> str:
        """What is known of a file: "already indexed", "already in the queue", "refused before", or "".

        A cancelled job, or one that failed for another reason than its file, makes nothing known; nor does another
        file with the same bytes that is not indexed, since each file in the queue is answered by its own name.
        """
        mine = jobs.c.sha256 == order.sha256, jobs.c.file_name == order.file_name, jobs.c.kind == "ingest"
        waits = sa.or_(jobs.c.state.in_(LIVE), jobs.c.outcome == "duplicate")
        with self.database.read() as connection:
            if connection.execute(sa.select(clips.c.clip_id).where(clips.c.sha256 == order.sha256)).first():
                return "already indexed"
            if connection.execute(sa.select(jobs.c.job_id).where(*mine, waits)).first():
                return "already in the queue"
            refused = self._refused(connection, order)
        return "refused before" if refused is not None and refused.file_name == order.file_name else ""

    def settle_twins(self, job_ids: Collection[str], state: str) -> None:
        """Give jobs that wait for others with the same bytes those jobs' end, each with its own name in the reason."""
        with self.database.write() as connection:
            for twin in connection.execute(jobs.select().where(jobs.c.outcome == "duplicate")).all():
                if (job_id := twin.fields.get(TWIN)) in job_ids:
                    ended = connection.execute(jobs.select().where(jobs.c.job_id == job_id)).one()
                    self._set(connection, twin.job_id, **_as_ended(ended, twin.file_name) | {"state": state})

    def refuse(self, file_name: str, reason: str, fields: dict[str, Any], preset: str) -> str:
        """Put a file that could not even be read on the list, with the reason."""
        order = Order("", "", file_name, fields, preset)
        with self.database.write() as connection:
            row = _new_row(order) | {"state": "failed", "reason": reason}
            connection.execute(jobs.insert().values(**row))
        return row["job_id"]

    @staticmethod
    def _refused(connection: sa.Connection, order: Order) -> sa.Row | None:
        """A job that refused the same bytes, by preference under the same name."""
        same = jobs.c.sha256 == order.sha256, jobs.c.kind == "ingest"
        refused = jobs.c.state == "failed", jobs.c.outcome == REFUSED, jobs.c.found == __version__
        query = jobs.select().where(*same, *refused).order_by(jobs.c.file_name != order.file_name)
        return connection.execute(query.limit(1)).first()

    def claim(self, lane: str = "clips") -> sa.Row | None:
        """Take the next queued job of a lane; only the holder of the lane's lock calls this."""
        with self.database.write() as connection:
            row = connection.execute(self._next(connection, lane)).first()
            if row is not None:
                self._set(connection, row.job_id, state="running", reason="")
            return row

    def _next(self, connection: sa.Connection, lane: str) -> sa.Select:
        query = jobs.select().where(jobs.c.state == "queued", _in_lane(lane))
        if self._paused(connection):
            query = query.where(jobs.c.kind.not_in(PAUSABLE))
        return query.order_by(-jobs.c.priority, jobs.c.created_at).limit(1)

    def next_priority(self, lane: str) -> int | None:
        """Priority of the job that would be taken next; None where none would be."""
        with self.database.read() as connection:
            row = connection.execute(self._next(connection, lane)).first()
        return row.priority if row is not None else None

    def live_like(self, kind: str, fields: dict[str, Any]) -> str:
        """The job of a kind that waits or runs with these fields among its own, or ""."""
        with self.database.read() as connection:
            query = jobs.select().where(jobs.c.kind == kind, jobs.c.state.in_(LIVE)).order_by(jobs.c.created_at)
            for row in connection.execute(query):
                if fields.items() <= row.fields.items():
                    return row.job_id
        return ""

    def has_work(self, lane: str) -> bool:
        """Whether a worker of the lane would have something to do, or something that another left to go on with."""
        with self.database.read() as connection:
            running = jobs.select().where(jobs.c.state == "running", _in_lane(lane)).limit(1)
            return any(connection.execute(q).first() is not None for q in (running, self._next(connection, lane)))

    @staticmethod
    def _paused(connection: sa.Connection) -> bool:
        return connection.execute(sa.select(meta.c.value).where(meta.c.key == PAUSED)).scalar() is not None

    @property
    def paused(self) -> bool:
        """Whether files wait although there is a worker."""
        with self.database.read() as connection:
            return self._paused(connection)

    def pause(self, paused: bool) -> None:
        """Hold files back, or let them go on; a stage in hand is finished first."""
        if paused:
            self.database.put_value(PAUSED, _now().isoformat())
        else:
            self.database.drop_value(PAUSED)

    def move(self, job_id: str, *, first: bool) -> None:
        """Put a queued job before, or behind, all others that wait."""
        with self.database.write() as connection:
            queued = jobs.c.state == "queued", jobs.c.kind.not_in(EVALUATIONS)
            edge = sa.func.max(jobs.c.priority) + 1 if first else sa.func.min(jobs.c.priority) - 1
            priority = connection.execute(sa.select(edge).where(*queued)).scalar()
            if priority is not None:
                self._set(connection, job_id, "queued", priority=priority)

    def requeue_running(self, lane: str = "clips", *, died: bool = True) -> int:
        """Queue again what a worker left running; its finished stages are kept.

        Args:
            died: Its worker did not stop but died. A job that this happens to again and again waits behind the
                others, and in the end it fails: it would take every worker down.
        """
        mine = jobs.c.state == "running", _in_lane(lane)
        with self.database.write() as connection:
            count = connection.execute(
                jobs.update().where(*mine).values(state="queued", stage="", deaths=jobs.c.deaths + int(died))
            ).rowcount
            again = jobs.c.state == "queued", _in_lane(lane)
            if died:
                suspect = jobs.c.deaths >= SUSPECT_DEATHS, jobs.c.priority > -100
                connection.execute(jobs.update().where(*again, *suspect).values(priority=-100))
                hopeless = jobs.c.deaths >= MOST_DEATHS
                reason = jobs.c.file_name + (
                    f": work on it ended {MOST_DEATHS} times without a result, for want of memory or because it was "
                    "stopped. Close other programs, then retry it."
                )
                connection.execute(jobs.update().where(*again, hopeless).values(state="failed", reason=reason))
            return count

    def give_back(self, job_id: str) -> None:
        """Queue a running job again, since something else goes first; its finished stages are kept."""
        self.update(job_id, only_if="running", state="queued", stage="")

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
        """A job's state; one that is gone, as after a restored backup, counts as cancelled."""
        return self.states([job_id]).get(job_id, "cancelled")

    @staticmethod
    def check_running(connection: sa.Connection, job_id: str) -> None:
        """Look, in a transaction of the caller's, whether a job is still wanted.

        Raises:
            JobCancelledError: It was cancelled, or is gone.
        """
        if connection.execute(sa.select(jobs.c.state).where(jobs.c.job_id == job_id)).scalar() != "running":
            raise JobCancelledError

    def has(self, job_id: str) -> bool:
        return bool(self.states([job_id]))

    def row(self, job_id: str) -> sa.Row:
        with self.database.read() as connection:
            row = connection.execute(jobs.select().where(jobs.c.job_id == job_id)).first()
        if row is None:
            raise InvalidInputError("Job", f"there is no job {job_id!r}")
        return row

    def rows(self, limit: int = 200, without: tuple[str, ...] = ()) -> list[sa.Row]:
        """Newest first, those of some kinds left out; live jobs are never cut off by the limit."""
        live_first = sa.case((jobs.c.state.in_(LIVE), 0), else_=1)
        with self.database.read() as connection:
            query = (
                jobs.select()
                .where(jobs.c.kind.not_in(without))
                .order_by(live_first, jobs.c.created_at.desc(), jobs.c.job_id)
                .limit(limit)
            )
            rows = list(connection.execute(query))
        return sorted(rows, key=lambda row: row.created_at, reverse=True)

    def counts(self, without: tuple[str, ...] = ()) -> dict[str, int]:
        """State -> how many jobs, those of some kinds left out."""
        query = sa.select(jobs.c.state, sa.func.count()).where(jobs.c.kind.not_in(without)).group_by(jobs.c.state)
        with self.database.read() as connection:
            return dict(connection.execute(query).all())

    def states(self, job_ids: Sequence[str]) -> dict[str, str]:
        """Job id -> state, of those that are known."""
        with self.database.read() as connection:
            found: dict[str, str] = {}
            for begin in range(0, len(job_ids), 500):
                query = sa.select(jobs.c.job_id, jobs.c.state).where(jobs.c.job_id.in_(job_ids[begin : begin + 500]))
                found |= dict(connection.execute(query).all())
        return found

    def ids(self, state: str, kinds: tuple[str, ...] = OF_CLIPS) -> list[str]:
        """Job ids in a state, the oldest first."""
        query = sa.select(jobs.c.job_id).where(jobs.c.state == state, jobs.c.kind.in_(kinds))
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(jobs.c.created_at)).scalars())

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
        "stage_times": {},
        "deaths": 0,
        "priority": order.priority,
        "created_at": _now(),
        "updated_at": _now(),
    }


def _as_ended(ended: sa.Row, file_name: str) -> dict[str, Any]:
    """The end of another job with the same bytes, said of this file."""
    reason = ended.reason.replace(ended.file_name, file_name, 1)
    return {"state": "failed", "outcome": ended.outcome, "found": ended.found, "reason": reason, "progress": 0.0}


def to_job(row: sa.Row, seconds_left: float | None = None) -> Job:
    """The public record of a row. `clip_id` is set once the file's bytes are in the library, or are on their way."""
    finished = row.state == "done"
    now = tuple(row.stage.split(",")) if row.kind == "ingest" and row.stage else (row.stage,) if row.stage else ()
    return Job(
        job_id=row.job_id,
        file_name=row.file_name,
        title=row.fields.get("title") or row.file_name,
        state=row.state,
        created_at=row.created_at.replace(tzinfo=UTC),
        stage=now[0] if now else "",
        stages_now=now,
        stages_done=tuple(row.stages_done),
        progress=row.progress,
        clip_id=row.sha256[:16] if finished and row.kind in OF_CLIPS else None,
        outcome=row.outcome,
        reason=row.reason,
        preset=row.preset,
        seconds_left=seconds_left if row.state == "running" else None,
        stage_seconds=dict(row.stage_seconds),
        stage_times={stage: (start, end) for stage, (start, end) in row.stage_times.items()},
        duration=row.duration,
        priority=row.priority,
        found=row.found,
        kind=row.kind,
        key=row.sha256,
    )
