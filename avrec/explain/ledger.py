"""The score as a tree: algorithm -> modality -> watched clip. The leaves sum to the shown score."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from avrec.schemas import CONTENT_MODALITIES, MODALITIES, Contribution

LABELS = {
    "visual": "Visual", "audio": "Audio", "speech": "Speech", "caption": "Caption", "meaning": "Meaning",
    "words": "Words", "crowd": "Crowd", "prior": "Prior", "diversity": "Diversity",
}  # fmt: skip


def build_ledger(
    title: str,
    lines: np.ndarray,
    prior: float,
    penalty: float,
    weights: dict[str, float],
    watched: Sequence[tuple[str, str, float]],
    details: dict[str, Any],
) -> Contribution:
    """Make a person's ledger for one clip.

    Args:
        lines: (7, watched clips) weighted lines: content modalities and the crowd.
        prior, penalty: The popularity line and the list's diversity penalty (<= 0).
        watched: (clip_id, title, event weight) of each watched clip; the event weight stands in a leaf's details.
        details: Of the root: algorithm and fit.
    """
    events = [{"event": event} for _, _, event in watched]
    order = np.argsort(-np.abs(lines), axis=1, kind="stable").tolist()
    kept = []
    for i, modality in enumerate((*CONTENT_MODALITIES, "crowd")):
        values = lines[i].tolist()
        leaves = tuple(_leaf(watched[h][1], values[h], watched[h][0], events[h]) for h in order[i] if values[h])
        if leaves:
            kept.append(_line(modality, "modality", _sum(leaves), weights[modality], leaves))
    if prior:
        kept.append(_line("prior", "prior", prior, weights["prior"]))
    if penalty:
        kept.append(Contribution(LABELS["diversity"], "penalty", penalty, key="diversity"))
    return Contribution(title, "algorithm", _sum(kept), tuple(kept), key=str(details["algorithm"]), details=details)


def build_similarity_ledger(lines: np.ndarray, weights: dict[str, float], details: dict[str, Any]) -> Contribution:
    """Make the ledger of a clip's likeness to another: one leaf a modality, (6,) weighted lines."""
    kept = tuple(
        _line(modality, "modality", float(value), weights[modality])
        for modality, value in zip(CONTENT_MODALITIES, lines, strict=True)
        if value
    )
    return Contribution("Likeness", "algorithm", _sum(kept), kept, key="similar", details=details)


def _line(key: str, kind: str, value: float, weight: float, children: tuple[Contribution, ...] = ()) -> Contribution:
    match = value / weight if weight else 0.0
    return Contribution(LABELS[key], kind, value, children, key, {"weight": weight, "match": match})


def _leaf(label: str, value: float, key: str, details: dict[str, Any]) -> Contribution:
    """A clip line. A list of 20 has thousands; past the frozen dataclass's `__init__` they take a third of the time."""
    leaf = object.__new__(Contribution)
    leaf.__dict__.update(label=label, kind="clip", value=value, children=(), key=key, details=details, exact=True)
    return leaf


def _sum(lines: Sequence[Contribution]) -> float:
    return math.fsum(line.value for line in lines)


def by_modality(ledger: Contribution) -> dict[str, float]:
    """Signed sums per modality in the fixed order, with "diversity" last."""
    values = {line.key: line.value for line in ledger.children}
    return {name: values.get(name, 0.0) for name in (*MODALITIES, "diversity")}


def by_watched_clip(ledger: Contribution) -> dict[str, dict[str, float]]:
    """clip_id of a watched clip -> modality -> value, the clip that carries most first."""
    found: dict[str, dict[str, float]] = {}
    for line in ledger.children:
        for leaf in line.children:
            found.setdefault(leaf.key, {})[line.key] = leaf.value
    return dict(sorted(found.items(), key=lambda item: -sum(item[1].values())))
