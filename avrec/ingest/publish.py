"""The last stage: all that the others left becomes one clip, in one transaction."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from avrec.config import Settings
from avrec.errors import JobCancelledError
from avrec.ingest.folder import StageFolder
from avrec.ingest.stages import spoken_annotations
from avrec.media.decode_result import Decoded, load_decoded
from avrec.schemas import CONTENT_MODALITIES, SEGMENT_MODALITIES, Annotation, Clip, Understanding
from avrec.store.clips import ClipStore
from avrec.store.files import move_folder
from avrec.store.tables import jobs


def publish(folder: StageFolder, job: sa.Row, clips: ClipStore, clips_dir: Path) -> Understanding:
    """Move the clip's files into place and store it, in one transaction that others wait for.

    Files go first: rows without files would be a broken clip, files without rows are only an orphan, which the next
    try or `doctor` takes away.

    Raises:
        JobCancelledError: The job was cancelled, or is gone because a backup was restored; nothing was changed.
    """
    home = clips_dir / job.sha256[:16]
    understanding = assemble(folder, job, load_decoded(folder.media if folder.media.exists() else home))

    def place(connection: sa.Connection) -> None:
        if connection.execute(sa.select(jobs.c.state).where(jobs.c.job_id == job.job_id)).scalar() != "running":
            raise JobCancelledError
        if folder.media.exists():
            move_folder(folder.media, home)

    clips.publish(understanding, job.source, place)
    return understanding


def assemble(folder: StageFolder, job: sa.Row, decoded: Decoded) -> Understanding:
    """Gather the records and arrays of all stages."""
    said, heard, seen, read = (folder.record(stage) for stage in ("speech", "audio", "pictures", "text"))
    vectors: dict[str, tuple[str, np.ndarray]] = {}
    if heard["version"]:
        vectors["audio"] = (heard["version"], folder.arrays("audio")["vectors"])
    for stage, record in (("pictures", seen), ("text", read)):
        arrays = folder.arrays(stage)
        vectors |= {modality: (version, arrays[modality]) for modality, version in record["versions"].items()}
    vectors = {m: pair for m, pair in vectors.items() if np.isfinite(pair[1]).all(axis=1).any()}

    annotations = spoken_annotations(said)
    annotations += [Annotation(**a) for a in heard["annotations"] + seen["annotations"]]
    models: dict[str, str] = {**seen["models"], **read["models"]}
    models |= {task: r["model"] for task, r in (("speech", said), ("audio", heard)) if r["model"]}
    return Understanding(
        clip=_clip(job, decoded, said, vectors, read["document"]),
        segments=decoded.segments,
        annotations=tuple(annotations),
        vectors={m: vectors[m] for m in (*SEGMENT_MODALITIES, "meaning") if m in vectors},
        document=read["document"],
        models=models,
        stage_seconds=dict(job.stage_seconds),
    )


def _clip(job: sa.Row, decoded: Decoded, said: dict[str, Any], vectors: dict[str, Any], document: str) -> Clip:
    fields = job.fields
    present = set(vectors) | ({"words"} if document.strip() else set())
    return Clip(
        clip_id=job.sha256[:16],
        sha256=job.sha256,
        title=fields["title"],
        file_name=job.file_name,
        info=decoded.info,
        added_at=datetime.now(UTC),
        description=fields.get("description", ""),
        tags=tuple(fields.get("tags", ())),
        category=fields.get("category", ""),
        subject=fields.get("subject", ""),
        language=said["language"],
        language_probability=said["language_probability"],
        status="partial" if decoded.info.partial else "complete",
        preset=job.preset,
        demo=bool(fields.get("demo")),
        modalities=tuple(m for m in CONTENT_MODALITIES if m in present),
    )


def remove_clip(clip_id: str, clips: ClipStore, settings: Settings) -> None:
    """Take a clip out of the store, then its files off the disk; files of a server folder stay where they are.

    Raises:
        UnknownClipError: It is not there.
    """
    sha256, source = clips.get(clip_id).sha256, settings.data / clips.source(clip_id)
    clips.delete(clip_id)
    shutil.rmtree(settings.clips_dir / clip_id, ignore_errors=True)
    for original in (source, settings.originals_dir / sha256):  # the second where a file of a server folder came again
        if original.is_relative_to(settings.originals_dir):
            original.unlink(missing_ok=True)


def describe(understanding: Understanding) -> str:
    """One line for the queue: what was found."""
    lines = sum(a.kind == "speech" for a in understanding.annotations)
    words = sum(len(a.label.split()) for a in understanding.annotations if a.kind == "speech")
    parts = [f"{len(understanding.segments)} segment{'s' if len(understanding.segments) != 1 else ''}"]
    parts.append(f"{words} words in {lines} line{'s' if lines != 1 else ''}" if lines else "no speech")
    if not understanding.clip.info.has_sound:
        parts.append("no sound")
    if understanding.clip.info.kind == "audio":
        parts.append("no picture")
    best = max(
        (a for a in understanding.annotations if a.kind in ("scene", "object")), key=lambda a: a.score, default=None
    )
    if best:
        parts.append(best.label)
    return ", ".join(parts)
