"""Many short clips: how long each takes in the queue, and what batches over several clips would gain."""

import os
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from avrec.engine import Engine
from avrec.media.decode_result import FRAMES_FILE
from avrec.models.catalogue import Models
from benchmarks.meter import Spent, metered
from benchmarks.minute import copy_with_other_hash, make_video
from benchmarks.table import show

CLIPS, SECONDS = 20, 6
REPEATS = int(os.environ.get("AVREC_REPEATS", "3"))
TEXTS = [
    f"A reading, part {i}. From fairest creatures we desire increase, that thereby beauty's rose might never die."
    for i in range(CLIPS)
]


def run(engine: Engine, folder: Path) -> None:
    """Print both tables."""
    made = [make_video(folder / f"short-{start}.mp4", SECONDS, start) for start in (0, 10, 20, 30)]
    single, queued = _queue(engine, made, folder, at_once=False), _queue(engine, made, folder, at_once=True)
    print(f"\n{CLIPS} clips of {SECONDS} s, fast:\n")
    rows = [
        ["one added when the one before is done", f"{single.wall / CLIPS:.2f} s", f"{single.cpu / CLIPS:.2f} s"],
        ["all added at once", f"{queued.wall / CLIPS:.2f} s", f"{queued.cpu / CLIPS:.2f} s"],
    ]
    show(["way", "wall a clip", "CPU a clip"], rows)
    print("\nThe models clip by clip and over several clips:\n")
    frames = np.load(sorted(folder.glob(f"alone-fast-0/media/{FRAMES_FILE}"))[0])
    show(["model", "one a clip", "eight clips together", "gain"], _together(engine._models, frames))


def _queue(engine: Engine, made: list[Path], folder: Path, at_once: bool) -> Spent:
    paths = [
        copy_with_other_hash(made[i % len(made)], folder / f"{at_once}-{i}.mp4", 1000 * at_once + i)
        for i in range(CLIPS)
    ]
    with metered(Spent()) as spent:
        if at_once:
            engine.wait([engine.add_file(path, path.name, preset="fast").job_id for path in paths])
        else:
            for path in paths:
                engine.wait([engine.add_file(path, path.name, preset="fast").job_id])
    return spent


def _together(models: Models, frames: np.ndarray) -> list[list[str]]:
    """CPU seconds for eight items, one at a time and in one batch."""
    pictures = np.ascontiguousarray(np.resize(frames, (8, *frames.shape[1:])))
    cases: dict[str, tuple[Callable, list]] = {
        "CLIP, a frame each": (models.image.encode, [pictures[i : i + 1] for i in range(8)]),
        "Places365, a frame each": (models.scenes.classify, [pictures[i : i + 1] for i in range(8)]),
        "MobileNetV2, a frame each": (models.objects.classify, [pictures[i : i + 1] for i in range(8)]),
        "language model, a document each": (models.documents.encode, [[text] for text in TEXTS[:8]]),
        "sentences, one each": (models.sentences.encode, [[text] for text in TEXTS[:8]]),
    }
    rows = []
    for name, (function, items) in cases.items():
        whole = [text for item in items for text in item] if isinstance(items[0], list) else pictures
        one = median(_seconds(lambda f=function, i=items: [f(item) for item in i]) for _ in range(REPEATS))
        together = median(_seconds(lambda f=function, w=whole: f(w)) for _ in range(REPEATS))
        rows.append([name, f"{one:.2f} s", f"{together:.2f} s", f"{1 - together / one:.0%}"])
    return rows


def _seconds(function: Callable[[], object]) -> float:
    with metered(Spent()) as spent:
        function()
    return spent.cpu
