"""Sound on its way to the models and the proxy: resampled, with silence where the file has a gap."""

import os
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from avrec.media.decode_result import SOUND_RATE

SAMPLE_BYTES = 4
GAP_SECONDS = 0.1  # shorter gaps are jitter of the timestamps


class Resampled:
    """Resamples one stream whose format may change on the way.

    Gives planar float32.

    Args:
        layout: "mono" or "stereo".
    """

    def __init__(self, layout: str, rate: int):
        self._channels = 2 if layout == "stereo" else 1
        self._rate, self._layout = rate, layout
        self._source: tuple[str, str, int] | None = None
        self._resampler: Any = None
        self.samples = 0

    def take(self, frame: Any, time: float) -> list[Any]:
        """Resample a frame that starts at `time`; a gap before it comes back as silence first."""
        import av

        source = (frame.format.name, frame.layout.name, frame.sample_rate)
        pieces = []
        if source != self._source:
            pieces += self.flush()
            self._resampler, self._source = av.AudioResampler("fltp", self._layout, self._rate), source
        missing = round(time * self._rate) - self.samples
        if missing > GAP_SECONDS * self._rate:
            pieces += self._silence(missing)
        frame.pts = None
        try:
            return pieces + self._count(self._resampler.resample(frame))
        except av.error.FFmpegError:
            self._resampler = self._source = None  # it cannot be flushed, either
            raise

    def flush(self) -> list[Any]:
        """What the resampler still holds."""
        return self._count(self._resampler.resample(None)) if self._resampler is not None else []

    def fill(self, samples: int) -> list[Any]:
        """Silence that is lacking to that many samples."""
        return self._silence(samples - self.samples)

    def _silence(self, samples: int) -> list[Any]:
        import av

        pieces = []
        while samples > 0:
            n = min(samples, self._rate)
            frame = av.AudioFrame.from_ndarray(np.zeros((self._channels, n), np.float32), "fltp", self._layout)
            frame.sample_rate = self._rate
            pieces.append(frame)
            samples -= n
        return self._count(pieces)

    def _count(self, pieces: list[Any]) -> list[Any]:
        """Stamp pieces with the place where they start."""
        for piece in pieces:
            piece.pts, piece.time_base = self.samples, Fraction(1, self._rate)
            self.samples += piece.samples
        return pieces


class SoundPieces:
    """A written sound, read piece by piece: of an array mapped from the file all that was looked at stays resident."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._length = os.fstat(file.fileno()).st_size // SAMPLE_BYTES

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, wanted: slice) -> np.ndarray:
        start, stop, _ = wanted.indices(self._length)
        self._file.seek(start * SAMPLE_BYTES)
        return np.frombuffer(self._file.read(max(0, stop - start) * SAMPLE_BYTES), np.float32)


class SoundFile:
    """Writes the models' sound: float32 mono at 16 kHz in [-1, 1], raw, so that hours need no memory."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._resampled = Resampled("mono", SOUND_RATE)

    def add(self, frame: Any, time: float) -> None:
        self._write(self._resampled.take(frame, time))

    def close(self) -> None:
        self._write(self._resampled.flush())

    def _write(self, pieces: list[Any]) -> None:
        for piece in pieces:
            samples = np.nan_to_num(piece.to_ndarray()[0], nan=0.0, posinf=1.0, neginf=-1.0)
            self._file.write(np.clip(samples, -1.0, 1.0).astype(np.float32).tobytes())
