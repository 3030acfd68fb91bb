"""The text of a clip that `meaning` and `words` are made of, and which segment each spoken line belongs to."""

from collections.abc import Sequence

import numpy as np

from avrec.schemas import Segment


def compose_document(
    title: str, description: str, tags: Sequence[str], captions: Sequence[str], lines: Sequence[str]
) -> str:
    """Join title, description, tags, a model's captions and the transcript, one part a line.

    Composed captions stay out: a sentence made from class names says less than the pictures do, and its fixed
    wording would make all clips alike.
    """
    parts = [title.strip(), description.strip(), ", ".join(tags), " ".join(dict.fromkeys(captions)), " ".join(lines)]
    return "\n".join(part for part in parts if part)


def assign_lines(spans: Sequence[tuple[float, float]], segments: Sequence[Segment]) -> np.ndarray:
    """Give every spoken line whole to the segment it overlaps most.

    Args:
        spans: (start, end) of each line, in seconds.
        segments: Segments in order; at least one when there are lines.

    Returns:
        (lines,) int64 positions in `segments`; the earlier segment wins a tie, and a line outside all of them goes
        to the nearest.
    """
    if not len(spans):
        return np.zeros(0, dtype=np.int64)
    start, end = np.asarray(spans, dtype=np.float64).T[:, :, None]
    left = np.array([s.start for s in segments])
    right = np.array([s.end for s in segments])
    # Negative overlap is the distance to the segment, so the argmax also settles lines outside all segments.
    overlap = np.minimum(end, right) - np.maximum(start, left)
    return np.argmax(overlap, axis=1).astype(np.int64)
