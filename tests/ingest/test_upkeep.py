"""Stages of changed models and damaged vectors are noticed, queued once, and mended while everything serves."""

import time
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from light import LightModels, newer

from avrec.config import Settings
from avrec.engine import Engine
from avrec.schemas import ModelCard
from avrec.store.tables import vectors


def finish(engine):
    live = [job.job_id for job in engine.jobs() if job.state in ("queued", "running")]
    return engine.wait(live, timeout=60)


def damage(engine, clip_id, modality="visual", data=b"damaged"):
    with engine._database.write("library") as connection:
        mine = vectors.c.clip_id == clip_id, vectors.c.modality == modality
        connection.execute(vectors.update().where(*mine).values(data=data))


def lose(engine, clip_id):
    """Take away the source and what is kept of the clip."""
    (engine.settings.clips_dir / clip_id / "frames.npy").unlink()
    (engine.settings.originals_dir / engine.clip(clip_id).sha256).unlink()


def test_a_changed_model_is_queued_once_and_again_only_after_another_change(made):
    engine, _ = made
    assert engine._upkeep.queue_stale() == []
    newer(engine._models, "image", "picture_map", "documents")
    assert len(engine._upkeep.queue_stale()) == 2
    assert engine._upkeep.queue_stale() == []
    assert {job.title for job in engine.jobs() if job.kind == "rerun"} == {
        "Pictures again, 3 clips", "Text again, 3 clips"}  # fmt: skip
    assert {job.state for job in finish(engine)} == {"done"}
    assert engine.stale_stages() == {}
    assert engine._upkeep.queue_stale() == []
    engine._models.image.card = replace(engine._models.image.card, version="light-image-3")
    assert len(engine._upkeep.queue_stale()) == 1


def test_after_a_failure_nothing_is_queued_by_itself(made, monkeypatch):
    engine, _ = made
    newer(engine._models, "image", "picture_map")
    monkeypatch.setattr(engine._models.image, "encode", lambda _: np.full((1, 8), np.nan))
    (job_id,) = engine._upkeep.queue_stale()
    assert finish(engine)[0].state == "failed"
    assert engine._upkeep.queue_stale() == []
    monkeypatch.undo()
    engine.retry_job(job_id)
    assert finish(engine)[0].state == "done"
    assert engine.stale_stages() == {}


def test_a_way_back_to_the_old_model_is_another_change(made):
    engine, _ = made
    old = engine._models.image.card
    for _ in range(2):
        engine._models.image.card = replace(old, version="light-image-2")
        assert len(engine._upkeep.queue_stale()) == 1
        finish(engine)
        assert engine._upkeep.queue_stale() == []
        engine._models.image.card = old
        assert len(engine._upkeep.queue_stale()) == 1
        finish(engine)
        assert engine._upkeep.queue_stale() == []


def test_clips_that_cannot_be_run_again_are_not_tried_forever(made):
    engine, ids = made
    lose(engine, ids[0])
    newer(engine._models, "image", "picture_map")
    assert len(engine._upkeep.queue_stale()) == 1
    assert "1 kept what they had" in finish(engine)[0].found
    assert engine.stale_stages() == {"pictures": 1}
    assert engine._upkeep.queue_stale() == []
    assert set(engine._clips.corpus().vectors["visual"].clip) == {1, 2}


def test_nothing_is_queued_for_weights_that_are_not_here(made, monkeypatch):
    engine, ids = made
    newer(engine._models, "image", "picture_map")
    missing = ModelCard("image", "CLIP", "", "", "", available=False, reason="not here")
    monkeypatch.setattr(engine._models, "cards", lambda: [missing])
    damage(engine, ids[0])
    assert engine._upkeep.queue_stale() == []
    assert engine._upkeep.queue_damaged(thorough=True) == []
    monkeypatch.undo()
    assert len(engine._upkeep.queue_stale()) == 1


@pytest.mark.parametrize("modality", ["visual", "caption", "audio", "speech", "meaning"])
def test_damaged_vectors_are_left_out_named_and_mended_while_search_serves(made, modality):
    engine, ids = made
    before = engine._clips.corpus().vectors[modality]
    with engine._database.read() as connection:
        chosen = sa.select(vectors).where(vectors.c.clip_id == ids[1], vectors.c.modality == modality)
        row = connection.execute(chosen).one()
    changed = bytearray(row.data)
    changed[1] ^= 4  # good numbers still: the checksum alone tells
    damage(engine, ids[1], modality, bytes(changed))
    assert len(engine.similar(ids[1]).recommendations) == 2
    assert engine.search("light speech")
    assert set(engine._clips.corpus().vectors[modality].clip) == {0, 2}
    checks = {name: (passed, sentence) for name, passed, sentence in engine.doctor()}
    assert not checks["vectors"][0]
    assert f"{ids[1]}, {modality}" in checks["vectors"][1]
    assert [s.damaged for s in engine.vector_states() if s.modality == modality] == [1]
    assert len(engine._upkeep.queue_damaged()) == 1, "the corpus was read, so it is known"
    assert engine._upkeep.queue_damaged() == []
    assert finish(engine)[0].found == "1 clip renewed"
    after = engine._clips.corpus().vectors[modality]
    np.testing.assert_array_equal(after.matrix, before.matrix)
    assert {name: passed for name, passed, _ in engine.doctor()}["vectors"]
    assert engine._upkeep.queue_damaged(thorough=True) == []
    damage(engine, ids[1], modality)
    assert len(engine._upkeep.queue_damaged(thorough=True)) == 1, "damaged again"


def test_what_cannot_be_mended_is_tried_once_and_stays_named(made):
    engine, ids = made
    lose(engine, ids[0])
    damage(engine, ids[0])
    assert len(engine._upkeep.queue_damaged(thorough=True)) == 1
    assert finish(engine)[0].found == "1 kept what they had, since their files are gone"
    assert engine._upkeep.queue_damaged(thorough=True) == []
    assert [one[:2] for one in engine._clips.damaged_vectors()] == [(ids[0], "visual")]


def test_vectors_that_are_gone_are_made_again(made):
    engine, ids = made
    with engine._database.write("library") as connection:
        connection.execute(vectors.delete().where(vectors.c.clip_id == ids[2], vectors.c.modality == "audio"))
    assert len(engine._upkeep.queue_damaged(thorough=True)) == 1
    finish(engine)
    assert set(engine._clips.corpus().vectors["audio"].clip) == {0, 1, 2}


def test_an_app_notices_both_by_itself(copied, monkeypatch):
    data, ids = copied
    monkeypatch.setattr("avrec.ingest.upkeep.FIRST_SECONDS", 0.1)
    monkeypatch.setattr("avrec.ingest.upkeep.EVERY_SECONDS", 0.1)
    models = newer(LightModels(), "image", "picture_map")
    engine = Engine(Settings(data=data, demo=False), models=models)
    damage(engine, ids[0], "audio")
    engine.close()
    engine = Engine(Settings(data=data, demo=False), models=models, start_worker=True)
    deadline = time.monotonic() + 60
    try:
        while engine.stale_stages() or engine._clips.damaged_vectors():
            assert engine.search("light speech")
            assert time.monotonic() < deadline, [(j.title, j.state, j.reason) for j in engine.jobs()]
            time.sleep(0.1)
        kinds = [job.kind for job in engine.jobs()]
        assert kinds.count("rerun") == 2
        assert engine._clips.serving_versions()["visual"] == "light-image-2"
    finally:
        engine.close()
