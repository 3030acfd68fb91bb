"""The whole demo library on the real models: speech, likeness, speed."""

import csv
import time

import numpy as np
import pytest

from avrec.config import Settings
from avrec.engine import Engine
from avrec.evaluate.similarity import quality
from avrec.recommend.content import ContentModel
from avrec.recommend.presets import FITTED

pytestmark = [pytest.mark.slow, pytest.mark.models]


@pytest.fixture(scope="module")
def demo(tmp_path_factory, weights_dir):
    engine = Engine(Settings(data=tmp_path_factory.mktemp("demo"), weights=weights_dir, demo=False), start_worker=True)
    started = time.monotonic()
    engine.open_demo()
    jobs = engine.wait([job.job_id for job in engine.jobs(100)], timeout=1500)
    engine.seconds = time.monotonic() - started
    assert {job.state for job in jobs} == {"done"}, [job.reason for job in jobs if job.state != "done"]
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def references(starter_dir):
    with (starter_dir / "starter.csv").open(encoding="utf-8", newline="") as file:
        return {row["sha256"][:16]: row for row in csv.DictReader(file)}


def test_all_demo_clips_are_there_with_simulated_people(demo):
    assert len(demo.clips()) == 38
    assert demo.seconds < 900, "the target is 300 s on two free cores; CI shares its cores"
    people = demo.people()
    assert len(people) == 40
    assert all(person.simulated for person in people)


def test_speech_is_right_within_eight_percent(demo, references):
    from whisper.normalizers import EnglishTextNormalizer

    normal = EnglishTextNormalizer()
    errors = words = 0
    for clip in demo.clips():
        reference = normal(references[clip.clip_id]["reference_transcript"]).split()
        if not reference:
            continue
        found = normal(" ".join(line.label for line in demo.transcript(clip.clip_id))).split()
        row = np.arange(len(found) + 1)
        for i, word in enumerate(reference, 1):
            previous, row[0] = row.copy(), i
            for j, other in enumerate(found, 1):
                row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (word != other))
        errors, words = errors + int(row[-1]), words + len(reference)
    print(f"word error rate {errors / words:.3f} over {words} words")
    assert errors / words <= 0.08


def test_nothing_is_invented_over_birds_and_music(demo):
    silent = {"birds.mp3", "vibe_ace.mp3", "city_night.mp4", "tree_wind.mp4", "nasa_earth_night.mp4"}
    assert all(not clip.has_speech for clip in demo.clips() if clip.file_name in silent)


def test_more_like_this_reaches_seventy_and_beats_each_modality_alone(demo):
    corpus = demo._clips.corpus()
    subjects = {clip.clip_id: clip.subject for clip in demo.clips()}
    labels = [subjects[clip_id] for clip_id in corpus.clip_ids]
    model, everything = ContentModel(corpus), np.arange(38)
    fused = quality(model.likeness(everything, FITTED), labels).ndcg
    print(f"fused nDCG {fused:.3f}")
    assert fused >= 0.70
    only = {
        m: dict.fromkeys(FITTED, 0.0) | {m: 1.0} for m in ("visual", "audio", "speech", "caption", "meaning", "words")
    }
    assert all(quality(model.likeness(everything, weights), labels).ndcg < fused for weights in only.values())


def test_every_person_gets_a_list_that_adds_up(demo):
    for person in demo.people():
        for place in demo.recommend(person.user_id, 20).recommendations:
            assert sum(leaf.value for leaf in place.ledger.leaves()) == pytest.approx(place.score, abs=1e-6)


def test_the_app_stays_quick_while_a_clip_is_processed(demo, starter_dir, tmp_path):
    """Recommending in this process while the worker's thread runs models."""
    from generate import write_video

    with write_video(tmp_path / "long.mp4", 30.0, size=(640, 360)).open("rb") as stream:
        job = demo.add_file(stream, "long.mp4")
    spent = []
    while demo.job(job.job_id).state in ("queued", "running"):
        started = time.perf_counter()
        demo.recommend("u-001", 20)
        demo.jobs()
        spent.append(time.perf_counter() - started)
        time.sleep(0.05)
    print(f"p95 while ingesting {np.percentile(spent, 95) * 1000:.0f} ms over {len(spent)} calls")
    assert np.percentile(spent, 95) < 1.0, "the target is .2 s on free cores"
