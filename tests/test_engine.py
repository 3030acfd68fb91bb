"""The façade over the real store, queue and decoder, with light models."""

import io
import os
import shutil

import pytest
from generate import make_sound, write_audio, write_video
from light import LightModels

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError, MediaTooLargeError, StoreError, UnknownClipError, UnknownUserError
from avrec.serving import LEARNED


def add(engine, path, **fields):
    with path.open("rb") as stream:
        return engine.add_file(stream, path.name, **fields)


def ingest(engine, path, **fields):
    (job,) = engine.wait([add(engine, path, **fields).job_id], timeout=60)
    return job


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "red kite.mp4", 5.0)


def test_an_uploaded_clip_is_understood_and_published(engine, video):
    job = ingest(engine, video, title="Kite", tags=["wind", "wind", ""])
    assert (job.state, job.outcome) == ("done", "done")
    clip = engine.clip(job.clip_id)
    assert (clip.title, clip.tags) == ("Kite", ("wind",))
    assert clip.modalities == ("visual", "audio", "speech", "caption", "meaning", "words")
    assert [line.label for line in engine.transcript(clip.clip_id)] == ["light speech"]
    assert {a.kind for a in engine.annotations(clip.clip_id)} >= {
        "speech",
        "scene",
        "object",
        "caption",
        "audio",
        "tag",
    }
    assert engine.caption(clip.clip_id)[1] == "composed"
    assert set(engine.clip_models(clip.clip_id)) >= {"image", "speech", "documents", "captions"}
    assert engine.media(clip.clip_id, "proxy")[1] == "video/mp4"
    assert engine.media(clip.clip_id, "frame", 0)[0].exists()
    assert list(engine.settings.jobs_dir.iterdir()) == [], "the job's folder is gone"


def test_known_bytes_are_recognised_before_any_work(engine, video, tmp_path):
    ingest(engine, video)
    other = shutil.copy(video, tmp_path / "other name.mp4")
    job = add(engine, tmp_path / "other name.mp4")
    assert other
    assert (job.state, job.outcome) == ("done", "duplicate")
    assert "same bytes" in job.found
    assert len(engine.clips()) == 1


def test_the_same_bytes_twice_in_the_queue_are_one_clip(engine, video):
    first, second = add(engine, video), add(engine, video)
    assert second.outcome == "duplicate"
    engine.wait([first.job_id, second.job_id], timeout=60)
    assert len(engine.clips()) == 1


def test_bad_files_fail_with_a_sentence_and_leave_nothing(engine, video, tmp_path):
    bad = tmp_path / "notes.mp4"
    bad.write_text("just text")
    jobs = engine.wait([add(engine, bad).job_id, add(engine, video).job_id], timeout=60)
    assert [job.state for job in jobs] == ["failed", "done"]
    assert jobs[0].reason.startswith("notes.mp4: it is a text file")
    assert len(engine.clips()) == 1
    engine.retry_job(jobs[0].job_id)
    assert engine.job(jobs[0].job_id).state == "queued"


def test_silent_and_sound_only_clips_are_recommendable(engine, tmp_path, video):
    silent = ingest(engine, write_video(tmp_path / "silent.mp4", 3.0, sound=None, cuts=3))
    sound = ingest(engine, write_audio(tmp_path / "tone.wav", make_sound("tone", 4.0)))
    seen = ingest(engine, video)
    assert "audio" not in engine.clip(silent.clip_id).modalities
    assert "visual" not in engine.clip(sound.clip_id).modalities
    engine.record("ann", seen.clip_id, "like")
    listed = {r.clip_id: r for r in engine.recommend("ann").recommendations}
    assert set(listed) == {silent.clip_id, sound.clip_id}
    assert "audio" in listed[silent.clip_id].missing


def test_editing_changes_words_at_once_and_meaning_in_the_background(engine, video):
    clip_id = ingest(engine, video, title="Old").clip_id
    before = engine._clips.corpus()
    engine.edit_clip(clip_id, title="Quite <b>new</b>", tags=["x"])
    after = engine._clips.corpus()
    assert after.documents[0].startswith("Quite <b>new</b>")
    engine.wait([job.job_id for job in engine.jobs() if job.state == "queued"], timeout=30)
    done = engine._clips.corpus()
    assert not (done.vectors["meaning"].matrix == before.vectors["meaning"].matrix).all()


def test_deleting_removes_clip_events_files_and_lists(engine, video):
    clip_id = ingest(engine, video).clip_id
    engine.record("ann", clip_id, "like")
    engine.delete_clip(clip_id)
    assert engine.clips() == []
    assert engine.history("ann") == []
    assert not (engine.settings.clips_dir / clip_id).exists()
    assert list(engine.settings.originals_dir.iterdir()) == []
    with pytest.raises(UnknownClipError):
        engine.clip(clip_id)
    assert ingest(engine, video).outcome == "done", "the same bytes can come again"


def test_every_answer_on_an_empty_library(engine):
    assert engine.clips() == []
    assert engine.people() == []
    assert engine.jobs() == []
    assert engine.summary()["clips"] == 0
    assert engine.stage_speeds() == {}
    assert engine.status()["running"] == 0
    with pytest.raises(UnknownUserError):
        engine.recommend("nobody")
    with pytest.raises(UnknownClipError):
        engine.similar("0" * 16)
    with pytest.raises(UnknownClipError):
        engine.audience("0" * 16)


def test_one_clip_one_person(engine, video):
    clip_id = ingest(engine, video).clip_id
    assert engine.similar(clip_id).recommendations == ()
    assert engine.audience(clip_id) == []
    engine.record("ann", clip_id, "view", 0.9)
    ranked = engine.recommend("ann")
    assert ranked.recommendations == ()
    assert "every clip was seen" in ranked.note
    seen_too = engine.recommend("ann", include_seen=True)
    assert [r.clip_id for r in seen_too.recommendations] == [clip_id]


@pytest.mark.parametrize(
    ("event", "value"), [("rating", None), ("rating", 6), ("view", float("nan")), ("view", -1), ("purchase", None)]
)
def test_impossible_events_are_refused(engine, video, event, value):
    clip_id = ingest(engine, video).clip_id
    with pytest.raises(InvalidInputError):
        engine.record("ann", clip_id, event, value)
    assert engine.people() == []


def test_undo_takes_one_event_back(engine, video):
    clip_id = ingest(engine, video).clip_id
    made = engine.record("ann", clip_id, "like")
    revision = engine.revision
    engine.undo(made.interaction_id)
    assert engine.history("ann") == []
    assert engine.revision > revision


def test_import_keeps_good_rows_and_names_bad_lines(engine, video):
    clip_id = ingest(engine, video).clip_id
    text = f"user_id,clip_id,event,value\nann,{clip_id},like,\nann,nope,like,\nbob,{clip_id},rating,9\n"
    report = engine.import_interactions(io.StringIO(text))
    assert report.kept == 1
    assert [line for line, _ in report.rejected] == [3, 4]
    assert {p.user_id for p in engine.people()} == {"ann"}


def test_a_file_over_the_limit_is_refused_and_not_kept(tmp_path, video):
    engine = Engine(Settings(data=tmp_path / "d", demo=False, max_clip_mb=0), models=LightModels())
    with pytest.raises(MediaTooLargeError, match="larger than 0 MB"):
        add(engine, video)
    assert list(engine.settings.originals_dir.iterdir()) == []
    engine.close()


def test_folders_only_below_a_configured_root(tmp_path, video):
    engine = Engine(Settings(data=tmp_path / "d", demo=False), models=LightModels())
    with pytest.raises(InvalidInputError, match="AVREC_ROOTS"):
        engine.add_folder(tmp_path)
    engine.settings.roots = [tmp_path / "media"]
    (tmp_path / "media" / "deep").mkdir(parents=True)
    shutil.copy(video, tmp_path / "media" / "deep" / "x.mp4")
    (tmp_path / "media" / "notes.txt").write_text("no media")
    with pytest.raises(InvalidInputError):
        engine.add_folder(tmp_path / "media" / ".." / "d")
    jobs = engine.add_folder(tmp_path / "media")
    assert [job.file_name for job in jobs] == ["x.mp4"]
    engine.close()


def test_metadata_csv_for_many_files(engine):
    table, rejected = engine.read_metadata_csv("file,title,tags\na.mp4,First,one;two\n,none,\na.mp4,again,\n")
    assert table["a.mp4"] == {"title": "First", "description": "", "tags": ["one", "two"]}
    assert [line for line, _ in rejected] == [3, 4]


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/proc/1"), reason="needs a file that cannot be a folder")
def test_an_unusable_data_directory_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="data directory cannot be used"):
        Engine(Settings(data=tmp_path / "file" / "data"), models=LightModels())


@pytest.mark.parametrize(
    "name", ["../../x.mp4", "CON.mp4", "-rf.mp4", "a\nb.mp4", "<img src=x>.mp4", "\u202egnp.mp4", "x" * 4000]
)
def test_hostile_names_are_only_shown(engine, video, name):
    with video.open("rb") as stream:
        job = engine.add_file(stream, name)
    assert "/" not in job.file_name
    assert "\n" not in job.file_name
    assert len(job.file_name) <= 200
    assert all(p.name == engine._jobs.row(job.job_id).sha256 for p in engine.settings.originals_dir.iterdir())


def test_cancelling_a_queued_job(engine, video):
    job = add(engine, video)
    engine.cancel_job(job.job_id)
    assert engine.wait([job.job_id], timeout=5)[0].state == "cancelled"
    assert engine.clips() == []
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"


def test_doctor_passes_and_removes_orphans(engine, video):
    ingest(engine, video)
    (engine.settings.clips_dir / "feedfacefeedface").mkdir()
    checks = {name: ok for name, ok, _ in engine.doctor()}
    assert all(checks.values())
    assert not (engine.settings.clips_dir / "feedfacefeedface").exists()


def test_bytes_that_a_dead_process_left_in_the_queue_are_waited_for(engine, video):
    first = add(engine, video)
    engine._jobs.update(first.job_id, state="running")  # as a killed process leaves it
    second = add(engine, video)
    assert second.outcome == "duplicate"
    (job,) = engine.wait([second.job_id], timeout=60)
    assert (job.job_id, job.state) == (second.job_id, "done")
    assert engine.clip(job.clip_id).title
    assert engine.job(first.job_id).state == "done"


def test_whoever_repeats_a_broken_file_hears_why(engine, tmp_path):
    bad = tmp_path / "notes.mp4"
    bad.write_text("just text")
    first, second = add(engine, bad), add(engine, bad)
    (job,) = engine.wait([second.job_id], timeout=60)
    assert (job.job_id, job.state) == (second.job_id, "failed")
    assert job.reason == engine.job(first.job_id).reason != ""


def test_a_removed_job_leaves_no_file_behind(engine, video, tmp_path):
    bad = tmp_path / "notes.mp4"
    bad.write_text("just text")
    jobs = engine.wait([add(engine, bad).job_id, add(engine, video).job_id], timeout=60)
    kept = {path.name for path in engine.settings.originals_dir.iterdir()}
    engine.remove_job(jobs[0].job_id)
    left = {path.name for path in engine.settings.originals_dir.iterdir()}
    assert len(kept - left) == 1
    engine.remove_job(jobs[1].job_id)
    assert {path.name for path in engine.settings.originals_dir.iterdir()} == left, "the clip's original stays"


def test_numbers_that_are_none_fail_the_job_and_publish_nothing(engine, video, monkeypatch):
    encode = engine._models.image.encode
    monkeypatch.setattr(engine._models.image, "encode", lambda frames: encode(frames) * float("nan"))
    job = ingest(engine, video)
    assert job.state == "failed"
    assert "not finite" in job.reason
    assert not engine.clips()


@pytest.mark.parametrize("large", [False, True])
def test_one_more_event_is_what_a_new_process_would_serve(engine, large, monkeypatch):
    """The quick way of a click against everything added up again."""
    from synthetic import make_corpus, make_events

    from avrec import serving

    corpus = make_corpus(24, missing=0.1)
    monkeypatch.setattr(engine._clips, "corpus", lambda: corpus)
    monkeypatch.setattr(engine._clips, "has", lambda clip_id: True)
    monkeypatch.setattr(serving, "REFIT_CLIPS", 0 if large else 300)
    monkeypatch.setattr(serving, "REFIT_SHARE", 10.0)
    engine._interactions.add(make_events(corpus, 6, 8))
    engine.recommend("u1", 5)
    engine.record("u1", "c003", "rating", 5.0)
    assert engine._serving._revisions == engine._database.revisions(), "nothing has to be read again"
    quick, people = engine._serving._dataset, engine.people()

    def lists():
        places = {user: engine.recommend(user, 8).recommendations for user in ("u0", "u1")}
        return {user: [(p.clip_id, round(p.score, 9)) for p in mine] for user, mine in places.items()}

    answers = lists()
    engine._serving._revisions = (-1, -1, -1)
    engine.recommend("u1", 5)
    slow = engine._serving._dataset
    for name in ("user_items", "seen", "hidden", "ratings"):
        assert abs(getattr(quick, name) - getattr(slow, name)).max() < 1e-9, name
    assert engine.people() == people
    if not large:
        assert lists() == answers


def test_what_a_new_clip_changes_is_made_ready_once_somebody_has_asked(engine, video, tmp_path):
    ingest(engine, video)
    serving = engine._serving
    serving.keep_ready()
    assert serving._dataset is None, "nobody has asked"
    first = engine.clips()[0].clip_id
    engine.record("ann", first, "like")
    engine.recommend("ann")
    second = ingest(engine, write_video(tmp_path / "second.mp4", 1.5)).clip_id
    serving.keep_ready()
    assert serving._revisions == engine._database.revisions()
    assert "hybrid" in serving._fitted
    assert second in serving._dataset.corpus.clip_ids
    made = serving._fitted["hybrid"]
    engine.delete_clip(second)
    serving.keep_ready()
    assert serving._fitted["hybrid"] is made, "nobody has asked since"
    assert {r.clip_id for r in engine.recommend("ann", include_seen=True).recommendations} == {first}


def test_clips_of_another_process_may_lag_but_none_that_is_named_and_nothing_of_ones_own(engine, video, tmp_path):
    first = ingest(engine, video).clip_id
    engine.record("ann", first, "like")
    serving = engine._serving
    engine.recommend("ann")
    served, serving.made_ready = serving._dataset, True
    other = Engine(engine.settings, models=LightModels())
    second = ingest(other, write_video(tmp_path / "second.mp4", 1.5)).clip_id
    engine.recommend("ann")
    assert serving._dataset is served, "the last answers serve until the new ones are made"
    assert engine.similar(second, 5).recommendations[0].clip_id == first, "a clip that is named is waited for"
    assert serving._dataset is not served
    other.delete_clip(second)
    serving.keep_ready()
    assert serving._dataset.corpus.clip_ids == (first,)
    third = ingest(other, write_video(tmp_path / "third.mp4", 1.5)).clip_id
    engine.record("ann", first, "view", 0.5)
    assert third in {r.clip_id for r in engine.recommend("ann").recommendations}, "after an event nothing lags"
    engine.edit_clip(third, title="Renamed")
    assert engine.recommend("ann").recommendations[0].title == "Renamed", "one's own change shows at once"
    engine.delete_clip(third)
    assert engine.recommend("ann").recommendations == ()
    other.close()


def test_everything_that_serving_learns_is_taken_over_from_the_newer_one(engine, video):
    """A field that is added to Serving has to be named here, or among what `keep_ready` takes over."""
    fixed = {"_database", "_clips", "_interactions", "_models", "_lock", "_asked", "made_ready", "_entries"}
    assert set(vars(engine._serving)) - fixed == set(LEARNED)
