"""Running one stage again for the library: all at once, in the background, over whatever happens meanwhile."""

import os
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from generate import write_video
from light import LightModels, LightText, newer

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError, ModelOutputError, UnknownClipError
from avrec.ingest import rerun


def run(engine, stage, clip_ids=None, **more):
    return engine.wait([engine.rerun_stage(stage, clip_ids, **more).job_id], timeout=60)[0]


def rows(engine, modality):
    return engine._clips.corpus().vectors[modality]


def test_the_old_version_serves_until_every_clip_is_done(made, monkeypatch):
    engine, ids = made
    newer(engine._models, "image", "picture_map")
    before, revision = rows(engine, "visual"), engine._database.revisions()[0]
    encode, seen = engine._models.image.encode, []

    def look(frames):
        seen.append((engine._clips.serving_versions()["visual"], engine.similar(ids[0]).recommendations[0].clip_id))
        return encode(frames)

    monkeypatch.setattr(engine._models.image, "encode", look)
    assert engine.stale_stages() == {"pictures": 3}
    job = run(engine, "pictures")
    assert (job.state, job.kind, job.found) == ("done", "rerun", "3 clips renewed")
    assert len(seen) >= 3
    assert {version for version, _ in seen} == {"light-image-1"}
    after = rows(engine, "visual")
    assert (before.version, after.version) == ("light-image-1", "light-image-2")
    assert rows(engine, "caption").version == "light-picture_map-2"
    np.testing.assert_allclose(after.matrix, before.matrix[:, ::-1], atol=1e-6)
    np.testing.assert_array_equal(after.start, before.start)
    assert engine._database.revisions()[0] == revision + 1, "lists look again once"
    assert engine.stale_stages() == {}
    assert engine.clip_models(ids[0])["image"] == "newer image"
    assert engine.clip(ids[0]).title == "Red kite"
    assert not any(engine.settings.jobs_dir.iterdir())


def test_what_other_stages_found_stays(made):
    engine, ids = made
    before = {a.kind: a for a in engine.annotations(ids[0])}
    speech = rows(engine, "speech").matrix.tobytes()
    newer(engine._models, "scenes")
    assert engine.stale_stages() == {"pictures": 3}
    assert run(engine, "pictures").state == "done"
    after = {a.kind: a for a in engine.annotations(ids[0])}
    assert set(after) == set(before)
    assert after["speech"] == before["speech"]
    assert after["scene"].model == "newer scenes"
    assert len(engine.annotations(ids[0], "caption")) == len(engine.segments(ids[0]))
    assert rows(engine, "speech").matrix.tobytes() == speech
    assert engine.stale_stages() == {}


def test_text_follows_speech_where_the_words_changed(made, monkeypatch):
    engine, ids = made
    asked = []
    encode = engine._models.documents.encode
    monkeypatch.setattr(engine._models.documents, "encode", lambda texts: asked.append(texts) or encode(texts))
    assert run(engine, "speech").state == "done"
    assert asked == [], "the same words need no new vectors"
    newer(engine._models, "transcriber")
    assert engine.stale_stages() == {"speech": 3}
    meaning = rows(engine, "meaning").matrix.copy()
    assert run(engine, "speech", [ids[0]]).found == "1 clip renewed"
    assert [line.label for line in engine.transcript(ids[0])] == ["other words"]
    assert engine.clip(ids[0]).language == "fr"
    assert "other words" in engine._clips.document(ids[0])
    changed = np.abs(rows(engine, "meaning").matrix - meaning).max(axis=1) > 0
    assert changed.tolist() == [True, False, False]
    assert engine.stale_stages() == {"speech": 2}


def test_a_backend_is_no_other_model(made):
    engine, _ = made
    card = engine._models.transcriber.card
    engine._models.transcriber.card = replace(card, name=f"{card.name} (another backend)")
    assert engine.stale_stages() == {}


def test_text_and_audio_alone(made):
    engine, ids = made
    engine._models.documents, engine._models.sentences = LightText("documents", 24), LightText("sentences", 20)
    newer(engine._models, "documents", "sentences", "sound")
    assert engine.stale_stages() == {"audio": 3, "text": 3}
    assert run(engine, "text").state == run(engine, "audio").state == "done"
    assert rows(engine, "meaning").matrix.shape[1] == 24
    assert rows(engine, "speech").matrix.shape[1] == 20
    assert engine.stale_stages() == {}
    assert {a.kind for a in engine.annotations(ids[0])} >= {"audio", "speech"}
    assert run(engine, "text", stale=True).found == "every clip has been seen by the present models"


def test_only_the_clips_that_need_it(made):
    engine, ids = made
    newer(engine._models, "image", "picture_map")
    run(engine, "pictures", [ids[0]])
    encode, frames = engine._models.image.encode, []
    engine._models.image.encode = lambda f: frames.append(len(f)) or encode(f)
    assert run(engine, "pictures", stale=True).found == "2 clips renewed"
    assert len(frames) == 2


def test_edited_deleted_and_new_clips_meanwhile(made, tmp_path, monkeypatch):
    engine, ids = made
    newer(engine._models, "sentences", "documents")
    encode, added = engine._models.documents.encode, []

    def meddle(texts):
        if not added:  # after the first clip's text was read
            added.append("")
            engine.edit_clip(ids[0], title="Edited title")
            engine.delete_clip(ids[1])
            with write_video(tmp_path / "late.mp4", 4.0).open("rb") as stream:
                added[0] = engine.add_file(stream, "late.mp4", title="Late").job_id
        return encode(texts)

    monkeypatch.setattr(engine._models.documents, "encode", meddle)
    job = engine.rerun_stage("text")
    ended = engine.wait([job.job_id, added[0] if added else job.job_id], timeout=60)[0]
    assert ended.state == "done"
    while any(one.state in ("queued", "running") for one in engine.jobs()):
        engine.wait([one.job_id for one in engine.jobs()], timeout=60)
    assert {clip.title for clip in engine.clips()} == {"Edited title", "Green tree", "Late"}
    assert engine._clips.document(ids[0]).startswith("Edited title")
    corpus = engine._clips.corpus()
    assert corpus.vectors["meaning"].version == "light-documents-2"
    assert len(corpus.vectors["meaning"].clip) == 3
    place = corpus.clip_ids.index(ids[0])
    row = corpus.vectors["meaning"].matrix[corpus.vectors["meaning"].clip == place]
    np.testing.assert_allclose(row, encode([corpus.documents[place]]), atol=1e-6)
    assert engine.stale_stages() == {}


def test_new_uploads_go_first_and_the_rest_goes_on_where_it_was(made, tmp_path):
    engine, _ = made
    newer(engine._models, "image", "picture_map")
    encode, order = engine._models.image.encode, []

    def watch(frames):
        running = [job for job in engine.jobs() if job.state == "running"]
        order.append(running[0].kind)
        if len(order) == 1:
            with write_video(tmp_path / "late.mp4", 4.0).open("rb") as stream:
                engine.add_file(stream, "late.mp4", title="Late")
        return encode(frames)

    engine._models.image.encode = watch
    assert run(engine, "pictures").found == "3 clips renewed"
    assert order == ["rerun", "ingest", "rerun", "rerun"]
    assert set(rows(engine, "visual").clip) == {0, 1, 2, 3}, "the new clip had the new version by itself"


def test_cancelled_it_changes_nothing(made):
    engine, ids = made
    newer(engine._models, "image", "picture_map")
    revision, before = engine._database.revisions()[0], engine.annotations(ids[0])
    job, encode, done = engine.rerun_stage("pictures"), engine._models.image.encode, []

    def cancel(frames):
        done.append(1)
        if len(done) == 2:
            engine.cancel_job(job.job_id)
        return encode(frames)

    engine._models.image.encode = cancel
    assert engine.wait([job.job_id], timeout=60)[0].state == "cancelled"
    assert engine._database.revisions()[0] == revision
    assert engine.annotations(ids[0]) == before
    assert not any(engine.settings.jobs_dir.iterdir())


def test_a_failure_keeps_what_is_done_for_the_next_try(made):
    engine, _ = made
    newer(engine._models, "image", "picture_map")
    encode, calls = engine._models.image.encode, []

    def fail(frames):
        calls.append(1)
        if len(calls) == 3:
            raise ModelOutputError("CLIP")
        return encode(frames)

    engine._models.image.encode = fail
    job = run(engine, "pictures")
    assert job.state == "failed"
    assert "CLIP gave numbers" in job.reason
    assert rows(engine, "visual").version == "light-image-1"
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].found == "3 clips renewed"
    assert len(calls) == 4, "two clips were done already"


def test_results_of_two_models_never_meet_in_a_job(made):
    engine, _ = made
    newer(engine._models, "image", "picture_map")
    encode, calls = engine._models.image.encode, []

    def fail(frames):
        calls.append(1)
        if len(calls) == 2:
            raise ModelOutputError("CLIP")
        return encode(frames)

    engine._models.image.encode = fail
    job = run(engine, "pictures")
    card = engine._models.image.card
    engine._models.image.card = replace(card, version="light-image-3")
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
    assert rows(engine, "visual").version == "light-image-3"
    assert len(calls) == 5


def test_media_that_are_gone_are_decoded_again(made):
    engine, ids = made
    homes = [engine.settings.clips_dir / clip_id for clip_id in ids]
    (homes[0] / "frames.npy").unlink()
    (homes[1] / "frames.npy").write_bytes(b"damaged")
    (homes[2] / "decoded.json").unlink()
    newer(engine._models, "image", "picture_map")
    before = rows(engine, "visual")
    assert run(engine, "pictures").found == "3 clips renewed"
    after = rows(engine, "visual")
    np.testing.assert_allclose(after.matrix, before.matrix[:, ::-1], atol=1e-6)
    (homes[0] / "sound.f32").unlink()
    assert run(engine, "audio").found == "3 clips renewed"
    assert {a.kind for a in engine.annotations(ids[0])} >= {"audio"}


def test_where_the_source_is_gone_too_the_old_results_stay(made):
    engine, ids = made
    for clip_id in ids[:2]:
        (engine.settings.clips_dir / clip_id / "frames.npy").unlink()
    source = engine.settings.originals_dir / engine.clip(ids[0]).sha256
    source.unlink()
    other = engine.settings.originals_dir / engine.clip(ids[1]).sha256
    other.write_bytes(b"other bytes by now")
    newer(engine._models, "image", "picture_map")
    job = run(engine, "pictures")
    assert job.found == "1 clip renewed; 2 kept what they had, since their files are gone"
    assert engine.annotations(ids[0], "caption")
    assert rows(engine, "visual").version == "light-image-1", "most clips still have it"
    assert engine.stale_stages() == {"pictures": 2}
    assert run(engine, "text").found == "3 clips renewed", "text needs no media"


def test_what_cannot_be_rerun_is_refused(made):
    engine, ids = made
    with pytest.raises(InvalidInputError, match="speech, audio, pictures, text"):
        engine.rerun_stage("decode")
    with pytest.raises(UnknownClipError):
        engine.rerun_stage("text", ["0" * 16])
    first = engine.rerun_stage("text")
    assert engine.rerun_stage("text").job_id == first.job_id, "the same twice is one job"
    assert engine.rerun_stage("text", [ids[0]]).job_id != first.job_id


def test_profile_texts_follow_the_clips(made):
    engine, _ = made
    engine.new_person("ann", sentence="kites in the sky")
    engine.wait([job.job_id for job in engine.jobs()], timeout=60)
    before = engine._interactions.profiles()["ann"]["speech"][0]
    newer(engine._models, "sentences", "documents")
    run(engine, "text")
    engine.wait([job.job_id for job in engine.jobs()], timeout=60)
    after = {m: version for m, (version, _) in engine._interactions.profiles()["ann"].items()}
    assert before == "light-sentences-1"
    assert after["speech"] == "light-sentences-2"
    assert after["meaning"] == "light-documents-2"


CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from light import LightModels, newer
    from avrec.config import Settings
    from avrec.engine import Engine
    from avrec.ingest import rerun
    from avrec.store import renewal
    rerun.READ_AHEAD, renewal.AT_ONCE = 0, 1  # so that the third fault strikes in the middle of the transaction
    models = newer(LightModels(), "image", "picture_map")
    engine = Engine(Settings(data=Path({data!r}), demo=False, fault={fault!r}), models=models)
    engine.wait([engine.rerun_stage("pictures").job_id], timeout=60)
    """
)


@pytest.mark.parametrize("fault", ["rerun:2", "renew:1", "renewing:2"])
def test_killed_at_any_moment_it_is_all_old_and_then_all_new(copied, fault):
    data, ids = copied
    code = CHILD.format(tests=str(REPOSITORY / "tests"), data=str(data), fault=f"{fault}:kill")
    dead = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert dead.returncode == -9, dead.stderr
    models = newer(LightModels(), "image", "picture_map")
    engine = Engine(Settings(data=data, demo=False), models=models)
    assert rows(engine, "visual").version == "light-image-1"
    assert {engine.clip_models(clip_id)["image"] for clip_id in ids} == {"light image"}
    (job,) = [job for job in engine.jobs() if job.kind == "rerun"]
    assert engine.wait([job.job_id], timeout=60)[0].found == "3 clips renewed"
    assert rows(engine, "visual").version == "light-image-2"
    assert {engine.clip_models(clip_id)["image"] for clip_id in ids} == {"newer image"}
    assert len(engine.annotations(ids[0], "caption")) == len(engine.segments(ids[0])), "nothing is there twice"
    assert os.listdir(engine.settings.jobs_dir) == []
    engine.close()


def test_a_full_disk_in_the_middle_changes_nothing(made, monkeypatch):
    engine, _ = made
    newer(engine._models, "image", "picture_map")
    real = rerun.write_json

    def full(path, value):
        if path.name == rerun.DONE:
            raise OSError(28, "No space left on device")
        real(path, value)

    monkeypatch.setattr(rerun, "write_json", full)
    job = run(engine, "pictures")
    assert (job.state, rows(engine, "visual").version) == ("failed", "light-image-1")
    assert "The disk is full" in job.reason
    monkeypatch.undo()
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].found == "3 clips renewed"
