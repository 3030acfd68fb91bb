"""Clips' vectors from their segments', centred, so that cosines of clips split exactly into pairs of segments."""

from dataclasses import dataclass

import numpy as np

from avrec.schemas import VectorSet

FLOOR = 1e-6


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
    means = np.zeros((clips, source.matrix.shape[1]))
    np.add.at(means, source.clip, shares[:, None] * source.matrix)
    return means, totals > 0, shares


def centre(source: VectorSet, clips: int, mean: np.ndarray) -> CentredVectors:
    """Centre clip vectors at `mean` and scale them to length 1; norms have a floor, so nothing divides by zero."""
    means, present, shares = clip_means(source, clips)
    centred = np.where(present[:, None], means - mean, 0.0)
    norms = np.maximum(np.linalg.norm(centred, axis=1), FLOOR)
    units = (centred / norms[:, None]).astype(np.float32)
    return CentredVectors(present, units, norms, shares, source, mean)
