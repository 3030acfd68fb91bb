"""Time to fit and to score at MovieLens-1M's shape, beside `implicit` and scikit-learn in the same run."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from avrec.config import Settings
from avrec.evaluate.datasets import bare_corpus
from avrec.recommend.als import Als
from avrec.recommend.dataset import Dataset
from avrec.recommend.ease import Ease
from avrec.recommend.neighbours import ItemKnn, Walk
from avrec.recommend.pure_svd import PureSvd
from benchmarks.recommenders.measure import timed
from benchmarks.recommenders.peers import SEED
from benchmarks.table import show

PEOPLE, CLIPS, DENSITY, ASKED = 6040, 3706, 0.0447, 1000


def crowd() -> Dataset:
    """As many people, clips and watches as MovieLens-1M has; few clips take most of the watches."""
    rng = np.random.default_rng(0)
    likes = 1 / (np.arange(CLIPS) + 50.0)
    rows = np.repeat(np.arange(PEOPLE), rng.poisson(CLIPS * DENSITY * 1.1, PEOPLE))
    columns = rng.choice(CLIPS, len(rows), p=likes / likes.sum())
    watched = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(PEOPLE, CLIPS))
    watched.data[:] = 1.0
    ids = [f"c{i}" for i in range(CLIPS)]
    return Dataset(
        bare_corpus(ids), tuple(f"u{u}" for u in range(PEOPLE)), watched, watched, sp.csr_matrix(watched.shape)
    )


def run(settings: Settings) -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peers' advice about threads and formats
        _compare(crowd())


def _compare(dataset: Dataset) -> None:
    filled = dataset.user_items.nnz / PEOPLE / CLIPS
    asked, rows = np.arange(ASKED), []
    _warm_up()
    for name, make, target in (
        ("EASE", Ease, "6 s"), ("ALS-64", lambda: Als(64), "3 s"), ("item-kNN", ItemKnn, "1 s"),
        ("two-step walk", Walk, ""), ("PureSVD", PureSvd, ""),
    ):  # fmt: skip
        model = make()
        _, fit = timed(lambda model=model: model.fit(dataset))
        _, score = timed(lambda model=model: model.scores_of(asked))
        rows.append([f"avrec {name}", f"{fit:.2f} s", target, f"{score:.2f} s"])
    for name, work in _others(dataset.positives.astype(np.float32)):
        fit, score = work()
        rows.append([name, f"{fit:.2f} s", "", f"{score:.2f} s"])
    print("One thread each; CPU seconds; imports and compilers warmed up before.\n")
    show([f"{PEOPLE:,} x {CLIPS:,}, density {filled:.4f}", "fit", "target", f"scores of {ASKED:,} people"], rows)


def _warm_up() -> None:
    """First calls import and compile."""
    small = sp.random(50, 40, 0.3, format="csr", random_state=0)
    small.data[:] = 1.0
    ids = tuple(f"c{i}" for i in range(40))
    dataset = Dataset(bare_corpus(ids), tuple(f"u{u}" for u in range(50)), small, small, sp.csr_matrix(small.shape))
    for make in (Ease, Als, ItemKnn, Walk, PureSvd):
        make().fit(dataset)


def _others(positives: sp.csr_matrix) -> list[tuple[str, Callable[[], tuple[float, float]]]]:
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.cpu.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import CosineRecommender

    def implicit(model: Any, scores: Callable[[Any], object]) -> tuple[float, float]:
        _, fit = timed(lambda: model.fit(positives, show_progress=False))
        return fit, timed(lambda: scores(model))[1]

    def by_factors(model: Any) -> object:
        return model.user_factors[:ASKED] @ model.item_factors.T

    als = AlternatingLeastSquares(64, 1.0, 5.0, iterations=15, num_threads=1, random_state=SEED)
    bpr = BayesianPersonalizedRanking(64, iterations=10, num_threads=1, random_state=SEED)
    knn = CosineRecommender(100, num_threads=1)
    return [
        ("implicit ALS-64, 15 turns", lambda: implicit(als, by_factors)),
        ("implicit BPR-64, 10 turns", lambda: implicit(bpr, by_factors)),
        ("implicit item-kNN", lambda: implicit(knn, lambda m: (positives[:ASKED] @ m.similarity).toarray())),
        ("scikit-learn TruncatedSVD-64", lambda: _svd(positives)),
        ("scikit-learn NearestNeighbors, cosine", lambda: _nearest(positives)),
        ("plain: scipy.linalg.inv for EASE", lambda: _naive_ease(positives)),
    ]


def _svd(positives: sp.csr_matrix) -> tuple[float, float]:
    from sklearn.decomposition import TruncatedSVD

    model = TruncatedSVD(64, random_state=SEED)
    people, fit = timed(lambda: model.fit_transform(positives))
    return fit, timed(lambda: people[:ASKED] @ model.components_)[1]


def _nearest(positives: sp.csr_matrix) -> tuple[float, float]:
    """Item-kNN by brute force: each clip's 100 nearest."""
    from sklearn.neighbors import NearestNeighbors

    by_clip = sp.csr_matrix(positives.T)
    graph, fit = timed(lambda: NearestNeighbors(n_neighbors=100, metric="cosine").fit(by_clip).kneighbors_graph())
    return fit, timed(lambda: (positives[:ASKED] @ graph.T).toarray())[1]


def _naive_ease(positives: sp.csr_matrix) -> tuple[float, float]:
    def fit() -> np.ndarray:
        gram = (positives.T @ positives).toarray().astype(np.float64)
        P = np.linalg.inv(gram + 10 * np.eye(len(gram)))
        B = -P / np.diag(P)
        B[np.diag_indices(len(B))] = 0
        return B

    B, seconds = timed(fit)
    return seconds, timed(lambda: positives[:ASKED] @ B)[1]
