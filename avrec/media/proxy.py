"""The proxy: a file of at most 480 lines that every browser plays, H.264 and AAC."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from avrec.media.geometry import Geometry, turn_yuv
from avrec.media.sound import Resampled

LINES, COLUMNS, LEAST = 480, 1280, 16
FRAME_RATE = 30
THREADS = 2
KEY_SECONDS = 1.0  # a player can only jump to a key frame
CLOCK = 90_000
SOUND_RATE = 44_100
LOUDEST = 8.0
LEAST_SAMPLES = 1024
H264 = {"preset": "ultrafast", "crf": "27", "profile": "baseline", "forced-idr": "1"}


class Proxy:
    """Writes the proxy while the one decoding pass goes on.

    Args:
        geometry: Of the picture, or None for sound only.
        channels: Of the sound, 0 for none.
    """

    def __init__(self, path: Path, geometry: Geometry | None, channels: int):
        import av
        from av.video.reformatter import VideoReformatter

        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._geometry, self._video, self._audio = geometry, None, None
        self._last = self._last_key = float("-inf")
        if geometry:
            width, height = proxy_size(geometry.width, geometry.height)
            self._stored = geometry.stored(width, height)
            self._scaler = VideoReformatter()
            self._video = self._container.add_stream("libx264", rate=FRAME_RATE)
            self._video.width, self._video.height = width, height
            self._video.pix_fmt = "yuv420p"
            self._video.codec_context.time_base = Fraction(1, CLOCK)
            self._video.options = H264
            self._video.codec_context.thread_type, self._video.codec_context.thread_count = "FRAME", THREADS
        if channels:
            layout = "mono" if channels == 1 else "stereo"
            self._audio = self._container.add_stream("aac", rate=SOUND_RATE, layout=layout)
            self._audio.options = {"aac_coder": "fast"}
            self._audio.bit_rate = 64_000 * min(channels, 2)
            self._resampled = Resampled(layout, SOUND_RATE)

    def add_picture(self, frame: Any, time: float) -> Any:
        """Take a decoded frame.

        Returns:
            It scaled down, not yet turned, or None where it was dropped for being closer than 1/30 s to the last.
        """
        if time < self._last + 0.9 / FRAME_RATE:
            return None
        self._last = time
        small = self._scaler.reformat(frame, *self._stored, "yuv420p", interpolation="FAST_BILINEAR", threads=1)
        turned = turn_yuv(small, self._geometry.turns)
        turned.pts, turned.time_base = round(time * CLOCK), Fraction(1, CLOCK)
        key = time >= self._last_key + KEY_SECONDS
        turned.pict_type = 1 if key else 0
        self._last_key = time if key else self._last_key
        self._container.mux(self._video.encode(turned))
        return small

    def add_sound(self, frame: Any, time: float) -> None:
        """Take a decoded frame of sound that starts at `time`."""
        self._encode_sound(self._resampled.take(frame, time))

    def _encode_sound(self, pieces: list[Any]) -> None:
        for piece in pieces:
            self._container.mux(self._audio.encode(_audible(piece)))

    def close(self) -> None:
        """Write what is still held back, and the index."""
        if self._audio is not None:
            self._encode_sound(self._resampled.flush())
            # A sound of a sample or two comes out of the resampler as nothing, and a file without packets is none.
            self._encode_sound(self._resampled.fill(LEAST_SAMPLES))
        for stream in (self._video, self._audio):
            if stream is not None:
                self._container.mux(stream.encode(None))
        self._container.close()


def _audible(piece: Any) -> Any:
    """A planar float frame without NaN and infinities, which the encoder refuses."""
    import av

    samples = piece.to_ndarray()
    if samples.size and np.abs(samples).max() <= LOUDEST:  # False where a NaN is among them
        return piece
    clean = np.clip(np.nan_to_num(samples, nan=0.0), -LOUDEST, LOUDEST)
    out = av.AudioFrame.from_ndarray(clean.astype(np.float32), format="fltp", layout=piece.layout.name)
    out.sample_rate, out.pts, out.time_base = piece.sample_rate, piece.pts, piece.time_base
    return out


def proxy_size(width: int, height: int) -> tuple[int, int]:
    """Scale to at most 480 lines and 1,280 columns; both sides even and at least 16."""
    scale = min(1.0, LINES / height, COLUMNS / width)
    return max(LEAST, round(width * scale / 2) * 2), max(LEAST, round(height * scale / 2) * 2)
