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
    watched: np.ndarray,
    prior: float,
    penalty: float,
    weights: dict[str, float],
    clip_ids: Sequence[str],
    titles: Sequence[str],
    details: dict[str, Any],
) -> Contribution:
    """Make a person's ledger for one clip.

    Args:
        watched: (7, watched clips) weighted lines: content modalities and the crowd.
        prior, penalty: The popularity line and the list's diversity penalty (<= 0).
        clip_ids, titles: Of the watched clips.
    """
    lines = []
    for i, modality in enumerate((*CONTENT_MODALITIES, "crowd")):
        leaves = tuple(
            Contribution(titles[h], "clip", float(watched[i, h]), key=clip_ids[h])
            for h in np.argsort(-np.abs(watched[i]), kind="stable")
            if watched[i, h] != 0
        )
        lines.append(_line(modality, "modality", _sum(leaves), weights[modality], leaves))
    lines.append(_line("prior", "prior", prior, weights["prior"]))
    if penalty:
        lines.append(Contribution(LABELS["diversity"], "penalty", penalty, key="diversity"))
    kept = tuple(line for line in lines if line.value or line.children)
    return Contribution(title, "algorithm", _sum(kept), kept, key=str(details["algorithm"]), details=details)


def build_similarity_ledger(lines: np.ndarray, weights: dict[str, float]) -> Contribution:
    """Make the ledger of a clip's likeness to another: one leaf a modality, (6,) weighted lines."""
    kept = tuple(
        _line(modality, "modality", float(value), weights[modality])
        for modality, value in zip(CONTENT_MODALITIES, lines, strict=True)
        if value
    )
    return Contribution("Likeness", "algorithm", _sum(kept), kept, key="similar")


def _line(key: str, kind: str, value: float, weight: float, children: tuple[Contribution, ...] = ()) -> Contribution:
    match = value / weight if weight else 0.0
    return Contribution(LABELS[key], kind, value, children, key, {"weight": weight, "match": match})


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
