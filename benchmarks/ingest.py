"""Seconds for a minute of 720p video with speech: end to end, stage by stage, and the naive way in the same run.

Timings on shared cores vary, so each is the median of AVREC_REPEATS (3) runs, and CPU seconds stand beside them.
"""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from avrec.ingest import stages
from avrec.ingest.folder import StageFolder
from avrec.media import decode
from avrec.models.allocator import keep_large_blocks
from avrec.models.catalogue import Models
from benchmarks import ingest_batches
from benchmarks.meter import Spent, metered, peak_mb
from benchmarks.minute import copy_with_other_hash, make_video
from benchmarks.table import show

REPEATS = int(os.environ.get("AVREC_REPEATS", "3"))
TARGETS = {("fast", 60): "10 s", ("balanced", 60): "20 s"}
STAGES = ("decode", "speech", "audio", "pictures", "text")
NUMBERS = itertools.count(1)
FIELDS = {"title": "A reading", "description": "", "tags": []}


def run(settings: Settings) -> None:
    keep_large_blocks()
    folder = settings.data / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    videos = {seconds: make_video(folder / f"{seconds}.mp4", seconds) for seconds in (60, 10)}
    engine = Engine(settings)
    _warm_up(engine, videos[10], folder)
    ours = {case: _end_to_end(engine, videos[case[1]], case[0], folder) for case in [*TARGETS, ("fast", 10)]}
    alone = {preset: _alone(engine._models, videos[60], preset, folder) for preset in ("fast", "balanced")}
    peaks = f"{peak_mb()} MB, decoder {_decoder_peak(videos[60], folder)} MB"
    naive, naive_peak = _naive(videos[60], settings)
    _show_whole(ours, naive, peaks, naive_peak)
    _show_stages(alone, naive)
    ingest_batches.run(engine, folder)
    engine.close()


def _warm_up(engine: Engine, video: Path, folder: Path) -> None:
    """Load every model, and let each see a clip."""
    job = engine.wait([engine.add_file(copy_with_other_hash(video, folder / "warm.mp4", 0), "warm.mp4").job_id])[0]
    if job.state != "done":
        raise SystemExit(job.reason)


def _end_to_end(engine: Engine, video: Path, preset: str, folder: Path) -> Spent:
    """From adding a file to its being recommendable."""
    runs = []
    for number in range(REPEATS):
        name = f"{preset}-{video.stem}-{number}"
        path = copy_with_other_hash(video, folder / f"{name}.mp4", next(NUMBERS))
        with metered(Spent()) as spent:
            job = engine.wait([engine.add_file(path, path.name, preset=preset).job_id])[0]
        if job.state != "done":
            raise SystemExit(job.reason)
        runs.append(spent)
    return _median(runs)


def _alone(models: Models, video: Path, preset: str, folder: Path) -> dict[str, Spent]:
    """Each stage with both cores to itself."""
    return {stage: _median(runs) for stage, runs in _runs_alone(models, video, preset, folder).items()}


def _runs_alone(models: Models, video: Path, preset: str, folder: Path) -> dict[str, list[Spent]]:
    runs: dict[str, list[Spent]] = {stage: [] for stage in STAGES}
    for number in range(REPEATS):
        place = StageFolder(folder / f"alone-{preset}-{number}")
        work = stages.Work(place, models, FIELDS, lambda _: None, preset)
        steps: dict[str, Callable[[], object]] = {
            "decode": lambda w=work: decode(video, w.folder.media, name=video.name, preset=preset),
            "speech": lambda w=work: stages.speech(w, w.sound()),
            "audio": lambda w=work: stages.audio(w),
            "pictures": lambda w=work: stages.pictures(w),
            "text": lambda w=work: stages.text(w),
        }
        for stage, step in steps.items():
            with metered(Spent()) as spent:
                step()
            runs[stage].append(spent)
    return runs


def _median(runs: list[Spent]) -> Spent:
    return Spent(median(r.wall for r in runs), median(r.cpu for r in runs))


def _decoder_peak(video: Path, folder: Path) -> int:
    """Peak memory of the decoding child in MB."""
    code = (
        "import sys; from pathlib import Path; from avrec.media import decode; from benchmarks.meter import peak_mb;"
        "decode(Path(sys.argv[1]), Path(sys.argv[2]), name='video'); print(peak_mb(children=True))"
    )
    command = [sys.executable, "-c", code, str(video), str(folder / "peak")]
    return int(subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _naive(video: Path, settings: Settings) -> tuple[dict[str, Spent], int]:
    """In a process of its own, with all cores."""
    env = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    env |= {"AVREC_DATA": str(settings.data), "AVREC_WEIGHTS": str(settings.weights_dir)}
    command = [sys.executable, "-m", "benchmarks.naive_ingest", str(video)]
    done = subprocess.run(command, env=env, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    record = json.loads(done.stdout.splitlines()[-1])
    return {stage: Spent(*both) for stage, both in record["stages"].items()}, record["peak"]


def _show_whole(ours: dict[tuple[str, int], Spent], naive: dict[str, Spent], peaks: str, naive_peak: int) -> None:
    total = Spent(sum(one.wall for one in naive.values()), sum(one.cpu for one in naive.values()))
    rows = []
    for (preset, seconds), spent in ours.items():
        ratio = f"{total.wall / spent.wall:.1f} / {total.cpu / spent.cpu:.1f}" if seconds == 60 else ""
        per_minute = f"{spent.wall * 60 / seconds:.1f} s"
        target = TARGETS.get((preset, seconds), "")
        rows.append(
            [f"{preset}, {seconds} s", f"{spent.wall:.1f} s", per_minute, f"{spent.cpu:.1f} s", target, ratio, peaks]
        )
    rows.append(
        [
            "naive, 60 s",
            f"{total.wall:.1f} s",
            f"{total.wall:.1f} s",
            f"{total.cpu:.1f} s",
            "",
            "1 / 1",
            f"{naive_peak} MB",
        ]
    )
    show(
        ["720p with speech", "wall", "a minute of video", "CPU", "target", "naive / ours: wall / CPU", "peak memory"],
        rows,
    )


def _show_stages(alone: dict[str, dict[str, Spent]], naive: dict[str, Spent]) -> None:
    print("\nA minute of video, each stage alone (the app runs decode, pictures and speech beside each other):\n")
    rows = [
        [
            stage,
            *(f"{s.wall:.2f} / {s.cpu:.2f} s" for s in (alone["fast"][stage], alone["balanced"][stage], naive[stage])),
        ]
        for stage in STAGES
    ]
    show(["stage", "fast, wall / CPU", "balanced, wall / CPU", "naive, wall / CPU"], rows)
