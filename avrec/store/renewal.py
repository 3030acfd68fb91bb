"""Replacing what a stage found, for many clips at once: all of it becomes visible together, or none does."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa

from avrec.schemas import CONTENT_MODALITIES, Annotation
from avrec.store.database import Database
from avrec.store.tables import annotations, clips, vectors
from avrec.store.vectors import put_vectors

AT_ONCE = 200


@dataclass(frozen=True)
class Renewed:
    """What is new about one clip.

    Attributes:
        added_at: When the clip was added, as stored: one that was deleted and came again is another.
        kinds: Kinds of annotations that `annotations` replace.
        modalities: Modalities that `vectors` replace, of whatever version; one without new vectors is lost.
        tasks: Keys of the clip's models that `models` replace.
        columns: Other columns of the clip.
        document: The document from the clip's present row; None leaves it as it is.
    """

    clip_id: str
    added_at: str
    kinds: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    modalities: tuple[str, ...] = ()
    vectors: dict[str, tuple[str, np.ndarray]] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    models: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    document: Callable[[sa.Row], str] | None = None


def renew(database: Database, found: Iterable[Renewed], first: Callable[[sa.Connection], None] = lambda _: None) -> int:
    """Replace what was found in clips, in one transaction; clips that are gone by now are left out.

    Args:
        first: What to look at in the transaction before; when it raises, nothing is changed.

    Returns:
        How many clips were renewed.
    """
    count = 0
    with database.write("library") as connection:
        first(connection)
        for some in _chunks(found):
            rows = {row.clip_id: row for row in connection.execute(_rows_of([one.clip_id for one in some]))}
            here = [one for one in some if one.clip_id in rows and str(rows[one.clip_id].added_at) == one.added_at]
            _renew(connection, here, rows)
            count += len(here)
    return count


def _chunks(found: Iterable[Renewed]) -> Iterator[list[Renewed]]:
    iterator = iter(found)
    while some := list(islice(iterator, AT_ONCE)):
        yield some


def _rows_of(clip_ids: list[str]) -> sa.Select:
    return clips.select().where(clips.c.clip_id.in_(clip_ids))


def _renew(connection: sa.Connection, some: list[Renewed], rows: dict[str, sa.Row]) -> None:
    _drop_old(connection, annotations, annotations.c.kind, {one.clip_id: one.kinds for one in some})
    _drop_old(connection, vectors, vectors.c.modality, {one.clip_id: one.modalities for one in some})
    new = [{"clip_id": one.clip_id, **vars(a)} for one in some for a in one.annotations]
    if new:
        connection.execute(annotations.insert(), new)
    put_vectors(connection, [(one.clip_id, name, *pair) for one in some for name, pair in one.vectors.items()])
    held = _held(connection, [one.clip_id for one in some])
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in some:
        values = _columns(one, rows[one.clip_id], held.get(one.clip_id, set()))
        alike.setdefault(tuple(values), []).append({"of": one.clip_id} | {f"new_{n}": v for n, v in values.items()})
    for names, values in alike.items():
        update = clips.update().where(clips.c.clip_id == sa.bindparam("of"))
        connection.execute(update.values({name: sa.bindparam(f"new_{name}") for name in names}), values)


def _drop_old(
    connection: sa.Connection, table: sa.Table, column: sa.Column, names_of: dict[str, tuple[str, ...]]
) -> None:
    """Delete rows by clip and name, with one statement for all clips that lose the same names."""
    for names in set(names_of.values()):
        mine = [clip_id for clip_id, own in names_of.items() if own == names]
        connection.execute(table.delete().where(table.c.clip_id.in_(mine), column.in_(names)))


def _held(connection: sa.Connection, clip_ids: list[str]) -> dict[str, set[str]]:
    """Clip id -> modalities that it has vectors of."""
    found: dict[str, set[str]] = {}
    query = sa.select(vectors.c.clip_id, vectors.c.modality).where(vectors.c.clip_id.in_(clip_ids))
    for clip_id, modality in connection.execute(query):
        found.setdefault(clip_id, set()).add(modality)
    return found


def _columns(one: Renewed, row: sa.Row, held: set[str]) -> dict[str, Any]:
    document = one.document(row) if one.document else row.document
    present = held | ({"words"} if document.strip() else set())
    models = {task: name for task, name in row.models.items() if task not in one.tasks}
    return {
        **one.columns,
        "document": document,
        "models": models | one.models,
        "modalities": [m for m in CONTENT_MODALITIES if m in present],
    }
