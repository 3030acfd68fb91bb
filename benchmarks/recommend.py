"""Recommending at 10,000 clips, beside plain Python over pairs."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import scipy.sparse as sp

from avrec.config import Settings
from avrec.recommend.cease import Cease, CeaseSettings
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.greedy import pick
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.presets import FITTED
from avrec.schemas import Corpus, Interaction, VectorSet
from benchmarks.table import show

CLIPS, MANY, WATCHED, PEOPLE = 10_000, 100_000, 50, 200
START = datetime(2026, 1, 1, tzinfo=UTC)


def library(n: int) -> Corpus:
    """n clips of made-up vectors at the real sizes, one segment each."""
    rng = np.random.default_rng(0)
    sizes = {"visual": 512, "audio": 512, "speech": 512, "caption": 512, "meaning": 896}
    vectors = {}
    for name, dim in sizes.items():
        rows = rng.normal(size=(n, dim)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        vectors[name] = VectorSet(f"{name}-bench", np.arange(n), np.zeros(n), np.full(n, 5.0), rows)
    words = np.array([f"word{i}" for i in range(3000)])
    documents = tuple(" ".join(words[rng.integers(0, 3000, 12)]) for _ in range(n))
    ids = tuple(f"c{i:06d}" for i in range(n))
    return Corpus(ids, ids, documents, ("en",) * n, np.full(n, 5.0), (START,) * n, vectors)


def events(corpus: Corpus) -> list[Interaction]:
    rng = np.random.default_rng(1)
    return [
        Interaction(f"u{u}", corpus.clip_ids[c], "like", None, START + timedelta(minutes=i))
        for u in range(PEOPLE)
        for i, c in enumerate(rng.choice(len(corpus.clip_ids), WATCHED, replace=False))
    ]


def median_ms(work: Callable[[int], object], times: int = 9) -> float:
    spent = []
    for i in range(times):
        started = time.perf_counter()
        work(i)
        spent.append((time.perf_counter() - started) * 1000)
    return float(np.median(spent))


def fitted(clips: int) -> tuple[LinearRecommender, float]:
    """The default recommender on a made-up library, and the seconds its fit took."""
    corpus = library(clips)
    dataset, content = Dataset.build(corpus, [], events(corpus)), ContentModel(corpus, shipped={})
    started = time.perf_counter()
    return LinearRecommender().fit(dataset, content), time.perf_counter() - started


def lists(model: LinearRecommender, warm_target: str, click_target: str) -> list[list[object]]:
    """Rows of what a person waits for."""
    model.recommend("u0", 20)
    warm = median_ms(lambda i: model.recommend("u0", 20))
    cold = median_ms(lambda i: model.recommend(f"u{i + 1}", 20), 5)
    moved = median_ms(lambda i: model.recommend("u0", 20, FITTED | {"visual": 1.5 + i / 10}), 5)
    click = median_ms(lambda i: _click(model, i))
    return [
        ["recommend(k=20) with ledger, 50 watched, again", f"{warm:.0f} ms", warm_target, ""],
        ["the same, a person's first time", f"{cold:.0f} ms", "", ""],
        ["a slider moved", f"{moved:.0f} ms", "", ""],
        ["a new click changes the list", f"{click:.0f} ms", click_target, ""],
    ]


def run(settings: Settings) -> None:
    model, seconds = fitted(CLIPS)
    rows = lists(model, "30 ms", "100 ms")
    rows[0][3] = f"{naive_scores(model):.0f} ms"
    rows.append(["fit of the hybrid", f"{seconds:.1f} s", "", ""])
    scores = np.sort(np.random.default_rng(2).normal(size=1000))[::-1]
    like = np.random.default_rng(3).random((1000, 1000))
    fast = median_ms(lambda i: pick(scores, lambda j: like[j], 20, 0.2))
    slow = median_ms(lambda i: naive_mmr(scores.tolist(), like.tolist(), 20), 3)
    rows.append(["MMR 1,000 -> 20", f"{fast:.1f} ms", "2 ms", f"{slow:.0f} ms"])
    X = sp.random(6040, 3706, density=0.0447, random_state=4, data_rvs=np.ones).tocsr()
    started = time.perf_counter()
    Cease(X, {}, CeaseSettings(kernel=0.0))
    rows.append(["EASE fit, MovieLens-1M shape", f"{time.perf_counter() - started:.1f} s", "6 s", ""])
    show([f"{CLIPS:,} clips, {PEOPLE} people", "measured (median)", "target", "naive"], rows)
    del model
    print()
    rows = lists(fitted(MANY)[0], "150 ms", "")
    show([f"{MANY:,} clips, {PEOPLE} people, sparse crowd", "measured (median)", "target", "naive"], rows)


def _click(model: LinearRecommender, i: int) -> object:
    """One more watched clip: a new taste over the same fit."""
    dataset = model.dataset
    changed = dataset.user_items.tolil(copy=True)
    changed[3, (i * 37 + 11) % dataset.clips] = 1.0
    fresh = Dataset(dataset.corpus, dataset.user_ids, changed.tocsr(), dataset.seen, dataset.hidden)
    return model.update(fresh).recommend("u3", 20)


def naive_scores(model: LinearRecommender) -> float:
    """Cosines pair by pair in Python for 50 watched clips x 200 clips x 5 vectors, scaled to 10,000 clips."""
    started = time.perf_counter()
    watched = model.dataset.taste("u0").clips[:50]
    total = 0.0
    for vectors in model.content.vectors.values():
        for h in watched:
            for c in range(200):
                total += float(np.dot(vectors.units[h], vectors.units[c]))
    return (time.perf_counter() - started) * 1000 * CLIPS / 200


def naive_mmr(scores: list[float], like: list[list[float]], k: int) -> list[int]:
    picked: list[int] = []
    for _ in range(k):
        best, value = -1, -1e9
        for i in range(len(scores)):
            if i not in picked:
                now = scores[i] - 0.25 * max([like[i][j] for j in picked], default=0.0)
                if now > value:
                    best, value = i, now
        picked.append(best)
    return picked
