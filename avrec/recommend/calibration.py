"""Making cosines of different models comparable: standard deviations above a random pair of clips.

The null (mean vector, mean and deviation of random pairs' cosines) of a small library is unreliable, so one ships with
each modality's version, computed once from the demo clips, and is blended with the library's own by numbers of clips.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avrec.schemas import CONTENT_MODALITIES

SHIPPED = Path(__file__).with_name("null.npz")
PRIOR_CLIPS = 50
MOST_PAIRS = 2000
SIGMA_FLOOR = 0.02
LIMIT = 4.0
SEED = 5


@dataclass(frozen=True)
class ShippedNull:
    """Shipped statistics of one modality: of one version's vectors, or of words."""

    version: str
    mean: np.ndarray
    mu: float
    sigma: float


def load_shipped(path: Path = SHIPPED) -> dict[str, ShippedNull]:
    """modality -> shipped null; empty when none was built."""
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as file:
        return {
            modality: ShippedNull(
                str(file[f"{modality}.version"]),
                file[f"{modality}.mean"].astype(np.float64),
                float(file[f"{modality}.mu"]),
                float(file[f"{modality}.sigma"]),
            )
            for modality in CONTENT_MODALITIES
            if f"{modality}.version" in file
        }


def blend_mean(own: np.ndarray, n: int, shipped: ShippedNull | None) -> np.ndarray:
    """Blend a library's mean vector of n clips with the shipped one, (n0 shipped + n own) / (n0 + n)."""
    if shipped is None or shipped.mean.shape != own.shape:
        return own
    return (PRIOR_CLIPS * shipped.mean + n * own) / (PRIOR_CLIPS + n)


def blend_scale(own: np.ndarray, n: int, shipped: ShippedNull | None) -> tuple[float, float]:
    """Mean and deviation of random pairs' cosines, blended; the deviation has a floor.

    Args:
        own: Cosines of the library's own null pairs.
        n: Clips that have the modality.
    """
    mu, sigma = (float(own.mean()), float(own.std())) if len(own) else (0.0, 0.0)
    if shipped is not None:
        weight = n / (PRIOR_CLIPS + n) if len(own) else 0.0
        mu = (1 - weight) * shipped.mu + weight * mu
        sigma = (1 - weight) * shipped.sigma + weight * sigma
    elif len(own) < 3:
        mu, sigma = 0.0, 0.25  # nothing is known: a cosine of .25 counts as one deviation
    return mu, max(sigma, SIGMA_FLOOR)


def null_pairs(clips: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different clips: all of them below 2,000, else 2,000 random ones (seeded)."""
    if clips * (clips - 1) // 2 <= MOST_PAIRS:
        return np.triu_indices(clips, 1)
    rng = np.random.default_rng(SEED)
    a = rng.integers(0, clips, MOST_PAIRS)
    b = (a + rng.integers(1, clips, MOST_PAIRS)) % clips
    return a, b
