"""Running one stage again over clips that are in the library, with the present models.

Each clip's results wait in the job's folder; when all are there, one transaction replaces what the stage had found
before. Until then lists and search serve the old results, and a job that is killed or makes way goes on where it was.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avrec.config import Settings
from avrec.errors import AvrecError, ModelError, StoreError, UnknownClipError
from avrec.ingest import stages
from avrec.ingest.faults import Faults
from avrec.ingest.folder import StageFolder
from avrec.ingest.kept_media import kept_media
from avrec.ingest.model_versions import MODALITIES_OF, RERUN_STAGES, Present, present, stale_clips
from avrec.ingest.renewed import read_renewed
from avrec.ingest.stages import Work
from avrec.ingest.task import Task
from avrec.media import Decoded
from avrec.models.catalogue import Models
from avrec.models.memory import relieve
from avrec.schemas import Clip
from avrec.store.clips import ClipStore
from avrec.store.files import read_json, write_json
from avrec.store.jobs import JobStore
from avrec.store.renewal import Renewed, renew

PLAN, DONE = "plan.json", "done.json"
FUNCTIONS = {
    "speech": lambda work: stages.speech(work, work.sound()),
    "audio": stages.audio,
    "pictures": stages.pictures,
    "text": stages.text,
}
READ_AHEAD = 10_000  # clips; their results take some 40 kB each
LOST, GONE, NEW = "lost", "gone", "new"


@dataclass(frozen=True)
class Again(Work):
    """A stage's work over what is kept of a clip."""

    kept: Decoded | None = None

    def decoded(self) -> Decoded:
        return self.kept

    def sound(self) -> np.ndarray | None:
        from avrec.media import load_sound

        return load_sound(self.kept.folder) if self.kept.info.has_sound else None


class Rerun:
    """The handler of jobs of kind "rerun".

    Their fields: "stage"; "clips", a list of ids or None for all; "stale", whether to take of these only the clips that
    the present models have not seen.
    """

    def __init__(self, settings: Settings, clips: ClipStore, jobs: JobStore, models: Models):
        self._settings, self._clips, self._jobs, self._models = settings, clips, jobs, models
        self._faults = Faults(settings.fault)

    def run(self, task: Task) -> str:
        """Run the stage over every clip, then make it visible; returns what was done, in words.

        Raises:
            ModelError, StoreError: It stopped; what is done is kept for the next try.
            JobCancelledError: Nothing was changed.
        """
        stage = task.fields["stage"]
        added = self._plan(task, stage)
        for i, clip_id in enumerate(added):
            if not (task.folder / clip_id / DONE).exists():
                task.announce(i / len(added), f"{stage}: {i + 1} of {len(added)} clips")
                self._faults.strike("rerun")
                self._one(task, stage, clip_id, (i, len(added)))
                self._jobs.update(task.job_id, deaths=0)
            task.make_way()
        task.announce(1.0, f"{stage}: making it visible")
        new = [clip_id for clip_id in added if self._catch_up(task, clip_id)]
        still = lambda connection: self._jobs.check_running(connection, task.job_id)  # noqa: E731
        found = self._renewed(task, new, added)
        if len(new) <= READ_AHEAD:  # so that nobody waits for these files who wants to write meanwhile
            found = list(found)
        self._faults.strike("renew")
        count = renew(self._clips.database, found, still) if new else 0
        return _summary(task, count, added)

    # ---- which clips, in which state -----------------------------------------------------------------

    def _plan(self, task: Task, stage: str) -> dict[str, str]:
        """Clip id -> when it was added; written down once, so that clips that come later are left alone.

        What other models left in the folder before is dropped: versions must not meet within a job either.
        """
        now = {name: _versions(present(self._models, name)) for name in RERUN_STAGES}
        with contextlib.suppress(OSError, ValueError, KeyError):
            plan = read_json(task.folder / PLAN)
            if plan["present"] == now:
                return plan["clips"]
        StageFolder(task.folder).remove()
        wanted, added = task.fields.get("clips"), self._clips.added()
        chosen = set(added) if wanted is None else set(wanted)
        if task.fields.get("stale"):
            chosen &= set(stale_clips(self._models, self._clips).get(stage, {}))
        clips = {clip_id: at for clip_id, at in added.items() if clip_id in chosen}
        write_json(task.folder / PLAN, {"present": now, "clips": clips})
        return clips

    def _one(self, task: Task, stage: str, clip_id: str, place: tuple[int, int]) -> None:
        """Run the stage over a clip and write down how it went."""
        folder = StageFolder(task.folder / clip_id)
        try:
            clip = self._clips.get(clip_id)
            kept = kept_media(clip, self._clips, self._settings, folder.media, stage, lambda: _interrupted(task))
            ran = self._stages(task, stage, clip, kept, folder, place) if kept else []
            outcome = NEW if ran else LOST
        except (ModelError, StoreError):
            raise
        except (AvrecError, OSError, ValueError):
            if self._clips.has(clip_id):
                raise
            ran, outcome = [], GONE  # deleted while it was read
        StageFolder(folder.media).remove()  # decoded again for this alone
        write_json(folder.path / DONE, {"outcome": outcome, "ran": ran})

    def _stages(
        self, task: Task, stage: str, clip: Clip, kept: Decoded, folder: StageFolder, place: tuple[int, int]
    ) -> list[str]:
        done, total = place

        def report(share: float) -> None:
            task.announce((done + min(share, 1.0)) / total, f"{stage}: {done + 1} of {total} clips")

        relieve(self._models)
        ran = []
        if stage != "text":
            FUNCTIONS[stage](Again(folder, self._models, {}, report, clip.preset, kept))
            ran.append(stage)
        if stage != "audio" and (stage == "text" or self._text_needed(stage, clip.clip_id, folder)):
            self._text(clip, kept, folder)
            ran.append("text")
        return ran

    # ---- text ----------------------------------------------------------------------------------------

    def _text_needed(self, stage: str, clip_id: str, folder: StageFolder) -> bool:
        """Whether what the text stage reads has changed, or its models have."""
        before = self._inputs(clip_id)
        now = folder.record("speech")["lines"] if stage == "speech" else folder.record("pictures")["captions"]
        same = now == before[1] if stage == "pictures" else [_line(line) for line in now] == before[0]
        held = {modality: self._clips.all_versions(clip_id).get(modality, {}) for modality in MODALITIES_OF["text"]}
        other = present(self._models, "text")
        return not same or any(
            version not in found for m, version in _versions(other).items() for found in held[m].values()
        )

    def _inputs(self, clip_id: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Spoken lines and a model's captions as the store has them."""
        found = self._clips.annotations(clip_id)
        lines = [{"start": a.start, "end": a.end, "text": a.label} for a in found if a.kind == "speech"]
        return lines, [a.label for a in found if a.kind == "caption" and a.model != "composed"]

    def _text(self, clip: Clip, decoded: Decoded, folder: StageFolder) -> None:
        """Run the text stage on the clip's present fields; what this job did not make comes from the store."""
        lines, captions = self._inputs(clip.clip_id)
        if not folder.done("speech"):
            folder.save("speech", {"lines": lines})
        if not folder.done("pictures"):
            folder.save("pictures", {"captions": captions})
        fields = _fields(clip)
        stages.text(Again(folder, self._models, fields, lambda _: None, clip.preset, decoded))
        write_json(folder.path / "fields.json", fields)

    def _catch_up(self, task: Task, clip_id: str) -> bool:
        """Embed the text of a clip again that was edited since; whether the clip has something new."""
        folder = StageFolder(task.folder / clip_id)
        done = read_json(folder.path / DONE)
        if "text" in done["ran"]:
            with contextlib.suppress(UnknownClipError):
                clip = self._clips.get(clip_id)
                if _fields(clip) != read_json(folder.path / "fields.json"):
                    kept = kept_media(clip, self._clips, self._settings, folder.media, "text", lambda: False)
                    self._text(clip, kept, folder)
        return done["outcome"] == NEW

    # ---- making it visible ---------------------------------------------------------------------------

    def _renewed(self, task: Task, clip_ids: list[str], added: dict[str, str]) -> Iterator[Renewed]:
        for clip_id in clip_ids:
            self._faults.strike("renewing")
            folder = StageFolder(task.folder / clip_id)
            yield read_renewed(folder, clip_id, added[clip_id], read_json(folder.path / DONE)["ran"])


def _fields(clip: Clip) -> dict[str, Any]:
    return {"title": clip.title, "description": clip.description, "tags": list(clip.tags)}


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {"start": line["start"], "end": line["end"], "text": line["text"].strip()}


def _versions(now: Present | None) -> dict[str, str]:
    return {**now.versions, **now.names} if now else {}


def _interrupted(task: Task) -> bool:
    """Whether decoding should end here; the next look at the job says why."""
    try:
        task.make_way()
    except BaseException:
        return True
    return False


def _summary(task: Task, count: int, added: dict[str, str]) -> str:
    outcomes = [_outcome(task.folder / clip_id / DONE) for clip_id in added]
    lost = outcomes.count(LOST)
    parts = [f"{count} clip{'s' if count != 1 else ''} renewed" if count or not lost else ""]
    if lost:
        parts.append(f"{lost} kept what they had, since their files are gone")
    return "; ".join(filter(None, parts)) if added else "every clip has been seen by the present models"


def _outcome(path: Path) -> str:
    return read_json(path)["outcome"]
