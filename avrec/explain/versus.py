"""Two of a kind over each other: two people by what they watched, two clips by what they are like."""

import numpy as np

from avrec.recommend.base import Recommender
from avrec.recommend.calibration import LIMIT
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.topics import taste_by_topic
from avrec.schemas import CONTENT_MODALITIES, ClipComparison, CommonClip, ModalityLikeness, SegmentPair

LEAST_PAIRS = 20  # fewer random pairs give no percentile


def tastes(dataset: Dataset, user_id: str, other_id: str) -> tuple[dict[str, float], dict[str, float]]:
    """Each one's topic -> share of their positive weight."""
    return taste_by_topic(dataset, dataset.taste(user_id)), taste_by_topic(dataset, dataset.taste(other_id))


def common_clips(dataset: Dataset, user_id: str, other_id: str) -> list[CommonClip]:
    """Clips that both have a weight for, the largest product of the two first in size."""
    mine, theirs = dataset.taste(user_id), dataset.taste(other_id)
    both, i, j = np.intersect1d(mine.clips, theirs.clips, assume_unique=True, return_indices=True)
    a, b = mine.weights[i], theirs.weights[j]
    order = np.argsort(-np.abs(a * b), kind="stable").tolist()
    ids, titles = dataset.corpus.clip_ids, dataset.corpus.titles
    return [CommonClip(ids[both[n]], titles[both[n]], float(a[n]), float(b[n])) for n in order]


def cosine(dataset: Dataset, user_id: str, other_id: str) -> float | None:
    """Cosine of two people's signed weights over all clips, in [-1, 1]; None where one has none."""
    first, second = (_dense(dataset, dataset.taste(user)) for user in (user_id, other_id))
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.clip(first @ second / length, -1, 1)) if length > 0 else None


def _dense(dataset: Dataset, taste: Taste) -> np.ndarray:
    row = np.zeros(dataset.clips)
    row[taste.clips] = taste.weights
    return row


def compare_clips(model: Recommender, clip_id: str, other_id: str) -> ClipComparison:
    """Likeness of two clips, modality by modality.

    Raises:
        UnknownClipError: There is no such clip.
    """
    content = model.content
    a, b = model.dataset.clip(clip_id), model.dataset.clip(other_id)
    terms = content.block(np.array([a]), np.array([b]))[:, 0, 0]
    lines, absent = [], {}
    for i, name in enumerate(CONTENT_MODALITIES):
        lacking = tuple(c for c, at in ((clip_id, a), (other_id, b)) if not content.present[i, at])
        if lacking:
            absent[name] = lacking
        elif name in content.scales:
            likeness = _cosine(content, name, a, b)
            mu, sigma = content.scales[name]
            z = float(np.clip((likeness - mu) / sigma, -LIMIT, LIMIT))
            lines.append(ModalityLikeness(name, likeness, z, float(terms[i])))
    total = float(terms.sum())
    null = np.sort(content.null.sum(axis=0))
    level = float(np.searchsorted(null, total - 1e-9) / len(null) * 100) if len(null) >= LEAST_PAIRS else None
    words = tuple(content.words.shared(a, b)) if content.words is not None else ()
    return ClipComparison(clip_id, other_id, tuple(lines), absent, total, level, words)


def _cosine(content: ContentModel, modality: str, a: int, b: int) -> float:
    if modality == "words":
        return float(content.words.cosines(np.array([a]), np.array([b]))[0, 0])
    units = content.vectors[modality].units
    return float(units[a].astype(np.float64) @ units[b].astype(np.float64))


def clip_pairs(model: Recommender, clip_id: str, other_id: str, modality: str) -> list[SegmentPair]:
    """Open one modality's likeness of two clips to pairs of segments; they sum to its value.

    Empty where a clip lacks the modality, where it has no segments, and for a clip with itself.
    """
    a, b = model.dataset.clip(clip_id), model.dataset.clip(other_id)
    content = model.content
    if a == b or modality not in content.vectors:
        return []
    i = CONTENT_MODALITIES.index(modality)
    return content.pairs(a, b, modality, 1.0) if content.present[i, [a, b]].all() else []
