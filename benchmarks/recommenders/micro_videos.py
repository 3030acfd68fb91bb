"""Micro-videos: the linear hybrid beside published models, tuned on validation, the test set touched once."""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from avrec.config import Settings
from avrec.evaluate.tune import tune
from avrec.recommend.cease import CeaseSettings
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.neighbours import ItemKnn, P3Alpha
from avrec.recommend.popularity import Popularity
from avrec.recommend.presets import FITTED
from benchmarks.recommenders import tiktok
from benchmarks.recommenders.measure import (
    Measured,
    Question,
    best_of,
    gain_cell,
    largest_gap,
    mean_cell,
    measure,
    timed,
    worth,
)
from benchmarks.table import show

PUBLISHED = [
    ("LightGCN", ".0653", ".0033", ".0282"), ("MMGCN", ".0730", ".0036", ".0307"),
    ("LATTICE", ".0843", ".0042", ".0367"), ("BM3", ".0957", ".0048", ".0404"),
    ("DiffMM (epoch picked by test recall; has text too)", ".1129", ".0056", ".0456"),
]  # fmt: skip
K = 20
LAMBDAS, BETAS, POPULARITY = (10.0, 30.0, 100.0), (0.5, 1.0), (0.5, 1.0, 2.0)
SHRINKS = (1.0, 10.0, 100.0, 1000.0)
GRIDS = {
    "content": (0.0, 0.1, 0.2, 0.3, 0.5, 1.0), "cease": (1.0,), "walk": (0.0, 0.1, 0.2, 0.3, 0.5),
    "popularity": (0.0, 0.3, 0.5, 0.6, 0.8, 1.0), "spectral": (0.0,),
}  # fmt: skip


def crowd_alone(regularization: float, beta: float, popularity: float = 0.0) -> HybridSettings:
    """EASE, with popularity beside it, as settings of the hybrid."""
    fit = CeaseSettings(regularization, beta, kernel=0.0)
    return HybridSettings(content=0.0, cease=1.0, walk=0.0, popularity=popularity, fit=fit, source="")


def run(settings: Settings) -> None:
    folder = os.environ.get("AVREC_TIKTOK")
    if not folder:
        print("skipped: AVREC_TIKTOK does not name a folder with the TikTok micro-videos")
        return
    data = tiktok.load(Path(folder))
    question = Question(data.train, data.test)
    found = list(_models(data, question))
    ease, popular = (next(m for m in found if m.name.startswith(name)) for name in ("EASE ", "EASE + "))
    rows = [[name, r, p, n, "", "", ""] for name, r, p, n in PUBLISHED]
    for model in found:
        values = model.values
        rows.append([
            model.name, mean_cell(values["recall"]), f"{values['precision'].mean():.4f}".lstrip("0"),
            mean_cell(values["ndcg"]),
            gain_cell(values["recall"], ease.values["recall"]), gain_cell(values["recall"], popular.values["recall"]),
            f"{model.seconds:.1f} s",
        ])  # fmt: skip
    people = f"{len(question.people):,} people"
    print(
        f"\nTest, {people}, all {data.train.clips:,} clips ranked, training clips left out; paired differences in R.\n"
    )
    show(["TikTok", f"R@{K}", f"P@{K}", f"N@{K}", "R - EASE", "R - (EASE + popularity)", "fit, CPU"], rows)


def _models(data: tiktok.Tiktok, question: Question) -> Iterator[Measured]:
    validation = Question(data.train, data.validation)
    yield _fitted("popularity", Popularity(), data.train, question)
    knn = best_of(SHRINKS, lambda s: ItemKnn(shrink=s).fit(data.train).scores_of, validation, K)
    yield _fitted(f"item-kNN, people weighted 1/length, shrink {knn:g}", ItemKnn(shrink=knn), data.train, question)
    yield _fitted("P3alpha", P3Alpha(), data.train, question)
    plain, popular = _tuned_ease(data, validation)
    yield _fitted(f"EASE (lambda {plain.fit.regularization:g}, beta {plain.fit.beta:g})", _hybrid(plain), data.train,
                  question)  # fmt: skip
    yield _fitted("EASE + popularity", _hybrid(popular), data.train, question)
    tuned, seconds = timed(
        lambda: tune(data.train, split=data.split(), grids=GRIDS, people=len(validation.people), k=K)
    )
    print(f"hybrid tuned on {tuned.people:,} validation people in {seconds:.0f} s, {tuned.tried} settings tried: "
          f"{tuned.settings.as_dict()}", flush=True)  # fmt: skip
    model = _hybrid(tuned.settings)
    yield _fitted("**hybrid: content + CEASE + walk + popularity**", model, data.train, question)
    gap = largest_gap(model)
    print(f"largest |sum of leaves - score| of the hybrid over 500 random pairs: {gap:.1e}", flush=True)
    yield _fitted("the same, fitted on train + validation", _hybrid(tuned.settings), data.with_validation(), question)


def _tuned_ease(data: tiktok.Tiktok, validation: Question) -> tuple[HybridSettings, HybridSettings]:
    """The best EASE on validation, and the best with popularity beside it."""
    found: dict[HybridSettings, float] = {}
    for regularization, beta in product(LAMBDAS, BETAS):
        settings = crowd_alone(regularization, beta)
        model = _hybrid(settings).fit(data.train)
        crowd = model.scores_of(np.arange(len(data.train.user_ids)))
        for popularity in (0.0, *POPULARITY):
            prior = (popularity * FITTED["prior"] * model.model.prior).astype(np.float32)
            values = measure(lambda rows, crowd=crowd, prior=prior: crowd[rows] + prior, validation, K)
            found[replace(settings, popularity=popularity)] = worth(values)
    plain = {settings: value for settings, value in found.items() if not settings.popularity}
    return max(plain, key=plain.get), max(found, key=found.get)


def _hybrid(settings: HybridSettings) -> LinearRecommender:
    return LinearRecommender(settings=settings)


def _fitted(name: str, model: object, dataset: object, question: Question) -> Measured:
    _, seconds = timed(lambda: model.fit(dataset))
    return Measured(name, measure(model.scores_of, Question(dataset, question.targets), K), seconds)
