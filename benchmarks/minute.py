"""A video of 1280x720 at 25 frames a second, made from the demo clips: six moving scenes and a reading."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from avrec.config import REPOSITORY

STARTER = REPOSITORY / "assets" / "starter"
SCENES = ("talk_cat", "talk_coffee", "talk_rocket", "talk_temple", "talk_flower", "talk_raccoon")
RATE, SOUND_RATE, SCENE_FRAMES = 25, 16_000, 250


def make_video(path: Path, seconds: int = 60, start: int = 0) -> Path:
    """Write it; `start` is where in the reading its sound begins, in seconds."""
    import av

    sound = _reading()[start * SOUND_RATE : (start + seconds) * SOUND_RATE]
    stills = [_still(STARTER / f"{name}.mp4") for name in SCENES]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt, video.options = 1280, 720, "yuv420p", {"preset": "ultrafast"}
        audio = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for i in range(seconds * RATE):
            still, shift = stills[(start + i // SCENE_FRAMES) % len(stills)], i % SCENE_FRAMES // 2
            picture = np.ascontiguousarray(still[shift // 2 : shift // 2 + 720, shift : shift + 1280])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SOUND_RATE, 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


def copy_with_other_hash(source: Path, target: Path, number: int) -> Path:
    """The same video with an unused box behind it: a known file would not be worked on again."""
    target.write_bytes(source.read_bytes() + (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big"))
    return target


def _reading() -> np.ndarray:
    import av

    with av.open(str(STARTER / "sonnet_1.mp3")) as source:
        resampler = av.AudioResampler("fltp", "mono", SOUND_RATE)
        pieces = [p.to_ndarray()[0] for frame in source.decode(audio=0) for p in resampler.resample(frame)]
    return np.concatenate(pieces).astype(np.float32)


def _still(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as clip:
        return next(clip.decode(video=0)).reformat(1480, 832, "rgb24").to_ndarray()
