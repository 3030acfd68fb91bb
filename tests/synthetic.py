"""A library of made-up vectors with topics, for tests of recommenders."""

from datetime import UTC, datetime, timedelta

import numpy as np

from avrec.recommend.dataset import Dataset
from avrec.schemas import Corpus, Interaction, VectorSet

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("rocket launch space", "cat fur animal", "tea cup kitchen", "music jazz band")


def make_corpus(n=24, seed=0, missing=0.3, dims=8, segments=3) -> Corpus:
    """n clips over four topics; each lacks each modality with probability `missing`."""
    rng = np.random.default_rng(seed)
    topics = np.arange(n) % 4
    vectors = {}
    for modality in ("visual", "audio", "speech", "caption", "meaning"):
        centres = rng.normal(size=(4, dims))
        clip, start, end, rows = [], [], [], []
        for i in range(n):
            if rng.random() < missing:
                continue
            parts = 1 if modality == "meaning" else int(rng.integers(1, segments + 1))
            for s in range(parts):
                row = centres[topics[i]] + rng.normal(scale=0.8, size=dims) + 1.0
                clip.append(i)
                start.append(s * 3.0)
                end.append(s * 3.0 + float(rng.uniform(2, 3)))
                rows.append(row / np.linalg.norm(row))
        vectors[modality] = VectorSet(
            f"{modality}-1", np.array(clip, dtype=np.int64), np.array(start, dtype=float), np.array(end, dtype=float),
            np.array(rows, dtype=np.float32).reshape(len(clip), dims),
        )  # fmt: skip
    return Corpus(
        clip_ids=tuple(f"c{i:03d}" for i in range(n)),
        titles=tuple(f"Clip {i}" for i in range(n)),
        documents=tuple(f"{WORDS[t]} number{i}" if rng.random() > missing else "" for i, t in enumerate(topics)),
        languages=("en",) * n,
        durations=np.full(n, 9.0),
        added_at=(START,) * n,
        vectors={m: v for m, v in vectors.items() if len(v.clip)},
    )


def make_events(corpus: Corpus, users=6, each=6, seed=0) -> list[Interaction]:
    """Random events of every kind, negatives and hides among them."""
    rng = np.random.default_rng(seed)
    kinds = ("view", "like", "dislike", "rating", "favourite", "share", "comment", "hide", "skip")
    events = []
    for u in range(users):
        for e in range(each):
            kind = kinds[int(rng.integers(len(kinds)))]
            value = {"view": float(rng.random()), "rating": float(rng.integers(1, 6))}.get(kind)
            clip = corpus.clip_ids[int(rng.integers(len(corpus.clip_ids)))]
            at = START + timedelta(days=float(rng.uniform(0, 200)), seconds=e)
            events.append(Interaction(f"u{u}", clip, kind, value, at))
    return events


def make_dataset(n=24, users=6, each=6, seed=0, missing=0.3) -> Dataset:
    corpus = make_corpus(n, seed, missing)
    return Dataset.build(corpus, [f"u{u}" for u in range(users)] + ["cold"], make_events(corpus, users, each, seed))
