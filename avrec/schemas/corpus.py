"""What recommenders see of a library."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np


@dataclass(frozen=True)
class VectorSet:
    """One modality's vectors of the whole library, one row per segment that has it.

    Attributes:
        clip: (rows,) int64, index into `Corpus.clip_ids`, ascending.
        start, end: (rows,) float64 seconds.
        matrix: (rows, dim) float32, rows of length 1.
    """

    version: str
    clip: np.ndarray
    start: np.ndarray
    end: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True)
class Corpus:
    """The library as recommenders see it: aligned columns, one entry per clip.

    Attributes:
        topics: Names of what each clip is about, for calibration and taste; never embedded. Empty where unknown.
        guests: So many rows at the end are people's own texts, not clips: they count as watched, and are never listed.
    """

    clip_ids: tuple[str, ...]
    titles: tuple[str, ...]
    documents: tuple[str, ...]
    languages: tuple[str | None, ...]
    durations: np.ndarray
    added_at: tuple[datetime, ...]
    vectors: dict[str, VectorSet]
    topics: tuple[tuple[str, ...], ...] = ()
    guests: int = 0

    @property
    def versions(self) -> dict[str, str]:
        """Modality -> version of its vectors."""
        return {modality: source.version for modality, source in self.vectors.items()}
