"""Light stand-ins for the models, in tests only: real arrays from the real bytes, but no torch and no weights."""

from dataclasses import replace

import numpy as np
from generate import write_video

from avrec.schemas import ModelCard, SpokenLine, Transcript, Word


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _card(task: str) -> ModelCard:
    return ModelCard(task, f"light {task}", f"light-{task}-1", "tests", "none")


class LightTranscriber:
    card = _card("transcriber")

    def transcribe(self, audio, language=None):
        if float(np.abs(audio).max()) < 0.01:
            return Transcript((), None, None, self.card.name)
        end = len(audio) / 16_000
        words = (Word(0.0, end / 2, "light", 0.9), Word(end / 2, end, "speech", 0.4))
        return Transcript((SpokenLine(0.0, end, "light speech", -0.3, words),), "en", 0.9, self.card.name)


class LightImage:
    card = _card("image")

    def encode(self, frames):
        means = frames.reshape(len(frames), -1, 3).mean(axis=1) / 255
        return _unit(np.concatenate([means, 1 - means, np.ones((len(frames), 2))], axis=1))


class LightClassifier:
    def __init__(self, task, labels):
        self.card, self.labels = _card(task), labels

    def classify(self, frames):
        red = frames.reshape(len(frames), -1, 3).mean(axis=1)[:, 0] / 255
        return np.stack([red, 1 - red], axis=1).astype(np.float32)


class LightText:
    def __init__(self, task, dim=16):
        self.card, self.dim = _card(task), dim

    def encode(self, texts):
        rows = np.zeros((len(texts), self.dim))
        for i, text in enumerate(texts):
            for word in text.lower().split():
                rows[i, hash_word(word) % self.dim] += 1
        return _unit(rows)


def hash_word(word):
    return sum(ord(c) * (i + 1) for i, c in enumerate(word))


class LightSound:
    card = _card("sound")

    def encode(self, audio):
        step = 320
        frames = audio[: len(audio) // step * step].reshape(-1, step)
        return np.stack([np.abs(frames).mean(1), frames.std(1), np.ones(len(frames))], axis=1).astype(np.float32), 0.02


class LightMap:
    card = _card("picture_map")
    sentences_version = "light-sentences-1"

    def caption_vectors(self, vectors):
        return _unit(vectors[:, ::-1])

    def texts(self, sentence_vectors):
        return _unit(np.asarray(sentence_vectors)[:, :8] + 0.1)

    caption_texts = texts

    def pictures(self, vectors):
        return _unit(np.asarray(vectors)[:, ::-1])

    def tags(self, vectors, k=3):
        return [[("thing", 0.6)] for _ in vectors]


class LightModels:
    """Answers like `avrec.models.catalogue.Models`."""

    captioner = image_text = None

    def __init__(self):
        self.transcriber, self.image, self.sound, self.picture_map = (
            LightTranscriber(),
            LightImage(),
            LightSound(),
            LightMap(),
        )
        self.scenes = LightClassifier("scenes", ("sky", "room"))
        self.objects = LightClassifier("objects", ("kite", "chair"))
        self.sentences, self.documents = LightText("sentences"), LightText("documents", 32)

    def cards(self):
        return [
            m.card for m in (self.transcriber, self.image, self.scenes, self.objects, self.sentences, self.documents)
        ]

    def loaded(self):
        return []

    def unload_idle(self, seconds):
        return []

    def unload_others(self, idle_seconds=0.0, but=None):
        return []

    def map_of(self, image_version):
        return self.picture_map if image_version == self.image.card.version else None

    def of_version(self, task, version):
        model = getattr(self, task)
        return model if model is not None and model.card.version == version else None


def other_words(audio, language=None):
    return Transcript((SpokenLine(0.0, 1.0, "other words", -0.3, ()),), "fr", 0.8, "newer transcriber")


def newer(models, *tasks):
    """The same light models after an update: other versions, other names and other output."""
    for task in tasks:
        model = getattr(models, task)
        model.card = replace(model.card, version=f"light-{task}-2", name=f"newer {task}")
        if task == "image":
            model.encode = lambda frames, encode=model.encode: encode(frames)[:, ::-1]
        if task == "transcriber":
            model.transcribe = other_words
    return models


def take_in(engine, folder, titles, tagged=False):
    """Take in a small video a title, 2, 2.5, 3, ... seconds long; clip ids in the order of the titles.

    Args:
        tagged: Tag each with the first word of its title.
    """
    jobs = []
    for i, title in enumerate(titles):
        path = write_video(folder / f"{i}.mp4", 2.0 + i / 2)
        tags = [title.split()[0].lower()] if tagged else ()
        with path.open("rb") as stream:
            jobs.append(engine.add_file(stream, path.name, title=title, tags=tags).job_id)
    ended = engine.wait(jobs, timeout=120)
    assert {job.state for job in ended} == {"done"}
    return [job.clip_id for job in ended]
