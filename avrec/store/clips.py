"""Clips with all that was found in them: published in one transaction, read whole."""

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


class ClipStore:
    """Reads and writes of clips, segments, annotations and vectors."""

    def __init__(self, database: Database):
        self.database = database

    def publish(self, found: Understanding, source: str) -> None:
        """Store a clip and everything found in it, replacing an earlier version of the same clip, or nothing.

        Args:
            found: What ingest made.
            source: Where the original lies: a path below the data directory, or a server path it refers to.
        """
        clip_id = found.clip.clip_id
        with self.database.write("library") as connection:
            connection.execute(clips.delete().where(clips.c.clip_id == clip_id))
            connection.execute(clips.insert().values(**_clip_row(found), source=source))
            if found.segments:
                rows = [
                    {"clip_id": clip_id, "position": i, "start": s.start, "end": s.end}
                    for i, s in enumerate(found.segments)
                ]
                connection.execute(segments.insert(), rows)
            if found.annotations:
                connection.execute(annotations.insert(), [{"clip_id": clip_id, **asdict(a)} for a in found.annotations])
            for modality, (version, matrix) in found.vectors.items():
                self._put_vectors(connection, clip_id, modality, version, matrix)

    def update_text(self, clip_id: str, document: str, version: str, matrix: np.ndarray) -> None:
        """Replace the document vector after the title, description or tags were edited."""
        with self.database.write("library") as connection:
            connection.execute(clips.update().where(clips.c.clip_id == clip_id).values(document=document))
            connection.execute(vectors.delete().where(vectors.c.clip_id == clip_id, vectors.c.modality == "meaning"))
            if connection.execute(sa.select(clips.c.clip_id).where(clips.c.clip_id == clip_id)).first():
                self._put_vectors(connection, clip_id, "meaning", version, matrix)

    @staticmethod
    def _put_vectors(connection: sa.Connection, clip_id: str, modality: str, version: str, matrix: np.ndarray) -> None:
        data = np.ascontiguousarray(matrix, dtype=np.float32)
        connection.execute(
            vectors.insert().values(
                clip_id=clip_id,
                modality=modality,
                version=version,
                rows=data.shape[0],
                dim=data.shape[1],
                data=data.tobytes(),
            )
        )

    def edit(self, clip_id: str, **fields: Any) -> Clip:
        """Change title, description, tags or document at once."""
        with self.database.write("library") as connection:
            result = connection.execute(clips.update().where(clips.c.clip_id == clip_id).values(**fields))
            if not result.rowcount:
                raise UnknownClipError(clip_id)
        return self.get(clip_id)

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
            return [_clip(row) for row in rows]

    def get(self, clip_id: str) -> Clip:
        return _clip(self._row(clip_id))

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

    def lines(self, kind: str = "speech") -> list[tuple[str, float, float, str]]:
        """Every line of the library that was said, or found otherwise: (clip_id, start, end, text)."""
        query = sa.select(annotations.c.clip_id, annotations.c.start, annotations.c.end, annotations.c.label)
        with self.database.read() as connection:
            rows = connection.execute(query.where(annotations.c.kind == kind).order_by(annotations.c.annotation_id))
            return [tuple(row) for row in rows]

    def serving_versions(self) -> dict[str, str]:
        """Modality -> the version of its vectors that recommenders see."""
        with self.database.read() as connection:
            return {modality: version for modality, (_, version) in _serving(connection).items()}

    def corpus(self) -> Corpus:
        """The whole library as recommenders see it, read in one snapshot.

        Vectors of different versions never meet: per modality the version that most clips have is served, and a clip
        that lacks it counts as lacking the modality until it is embedded again.
        """
        with self.database.read() as connection, connection.begin():
            rows = connection.execute(clips.select().order_by(clips.c.added_at, clips.c.clip_id)).all()
            spans = connection.execute(segments.select().order_by(segments.c.clip_id, segments.c.position)).all()
            serving = _serving(connection)
            blobs = {
                modality: connection.execute(
                    vectors.select().where(vectors.c.modality == modality, vectors.c.version == version)
                ).all()
                for modality, (_, version) in serving.items()
            }
        index = {row.clip_id: i for i, row in enumerate(rows)}
        bounds: dict[str, list[tuple[float, float]]] = {}
        for span in spans:
            bounds.setdefault(span.clip_id, []).append((span.start, span.end))
        durations = np.array([row.info["duration"] for row in rows], dtype=np.float64)
        sets = {
            modality: _vector_set(serving[modality][1], blobs[modality], index, bounds, durations)
            for modality in VECTOR_MODALITIES
            if modality in blobs
        }
        return Corpus(
            clip_ids=tuple(index),
            titles=tuple(row.title for row in rows),
            documents=tuple(row.document for row in rows),
            languages=tuple(row.language for row in rows),
            durations=durations,
            added_at=tuple(row.added_at.replace(tzinfo=UTC) for row in rows),
            vectors=sets,
            topics=tuple(_topics(row) for row in rows),
        )


def _serving(connection: sa.Connection) -> dict[str, tuple[int, str]]:
    """Modality -> (how many clips have it, the version that most of them have)."""
    columns = vectors.c.modality, vectors.c.version
    serving: dict[str, tuple[int, str]] = {}
    for modality, version, count in connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns)):
        serving[modality] = max(serving.get(modality, (0, "")), (count, version))
    return serving


def _topics(row: sa.Row) -> tuple[str, ...]:
    """What a clip is filed under: its subject, else its category, else its tags."""
    named = [name for name in (row.subject, row.category) if name][:1]
    return tuple(named or dict.fromkeys(row.tags))


def _vector_set(
    version: str,
    blobs: list[sa.Row],
    index: dict[str, int],
    bounds: dict[str, list[tuple[float, float]]],
    durations: np.ndarray,
) -> VectorSet:
    clip_rows, starts, ends, matrices = [], [], [], []
    for blob in sorted(blobs, key=lambda row: index[row.clip_id]):
        position = index[blob.clip_id]
        matrix = np.frombuffer(blob.data, dtype=np.float32).reshape(blob.rows, blob.dim)
        spans = bounds.get(blob.clip_id, [])
        if blob.rows != len(spans):  # one vector for the whole clip
            spans = [(0.0, float(durations[position]))]
        keep = np.isfinite(matrix).all(axis=1)
        matrices.append(matrix[keep])
        clip_rows.append(np.full(int(keep.sum()), position, dtype=np.int64))
        times = np.asarray(spans, dtype=np.float64).reshape(-1, 2)[: blob.rows][keep]
        starts.append(times[:, 0])
        ends.append(times[:, 1])
    return VectorSet(
        version=version,
        clip=np.concatenate(clip_rows),
        start=np.concatenate(starts),
        end=np.concatenate(ends),
        matrix=np.concatenate(matrices),
    )


def _clip_row(found: Understanding) -> dict[str, Any]:
    row = asdict(found.clip)
    row["tags"] = list(found.clip.tags)
    row["modalities"] = list(found.clip.modalities)
    row["added_at"] = found.clip.added_at.astimezone(UTC).replace(tzinfo=None)
    return row | {"document": found.document, "models": found.models, "stage_seconds": found.stage_seconds}


def _clip(row: sa.Row) -> Clip:
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
