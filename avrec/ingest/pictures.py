"""What the sampled frames of a clip show, segment by segment."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avrec.media import Decoded
from avrec.media.decode_result import FRAMES_FILE
from avrec.models.base import finite
from avrec.models.catalogue import Models
from avrec.schemas import Annotation

BATCH = 8
TOP = 3
SCENE_FLOOR, OBJECT_FLOOR = 0.15, 0.2


@dataclass(frozen=True)
class SeenPictures:
    """Per-segment vectors ("visual", "caption"; NaN rows where a segment has no frame) and what was recognised."""

    vectors: dict[str, np.ndarray]
    versions: dict[str, str]
    models: dict[str, str]
    annotations: list[Annotation]
    model_captions: list[str]


def understand_pictures(decoded: Decoded, models: Models, report: Callable[[float], None]) -> SeenPictures:
    """Run the picture models over the frames, a batch at a time.

    Raises:
        ModelError: A model's weights are missing or refused.
    """
    from avrec.models.captions import compose_caption

    frames = np.load(decoded.folder / FRAMES_FILE, mmap_mode="r")
    owner = np.asarray(decoded.frame_segments)
    n = len(decoded.segments)
    visual, scenes, objects = [], [], []
    for begin in range(0, len(frames), BATCH):
        batch = np.ascontiguousarray(frames[begin : begin + BATCH])
        visual.append(finite(models.image.encode(batch), models.image.card))
        scenes.append(finite(models.scenes.classify(batch), models.scenes.card))
        objects.append(finite(models.objects.classify(batch), models.objects.card))
        report(0.9 * min(begin + BATCH, len(frames)) / len(frames))
    picture = np.concatenate(visual)
    by_segment = {
        "scene": (models.scenes, _segment_means(np.concatenate(scenes), owner, n), SCENE_FLOOR),
        "object": (models.objects, _segment_means(np.concatenate(objects), owner, n), OBJECT_FLOOR),
    }
    used = {"image": models.image.card.name, "scenes": models.scenes.card.name, "objects": models.objects.card.name}
    versions = {"visual": models.image.card.version}
    vectors = {"visual": _unit(_segment_means(picture, owner, n))}

    annotations: list[Annotation] = []
    named: dict[str, list[list[tuple[str, float]]]] = {}
    for kind, (model, means, floor) in by_segment.items():
        named[kind] = [_top(model.labels, row, floor) for row in means]
        for segment, labels in zip(decoded.segments, named[kind], strict=True):
            annotations += [
                Annotation(segment.start, segment.end, kind, name, p, model.card.name) for name, p in labels
            ]

    captioner = models.captioner
    if captioner is not None:
        middle = [int(np.flatnonzero(owner == i)[len(np.flatnonzero(owner == i)) // 2]) for i in sorted(set(owner))]
        captions = dict(zip(sorted(set(owner)), captioner.caption(np.ascontiguousarray(frames[middle])), strict=True))
        sentences = models.sentences
        encoded = sentences.encode(list(captions.values()))
        vectors["caption"] = np.full((n, encoded.shape[1]), np.nan, dtype=np.float32)
        vectors["caption"][list(captions)] = encoded
        versions["caption"] = f"{captioner.card.version}+{sentences.card.version}"
        used |= {"captions": captioner.card.name, "caption vectors": sentences.card.name}
        caption_model, certainty = captioner.card.name, 1.0
    else:
        picture_map = models.picture_map
        vectors["caption"] = _unit(_segment_means(picture_map.caption_vectors(picture), owner, n))
        versions["caption"] = picture_map.card.version
        used |= {"captions": "composed", "caption vectors": picture_map.card.name}
        annotations += _tags(decoded, picture_map, vectors["visual"])
        captions = {i: compose_caption(named["scene"][i], named["object"][i]) for i in range(n) if np.any(owner == i)}
        caption_model, certainty = "composed", None
    for i, sentence in captions.items():
        segment = decoded.segments[i]
        sure = certainty or max([p for kind in named for _, p in named[kind][i]], default=0.0)
        annotations.append(Annotation(segment.start, segment.end, "caption", sentence, sure, caption_model))
    model_captions = list(captions.values()) if captioner is not None else []
    return SeenPictures(vectors, versions, used, annotations, model_captions)


def _segment_means(rows: np.ndarray, owner: np.ndarray, n: int) -> np.ndarray:
    """Mean of each segment's rows, (n, dim); NaN where a segment has none."""
    sums = np.zeros((n, rows.shape[1]), dtype=np.float64)
    np.add.at(sums, owner, rows)
    counts = np.bincount(owner, minlength=n).astype(np.float64)[:, None]
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _top(labels: tuple[str, ...], probabilities: np.ndarray, floor: float) -> list[tuple[str, float]]:
    if not np.isfinite(probabilities).all():
        return []
    best = np.argsort(-probabilities)[:TOP]
    return [(labels[i], float(probabilities[i])) for i in best if probabilities[i] >= floor]


def _tags(decoded: Decoded, picture_map: object, visual: np.ndarray) -> list[Annotation]:
    """Nouns near a segment's picture; likely about two times in three, so they are marked uncertain."""
    present = np.flatnonzero(np.isfinite(visual).all(axis=1))
    found = []
    for i, tags in zip(present, picture_map.tags(visual[present]), strict=True):
        segment = decoded.segments[i]
        found += [
            Annotation(
                segment.start,
                segment.end,
                "tag",
                noun,
                float(np.clip(cosine, 0, 1)),
                picture_map.card.name,
                {"uncertain": True, "cosine": float(cosine)},
            )
            for noun, cosine in tags
        ]
    return found
