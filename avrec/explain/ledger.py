"""The score as a tree: algorithm -> modality -> (part) -> watched clip, neighbour or factor. The leaves sum to it.

A recommender tells its scores as blocks of lines; nothing here knows which recommender it was.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from avrec.schemas import CONTENT_MODALITIES, MODALITIES, Contribution, ContributionKind, Corpus

LABELS = {
    "visual": "Visual", "audio": "Audio", "speech": "Speech", "caption": "Caption", "meaning": "Meaning",
    "words": "Words", "crowd": "Crowd", "prior": "Prior", "diversity": "Diversity", "calibration": "Calibration",
}  # fmt: skip


@dataclass(frozen=True)
class Leaves:
    """What the lines of a block are about: one entry a line."""

    kind: ContributionKind
    labels: Sequence[str]
    keys: Sequence[str]
    details: Sequence[dict[str, Any]]

    @cached_property
    def templates(self) -> list[dict[str, Any]]:
        """Each line's fields but its value, in the order of `Contribution`'s."""
        return [
            {
                "label": label,
                "kind": self.kind,
                "value": 0.0,
                "children": (),
                "key": key,
                "details": detail,
                "exact": True,
            }
            for label, key, detail in zip(self.labels, self.keys, self.details, strict=True)
        ]


def clip_leaves(corpus: Corpus, clips: np.ndarray, weights: np.ndarray) -> Leaves:
    """One leaf a watched clip, with the weight of its events; clips and weights are of one length."""
    return Leaves(
        "clip",
        [corpus.titles[h] for h in clips],
        [corpus.clip_ids[h] for h in clips],
        [{"event": weight} for weight in weights.tolist()],
    )


def prior_leaf(key: str, label: str) -> Leaves:
    """The one leaf of something that is the same for everybody."""
    return Leaves("prior", (label,), (key,), ({},))


LIKED_BY_MANY = prior_leaf("popularity", "liked by many")


@dataclass(frozen=True)
class Block:
    """Lines of one part of a score, for some clips of one person.

    Attributes:
        modality: The modality that the lines are summed under.
        part: Its name where a modality has several: "direct match", "learned with the crowd", "popularity".
        leaves: What the rows are.
        values: (leaves, clips) float64.
        weight: What the lines were multiplied by; shown beside the sum.
    """

    modality: str
    part: str
    leaves: Leaves
    values: np.ndarray
    weight: float = 1.0

    def times(self, factor: float, weight: float) -> "Block":
        return replace(self, values=self.values * factor, weight=weight)


@dataclass(frozen=True)
class Told:
    """Exact scores of some clips for one person, ready to be told as ledgers."""

    blocks: tuple[Block, ...]
    clips: int
    order: dict[str, int] = field(default_factory=lambda: {name: i for i, name in enumerate(MODALITIES)}, repr=False)

    def totals(self) -> np.ndarray:
        """(clips,) float64."""
        totals = np.zeros(self.clips)
        for block in self.blocks:
            totals += block.values.sum(axis=0)
        return totals

    def of(self, positions: np.ndarray) -> "Told":
        blocks = tuple(replace(block, values=block.values[:, positions]) for block in self.blocks)
        return replace(self, blocks=blocks, clips=len(positions))

    def plus(self, blocks: Sequence[Block]) -> "Told":
        return replace(self, blocks=(*self.blocks, *blocks))

    def lines(self, position: int) -> list[Contribution]:
        """The modality lines of one clip; a modality with several parts has a line for each below it."""
        found: dict[str, list[Contribution]] = {}
        for block in self.blocks:
            line = _part(block, position)
            if line is not None:
                found.setdefault(block.modality, []).append(line)
        return [_modality(name, found[name]) for name in sorted(found, key=lambda name: self.order[name])]


def _part(block: Block, position: int) -> Contribution | None:
    """One block's lines of a clip under the block's name; a single unnamed prior is a leaf."""
    column, about = block.values[:, position], block.leaves
    order = np.argsort(-np.abs(column), kind="stable").tolist()
    values = column.tolist()
    children = tuple([_leaf(about.templates[h], values[h]) for h in order if values[h]])
    if not children:
        return None
    details = _details(_sum(children), block.weight)
    if about.kind == "prior":
        return Contribution(children[0].label, "prior", children[0].value, (), children[0].key, details)
    return Contribution(block.part, "part", _sum(children), children, block.part, details)


def _modality(name: str, parts: list[Contribution]) -> Contribution:
    """A modality's line; popularity alone is a prior without lines below it, any other prior keeps its name."""
    only = parts[0]
    if len(parts) > 1 or (only.kind == "prior" and only.key != "popularity"):
        value = _sum(parts)
        return Contribution(LABELS[name], "modality", value, tuple(parts), name, _details(value, _weight(parts)))
    kind: ContributionKind = "prior" if only.kind == "prior" else "modality"
    return Contribution(LABELS[name], kind, only.value, only.children, name, only.details | {"part": only.label})


def _weight(parts: list[Contribution]) -> float:
    weights = {part.details["weight"] for part in parts}
    return weights.pop() if len(weights) == 1 else 0.0


def _details(value: float, weight: float) -> dict[str, Any]:
    return {"weight": weight, "match": value / weight if weight else 0.0}


def build_ledger(
    title: str,
    lines: Sequence[Contribution],
    penalties: dict[str, float],
    details: dict[str, Any],
    exact: bool = True,
) -> Contribution:
    """Make a clip's ledger.

    Args:
        lines: Modality lines, as `Told.lines` gives them.
        penalties: What the list adds, "diversity" or "calibration" -> value (<= 0).
        details: Of the root; `algorithm` is its key.
    """
    kept = [*lines]
    kept += [Contribution(LABELS[name], "penalty", value, key=name) for name, value in penalties.items() if value]
    key = str(details["algorithm"])
    return Contribution(title, "algorithm", _sum(kept), tuple(kept), key=key, details=details, exact=exact)


def build_similarity_ledger(lines: np.ndarray, weights: dict[str, float], details: dict[str, Any]) -> Contribution:
    """Make the ledger of a clip's likeness to another: one leaf a modality, (6,) weighted lines."""
    kept = [
        Contribution(LABELS[name], "modality", float(value), (), name, _details(float(value), weights[name]))
        for name, value in zip(CONTENT_MODALITIES, lines, strict=True)
        if value
    ]
    return Contribution("Likeness", "algorithm", _sum(kept), tuple(kept), key="similar", details=details)


def _leaf(template: dict[str, Any], value: float) -> Contribution:
    """A leaf. A list of 20 has thousands; past the frozen dataclass's `__init__` they take a quarter of the time."""
    leaf = object.__new__(Contribution)
    fields = leaf.__dict__
    fields |= template
    fields["value"] = value
    return leaf


def _sum(lines: Sequence[Contribution]) -> float:
    return math.fsum(line.value for line in lines)


def by_modality(ledger: Contribution) -> dict[str, float]:
    """Signed sums per modality in the fixed order, with "diversity" (all that the list takes off) last."""
    values = {line.key: line.value for line in ledger.children if line.kind != "penalty"}
    penalty = math.fsum(line.value for line in ledger.children if line.kind == "penalty")
    return {name: values.get(name, 0.0) for name in MODALITIES} | {"diversity": penalty}


def by_watched_clip(ledger: Contribution) -> dict[str, dict[str, float]]:
    """clip_id of a watched clip -> modality -> value, the clip that carries most first."""
    found: dict[str, dict[str, float]] = {}
    for line in ledger.children:
        for leaf in line.leaves():
            if leaf.kind == "clip":
                mine = found.setdefault(leaf.key, {})
                mine[line.key] = mine.get(line.key, 0.0) + leaf.value
    return dict(sorted(found.items(), key=lambda item: -sum(item[1].values())))


def direct_leaves(line: Contribution) -> tuple[Contribution, ...]:
    """The leaves of a modality's line that are the likeness of clips itself; none where it has no such part."""
    if line.details.get("part") == DIRECT:
        return line.children
    return next((part.children for part in line.children if part.kind == "part" and part.key == DIRECT), ())


DIRECT = "direct match"
LEARNED = "learned with the crowd"
