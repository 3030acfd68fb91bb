"""MovieLens 100k, top-n: every rating is a watch, a fifth of each person's held out by a seed, all films ranked.

Every recommender, ours and the peers', is tuned on a fifth of training, then fitted on all of it; the test part is
asked once for each row of the table.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import scipy.sparse as sp

from avrec.config import Settings
from avrec.evaluate.protocols import Protocol, splits
from avrec.evaluate.public import load_public
from avrec.evaluate.tune import tune
from avrec.recommend.cease import CeaseSettings
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.neighbours import ItemKnn
from avrec.recommend.popularity import Popularity
from benchmarks.recommenders.measure import (
    Measured,
    Question,
    Scores,
    gain_cell,
    largest_gap,
    mean_cell,
    measure,
    timed,
    worth,
)
from benchmarks.recommenders.peers import GRIDS
from benchmarks.table import show

K, SHARE, SEED = 10, 0.2, 0
LAMBDAS, BETAS, DROPOUTS = (10.0, 30.0, 100.0, 200.0, 400.0), (0.0, 0.5), (0.3, 0.5, 0.6)
KERNELS, GENRES, SPECTRAL = (0.1, 0.3, 1.0), (0.05, 0.1, 0.2, 0.3, 0.5), (0.3, 0.6, 1.0)
WEIGHTS = {"content": (0.0, 0.05, 0.1, 0.2, 0.3), "cease": (1.0,), "walk": (0.0, 0.3),
           "popularity": (0.0, 0.3, 1.0), "spectral": (0.0, 0.3, 0.6, 1.0)}  # fmt: skip


def watches(settings: Settings) -> Dataset:
    """The ratings, each counting as a watch."""
    dataset = load_public("ml-100k", settings.data / "public").dataset
    watched = sp.csr_matrix(dataset.ratings)
    watched.data = np.ones_like(watched.data)
    return replace(dataset, user_items=watched, seen=watched, ratings=None)


def run(settings: Settings) -> None:
    split = next(splits(watches(settings), Protocol(share=SHARE, seed=SEED)))
    inner = next(splits(split.train, Protocol(share=SHARE, seed=SEED + 1)))
    question, validation = Question(split.train, split.targets), Question(inner.train, inner.targets)
    found = [*_ours(question, validation), *_peers(question, validation)]
    als = next(m for m in found if m.name.startswith("implicit ALS"))
    print(f"\nTest, {len(question.people)} people, seed {SEED}; paired difference in P.\n")
    show(
        ["MovieLens 100k", f"P@{K}", f"R@{K}", f"N@{K}", "P - implicit ALS", "fit, CPU"],
        [
            [m.name, *(mean_cell(m.values[v]) for v in ("precision", "recall", "ndcg")),
             gain_cell(m.values["precision"], als.values["precision"]), f"{m.seconds:.2f} s"]
            for m in found
        ],
    )  # fmt: skip


def _ours(question: Question, validation: Question) -> Iterator[Measured]:
    yield _fitted("popularity", Popularity(), question)
    knn = max(
        (ItemKnn(k, shrink) for k, shrink in product((50, 100, 200), (1.0, 10.0))),
        key=lambda model: worth(measure(model.fit(validation.train).scores_of, validation, K)),
    )
    yield _fitted(f"item-kNN (k {knn.neighbours}, shrink {knn.shrink:g})", knn, question)
    content = ContentModel(validation.train.corpus)

    def value(settings: HybridSettings) -> float:
        model = LinearRecommender(settings=settings).fit(validation.train, content)
        return worth(measure(model.scores_of, validation, K))

    ease = max((_alone(CeaseSettings(r, b, kernel=0.0)) for r, b in product(LAMBDAS, BETAS)), key=value)
    yield _fitted(f"EASE ({_words(ease)})", LinearRecommender(settings=ease), question)
    grid = product(LAMBDAS[:4], BETAS, DROPOUTS)
    edlae = max((_alone(CeaseSettings(r, b, p, 0.0)) for r, b, p in grid), key=value)
    yield _fitted(f"EDLAE ({_words(edlae)})", LinearRecommender(settings=edlae), question)
    genres = max((replace(edlae, content=weight) for weight in GENRES), key=value)
    name = f"**EDLAE + {genres.content:g} genres**"
    yield _fitted(name, LinearRecommender(settings=genres), question)
    options = product(GENRES, SPECTRAL)
    best = max((replace(edlae, content=weight, spectral=smooth) for weight, smooth in options), key=value)
    name = f"**EDLAE + {best.content:g} genres + {best.spectral:g} main directions**"
    yield _fitted(name, LinearRecommender(settings=best), question)
    r = ease.fit.regularization
    cease = max((_alone(replace(ease.fit, kernel=w * r)) for w in KERNELS), key=value)
    yield _fitted(f"CEASE ({_words(cease)})", LinearRecommender(settings=cease), question)
    tuned = tune(question.train, split=_as_split(validation), grids=WEIGHTS, k=K)
    model = LinearRecommender(settings=tuned.settings)
    yield _fitted("**hybrid, tuned**", model, question)
    print(f"hybrid: {tuned.tried} settings in {tuned.seconds:.0f} s: {tuned.settings.as_dict()}")
    print(f"largest |sum of leaves - score| over 500 random pairs: {largest_gap(model):.1e}", flush=True)


def _alone(fit: CeaseSettings) -> HybridSettings:
    return HybridSettings(content=0.0, cease=1.0, walk=0.0, popularity=0.0, fit=fit, source="")


def _words(settings: HybridSettings) -> str:
    fit = settings.fit
    more = f", p {fit.dropout:g}" * bool(fit.dropout) + f", w {fit.kernel:g}" * bool(fit.kernel)
    return f"lambda {fit.regularization:g}, beta {fit.beta:g}{more}"


def _as_split(question: Question) -> object:
    from avrec.evaluate.protocols import Split

    return Split(question.train, question.targets, question.people)


def _fitted(name: str, model: object, question: Question) -> Measured:
    _, seconds = timed(lambda: model.fit(question.train))
    return Measured(name, measure(model.scores_of, question, K), seconds)


def _peers(question: Question, validation: Question) -> Iterator[Measured]:
    for name, grid in GRIDS.items():
        words, fit = max(grid(), key=lambda each: worth(_asked(each[1], validation)[0]))
        values, seconds = _asked(fit, question)
        yield Measured(f"{name} ({words})", values, seconds)


def _asked(fit: Callable[[sp.csr_matrix], Scores], question: Question) -> tuple[dict[str, np.ndarray], float]:
    scores, seconds = timed(lambda: fit(question.train.positives))
    return measure(scores, question, K), seconds
