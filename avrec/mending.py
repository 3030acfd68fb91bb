"""The Engine's side of self-checks: what is wrong is mended where nothing can be lost, in jobs where that is slow."""

import contextlib

from avrec import health
from avrec.config import Settings
from avrec.ingest.orphans import lost_originals
from avrec.ingest.remake import missing_files, originals, remake
from avrec.ingest.task import Handler, Task
from avrec.media.decode_result import load_decoded
from avrec.models.catalogue import Models
from avrec.schemas import Clip, Job
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.jobs import LIVE, JobStore, Order

MEDIA = "media"
PRIORITY = 2
NAMED = 3


class Mending:
    """Self-checks. `Engine` sets the attributes and adds `wait`."""

    settings: Settings
    _database: Database
    _clips: ClipStore
    _jobs: JobStore
    _models: Models

    def wait(self, job_ids: list[str], timeout: float | None = None) -> list[Job]:
        raise TypeError("only the Engine waits")

    def doctor(self, wait: bool = False) -> list[tuple[str, bool, str]]:
        """Check the store, and mend what can be mended without a loss; (name, passed, sentence).

        Args:
            wait: Take the time for a thorough check, and wait for what is mended by decoding again; without, that goes
                on in the background.
        """
        files = lambda: self._check_files(wait)  # noqa: E731
        return health.check(self.settings, self._database, self._clips, self._models, files, thorough=wait)

    def _check_files(self, wait: bool) -> tuple[bool, str]:
        """Clips that lack files get them from their original, in jobs."""
        lacking = self._lacking()
        if not lacking:
            return True, "Every clip has its files."
        sources = {c.clip_id: originals(self.settings, c, self._clips.source(c.clip_id)) for c in lacking}
        orphaned = [clip for clip in lacking if not sources[clip.clip_id]]
        ids = self._queue_media([clip for clip in lacking if sources[clip.clip_id]])
        if wait and ids and not self._jobs.paused:
            self.wait(ids)
            return self._say_made(len(ids))
        told = [_say_gone(orphaned)] if orphaned else []
        if ids:
            told.insert(
                0, f"{len(ids)} clip(s) lack files; they are being made again from the originals, in the queue."
            )
        return False, " ".join(told)

    def _lacking(self) -> list[Clip]:
        return [clip for clip in self._clips.all() if missing_files(self.settings, clip)]

    def _say_made(self, tried: int) -> tuple[bool, str]:
        left = self._lacking()
        made = tried - sum(bool(originals(self.settings, c, self._clips.source(c.clip_id))) for c in left)
        told = [f"{made} clip(s) lacked files; they were made again from the originals."] if made else []
        return not left, " ".join([*told, *([_say_gone(left)] if left else [])])

    def _queue_media(self, clips: list[Clip]) -> list[str]:
        """Jobs that make files again: those that are under way, and new ones."""
        live = {row.sha256: row.job_id for row in self._jobs.rows(1000) if row.kind == MEDIA and row.state in LIVE}
        orders = [
            Order(c.sha256, "", c.file_name, {"title": f"Files of {c.title}"}, c.preset, kind=MEDIA, priority=PRIORITY)
            for c in clips
            if c.sha256 not in live
        ]
        return [live[c.sha256] for c in clips if c.sha256 in live] + self._jobs.enqueue(orders)

    def take_back(self) -> int:
        """Mend what a rescued database lacks: segments from the clips' files, and clips from their originals.

        Returns:
            How many originals were queued to be taken in again.
        """
        for clip in self._clips.all():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                known = load_decoded(self.settings.clips_dir / clip.clip_id).segments
                if known != self._clips.segments(clip.clip_id):
                    self._clips.put_segments(clip.clip_id, known)
        lost = lost_originals(self.settings, self._database)
        source = self.settings.originals_dir.name
        return len(self._jobs.enqueue([_again(path.name, f"{source}/{path.name}") for path in lost]))

    def _mending_handlers(self) -> dict[str, Handler]:
        """Kind of job -> what the worker runs for it."""
        return {MEDIA: self._run_media}

    def _run_media(self, task: Task) -> str:
        return remake(task, self._clips, self.settings)


def _again(sha256: str, source: str) -> Order:
    return Order(sha256, source, sha256[:16], {"title": f"Recovered {sha256[:8]}", "description": "", "tags": []})


def _say_gone(clips: list[Clip]) -> str:
    names = ", ".join(clip.title for clip in clips[:NAMED]) + (", ..." if len(clips) > NAMED else "")
    return (
        f"{len(clips)} clip(s) have no preview, and their originals are gone or changed: {names}. They are still "
        "recommended and found. Add the same files again and check again, or delete them."
    )
