"""What decoding leaves in a clip's folder, and how to read it back."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from avrec.schemas import MediaInfo, Segment

RESULT_FILE = "decoded.json"
FRAMES_FILE = "frames.npy"
SOUND_FILE = "sound.f32"
SOUND_RATE = 16_000
PROXY_VIDEO_FILE = "proxy.mp4"
PROXY_AUDIO_FILE = "proxy.m4a"
POSTER_FILE = "poster.jpg"


def thumbnail_file(index: int) -> str:
    return f"thumb-{index:03d}.jpg"


@dataclass(frozen=True)
class Decoded:
    """A decoded clip.

    Attributes:
        frame_times: Seconds of each row of `frames.npy` (n, height, width, 3) uint8 RGB.
        frame_segments: Segment index of each row.
        peaks: Outline of the sound, values in [0, 1]; empty without sound.
    """

    info: MediaInfo
    segments: tuple[Segment, ...]
    frame_times: list[float]
    frame_segments: list[int]
    peaks: list[float]
    folder: Path

    def save(self) -> None:
        record = asdict(self)
        del record["folder"]
        (self.folder / RESULT_FILE).write_text(json.dumps(record), encoding="utf-8")


def load_decoded(folder: Path) -> Decoded:
    """Read a result back from its folder."""
    record = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
    record["info"]["notes"] = tuple(record["info"]["notes"])
    return Decoded(
        info=MediaInfo(**record["info"]),
        segments=tuple(Segment(**s) for s in record["segments"]),
        frame_times=record["frame_times"],
        frame_segments=record["frame_segments"],
        peaks=record["peaks"],
        folder=folder,
    )


def load_sound(folder: Path) -> np.ndarray | None:
    """The clip's sound, float32 mono at 16 kHz, mapped from disk; None when it has none."""
    path = folder / SOUND_FILE
    if not path.exists() or path.stat().st_size == 0:
        return None
    return np.memmap(path, dtype=np.float32, mode="r")
