"""The "Auto" weights: coordinate ascent on a validation split, over CEASE's settings, readings and the parts' weights.

Every part can reach zero: dense data want EASE alone, sparse data content and the walk.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from avrec.evaluate.part_scores import PartScores
from avrec.evaluate.protocols import Protocol, Split, splits
from avrec.recommend.cease import CeaseSettings
from avrec.recommend.dataset import Dataset
from avrec.recommend.hybrid_settings import HybridSettings, default_settings
from avrec.recommend.reading import Reading
from avrec.recommend.sparse_crowd import DENSE_CLIPS

Progress = Callable[[float, str], None]

LAMBDAS, BETAS, DROPOUTS, KERNELS = (10.0, 30.0, 100.0, 200.0, 300.0), (0.0, 0.5, 1.0), (0.0, 0.6), (0.0, 0.1, 0.3, 1.0)
WEIGHTS = {
    "content": (0.0, 0.1, 0.2, 0.5, 1.0, 2.0),
    "cease": (0.0, 0.5, 1.0, 2.0),
    "walk": (0.0, 0.3, 1.0),
    "spectral": (0.0, 0.3, 0.6),
    "popularity": (0.0, 0.5, 1.0, 2.0, 5.0),
}
READINGS = (Reading(), Reading(negatives=0.0), Reading(binary=True), Reading(binary=True, negatives=0.0))
STARTS = ({"content": 0.0, "cease": 1.0, "walk": 0.0, "popularity": 0.0}, {"content": 0.2, "cease": 1.0, "walk": 0.3})
# One setting at a time does not get from one of these to another: lambda, beta and dropout hang together.
FITS = (
    CeaseSettings(30.0, 0.5, 0.6, 0.0),
    CeaseSettings(200.0, 0.0, 0.0, 0.0),
    CeaseSettings(100.0, 0.0, 0.6, 0.0),
    CeaseSettings(30.0, 1.0, 0.0, 3.0),
)
MOST_PEOPLE, LEAST_PEOPLE = 2000, 10
SWEEPS = 3
GAIN = 1e-4  # less is noise


@dataclass(frozen=True)
class Tuned:
    """What tuning found.

    Attributes:
        settings: For `LinearRecommender(settings=...)`.
        metric: What `before` and `after` are.
        before, after: The default's and the tuned value on the validation split; what is reported elsewhere must be
            measured on other data.
        people: Validation people.
        tried: How many settings were scored.
        seconds: How long it took.
        complete: False when the time budget ended it.
    """

    settings: HybridSettings
    metric: str
    before: float
    after: float
    people: int
    tried: int
    seconds: float
    complete: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain values; what was not measured is NaN."""
        return asdict(self)

    def as_json(self) -> dict[str, Any]:
        """The same without numbers that JSON lacks."""
        return {name: None if value != value else value for name, value in asdict(self).items()}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Tuned":
        """Read what `as_json` or `as_dict` wrote."""
        known = {name: float("nan") if value is None else value for name, value in values.items()}
        return Tuned(**{**known, "settings": HybridSettings.from_dict(values["settings"])})


def tune(
    dataset: Dataset,
    *,
    split: Split | None = None,
    grids: Mapping[str, tuple[float, ...]] | None = None,
    people: int = MOST_PEOPLE,
    seed: int = 0,
    k: int = 20,
    budget_seconds: float | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Find the hybrid's weights on a fifth of each person's positives.

    Args:
        dataset: Training data alone; the validation split is cut from it.
        split: A published validation split, in place of one cut from the dataset.
        grids: Finer grids for some of the parts' weights, by name.
        people: At most so many validation people are scored, drawn at random.
        k: Places that count.
        budget_seconds: Stop with the best so far after it; a fit in hand is finished.
        progress: Called with a share in [0, 1] and a sentence; what it raises ends the search.
    """
    started = time.monotonic()
    fallback = default_settings(dataset.positives.nnz, int(dataset.listable.sum()))
    split = split or next(splits(dataset, Protocol(seed=seed)))
    metric = f"mean of nDCG@{k} and recall@{k} on validation"
    if len(split.people) < LEAST_PEOPLE:
        kept = replace(fallback, source=f"fixed: {len(split.people)} people are too few to tune on")
        return Tuned(kept, metric, float("nan"), float("nan"), len(split.people), 0, 0.0)
    grids = WEIGHTS | dict(grids or {})
    scores = PartScores(split, people, k, np.random.default_rng(seed), _Steps(progress).say)
    scores.prepare(spectral=any(grids["spectral"]))
    search = _Search(scores, grids, None if budget_seconds is None else started + budget_seconds)
    before, best, complete = search.run(fallback)
    tested, seconds = len(scores.people), time.monotonic() - started
    settings = replace(best[1], source=f"tuned on {tested} people")
    return Tuned(settings, metric, before, best[0], tested, search.tried, seconds, complete)


class _OutOfTimeError(Exception):
    """The budget is spent."""


class _Steps:
    """What is fitted, as shares of about all that will be."""

    def __init__(self, progress: Progress | None):
        self._steps = 3 + len(FITS) + SWEEPS * (len(LAMBDAS) + len(BETAS) + len(DROPOUTS) + len(KERNELS) - 4)
        self._step, self._progress = 0, progress

    def say(self, sentence: str) -> None:
        self._step += 1
        if self._progress is not None:
            self._progress(min(self._step / self._steps, 0.99), sentence)


class _Search:
    """Coordinate ascent from several starts."""

    def __init__(self, scores: PartScores, grids: Mapping[str, tuple[float, ...]], deadline: float | None):
        self.scores, self.tried, self.grids = scores, 0, grids
        self._deadline = deadline

    def run(self, start: HybridSettings) -> tuple[float, tuple[float, HybridSettings], bool]:
        """The starting value, the best (value, settings), and whether the search came to its end."""
        before = self._value(start)
        self.best = (before, start)
        try:
            self._weigh(start)
            for other in STARTS:
                self._weigh(replace(start, **other))
            self._read_best()
            for fit in FITS:
                self._try(replace(self.best[1], fit=fit, cease=self.best[1].cease or 1.0))
                self._check_time()
            for _ in range(SWEEPS):
                last = self.best[0]
                self._sweep()
                if self.best[0] - last < GAIN:
                    break
        except _OutOfTimeError:
            return before, self.best, False
        return before, self.best, True

    def _value(self, settings: HybridSettings) -> float:
        self.tried += 1
        return self.scores.value(settings)

    def _try(self, settings: HybridSettings) -> bool:
        """Keep the settings if they are better than the best so far."""
        value = self._value(settings)
        better = value > self.best[0] + GAIN
        if better:
            self.best = (value, settings)
        return better

    def _weigh(self, start: HybridSettings) -> None:
        """Coordinate ascent over the parts' weights from a start; fits nothing."""
        here = (self._value(start), start)
        moved = True
        while moved:
            moved = False
            for name, grid in self.grids.items():
                if name == "content" and not self.scores.has_content:
                    continue
                for weight in grid:
                    if weight == getattr(here[1], name):
                        continue
                    other = replace(here[1], **{name: weight})
                    value = self._value(other)
                    if value > here[0] + GAIN:
                        here, moved = (value, other), True
                self._check_time()
        if here[0] > self.best[0] + GAIN:
            self.best = here

    def _sweep(self) -> None:
        """Each of CEASE's settings in turn, then the weights again."""
        sparse = self.scores.train.clips > DENSE_CLIPS
        self._line("regularization", LAMBDAS)
        if not sparse:
            self._line("beta", BETAS)
            self._line("dropout", DROPOUTS)
            if self.scores.has_content:
                self._line("kernel", KERNELS)
        self._read_best()
        self._weigh(self.best[1])

    def _read_best(self) -> None:
        """Every reading with the best settings."""
        for crowd in READINGS:
            data, now = self.scores.train.user_items.data, self.best[1].crowd
            if not np.array_equal(crowd.of(data), now.of(data)):
                self._try(replace(self.best[1], crowd=crowd, cease=self.best[1].cease or 1.0))
            self._check_time()

    def _line(self, name: str, grid: tuple[float, ...]) -> None:
        for value in grid:
            settings = self.best[1]
            fit = settings.fit
            if name == "regularization":  # the kernel keeps its share of lambda
                other = replace(fit, regularization=value, kernel=fit.kernel * value / fit.regularization)
            elif name == "beta":  # lambda and the kernel keep their share of the Gram matrix
                share = self._trace(value) / self._trace(fit.beta)
                other = replace(fit, beta=value, regularization=fit.regularization * share, kernel=fit.kernel * share)
            else:
                other = replace(fit, **{name: value * fit.regularization if name == "kernel" else value})
            if other != fit:
                self._try(replace(settings, fit=other, cease=settings.cease or 1.0))
            self._check_time()

    def _trace(self, beta: float) -> float:
        """Of the Gram matrix that weighs people by length^-beta."""
        lengths = self.scores.train.positives.getnnz(axis=1).astype(float)
        return float((lengths[lengths > 0] ** (1 - beta)).sum()) or 1.0

    def _check_time(self) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise _OutOfTimeError
