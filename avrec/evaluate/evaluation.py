"""One evaluation from its specification to its record; the same for the page, the command line and benchmarks."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np

from avrec.config import PACKAGE
from avrec.errors import InvalidInputError
from avrec.evaluate import ablation, curves
from avrec.evaluate.cold_start import ALGORITHMS as COLD_ALGORITHMS
from avrec.evaluate.cold_start import cold_start
from avrec.evaluate.datasets import Loaded
from avrec.evaluate.faithfulness import faithfulness
from avrec.evaluate.leaderboard import best_of, compare, make_row
from avrec.evaluate.protocols import K_FOLD, Protocol, Split, splits
from avrec.evaluate.results import Evaluation, Faithfulness, Row
from avrec.evaluate.run import Progress, Tally, add_beyond, per_person, predict_ratings, tally
from avrec.recommend import registry
from avrec.recommend.base import Recommender
from avrec.recommend.content import ContentModel
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.recommend.linear import LinearRecommender

BASELINES = ("popularity", "random")
METRIC = "ndcg"
PARTS = ("ablation", "faithfulness", "cold-start", "curves")


@dataclass(frozen=True)
class Spec:
    """What is to be evaluated.

    Attributes:
        algorithms: Names of the registry; empty for all. Popularity and random are always among them.
        parts: What is told besides the leaderboard, of PARTS.
        hybrid: Settings of the hybrid, as `tune` finds them; by the size of the library where None.
        auto: Whether the hybrid is to be tuned first, on the training side; for whoever asks for the run.
    """

    protocol: Protocol = field(default_factory=Protocol)
    algorithms: tuple[str, ...] = ()
    k: int = 10
    parts: tuple[str, ...] = PARTS
    hybrid: HybridSettings | None = None
    auto: bool = False

    def checked(self) -> "Spec":
        """The specification with all names resolved.

        Raises:
            UnknownModelError, InvalidInputError: As they say.
        """
        names = self.algorithms or tuple(registry.ENTRIES)
        for name in names:
            registry.entry(name)
        if not 1 <= self.k <= 1000:
            raise InvalidInputError("K", "it must be from 1 to 1,000")
        if unknown := set(self.parts) - set(PARTS):
            raise InvalidInputError("Parts", f"{sorted(unknown)[0]!r} is not one of {', '.join(PARTS)}")
        if self.auto and self.protocol.name == K_FOLD:
            raise InvalidInputError("Auto weights", "folds have no training side in common; choose another split")
        chosen = tuple(dict.fromkeys([*names, *BASELINES]))
        return replace(self, protocol=self.protocol.checked(), algorithms=chosen)

    def hash(self, content_hash: str) -> str:
        """Hash of everything that decides the result."""
        text = repr((sorted(asdict(self).items()), content_hash, code_version()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def code_version() -> str:
    """Hash of the code that recommends and evaluates."""
    digest = hashlib.sha256()
    for package in ("recommend", "evaluate", "explain"):
        for path in sorted(p for p in (PACKAGE / package).rglob("*") if p.suffix in (".py", ".npz")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def evaluate(loaded: Loaded, spec: Spec, progress: Progress = lambda share, sentence: None) -> Evaluation:
    """Run it.

    Args:
        progress: Called with a share in [0, 1] and a sentence; what it raises ends the run.

    Raises:
        InvalidInputError: The dataset has nothing to hold out.
    """
    return _Run(loaded, spec.checked(), progress).result()


class _Run:
    """The state of one evaluation."""

    def __init__(self, loaded: Loaded, spec: Spec, progress: Progress):
        self.loaded, self.spec, self.progress = loaded, spec, progress
        self.started = time.monotonic()
        self.dataset = loaded.dataset
        self.splits = self._cut()
        self.people = np.unique(np.concatenate([split.people for split in self.splits]))
        self.content = ContentModel(self.dataset.corpus)
        self.ties = np.random.default_rng(spec.protocol.seed).permutation(self.dataset.clips)
        self.notes: list[str] = []

    def _cut(self) -> list[Split]:
        found = [s for s in splits(self.dataset, self.spec.protocol, self.loaded.times) if len(s.people)]
        if not found:
            raise InvalidInputError(
                self.loaded.facts.title,
                f"nobody has the {self.spec.protocol.minimum} positive events or more that holding some out needs; "
                "record likes or import events",
            )
        return found

    def make(self, name: str) -> Recommender:
        """A new recommender; the hybrid and its views with the given settings."""
        entry = registry.entry(name)
        if entry.view is not None and self.spec.hybrid is not None and name == "hybrid":
            return LinearRecommender(name, entry.title, entry.view, self.spec.hybrid)
        return entry.make()

    def result(self) -> Evaluation:
        tallies = self._tallies()
        self.progress(0.6, "diversity and novelty")
        add_beyond(tallies, self.splits, self.content)
        values = {t.name: per_person(t.outcomes, self.people) for t in tallies if not t.error}
        rows = [make_row(t, values.get(t.name, {}), self.dataset) for t in tallies]
        self.progress(0.65, "intervals and paired tests")
        comparisons = compare(values, rows)
        focus = "hybrid" if "hybrid" in values else best_of(rows, METRIC)
        found: dict[str, Any] = {}
        for part, make in (
            ("ablation", self._ablation), ("faithfulness", self._faithfulness), ("cold-start", self._cold_start),
            ("curves", self._curves),
        ):  # fmt: skip
            if part in self.spec.parts:
                found |= make(tallies, values, focus)
        return self._record(rows, comparisons, focus, found)

    def _tallies(self) -> list[Tally]:
        names, found = self.spec.algorithms, []
        for i, name in enumerate(names):
            self.progress(0.02 + 0.58 * i / len(names), f"{registry.entry(name).title}, {i + 1} of {len(names)}")
            make: Callable[[], Recommender] = lambda name=name: self.make(name)  # noqa: E731
            one = tally(name, make, self.splits, self.spec.k, self.content, self.ties)
            if not one.error:
                one.ratings = predict_ratings(make, self.dataset, self.spec.protocol, self.content)
            found.append(one)
        return found

    def _ablation(self, tallies: list[Tally], values: dict, focus: str) -> dict[str, Any]:
        if "hybrid" not in values:
            return {}
        setting = ablation.Setting(self.splits, self.people, self.spec.k, METRIC, self.ties, self.spec.hybrid)
        say = lambda share: self.progress(0.67 + 0.13 * share, "the hybrid without each modality")  # noqa: E731
        return {"ablation": tuple(ablation.ablate(setting, self.content, values["hybrid"][METRIC], say))}

    def _faithfulness(self, tallies: list[Tally], values: dict, focus: str) -> dict[str, Any]:
        found: list[Faithfulness] = []
        kept = [t for t in tallies if not t.error and t.outcomes and t.outcomes[0].model.personal]
        for i, one in enumerate(kept):
            self.progress(0.8 + 0.06 * i / len(kept), f"do the reasons of {one.name} hold?")
            found += faithfulness(one.outcomes[0].model, one.outcomes[0].people)
        return {"faithfulness": tuple(found)}

    def _cold_start(self, tallies: list[Tally], values: dict, focus: str) -> dict[str, Any]:
        self.progress(0.87, "newcomers")
        names = [name for name in COLD_ALGORITHMS if name in values]
        arguments = (self.content, self.spec.k, METRIC, self.ties, self.make, self.spec.protocol.seed)
        points, people = cold_start(self.splits[0], names, *arguments)
        return {"cold_start": tuple(points), "cold_people": people}

    def _curves(self, tallies: list[Tally], values: dict, focus: str) -> dict[str, Any]:
        self.progress(0.95, "calibration and popularity bias")
        one = next((t for t in tallies if t.name == focus), None)
        if one is None or not one.outcomes:
            return {}
        first, split = one.outcomes[0], self.splits[0]
        return {
            "calibration": tuple(curves.calibration(first.model, split)),
            "popularity_bias": tuple(curves.popularity_bias(tallies, split.train)),
            "worst": tuple(curves.worst_served(first, split, METRIC)),
        }

    def _record(self, rows: list[Row], comparisons: list, focus: str, found: dict[str, Any]) -> Evaluation:
        facts = self.loaded.facts
        return Evaluation(
            hash=self.spec.hash(facts.content_hash),
            dataset=facts,
            protocol=self.spec.protocol.words(),
            settings={
                **asdict(self.spec.protocol),
                "algorithms": list(self.spec.algorithms),
                "parts": list(self.spec.parts),
            },
            k=self.spec.k,
            metric=METRIC,
            tested=len(self.people),
            rows=tuple(sorted(rows, key=lambda row: -row.metrics[METRIC].value if METRIC in row.metrics else 1.0)),
            comparisons=tuple(comparisons),
            best=best_of(rows, METRIC),
            focus=focus,
            tuned=self.spec.hybrid.as_dict() if self.spec.hybrid else None,
            seconds=time.monotonic() - self.started,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            **found,
        )
