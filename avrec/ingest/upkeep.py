"""Noticing what no longer fits, and queueing what mends it: stages whose models changed, vectors that are damaged.

Each finding is queued once. What could not be mended stays as it is until somebody retries: another try by itself
would fail in the same way.
"""

import json
import logging
import threading
import time
from typing import Any

import sqlalchemy as sa

from avrec.ingest.model_versions import RERUN_STAGES, STAGE_OF, can_run, present, stale_clips
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.jobs import JobStore, Order
from avrec.store.tables import meta

log = logging.getLogger(__name__)

PRIORITY = -10  # new uploads go first
FIRST_SECONDS, EVERY_SECONDS = 1.0, 5.0
STALE_SECONDS = 60.0  # between two looks at a library that changes all the time
THOROUGH_SECONDS = 900.0


def rerun_order(stage: str, clips: list[str] | None, count: int, *, stale: bool = False) -> Order:
    """A job that runs a stage again over clips, or over all; see `avrec.ingest.rerun`."""
    title = f"{stage.capitalize()} again, {count} clip{'s' if count != 1 else ''}"
    fields = {"title": title, "stage": stage, "clips": clips, "stale": stale}
    return Order("", "", title, fields, kind="rerun", priority=PRIORITY)


class Upkeep:
    """Looks after a library, in a thread once started."""

    def __init__(self, database: Database, clips: ClipStore, jobs: JobStore, models: Any):
        self._database, self._clips, self._jobs, self._models = database, clips, jobs, models
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen, self._looked, self._read = -1, -STALE_SECONDS, -THOROUGH_SECONDS

    def start(self, *, thorough: bool) -> None:
        """Look now and then until `stop`.

        Args:
            thorough: Read the vectors for it; else only those that a corpus was found to do without are known.
        """
        self._thread = threading.Thread(target=self._run, args=(thorough,), name="avrec-upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self, thorough: bool) -> None:
        wait = FIRST_SECONDS
        while not self._stop.wait(wait):
            wait = EVERY_SECONDS
            try:
                self._turn(thorough)
            except Exception:
                log.exception("the library could not be looked after")
                wait = STALE_SECONDS

    def _turn(self, thorough: bool) -> None:
        now, revision = time.monotonic(), self._database.revisions()[0]
        if revision != self._seen and now - self._looked >= STALE_SECONDS:
            self._seen, self._looked = revision, now
            self.queue_stale()
        if thorough and now - self._read >= THOROUGH_SECONDS:
            self._read = now
            self.queue_damaged(thorough=True)
        elif self._clips.left_out:
            self.queue_damaged()

    def queue_stale(self) -> list[str]:
        """Queue every stage that other models did in some clips; the ids of the jobs."""
        queued = []
        stale = stale_clips(self._models, self._clips)
        for stage in RERUN_STAGES:
            key = f"rerun:{stage}"
            if stage not in stale:
                if self._database.get(key) is not None and present(self._models, stage) is not None:
                    self._database.drop_value(key)
                continue
            old = sorted(set().union(*stale[stage].values()))
            now = present(self._models, stage)
            pair = json.dumps([old, {**now.versions, **now.names}], sort_keys=True)
            if can_run(self._models, stage) and self._claim(key, pair):
                log.info("%s: %d clips were seen by other models", stage, len(stale[stage]))
                queued += self._jobs.enqueue([rerun_order(stage, None, len(stale[stage]), stale=True)])
        return queued

    def queue_damaged(self, *, thorough: bool = False) -> list[str]:
        """Queue clips with vectors that are damaged or gone; the ids of the jobs.

        Args:
            thorough: Read all vectors.
        """
        if thorough:
            found = {(clip_id, modality) for clip_id, modality, _ in self._clips.damaged_vectors()}
        else:
            found = {(one.clip_id, one.modality) for one in self._clips.left_out}
        queued = []
        for stage in RERUN_STAGES:
            mine = {f"{clip_id} {modality}" for clip_id, modality in found if STAGE_OF[modality] == stage}
            clips = sorted({one.split()[0] for one in self._new(f"mend:{stage}", stage, mine, thorough)})
            if clips:
                queued += self._jobs.enqueue([rerun_order(stage, clips, len(clips))])
        return queued

    def _new(self, key: str, stage: str, found: set[str], all_known: bool) -> set[str]:
        """Those that were not queued before; `all_known`: whatever is not among them was mended meanwhile."""
        before = set(json.loads(self._database.get(key) or "[]"))
        after = found if all_known else before | found
        if after == before or not can_run(self._models, stage):
            return set()
        return found - before if self._claim(key, json.dumps(sorted(after))) else set()

    def _claim(self, key: str, value: str) -> bool:
        """Write a finding down; False where another process did so first."""
        with self._database.write() as connection:
            if connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar() == value:
                return False
            self._database.put(connection, key, value)
            return True
