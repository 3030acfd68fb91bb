"""Vectors as the store keeps them, and what is wrong with those that cannot be used.

A blob that was damaged on disk must not take the library down: `read_rows` says what is wrong with it, the corpus
leaves it out, and its clip counts as lacking the modality until it is embedded again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from avrec.schemas import VectorSet

UNIT_TOLERANCE = 0.02  # rows have length 1; bf16 arithmetic leaves less than a hundredth

Span = tuple[float, float]


@dataclass(frozen=True)
class ClipBounds:
    """Where a clip stands in the corpus, its length in seconds and its segments."""

    position: int
    duration: float
    segments: tuple[Span, ...]


@dataclass(frozen=True)
class Damaged:
    """Vectors of one clip that cannot be used, and why, as a clause."""

    clip_id: str
    modality: str
    reason: str


def read_rows(blob: sa.Row, dim: int, segments: int) -> np.ndarray | str:
    """Read a blob as (rows, dim), or say what is wrong with it.

    Args:
        dim: The dimension of the modality's other vectors.
        segments: How many segments the clip has; a blob has a row for each, or one for the whole clip.
    """
    reason = _wrong_shape(blob, dim, segments)
    if reason:
        return reason
    matrix = np.frombuffer(blob.data, dtype=np.float32).reshape(blob.rows, blob.dim)
    absent = np.isnan(matrix).all(axis=1)  # a segment that lacks the modality
    present = matrix[~absent]
    if not len(present):
        return "none of its rows holds a vector"
    if not np.isfinite(present).all():
        return "it holds numbers that are not finite"
    lengths = np.linalg.norm(present.astype(np.float64), axis=1)
    if (np.abs(lengths - 1) > UNIT_TOLERANCE).any():
        return "it holds rows that are not of length 1"
    return matrix


def _wrong_shape(blob: sa.Row, dim: int, segments: int) -> str:
    sizes = blob.rows, blob.dim
    if not all(isinstance(size, int) and size > 0 for size in sizes) or not isinstance(blob.data, bytes):
        return "it is not readable as vectors"
    if len(blob.data) != 4 * blob.rows * blob.dim:
        return f"it has {len(blob.data)} bytes in place of {4 * blob.rows * blob.dim}"
    if blob.dim != dim:
        return f"it has {blob.dim} dimensions in place of {dim}"
    if blob.rows not in (1, segments):
        return f"it has {blob.rows} rows for {segments} segments"
    return ""


def usual_dim(blobs: Iterable[sa.Row]) -> int:
    """The dimension that most blobs of one version have."""
    counts = Counter(blob.dim for blob in blobs if isinstance(blob.dim, int))
    return max(counts, key=lambda dim: (counts[dim], dim), default=0)


def vector_set(
    modality: str, version: str, blobs: list[sa.Row], clips: Mapping[str, ClipBounds]
) -> tuple[VectorSet | None, list[Damaged]]:
    """Stack one modality's blobs of one version; those that are damaged are left out and named.

    Returns:
        The set, None where nothing is left, and what was left out.
    """
    dim, damaged = usual_dim(blobs), []
    clip_rows, times, matrices = [], [], []
    for blob in sorted((b for b in blobs if b.clip_id in clips), key=lambda b: clips[b.clip_id].position):
        clip = clips[blob.clip_id]
        matrix = read_rows(blob, dim, len(clip.segments))
        if isinstance(matrix, str):
            damaged.append(Damaged(blob.clip_id, modality, matrix))
            continue
        spans = clip.segments if blob.rows == len(clip.segments) else ((0.0, clip.duration),)
        keep = np.isfinite(matrix).all(axis=1)
        matrices.append(matrix[keep])
        clip_rows.append(np.full(int(keep.sum()), clip.position, dtype=np.int64))
        times.append(np.asarray(spans, dtype=np.float64).reshape(-1, 2)[keep])
    if not matrices:
        return None, damaged
    bounds = np.concatenate(times)
    matrix = np.concatenate(matrices)
    return VectorSet(version, np.concatenate(clip_rows), bounds[:, 0], bounds[:, 1], matrix), damaged
