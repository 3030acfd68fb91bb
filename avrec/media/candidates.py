"""Sampled frames: kept small while decoding, chosen once the segments are known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avrec.media.decode_result import FRAMES_FILE, POSTER_FILE, thumbnail_file
from avrec.media.geometry import Geometry, turn_rgb
from avrec.schemas import Segment

INTERVAL = 0.25
MOST = 300
SHORT_SIDE = 256
WIDEST = 3.0  # long-to-short ratio beyond which the ends are cut off; models look at the middle square
PER_SEGMENT = {"fast": 1, "balanced": 2}
MOST_COLUMNS = 8192
THUMB_WIDTH, POSTER_WIDTH = 240, 480


class Candidates:
    """Frames about every quarter second; beyond 300 every other one is let go and the interval doubles."""

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self.times: list[float] = []
        self.frames: list[np.ndarray] = []
        self._interval = INTERVAL
        self._scaler = VideoReformatter()

    def offer(self, frame: Any, time: float, geometry: Geometry) -> None:
        """Keep the frame if the interval since the last kept one is over."""
        if self.times and time < self.times[-1] + self._interval - 1e-3:
            return
        size = geometry.stored(*_small_size(geometry.width, geometry.height))
        pixels = self._scaler.reformat(frame, *size, "rgb24", interpolation="AREA", threads=1).to_ndarray()
        self.frames.append(turn_rgb(_cut_ends(pixels), geometry.turns))
        self.times.append(time)
        if len(self.times) > MOST:
            self.frames, self.times = self.frames[::2], self.times[::2]
            self._interval *= 2

    def choose(self, segments: Sequence[Segment], preset: str) -> tuple[list[int], list[int]]:
        """Choose frames, evenly within each segment: 1 (fast), 2 (balanced) or about one a second (thorough).

        Returns:
            Indexes of the chosen candidates and the segment of each.
        """
        times = np.asarray(self.times)
        chosen, owners = [], []
        for position, segment in enumerate(segments):
            last = position == len(segments) - 1
            inside = np.flatnonzero((times >= segment.start) & ((times < segment.end) | last))
            if not len(inside):
                continue
            n = PER_SEGMENT.get(preset) or max(1, round(segment.duration))
            wanted = segment.start + segment.duration * (np.arange(n) + 0.5) / n
            picks = np.unique(inside[np.abs(times[inside][None] - wanted[:, None]).argmin(axis=1)])
            chosen += picks.tolist()
            owners += [position] * len(picks)
        return chosen, owners

    def save(self, folder: Path, segments: Sequence[Segment], preset: str) -> tuple[list[float], list[int]]:
        """Write the chosen frames, one thumbnail a segment and a poster; return times and segments of the frames."""
        if not self.frames:
            return [], []
        chosen, owners = self.choose(segments, preset)
        _write_frames(folder / FRAMES_FILE, [self.frames[i] for i in chosen])
        times = np.asarray(self.times)
        for position, segment in enumerate(segments):
            middle = int(np.abs(times - (segment.start + segment.end) / 2).argmin())
            _write_jpeg(self.frames[middle], folder / thumbnail_file(position), THUMB_WIDTH)
        _write_jpeg(self.frames[self._poster()], folder / POSTER_FILE, POSTER_WIDTH)
        return [self.times[i] for i in chosen], owners

    def _poster(self) -> int:
        """The frame with the most contrast in the middle of the clip: neither black nor a fade."""
        low = int(len(self.frames) * 0.1)
        high = max(int(len(self.frames) * 0.9), low + 1)
        return low + int(np.argmax([float(frame[::4, ::4].std()) for frame in self.frames[low:high]]))


def _small_size(width: int, height: int) -> tuple[int, int]:
    """Short side 256, long side in proportion (but finite)."""
    scale = SHORT_SIDE / min(width, height)
    return tuple(min(MOST_COLUMNS, max(SHORT_SIDE, round(side * scale))) for side in (width, height))


def _cut_ends(pixels: np.ndarray) -> np.ndarray:
    """Keep the middle of a very long picture, so that a centre crop sees what it would have seen."""
    limit = int(SHORT_SIDE * WIDEST)
    top, left = (max(0, (side - limit) // 2) for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + limit, left : left + limit])


def _write_frames(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Write equal frames as one array, one by one: a stack of them in memory would be as much again."""
    shape = (len(frames), *frames[0].shape)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False, "shape": shape}
        )
        for frame in frames:
            file.write(frame.tobytes())


def _write_jpeg(pixels: np.ndarray, path: Path, width: int) -> None:
    from PIL import Image

    picture = Image.fromarray(pixels)
    if picture.width > width:
        picture = picture.resize((width, max(1, round(picture.height * width / picture.width))))
    picture.save(path, "JPEG", quality=82)
