"""The proxy: a file of at most 480 lines that every browser plays, H.264 and AAC."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

LINES = 480
FRAME_RATE = 30
CLOCK = 90_000
SOUND_RATE = 44_100


class Proxy:
    """Writes the proxy while the one decoding pass goes on.

    Args:
        size: (width, height) of the upright picture, or None for sound only.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None, has_sound: bool):
        import av

        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._audio = None
        self._last = -1.0
        self._samples = 0
        if size:
            self.width, self.height = proxy_size(*size)
            self._video = self._container.add_stream("libx264", rate=FRAME_RATE)
            self._video.width, self._video.height = self.width, self.height
            self._video.pix_fmt = "yuv420p"
            self._video.codec_context.time_base = Fraction(1, CLOCK)
            self._video.codec_context.gop_size = FRAME_RATE
            self._video.options = {"preset": "ultrafast", "crf": "27", "tune": "fastdecode", "profile": "baseline"}
        if has_sound:
            self._audio = self._container.add_stream("aac", rate=SOUND_RATE, layout="stereo")
            self._audio.bit_rate = 96_000
            self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SOUND_RATE)

    def add_picture(self, frame: Any, time: float) -> None:
        """Take a decoded, upright frame; frames closer than 1/30 s are dropped."""
        if self._video is None or time < self._last + 0.9 / FRAME_RATE:
            return
        self._last = time
        small = frame.reformat(width=self.width, height=self.height, format="yuv420p", interpolation="FAST_BILINEAR")
        small.pts, small.time_base = round(time * CLOCK), Fraction(1, CLOCK)
        small.pict_type = 0
        self._container.mux(self._video.encode(small))

    def add_sound(self, frame: Any, time: float) -> None:
        if self._audio is None:
            return
        if self._samples == 0:
            self._samples = max(0, round(time * SOUND_RATE))
        self._encode_sound(self._resampler.resample(frame))

    def _encode_sound(self, frames: list[Any]) -> None:
        for frame in frames:
            frame.pts, frame.time_base = self._samples, Fraction(1, SOUND_RATE)
            self._samples += frame.samples
            self._container.mux(self._audio.encode(frame))

    def close(self) -> None:
        if self._audio is not None:
            self._encode_sound(self._resampler.resample(None))
        for stream in (self._video, self._audio):
            if stream is not None:
                self._container.mux(stream.encode(None))
        self._container.close()


def proxy_size(width: int, height: int) -> tuple[int, int]:
    """Scale to at most 480 lines (and 1,280 columns); both sides even and at least 2."""
    scale = min(1.0, LINES / height, 1280 / width)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def upright(frame: Any, rotation: int) -> Any:
    """Turn a frame by its container's rotation (multiples of 90 degrees, counter-clockwise)."""
    if rotation % 360 == 0:
        return frame
    import av

    pixels = frame.to_ndarray(format="rgb24")
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(pixels, round(rotation / 90) % 4)), format="rgb24")
