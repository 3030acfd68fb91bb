"""Near-duplicates: another cut, size or encoding of the same material."""

import numpy as np

from avrec.recommend.content import ContentModel

NEAR = 0.95
SIGHT_AND_SOUND = ("visual", "audio")


def twins_within(content: ContentModel, clips: np.ndarray) -> np.ndarray:
    """Which clips are near-duplicates of which, (clips, clips) bool, False on the diagonal.

    Twins share picture or sound, and in each of the two that both have their centred cosine is at least .95. A clip
    without either has no twin: equal titles are no proof.
    """
    shared = np.zeros((len(clips), len(clips)), dtype=bool)
    alike = np.ones_like(shared)
    for modality in SIGHT_AND_SOUND:
        vectors = content.vectors.get(modality)
        if vectors is None:
            continue
        both = vectors.present[clips][:, None] & vectors.present[clips][None]
        units = vectors.units[clips]
        alike &= ~both | (units @ units.T >= NEAR)
        shared |= both
    found = shared & alike
    np.fill_diagonal(found, False)
    return found
