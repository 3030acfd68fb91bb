"""Several sessions ingest while others search: what is found in a file never lands in another."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from generate import write_video
from light import LightModels

from avrec.config import Settings
from avrec.engine import Engine
from avrec.schemas import SpokenLine, Transcript


class Telling(LightModels):
    """What it hears names the sound that it was given, so that a mix-up shows in the words."""

    def __init__(self):
        super().__init__()
        self.transcriber.transcribe = self._hear

    def _hear(self, audio, language=None):
        words = f"exactly {len(audio)} samples"
        line = SpokenLine(0.0, len(audio) / 16_000, words, -0.3, ())
        return Transcript((line,), "en", 0.9, self.transcriber.card.name)


def test_two_sessions_ingest_while_a_third_searches(tmp_path):
    videos = [write_video(tmp_path / f"{i}.mp4", 1.0 + i / 4, cuts=i % 3 + 1) for i in range(4)]
    calm = Engine(Settings(data=tmp_path / "calm", demo=False), models=Telling())
    alone = {video.name: finding(calm, add(calm, video)) for video in videos}
    calm.close()
    assert len({words for words, _ in alone.values()}) == len(videos)

    app = Engine(Settings(data=tmp_path / "data", demo=False), models=Telling(), start_worker=True)
    other = Engine(Settings(data=tmp_path / "data", demo=False), models=Telling())
    over, wrong, searches = threading.Event(), [], []

    def search():
        while not over.is_set():
            for moment in app.search("exactly samples"):
                searches.append(moment.title)
                if moment.text and moment.text != alone[moment.title][0]:
                    wrong.append((moment.title, moment.text))

    searcher = threading.Thread(target=search)
    searcher.start()
    try:
        with ThreadPoolExecutor(2) as sessions:
            halves = [sessions.submit(add_all, engine, mine) for engine, mine in
                      ((app, videos[::2]), (other, videos[1::2]))]  # fmt: skip
            jobs = [job for half in halves for job in half.result()]
        assert {job.state for job in app.wait(jobs, timeout=120)} == {"done"}
    finally:
        over.set()
        searcher.join(timeout=30)
        other.close()
    assert not wrong
    assert searches
    found = {clip.title: finding(app, clip.clip_id) for clip in app.clips()}
    assert found == alone
    app.close()


def add(engine, video):
    (job,) = engine.wait(add_all(engine, [video]), timeout=60)
    assert job.state == "done"
    return job.clip_id


def add_all(engine, videos):
    jobs = []
    for video in videos:
        with video.open("rb") as stream:
            jobs.append(engine.add_file(stream, video.name, title=video.name).job_id)
    return jobs


def finding(engine, clip_id):
    """The words and every vector of a clip."""
    corpus = engine._clips.corpus()
    place = corpus.clip_ids.index(clip_id)
    rows = {m: source.matrix[source.clip == place].tobytes() for m, source in corpus.vectors.items()}
    return " ".join(line.label for line in engine.transcript(clip_id)), tuple(sorted(rows.items()))


@pytest.mark.slow
@pytest.mark.models
def test_real_models_shared_by_two_threads_give_what_each_gives_alone(tmp_path, weights_dir, starter_dir):
    from avrec.ingest import stages
    from avrec.ingest.folder import StageFolder
    from avrec.media import decode
    from avrec.models.catalogue import Models

    models = Models(Settings(data=tmp_path, weights=weights_dir, device="cpu"))

    def understand(name: str, folder: Path) -> dict[str, np.ndarray]:
        work = stages.Work(StageFolder(folder), models, {"title": name}, lambda _: None)
        decode(starter_dir / name, work.folder.media, name=name)
        stages.speech(work, work.sound())
        for stage in (stages.pictures, stages.audio, stages.text):
            stage(work)
        said = " ".join(line["text"] for line in work.folder.record("speech")["lines"])
        arrays = {m: a for s in ("pictures", "audio", "text") for m, a in work.folder.arrays(s).items()}
        return arrays | {"said": np.array(said)}

    names = ("talk_rocket.mp4", "talk_cat.mp4")
    alone = [understand(name, tmp_path / f"alone-{name}") for name in names]
    with ThreadPoolExecutor(2) as sessions:
        together = list(sessions.map(lambda name: understand(name, tmp_path / f"together-{name}"), names))
    for one, two in zip(alone, together, strict=True):
        assert str(one["said"]) == str(two["said"])
        for modality in one.keys() - {"said"}:
            np.testing.assert_allclose(one[modality], two[modality], atol=1e-5)
    assert str(alone[0]["said"]) != str(alone[1]["said"])
