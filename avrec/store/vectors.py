"""Writing vectors, and which version of them is served.

Per modality the version that most clips have is served; where two have as many, the one that came into the store
later. So after a change of model the old version serves until the new one covers at least as many clips, and the
answer depends on nothing but what is stored.
"""

import json
from collections.abc import Iterable, Sequence

import numpy as np
import sqlalchemy as sa

from avrec.store.tables import clips, meta, vectors
from avrec.store.vector_rows import checksum

ORDER = "versions:"  # + modality -> versions in the order in which they came

Row = tuple[str, str, str, np.ndarray]  # clip id, modality, version, (rows, dim)


def put_vectors(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Insert vectors of clips that have none of these versions."""
    if not rows:
        return
    _note_order(connection, {(modality, version) for _, modality, version, _ in rows})
    connection.execute(vectors.insert(), [_row(*row) for row in rows])


def _row(clip_id: str, modality: str, version: str, matrix: np.ndarray) -> dict[str, object]:
    whole = np.ascontiguousarray(matrix, dtype=np.float32)
    data = whole.tobytes()
    named = {"clip_id": clip_id, "modality": modality, "version": version}
    return named | {"rows": whole.shape[0], "dim": whole.shape[1], "data": data, "checksum": checksum(data)}


def serving(connection: sa.Connection) -> dict[str, str]:
    """Modality -> the version that is served."""
    columns = vectors.c.modality, vectors.c.version
    counts: dict[str, dict[str, int]] = {}
    for modality, version, count in connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns)):
        counts.setdefault(modality, {})[version] = count
    return {modality: _most(found, _order(connection, modality)) for modality, found in counts.items()}


def _most(counts: dict[str, int], order: list[str]) -> str:
    """The version with the highest count; of equal ones the latest in the order."""
    return max(counts, key=lambda version: (counts[version], order.index(version) if version in order else -1, version))


def _order(connection: sa.Connection, modality: str) -> list[str]:
    """Versions of a modality in the order in which they came; of an older store, by their first clip."""
    kept = connection.execute(sa.select(meta.c.value).where(meta.c.key == ORDER + modality)).scalar()
    if kept is not None:
        return list(json.loads(kept))
    first = sa.func.min(clips.c.added_at)
    query = sa.select(vectors.c.version).join(clips, clips.c.clip_id == vectors.c.clip_id)
    query = query.where(vectors.c.modality == modality).group_by(vectors.c.version).order_by(first, vectors.c.version)
    return list(connection.execute(query).scalars())


def _note_order(connection: sa.Connection, coming: Iterable[tuple[str, str]]) -> None:
    """Write down versions that the store does not hold yet; one that comes back counts as new."""
    for modality, version in sorted(coming):
        order = _order(connection, modality)
        if order[-1:] == [version] or (version in order and _held(connection, modality, version)):
            continue
        order = [*(one for one in order if one != version), version]
        connection.execute(meta.delete().where(meta.c.key == ORDER + modality))
        connection.execute(meta.insert().values(key=ORDER + modality, value=json.dumps(order)))


def _held(connection: sa.Connection, modality: str, version: str) -> bool:
    query = sa.select(vectors.c.clip_id).where(vectors.c.modality == modality, vectors.c.version == version)
    return connection.execute(query.limit(1)).first() is not None
