"""Damaged vectors are left out and named; everything else goes on serving."""

import numpy as np
import pytest
import sqlalchemy as sa
from light import take_in

from avrec.store.tables import vectors

UNIT = np.eye(1, 8, dtype=np.float32)
DAMAGE = {
    "cut short": ({"data": UNIT.tobytes()[:-3]}, "bytes in place of"),
    "empty": ({"data": b""}, "bytes in place of"),
    "another dimension": ({"data": UNIT[:, :4].tobytes(), "rows": 1, "dim": 4}, "4 dimensions in place of 8"),
    "too many rows": ({"data": np.tile(UNIT, (9, 1)).tobytes(), "rows": 9, "dim": 8}, "9 rows for"),
    "no rows": ({"data": b"", "rows": 0, "dim": 8}, "not readable"),
    "a negative size": ({"data": UNIT.tobytes(), "rows": -1, "dim": -8}, "not readable"),
    "NaN": ({"data": (UNIT * np.nan).tobytes(), "rows": 1}, "none of its rows"),
    "half NaN": ({"data": np.where(UNIT == 1, 1, np.nan).astype(np.float32).tobytes(), "rows": 1}, "not finite"),
    "infinity": ({"data": np.where(UNIT == 1, np.inf, 0).astype(np.float32).tobytes(),
                  "rows": 1}, "not finite"),
    "zeros": ({"data": bytes(32), "rows": 1}, "not of length 1"),
    "a flipped exponent": ({"data": (UNIT * 2.0**40).tobytes(), "rows": 1}, "not of length 1"),
}  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """An engine with three clips, and the rows of their pictures' vectors."""
    from light import LightModels

    from avrec.config import Settings
    from avrec.engine import Engine

    folder = tmp_path_factory.mktemp("vectors")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    ids = take_in(engine, folder, ("Red kite", "Blue kite", "Green tree"))
    yield engine, ids
    engine.close()


def put(engine, clip_id, modality="visual", **values):
    values = {"checksum": None} | values  # as older stores have them, so that the numbers themselves are looked at
    with engine._database.write("library") as connection:
        chosen = vectors.update().where(vectors.c.clip_id == clip_id, vectors.c.modality == modality)
        connection.execute(chosen.values(**values))


@pytest.fixture
def damaged(library):
    """Damage the first clip's pictures for one test."""
    engine, ids = library
    with engine._database.read() as connection:
        mine = sa.select(vectors).where(vectors.c.clip_id == ids[0], vectors.c.modality == "visual")
        row = connection.execute(mine).one()
    yield lambda **values: put(engine, ids[0], **values)
    put(engine, ids[0], rows=row.rows, dim=row.dim, data=row.data, checksum=row.checksum)


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_blob_is_left_out_and_named_while_the_others_serve(library, damaged, case):
    engine, ids = library
    whole = engine._clips.corpus()
    values, words = DAMAGE[case]
    damaged(**values)
    corpus = engine._clips.corpus()
    assert set(corpus.vectors["visual"].clip) == {1, 2}
    for modality in ("audio", "speech", "caption", "meaning"):
        assert corpus.vectors[modality].matrix.tobytes() == whole.vectors[modality].matrix.tobytes()
    ((clip_id, modality, reason),) = engine._clips.damaged_vectors()
    assert (clip_id, modality) == (ids[0], "visual")
    assert words in reason
    assert len(engine.similar(ids[0]).recommendations) == 2
    assert engine.search(clip_id=ids[1])


def test_a_flipped_bit_that_leaves_good_numbers_is_found_by_the_checksum(library, damaged):
    engine, ids = library
    with engine._database.read() as connection:
        mine = sa.select(vectors).where(vectors.c.clip_id == ids[0], vectors.c.modality == "visual")
        row = connection.execute(mine).one()
    changed = bytearray(row.data)
    changed[0] ^= 1
    damaged(data=bytes(changed))
    assert engine._clips.damaged_vectors() == [], "such rows of an older store pass"
    damaged(data=bytes(changed), checksum=row.checksum)
    assert engine._clips.damaged_vectors() == [(ids[0], "visual", "its bytes are not those that were stored")]
    assert set(engine._clips.corpus().vectors["visual"].clip) == {1, 2}


def test_sound_vectors_are_not_named_and_gone_ones_are(library):
    engine, ids = library
    assert engine._clips.damaged_vectors() == []
    with engine._database.write("library") as connection:
        row = connection.execute(sa.select(vectors).where(vectors.c.clip_id == ids[0])).first()
        connection.execute(vectors.delete().where(vectors.c.clip_id == ids[0], vectors.c.modality == row.modality))
    ((clip_id, modality, reason),) = engine._clips.damaged_vectors()
    assert (clip_id, modality, reason) == (ids[0], row.modality, "it is no longer in the store")
    assert len(engine.similar(ids[1]).recommendations) == 2
    with engine._database.write("library") as connection:
        connection.execute(vectors.insert().values(**row._mapping))


def test_when_all_of_a_modality_are_damaged_the_library_serves_without_it(library):
    engine, ids = library
    with engine._database.read() as connection:
        kept = connection.execute(sa.select(vectors).where(vectors.c.modality == "visual")).all()
    for clip_id in ids:
        put(engine, clip_id, data=b"x")
    assert "visual" not in engine._clips.corpus().vectors
    assert len(engine._clips.damaged_vectors()) == 3
    assert engine.similar(ids[0]).recommendations
    for row in kept:
        put(engine, row.clip_id, data=row.data, checksum=row.checksum)
    assert engine._clips.damaged_vectors() == []
