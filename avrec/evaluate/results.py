"""What an evaluation found, as plain records: they become JSON, a page, a table, a report."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Estimate:
    """A mean over people with its 95 % interval; overall values have none."""

    value: float
    low: float | None
    high: float | None
    people: int


@dataclass(frozen=True)
class Row:
    """One algorithm.

    Attributes:
        metrics: Name -> estimate; what cannot be told is not in it.
        error: Why it could not be evaluated; then there are no metrics.
    """

    algorithm: str
    title: str
    family: str
    metrics: dict[str, Estimate]
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two algorithms on the same people.

    Attributes:
        difference: Mean of `first` minus mean of `second`.
        low, high: Its paired interval; None for fewer than five people.
        p: Of the paired permutation test; `corrected` by Holm over its family of comparisons.
        distinguishable: Whether `corrected` is under .05.
    """

    metric: str
    first: str
    second: str
    difference: float
    low: float | None
    high: float | None
    p: float
    corrected: float
    distinguishable: bool


@dataclass(frozen=True)
class AblationRow:
    """One modality of the hybrid.

    Attributes:
        alone: The metric with it alone; None where the dataset lacks it.
        change: What removing it and fitting again changes; negative where it helps.
        hurt: Share of people who are served worse without it.
    """

    modality: str
    alone: Estimate
    without: float
    change: Estimate
    hurt: float
    p: float
    corrected: float


@dataclass(frozen=True)
class Faithfulness:
    """How often removing the first-named reason takes more off the score than removing a random other one."""

    algorithm: str
    reason: str  # "watched clip" or "modality"
    rate: Estimate
    checked: int


@dataclass(frozen=True)
class ColdPoint:
    """How well newcomers are served who have `known` events."""

    algorithm: str
    known: int
    estimate: Estimate


@dataclass(frozen=True)
class CalibrationBin:
    """Pairs of a person and a clip whose score stands between two percentiles, and how many of them were hits."""

    low: float
    high: float
    pairs: int
    rate: Estimate


@dataclass(frozen=True)
class PopularityBin:
    """A fifth of the clips by how many like them: what share it has of people's histories and of the lists."""

    label: str
    clips: int
    history: float
    listed: dict[str, float]


@dataclass(frozen=True)
class WorstServed:
    """A person for whom the focus found least.

    Attributes:
        value: The evaluation's metric for them, in [0, 1].
        history, targets: How many positives were known, and held out.
        best_rank: Where the first of the targets stands, from 1; None where none is ranked.
    """

    user_id: str
    value: float
    history: int
    targets: int
    best_rank: int | None


@dataclass(frozen=True)
class DatasetFacts:
    """What was evaluated on, in numbers and words."""

    name: str
    title: str
    people: int
    clips: int
    pairs: int
    positives: int
    ratings: int
    simulated: bool
    content: tuple[str, ...]
    note: str = ""
    rejected: tuple[tuple[int, str], ...] = ()
    in_library: bool = False
    content_hash: str = ""


@dataclass(frozen=True)
class Evaluation:
    """One run.

    Attributes:
        protocol: In words; `settings` holds it in values.
        metric: The metric of ablation, cold start and worst served.
        best: Name of the algorithm with the highest `metric`.
        focus: The algorithm whose calibration and worst served are told: the hybrid where it ran.
    """

    hash: str
    dataset: DatasetFacts
    protocol: str
    settings: dict[str, Any]
    k: int
    metric: str
    tested: int
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    best: str = ""
    focus: str = ""
    ablation: tuple[AblationRow, ...] = ()
    faithfulness: tuple[Faithfulness, ...] = ()
    cold_start: tuple[ColdPoint, ...] = ()
    cold_people: int = 0
    calibration: tuple[CalibrationBin, ...] = ()
    popularity_bias: tuple[PopularityBin, ...] = ()
    worst: tuple[WorstServed, ...] = ()
    tuned: dict[str, Any] | None = None
    seconds: float = 0.0
    made_at: str = ""
    notes: tuple[str, ...] = field(default=())
    format: int = FORMAT

    def row(self, algorithm: str) -> Row | None:
        """What was found of one algorithm; None where it did not run."""
        return next((row for row in self.rows if row.algorithm == algorithm), None)

    def value(self, algorithm: str, metric: str) -> Estimate | None:
        """One cell of the leaderboard; None where it cannot be told."""
        row = self.row(algorithm)
        return row.metrics.get(metric) if row else None

    def compared(self, first: str, second: str, metric: str) -> Comparison | None:
        return next((c for c in self.comparisons if (c.first, c.second, c.metric) == (first, second, metric)), None)

    def as_json(self) -> str:
        """The record as one JSON document; numbers that JSON lacks raise ValueError."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def from_json(text: str) -> "Evaluation":
        """Read what `as_json` wrote.

        Raises:
            ValueError: It is not an evaluation of this format.
        """
        from pydantic import TypeAdapter

        found = TypeAdapter(Evaluation).validate_json(text)
        if found.format != FORMAT:
            raise ValueError("an older format")
        return found
