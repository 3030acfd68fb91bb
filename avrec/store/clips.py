"""Clips with all that was found in them: published in one transaction, read whole."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC
from typing import Any

import numpy as np
import sqlalchemy as sa

from avrec.errors import UnknownClipError
from avrec.schemas import (
    VECTOR_MODALITIES,
    Annotation,
    Clip,
    Corpus,
    MediaInfo,
    Segment,
    Understanding,
    VectorSet,
)
from avrec.store.database import Database
from avrec.store.tables import annotations, clips, interactions, segments, vectors
from avrec.store.vector_rows import ClipBounds, Damaged, vector_set
from avrec.store.vectors import put_vectors, serving

log = logging.getLogger(__name__)


class ClipStore:
    """Reads and writes of clips, segments, annotations and vectors.

    Attributes:
        left_out: Damaged vectors that the last corpus does without.
    """

    def __init__(self, database: Database):
        self.database = database
        self.left_out: tuple[Damaged, ...] = ()

    def publish(self, found: Understanding, source: str, first: Callable[[sa.Connection], None] | None = None) -> None:
        """Store a clip and everything found in it, replacing an earlier version of the same clip, or nothing.

        Args:
            found: What ingest made.
            source: Where the original lies: a path below the data directory, or a server path it refers to.
            first: What to do in the same transaction before; when it raises, nothing is stored.
        """
        clip_id = found.clip.clip_id
        with self.database.write("library") as connection:
            if first is not None:
                first(connection)
            connection.execute(clips.delete().where(clips.c.clip_id == clip_id))
            connection.execute(clips.insert().values(**_clip_row(found), source=source))
            self._put_segments(connection, clip_id, found.segments)
            if found.annotations:
                connection.execute(annotations.insert(), [{"clip_id": clip_id, **asdict(a)} for a in found.annotations])
            put_vectors(connection, [(clip_id, name, *vector) for name, vector in found.vectors.items()])

    def update_text(self, clip_id: str, document: str, version: str, matrix: np.ndarray) -> None:
        """Replace the document vector after the title, description or tags were edited."""
        with self.database.write("library") as connection:
            connection.execute(clips.update().where(clips.c.clip_id == clip_id).values(document=document))
            connection.execute(vectors.delete().where(vectors.c.clip_id == clip_id, vectors.c.modality == "meaning"))
            if connection.execute(sa.select(clips.c.clip_id).where(clips.c.clip_id == clip_id)).first():
                put_vectors(connection, [(clip_id, "meaning", version, matrix)])

    def edit(self, clip_id: str, **fields: Any) -> Clip:
        """Change title, description, tags or document at once."""
        with self.database.write("library") as connection:
            result = connection.execute(clips.update().where(clips.c.clip_id == clip_id).values(**fields))
            if not result.rowcount:
                raise UnknownClipError(clip_id)
        return self.get(clip_id)

    def put_segments(self, clip_id: str, found: tuple[Segment, ...]) -> None:
        """Replace a clip's segments, as where some of them were lost."""
        with self.database.write("library") as connection:
            connection.execute(segments.delete().where(segments.c.clip_id == clip_id))
            self._put_segments(connection, clip_id, found)

    @staticmethod
    def _put_segments(connection: sa.Connection, clip_id: str, found: tuple[Segment, ...]) -> None:
        if found:
            rows = [{"clip_id": clip_id, "position": i, "start": s.start, "end": s.end} for i, s in enumerate(found)]
            connection.execute(segments.insert(), rows)

    def delete(self, clip_id: str) -> None:
        """Remove a clip, what was found in it, and its events."""
        with self.database.write("library", "events") as connection:
            if not connection.execute(clips.delete().where(clips.c.clip_id == clip_id)).rowcount:
                raise UnknownClipError(clip_id)
            connection.execute(interactions.delete().where(interactions.c.clip_id == clip_id))

    def all(self) -> list[Clip]:
        """Every clip, newest first."""
        with self.database.read() as connection:
            rows = connection.execute(clips.select().order_by(clips.c.added_at.desc(), clips.c.clip_id))
            return [read_clip(row) for row in rows]

    def get(self, clip_id: str) -> Clip:
        return read_clip(self._row(clip_id))

    def has(self, clip_id: str) -> bool:
        with self.database.read() as connection:
            return connection.execute(sa.select(clips.c.clip_id).where(clips.c.clip_id == clip_id)).first() is not None

    def ids(self) -> list[str]:
        with self.database.read() as connection:
            return list(connection.execute(sa.select(clips.c.clip_id)).scalars())

    def source(self, clip_id: str) -> str:
        return self._row(clip_id).source

    def document(self, clip_id: str) -> str:
        return self._row(clip_id).document

    def models(self, clip_id: str) -> dict[str, str]:
        return dict(self._row(clip_id).models)

    def _row(self, clip_id: str) -> sa.Row:
        with self.database.read() as connection:
            row = connection.execute(clips.select().where(clips.c.clip_id == clip_id)).first()
        if row is None:
            raise UnknownClipError(clip_id)
        return row

    def segments(self, clip_id: str) -> tuple[Segment, ...]:
        self._row(clip_id)
        with self.database.read() as connection:
            query = segments.select().where(segments.c.clip_id == clip_id).order_by(segments.c.position)
            return tuple(Segment(row.start, row.end) for row in connection.execute(query))

    def annotations(self, clip_id: str, kind: str | None = None) -> list[Annotation]:
        """Annotations by start time, the most probable first where they start together."""
        self._row(clip_id)
        query = annotations.select().where(annotations.c.clip_id == clip_id)
        if kind:
            query = query.where(annotations.c.kind == kind)
        with self.database.read() as connection:
            return [
                _annotation(r) for r in connection.execute(query.order_by(annotations.c.start, -annotations.c.score))
            ]

    def added(self) -> dict[str, str]:
        """Clip id -> when it was added, as stored; the oldest first."""
        query = sa.select(clips.c.clip_id, clips.c.added_at).order_by(clips.c.added_at, clips.c.clip_id)
        with self.database.read() as connection:
            return {clip_id: str(at) for clip_id, at in connection.execute(query)}

    def all_models(self) -> dict[str, dict[str, str]]:
        """Clip id -> its models: task -> name."""
        with self.database.read() as connection:
            return {
                row.clip_id: dict(row.models) for row in connection.execute(sa.select(clips.c.clip_id, clips.c.models))
            }

    def all_versions(self, clip_id: str | None = None) -> dict[str, dict[str, set[str]]]:
        """Modality -> clip id -> versions of its vectors; of one clip, or of all."""
        query = sa.select(vectors.c.modality, vectors.c.clip_id, vectors.c.version)
        if clip_id is not None:
            query = query.where(vectors.c.clip_id == clip_id)
        found: dict[str, dict[str, set[str]]] = {}
        with self.database.read() as connection:
            for modality, owner, version in connection.execute(query):
                found.setdefault(modality, {}).setdefault(owner, set()).add(version)
        return found

    def lines(self, kind: str = "speech") -> list[tuple[str, float, float, str]]:
        """Every line of the library that was said, or found otherwise: (clip_id, start, end, text)."""
        query = sa.select(annotations.c.clip_id, annotations.c.start, annotations.c.end, annotations.c.label)
        with self.database.read() as connection:
            rows = connection.execute(query.where(annotations.c.kind == kind).order_by(annotations.c.annotation_id))
            return [tuple(row) for row in rows]

    def serving_versions(self) -> dict[str, str]:
        """Modality -> the version of its vectors that recommenders see."""
        with self.database.read() as connection:
            return serving(connection)

    def corpus(self) -> Corpus:
        """The whole library as recommenders see it, read in one snapshot.

        Vectors of different versions never meet: see `avrec.store.vectors` for the one that is served, and a clip that
        lacks it counts as lacking the modality until it is embedded again. So does one whose vectors are damaged.
        """
        rows, sets, damaged = self._read()
        for one in sorted(set(damaged) - set(self.left_out), key=lambda one: (one.clip_id, one.modality)):
            log.warning("vectors left out: clip %s, %s: %s", one.clip_id, one.modality, one.reason)
        self.left_out = tuple(damaged)
        return Corpus(
            clip_ids=tuple(row.clip_id for row in rows),
            titles=tuple(row.title for row in rows),
            documents=tuple(row.document for row in rows),
            languages=tuple(row.language for row in rows),
            durations=np.array([row.info["duration"] for row in rows], dtype=np.float64),
            added_at=tuple(row.added_at.replace(tzinfo=UTC) for row in rows),
            vectors=sets,
            topics=tuple(_topics(row) for row in rows),
        )

    def damaged_vectors(self) -> list[tuple[str, str, str]]:
        """Vectors that are served to nobody because they are damaged or gone: (clip_id, modality, reason).

        The reason is a clause. Vectors of another version than the serving one are none of these; what has neither
        is named when the clip's record says that it had them.
        """
        damaged: list[Damaged] = []
        for modality in VECTOR_MODALITIES:  # one by one, since a library's vectors are large
            rows, _, wrong = self._read((modality,))
            damaged += wrong
        with self.database.read() as connection:
            pairs = sa.select(vectors.c.clip_id, vectors.c.modality)
            held = {tuple(pair) for pair in connection.execute(pairs)}
        named = [(row.clip_id, m) for row in rows for m in VECTOR_MODALITIES if m in row.modalities]
        gone = [(*pair, "it is no longer in the store") for pair in named if pair not in held]
        return sorted([(one.clip_id, one.modality, one.reason) for one in damaged] + gone)

    def _read(
        self, modalities: Sequence[str] = VECTOR_MODALITIES
    ) -> tuple[list[sa.Row], dict[str, VectorSet], list[Damaged]]:
        """Clips by age, the serving vectors by modality, and those that cannot be used."""
        with self.database.read() as connection, connection.begin():
            rows = connection.execute(clips.select().order_by(clips.c.added_at, clips.c.clip_id)).all()
            spans = connection.execute(segments.select().order_by(segments.c.clip_id, segments.c.position)).all()
            found = {
                modality: (version, connection.execute(_vectors_of(modality, version)).all())
                for modality, version in serving(connection).items()
                if modality in modalities
            }
        bounds: dict[str, list[tuple[float, float]]] = {}
        for span in spans:
            bounds.setdefault(span.clip_id, []).append((span.start, span.end))
        known = {
            row.clip_id: ClipBounds(i, float(row.info["duration"]), tuple(bounds.get(row.clip_id, ())))
            for i, row in enumerate(rows)
        }
        read = {m: vector_set(m, *found.pop(m), known) for m in VECTOR_MODALITIES if m in found}
        sets = {modality: made for modality, (made, _) in read.items() if made is not None}
        return rows, sets, [one for _, damaged in read.values() for one in damaged]


def _vectors_of(modality: str, version: str) -> sa.Select:
    return vectors.select().where(vectors.c.modality == modality, vectors.c.version == version)


def _topics(row: sa.Row) -> tuple[str, ...]:
    """What a clip is filed under: its subject, else its category, else its tags."""
    named = [name for name in (row.subject, row.category) if name][:1]
    return tuple(named or dict.fromkeys(row.tags))


def _clip_row(found: Understanding) -> dict[str, Any]:
    row = asdict(found.clip)
    row["tags"] = list(found.clip.tags)
    row["modalities"] = list(found.clip.modalities)
    row["added_at"] = found.clip.added_at.astimezone(UTC).replace(tzinfo=None)
    return row | {"document": found.document, "models": found.models, "stage_seconds": found.stage_seconds}


def read_clip(row: sa.Row) -> Clip:
    """The record of a row."""
    info = dict(row.info)
    info["notes"] = tuple(info.get("notes", ()))
    return Clip(
        clip_id=row.clip_id,
        sha256=row.sha256,
        title=row.title,
        file_name=row.file_name,
        info=MediaInfo(**info),
        added_at=row.added_at.replace(tzinfo=UTC),
        description=row.description,
        tags=tuple(row.tags),
        category=row.category,
        subject=row.subject,
        language=row.language,
        language_probability=row.language_probability,
        status=row.status,
        preset=row.preset,
        demo=row.demo,
        modalities=tuple(row.modalities),
    )


def _annotation(row: sa.Row) -> Annotation:
    return Annotation(row.start, row.end, row.kind, row.label, row.score, row.model, dict(row.details))
