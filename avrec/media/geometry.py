"""How a decoded picture is to be shown: pixel shape and rotation, applied after scaling because that is cheaper."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Geometry:
    """Size of the picture as people see it, and how to get there.

    Attributes:
        width, height: Upright, square pixels.
        turns: Quarter turns counter-clockwise from the stored to the upright picture.
    """

    width: int
    height: int
    turns: int

    def stored(self, width: int, height: int) -> tuple[int, int]:
        """The size to scale a stored picture to, so that turning it gives (width, height)."""
        return (height, width) if self.turns % 2 else (width, height)


def read_geometry(frame: Any, pixel_aspect: Any) -> Geometry:
    """Read it off the first frame.

    Args:
        pixel_aspect: Width of a pixel over its height, as the stream says; nonsense is ignored.
    """
    aspect = float(pixel_aspect) if pixel_aspect else 1.0
    width = max(1, round(frame.width * aspect)) if 0.2 <= aspect <= 5 else frame.width
    turns = round(frame.rotation / 90) % 4
    return Geometry(frame.height, width, turns) if turns % 2 else Geometry(width, frame.height, turns)


def turn_rgb(pixels: np.ndarray, turns: int) -> np.ndarray:
    """Turn (height, width, 3) counter-clockwise by quarter turns."""
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def turn_yuv(frame: Any, turns: int) -> Any:
    """Turn a yuv420p frame of even sides, plane by plane."""
    if not turns:
        return frame
    import av

    w, h = frame.width, frame.height
    packed = frame.to_ndarray().ravel()
    luma, chroma = packed[: w * h].reshape(h, w), packed[w * h :].reshape(2, h // 2, w // 2)
    planes = [np.rot90(luma, turns), *(np.rot90(plane, turns) for plane in chroma)]
    flat = np.concatenate([plane.ravel() for plane in planes])
    return av.VideoFrame.from_ndarray(flat.reshape(-1, planes[0].shape[1]), format="yuv420p")
