"""Vectors as the store keeps them, and what is wrong with those that cannot be used.

A blob that was damaged on disk must not take the library down: it is left out of the corpus and named, and its clip
counts as lacking the modality until it is embedded again. All rows of a modality are looked at in one pass, since a
look at each of ten thousand blobs costs seconds.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from avrec.schemas import VectorSet

UNIT_TOLERANCE = 0.02  # rows have length 1; bf16 arithmetic leaves less than a hundredth
NOT_FINITE, NOT_UNIT = 1, 2
WRONG = {NOT_FINITE: "it holds numbers that are not finite", NOT_UNIT: "it holds rows that are not of length 1"}

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


def checksum(data: bytes) -> str:
    """What is stored beside a blob; it is against accidents, not against people."""
    return f"crc32:{zlib.crc32(data):08x}"


def _wrong_blob(blob: sa.Row, dim: int, segments: int) -> str:
    """What is wrong with a blob before its numbers are read, or ""."""
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


def _wrong_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is wrong with each row (0 for nothing), and which rows are NaN throughout: segments without the modality."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", rows, rows)
        wrong = np.where(np.abs(np.sqrt(squares) - 1) <= UNIT_TOLERANCE, 0, NOT_UNIT)
    absent = np.zeros(len(rows), dtype=bool)
    strange = np.flatnonzero(~np.isfinite(squares))
    absent[strange] = np.isnan(rows[strange]).all(axis=1)
    wrong[strange[~np.isfinite(rows[strange]).all(axis=1)]] = NOT_FINITE
    wrong[absent] = 0
    return wrong, absent


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
    dim, whole, damaged = usual_dim(blobs), [], []
    for blob in sorted((b for b in blobs if b.clip_id in clips), key=lambda b: clips[b.clip_id].position):
        reason = _wrong_blob(blob, dim, len(clips[blob.clip_id].segments))
        if not reason and blob.checksum is not None and blob.checksum != checksum(blob.data):
            reason = "its bytes are not those that were stored"
        if reason:
            damaged.append(Damaged(blob.clip_id, modality, reason))
        else:
            whole.append(blob)
    if not whole:
        return None, damaged
    rows = np.frombuffer(b"".join(blob.data for blob in whole), dtype=np.float32).reshape(-1, dim)
    sizes = np.array([blob.rows for blob in whole])
    wrong, absent = _wrong_rows(rows)
    first = np.cumsum(sizes) - sizes
    reasons = np.maximum.reduceat(wrong, first)
    empty = np.logical_and.reduceat(absent, first)
    for i in np.flatnonzero((reasons > 0) | empty):
        reason = WRONG.get(int(reasons[i]), "none of its rows holds a vector")
        damaged.append(Damaged(whole[i].clip_id, modality, reason))
    keep = ~absent & np.repeat(reasons == 0, sizes)
    if not keep.any():
        return None, damaged
    owners, times = _places(whole, clips)
    return VectorSet(version, owners[keep], times[keep, 0], times[keep, 1], rows[keep]), damaged


def _places(blobs: list[sa.Row], clips: Mapping[str, ClipBounds]) -> tuple[np.ndarray, np.ndarray]:
    """Clip of each row (rows,), and its start and end (rows, 2)."""
    spans: list[Span] = []
    for blob in blobs:
        clip = clips[blob.clip_id]
        spans += clip.segments if blob.rows == len(clip.segments) else ((0.0, clip.duration),)
    owners = [clips[blob.clip_id].position for blob in blobs]
    sizes = [blob.rows for blob in blobs]
    return np.repeat(np.array(owners, dtype=np.int64), sizes), np.array(spans, dtype=np.float64).reshape(-1, 2)
