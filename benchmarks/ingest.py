"""Seconds for a minute of 720p video with speech, beside a naive implementation on the same file."""

import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from benchmarks.table import show

STARTER = REPOSITORY / "assets" / "starter"


def run(settings: Settings) -> None:
    folder = settings.data / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(settings)
    warm = engine.add_file(STARTER / "talk_cat.mp4", "warm-up.mp4")
    engine.wait([warm.job_id])
    engine._models.documents.handle, engine._models.transcriber.handle, engine._models.image.handle  # noqa: B018
    rows = []
    for preset, target in (("fast", 10), ("balanced", 20)):
        path = make_minute(folder / f"{preset}.mp4", shade=len(rows))
        cpu, started = time.process_time(), time.monotonic()
        job = engine.wait([engine.add_file(path, path.name, preset=preset).job_id])[0]
        stages = ", ".join(f"{k} {v:.1f}" for k, v in job.stage_seconds.items() if v > 0.05)
        wall, used = time.monotonic() - started, time.process_time() - cpu
        rows.append([preset, f"{wall:.1f} s", f"{used:.1f} s", f"{target} s", stages or job.reason])
    started, cpu = time.monotonic(), time.process_time()
    stages = naive(folder / "balanced.mp4", engine)
    rows.append(["naive", f"{time.monotonic() - started:.1f} s", f"{time.process_time() - cpu:.1f} s", "", stages])
    show(["60 s of 720p with speech", "wall", "CPU of this process", "target", "stages"], rows)
    engine.close()


def make_minute(path: Path, shade: int) -> Path:
    """A minute of 1280x720 at 25 frames a second: six moving scenes and a reading."""
    import av

    with av.open(str(STARTER / "sonnet_1.mp3")) as source:
        resampler = av.AudioResampler("fltp", "mono", 16_000)
        pieces = [p.to_ndarray()[0] for f in source.decode(audio=0) for p in resampler.resample(f)]
    sound = np.concatenate(pieces)[: 60 * 16_000].astype(np.float32)
    stills = []
    for name in ("talk_cat", "talk_coffee", "talk_rocket", "talk_temple", "talk_flower", "talk_raccoon"):
        with av.open(str(STARTER / f"{name}.mp4")) as clip:
            stills.append(next(clip.decode(video=0)).reformat(1480, 832, "rgb24").to_ndarray())
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt, video.options = 1280, 720, "yuv420p", {"preset": "ultrafast"}
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for i in range(60 * 25):
            still, shift = stills[i // 250], (i % 250) // 2
            picture = np.ascontiguousarray(still[shift // 2 : shift // 2 + 720, shift : shift + 1280])
            picture[:8, :8] = shade
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


def naive(path: Path, engine: Engine) -> str:
    """Seek to each frame, full size, fp32, one picture at a time; openai-whisper without a voice detector."""
    import av
    import whisper

    from avrec.models.clip_image import ClipImageEncoder
    from avrec.models.scenes import PlacesClassifier
    from avrec.models.speech import load_converted
    from avrec.models.weights import Weights

    weights, spent = Weights(engine.settings), {}
    started = time.monotonic()
    frames = []
    for second in np.arange(0.5, 60, 60 / 12):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            container.seek(int(second / stream.time_base), stream=stream)
            frames.append(next(f for f in container.decode(stream) if f.time >= second).to_ndarray(format="rgb24"))
    spent["decode"] = time.monotonic() - started
    started = time.monotonic()
    for model in (ClipImageEncoder(weights, batch=1), PlacesClassifier(weights, batch=1)):
        for frame in frames:
            (model.encode if hasattr(model, "encode") else model.classify)(frame[None])
    spent["pictures"] = time.monotonic() - started
    started = time.monotonic()
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", 16_000)
        sound = np.concatenate([p.to_ndarray()[0] for f in container.decode(audio=0) for p in resampler.resample(f)])
    whisper.transcribe(load_converted(weights), sound, fp16=False, word_timestamps=True)
    spent["speech"] = time.monotonic() - started
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.items())
