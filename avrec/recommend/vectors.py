"""Clips' vectors from their segments', centred, so that cosines of clips split exactly into pairs of segments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from avrec.schemas import VectorSet

FLOOR = 1e-6
LANGUAGE_CLIPS = 20


@dataclass(frozen=True)
class CentredVectors:
    """One modality of the library.

    A clip's vector is the duration-weighted mean of its segments' unit vectors, the weights renormalised over the
    segments that have the modality. The cosine of two clips is that of their vectors after subtracting `mean`.

    Attributes:
        present: (clips,) whether the clip has the modality.
        units: (clips, dim) float32, centred rows of length 1; zero rows where absent.
        norms: (clips,) length of the centred vectors before scaling.
        shares: (rows,) weight of each segment within its clip; they sum to 1 per clip.
        source: The segments.
        mean: (dim,) what was subtracted.
    """

    present: np.ndarray
    units: np.ndarray
    norms: np.ndarray
    shares: np.ndarray
    source: VectorSet
    mean: np.ndarray

    def cosines(self, rows: np.ndarray) -> np.ndarray:
        """Cosines of some clips with all, (len(rows), clips) float32."""
        return self.units[rows] @ self.units.T

    def pairs(self, a: int, b: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Split the cosine of two clips by segments.

        Returns:
            Rows of `source` of a (s,) and of b (t,), the parts of the centred cosine (s, t), which sum to it, and
            the plain cosines of the segments (s, t).
        """
        of_a, of_b = np.flatnonzero(self.source.clip == a), np.flatnonzero(self.source.clip == b)
        x, y = self.source.matrix[of_a].astype(np.float64), self.source.matrix[of_b].astype(np.float64)
        weights = self.shares[of_a][:, None] * self.shares[of_b][None]
        parts = weights * ((x - self.mean) @ (y - self.mean).T) / (self.norms[a] * self.norms[b])
        return of_a, of_b, parts, x @ y.T


def clip_means(source: VectorSet, clips: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Duration-weighted means.

    Returns:
        (clips, dim) float64 means, (clips,) presence, (rows,) shares.
    """
    durations = np.maximum(source.end - source.start, 1e-3)
    totals = np.bincount(source.clip, durations, minlength=clips)
    shares = durations / totals[source.clip]
    rows = np.arange(len(source.clip))
    average = sp.csr_matrix((shares, (source.clip, rows)), shape=(clips, len(rows)))
    return average @ source.matrix.astype(np.float64), totals > 0, shares


def centre(
    source: VectorSet, means: np.ndarray, present: np.ndarray, shares: np.ndarray, mean: np.ndarray
) -> CentredVectors:
    """Centre clip vectors at `mean` and scale them to length 1; norms have a floor, so nothing divides by zero.

    Args:
        means, present, shares: As `clip_means` gives them.
    """
    centred = np.where(present[:, None], means - mean, 0.0)
    norms = np.maximum(np.linalg.norm(centred, axis=1), FLOOR)
    centred /= norms[:, None]
    return CentredVectors(present, centred.astype(np.float32), norms, shares, source, mean)


def centre_languages(vectors: CentredVectors, languages: Sequence[str | None]) -> CentredVectors:
    """Subtract a language's own mean where it has 20 clips or more: document vectors hold the language they are in."""
    names = np.array([language or "" for language in languages])
    units = vectors.units.astype(np.float64)
    large = [x for x in np.unique(names) if x and (vectors.present & (names == x)).sum() >= LANGUAGE_CLIPS]
    if len(large) < 2:  # one language's mean is the library's
        return vectors
    for language in large:
        members = vectors.present & (names == language)
        units[members] -= units[members].mean(axis=0)
    lengths = np.maximum(np.linalg.norm(units, axis=1, keepdims=True), FLOOR)
    return replace(vectors, units=np.where(vectors.present[:, None], units / lengths, 0).astype(np.float32))
