"""The naive way to understand a clip, in a process of its own: `python -m benchmarks.naive_ingest FILE`.

It seeks to each frame in full size, runs every model in fp32 on one picture or text at a time, and openai-whisper on
the whole sound. It makes no proxy, no thumbnails, no shots and no vectors of moments. Models are loaded before the
clock starts. Prints one JSON line: stage -> (wall, CPU) seconds, and peak memory in MB.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from avrec.config import Settings
from avrec.models.weights import Weights
from benchmarks.meter import Spent, metered, peak_mb

FRAMES = 12
WINDOW = 30 * 16_000


def main() -> None:
    path = Path(sys.argv[1])
    models = _load(Settings())
    spent = {stage: Spent() for stage in ("decode", "speech", "audio", "pictures", "text")}
    with metered(spent["decode"]):
        frames, sound = _seek_frames(path), _decode_sound(path)
    with metered(spent["speech"]):
        found = models["whisper"].transcribe(sound, fp16=False, word_timestamps=True)
    with metered(spent["audio"]):
        _encode_windows(models["whisper"], sound)
    with metered(spent["pictures"]):
        for frame in frames:
            models["image"].encode(frame[None])
            models["scenes"].classify(frame[None])
            models["objects"].classify(frame[None])
    with metered(spent["text"]):
        models["documents"].encode([found["text"]])
    record = {stage: (one.wall, one.cpu) for stage, one in spent.items()}
    print(json.dumps({"stages": record, "peak": peak_mb()}), flush=True)


def _load(settings: Settings) -> dict[str, Any]:
    from avrec.models.catalogue import Models
    from avrec.models.clip_image import ClipImageEncoder
    from avrec.models.scenes import PlacesClassifier
    from avrec.models.speech import load_converted

    weights, models = Weights(settings), Models(settings)
    small = np.zeros((1, 256, 256, 3), np.uint8)
    made = {
        "whisper": load_converted(weights),
        "image": ClipImageEncoder(weights, batch=1),
        "scenes": PlacesClassifier(weights, batch=1),
        "objects": models.objects,
        "documents": models._make_documents("cpu", "float32"),
    }
    made["whisper"].transcribe(np.zeros(16_000, np.float32), fp16=False)
    made["image"].encode(small), made["scenes"].classify(small), made["objects"].classify(small)
    made["documents"].encode(["warm"])
    return made


def _seek_frames(path: Path) -> list[np.ndarray]:
    import av

    with av.open(str(path)) as container:
        seconds = container.duration / 1e6
    frames = []
    for second in (np.arange(FRAMES) + 0.5) * seconds / FRAMES:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            container.seek(int(second / stream.time_base), stream=stream)
            frames.append(next(f for f in container.decode(stream) if f.time >= second).to_ndarray(format="rgb24"))
    return frames


def _decode_sound(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", 16_000)
        pieces = [p.to_ndarray()[0] for frame in container.decode(audio=0) for p in resampler.resample(frame)]
    return np.concatenate(pieces)


def _encode_windows(model: Any, sound: np.ndarray) -> None:
    import torch
    import whisper

    for start in range(0, len(sound), WINDOW):
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(sound[start : start + WINDOW]))
        with torch.inference_mode():
            model.encoder(mel[None])


if __name__ == "__main__":
    main()
