"""Media made by the tests themselves: no third-party bytes."""

from fractions import Fraction
from pathlib import Path

import numpy as np


def write_video(
    path: Path,
    seconds: float = 4.0,
    *,
    size: tuple[int, int] = (160, 120),
    rate: int = 10,
    sound: str | None = "tone",
    cuts: int = 2,
    faststart: bool = True,
) -> Path:
    """Write an mp4 with `cuts` scenes of different colours and, perhaps, a sound."""
    import av

    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=16_000, layout="mono") if sound else None
        frames = max(1, int(seconds * rate))
        for i in range(frames):
            shade = (40 + 180 * (i * cuts // frames) // max(cuts, 1), 200 if (i * cuts // frames) % 2 else 30, 90)
            picture = np.full((size[1], size[0], 3), shade, np.uint8)
            picture[: size[1] // 4, (i * 3) % size[0]] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(make_sound(sound, seconds)[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def make_sound(kind: str, seconds: float, rate: int = 16_000) -> np.ndarray:
    """float32 mono: "tone", "silence", "noise" or "beeps"."""
    time = np.arange(int(seconds * rate)) / rate
    match kind:
        case "silence":
            return np.zeros(len(time), np.float32)
        case "noise":
            return np.random.default_rng(1).normal(0, 0.1, len(time)).astype(np.float32)
        case "beeps":
            return (0.4 * np.sin(2 * np.pi * 880 * time) * (time % 1 < 0.3)).astype(np.float32)
        case _:
            return (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def write_audio(path: Path, sound: np.ndarray, rate: int = 16_000) -> Path:
    """Write a sound in the format that the suffix names."""
    import av

    codec = {".wav": "pcm_s16le", ".mp3": "mp3", ".flac": "flac", ".ogg": "libopus", ".m4a": "aac"}[path.suffix]
    rate_out = 48_000 if path.suffix == ".ogg" else rate
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_out, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate_out, stream.frame_size or None)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path
