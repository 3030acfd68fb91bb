"""Lists of the queue: thousands of jobs are counted, searched and cut by the database, not by the page."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from avrec.store.database import Database
from avrec.store.jobs import EVALUATIONS, LIVE
from avrec.store.tables import clips, jobs

CHUNK = 500
ORDERS = (  # of the list: those in hand, those that wait by their turn, the ended ones with the latest first
    (("running",), (jobs.c.created_at, jobs.c.job_id)),
    (("queued",), (-jobs.c.priority, jobs.c.created_at, jobs.c.job_id)),
    (("done", "failed", "cancelled"), (jobs.c.updated_at.desc(), jobs.c.job_id)),
)
Tally = tuple[str, str, str, int, datetime]


class JobLists:
    """Reads of many jobs, and changes of many at once; jobs of evaluations are never among them."""

    def __init__(self, database: Database):
        self._database = database
        self._of_clips = jobs.c.kind.not_in(EVALUATIONS)

    def tally(self) -> list[Tally]:
        """(state, kind, outcome, how many, last change) of every kind there is."""
        columns = jobs.c.state, jobs.c.kind, jobs.c.outcome
        query = sa.select(*columns, sa.func.count(), sa.func.max(jobs.c.updated_at)).where(self._of_clips)
        with self._database.read() as connection:
            return [tuple(row) for row in connection.execute(query.group_by(*columns))]

    def in_order(self, states: Sequence[str], text: str = "") -> list[str]:
        """Job ids in some states that stand together in `ORDERS`; with a text, those that have it in their names."""
        found = [self._of_clips, jobs.c.state.in_(states)]
        if text:
            names = jobs.c.file_name, jobs.c.fields["title"].as_string()
            found.append(sa.or_(*(name.icontains(text, autoescape=True) for name in names)))
        order = next(order for part, order in ORDERS if set(states) <= set(part))
        with self._database.read() as connection:
            # Ids alone: whole rows would be sorted with all that is in them.
            return list(connection.execute(sa.select(jobs.c.job_id).where(*found).order_by(*order)).scalars())

    def rows(self, job_ids: Sequence[str]) -> list[sa.Row]:
        """Jobs in the order of their ids; those that are gone are left out."""
        with self._database.read() as connection:
            found = {row.job_id: row for row in connection.execute(jobs.select().where(jobs.c.job_id.in_(job_ids)))}
        return [found[job_id] for job_id in job_ids if job_id in found]

    def measured(self, most: int = 100) -> list[sa.Row]:
        """Files that became clips, the latest first: what speeds are measured on."""
        done = jobs.c.state == "done", jobs.c.kind == "ingest", jobs.c.duration.is_not(None)
        with self._database.read() as connection:
            return list(connection.execute(jobs.select().where(*done).order_by(jobs.c.updated_at.desc()).limit(most)))

    def running(self) -> list[sa.Row]:
        """Jobs in hand."""
        with self._database.read() as connection:
            return list(connection.execute(jobs.select().where(self._of_clips, jobs.c.state == "running")))

    def begun(self) -> list[sa.Row]:
        """(stages_done, duration, progress) of files that wait with some stages done."""
        waits = jobs.c.state == "queued", jobs.c.kind == "ingest", sa.cast(jobs.c.stages_done, sa.String) != "[]"
        with self._database.read() as connection:
            columns = jobs.c.stages_done, jobs.c.duration, jobs.c.progress
            return list(connection.execute(sa.select(*columns).where(*waits)))

    def failures(self) -> list[sa.Row]:
        """(job_id, file_name, reason) of every failed job, the latest first."""
        query = sa.select(jobs.c.job_id, jobs.c.file_name, jobs.c.reason)
        with self._database.read() as connection:
            failed = query.where(self._of_clips, jobs.c.state == "failed").order_by(jobs.c.updated_at.desc())
            return list(connection.execute(failed))

    def ids(self, state: str, without: Sequence[str] = ()) -> list[str]:
        """Job ids in a state, the oldest first."""
        query = sa.select(jobs.c.job_id).where(self._of_clips, jobs.c.state == state, jobs.c.kind.not_in(without))
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(jobs.c.created_at)).scalars())

    def change(self, job_ids: Sequence[str], only_if: str, **values: object) -> int:
        """Set columns of many jobs, of those that are in a state; returns how many those were."""
        changed = 0
        with self._database.write() as connection:
            for chunk in chunks(job_ids):
                which = jobs.c.job_id.in_(chunk), jobs.c.state == only_if
                changed += connection.execute(jobs.update().where(*which).values(**values)).rowcount
        return changed

    def remove(self, job_ids: Sequence[str]) -> list[str]:
        """Take ended jobs off the list.

        Returns:
            Hashes of their files that no clip and no other job is about.
        """
        hashes: dict[str, None] = {}
        with self._database.write() as connection:
            for chunk in chunks(job_ids):
                which = jobs.c.job_id.in_(chunk), jobs.c.state.not_in(LIVE)
                hashes |= dict.fromkeys(connection.execute(sa.select(jobs.c.sha256).where(*which)).scalars())
                connection.execute(jobs.delete().where(*which))
            for chunk in chunks([sha256 for sha256 in hashes if sha256]):
                for table in (jobs, clips):
                    known = sa.select(table.c.sha256).where(table.c.sha256.in_(chunk))
                    for sha256 in connection.execute(known).scalars():
                        hashes.pop(sha256, None)
        return [sha256 for sha256 in hashes if sha256]


def chunks(values: Sequence[str]) -> list[Sequence[str]]:
    """Lists short enough for one statement."""
    return [values[begin : begin + CHUNK] for begin in range(0, len(values), CHUNK)]
