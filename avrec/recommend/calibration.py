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
    """Shipped statistics of one modality: of one version's vectors, or of words.

    Attributes:
        mean: (dim,) mean of clip vectors.
        mu, sigma: Mean and deviation of random pairs' centred cosines.
        correlation: (modalities,) of its z with the others' over random pairs; None where it was not built.
    """

    version: str
    mean: np.ndarray
    mu: float
    sigma: float
    correlation: np.ndarray | None = None


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
                file.get(f"{modality}.correlation"),
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


def blend_correlation(
    z: np.ndarray, both: np.ndarray, clips: np.ndarray, shipped: dict[str, ShippedNull]
) -> np.ndarray:
    """Correlation of the modalities' z over random pairs, blended like mean and deviation; unknown is 0.

    Args:
        z, both: (modalities, pairs) z and whether both clips have the modality.
        clips: (modalities,) how many clips have each.
    """
    R = np.eye(len(z))
    for i in range(len(z)):
        for j in range(i):
            shared = both[i] & both[j]
            own = None
            if shared.sum() >= 10 and z[i, shared].std() > 0 and z[j, shared].std() > 0:
                own = float(np.corrcoef(z[i, shared], z[j, shared])[0, 1])
            prior = _shipped_correlation(i, j, shipped)
            if prior is None or own is None:
                R[i, j] = R[j, i] = own or prior or 0.0
            else:
                n = min(clips[i], clips[j])
                R[i, j] = R[j, i] = (PRIOR_CLIPS * prior + n * own) / (PRIOR_CLIPS + n)
    return R


def _shipped_correlation(i: int, j: int, shipped: dict[str, ShippedNull]) -> float | None:
    first, second = (shipped.get(CONTENT_MODALITIES[m]) for m in (i, j))
    if first is None or second is None or first.correlation is None:
        return None
    return float(first.correlation[j])


def null_pairs(clips: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different clips: all of them below 2,000, else 2,000 random ones (seeded)."""
    if clips * (clips - 1) // 2 <= MOST_PAIRS:
        return np.triu_indices(clips, 1)
    rng = np.random.default_rng(SEED)
    a = rng.integers(0, clips, MOST_PAIRS)
    b = (a + rng.integers(1, clips, MOST_PAIRS)) % clips
    return a, b
