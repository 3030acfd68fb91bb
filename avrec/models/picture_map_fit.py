"""The ridge regression behind the named-picture map: from CLIP's picture space to sentence space.

Fitted on small drawings whose names are known (emoji, clip art), so it needs no text tower, no captions and no
training on videos. numpy only; `scripts/build_named_pictures.py` runs it, a test runs it on a part of the pictures.
"""

from dataclasses import dataclass

import numpy as np

RIDGE = 10.0
SHRINK = 1e-3


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)


@dataclass(frozen=True)
class PictureMapFit:
    """The map's arrays: y = unit(unit(v - mu) W) for a picture, q = unit((t - q0) M) for a text.

    Attributes:
        mu: (512,) mean of the drawing styles' mean CLIP vectors.
        W: (512, 512) ridge solution.
        q0: (512,) mean sentence vector of the names.
        M: (512, 512) symmetric; half-whitens sentence space, (cov + .001 I)^(-1/4).
    """

    mu: np.ndarray
    W: np.ndarray
    q0: np.ndarray
    M: np.ndarray

    def pictures(self, clip_vectors: np.ndarray) -> np.ndarray:
        return unit(unit(clip_vectors - self.mu) @ self.W)

    def texts(self, sentence_vectors: np.ndarray) -> np.ndarray:
        return unit((sentence_vectors - self.q0) @ self.M)


def fit_picture_map(clip_vectors: np.ndarray, styles: np.ndarray, name_vectors: np.ndarray) -> PictureMapFit:
    """Fit the map.

    Args:
        clip_vectors: (n, 512) unit CLIP vectors of the drawings.
        styles: (n,) which collection each drawing is from; each style's mean is taken out, so that the way things
            are drawn does not pass for what they are.
        name_vectors: (n, 512) unit sentence vectors of the drawings' names.
    """
    t = unit(name_vectors.astype(np.float64))
    q0 = t.mean(axis=0)
    values, basis = np.linalg.eigh(np.cov(t, rowvar=False) + SHRINK * np.eye(t.shape[1]))
    M = (basis * values**-0.25) @ basis.T
    target = unit((t - q0) @ M)
    v = clip_vectors.astype(np.float64)
    means = {style: v[styles == style].mean(axis=0) for style in np.unique(styles)}
    E = unit(v - np.stack([means[style] for style in styles]))
    W = np.linalg.solve(E.T @ E + RIDGE * np.eye(E.shape[1]), E.T @ target)
    return PictureMapFit(np.mean(list(means.values()), axis=0), W, q0, M)
