"""Killed again and again at random moments, an ingest ends as if nothing had happened (light models)."""

import random
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from generate import write_video
from light import LightModels

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine

FILES, KILLS = 50, 50

CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from light import LightModels
    from avrec.config import Settings
    from avrec.engine import Engine
    engine = Engine(Settings(data=Path(sys.argv[2]), demo=False), models=LightModels())
    print("ready", flush=True)
    jobs = []
    for path in sorted(Path(sys.argv[3]).iterdir()):
        with path.open("rb") as stream:
            jobs.append(engine.add_file(stream, path.name).job_id)
    states = {job.state for job in engine.wait(jobs, timeout=600)}
    engine.close()
    print(*states)
    """
)


def content(engine):
    """Everything a clip is made of, by clip."""
    corpus = engine._clips.corpus()
    found = {}
    for clip in engine.clips():
        position = corpus.clip_ids.index(clip.clip_id)
        vectors = {name: np.round(v.matrix[v.clip == position], 5).tolist() for name, v in corpus.vectors.items()}
        lines = [(a.kind, a.label, round(a.start, 3)) for a in engine.annotations(clip.clip_id)]
        files = sorted(path.name for path in (engine.settings.clips_dir / clip.clip_id).iterdir())
        found[clip.clip_id] = (clip.title, engine.segments(clip.clip_id), sorted(lines), vectors, files)
    return found


@pytest.mark.slow
def test_fifty_ingests_killed_fifty_times_at_random_moments(tmp_path):
    source, data = tmp_path / "in", tmp_path / "data"
    source.mkdir()
    for i in range(FILES):
        write_video(source / f"{i:02}.mp4", 0.6 + 0.05 * i)
    command = [sys.executable, "-c", CHILD, str(REPOSITORY / "tests"), str(data), str(source)]
    moments = random.Random(50)
    killed = 0
    while killed < KILLS:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=REPOSITORY) as child:
            assert child.stdout.readline() == b"ready\n", "it starts on whatever the last kill left"
            time.sleep(moments.uniform(0.0, 1.2))
            ended = child.poll() is not None
            child.kill()
        killed += 1
        if ended:
            break
    last = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert last.stdout.split() == ["ready", "done"], last.stderr
    survivor = Engine(Settings(data=data, demo=False), models=LightModels())
    calm = Engine(Settings(data=tmp_path / "calm", demo=False), models=LightModels())
    for path in sorted(source.iterdir()):
        with path.open("rb") as stream:
            calm.add_file(stream, path.name)
    calm.wait([job.job_id for job in calm.jobs(100)])
    assert len(survivor.clips()) == FILES
    assert content(survivor) == content(calm)
    ids = {clip.clip_id for clip in survivor.clips()}
    assert {path.name for path in survivor.settings.clips_dir.iterdir()} == ids
    assert {path.name[:16] for path in survivor.settings.originals_dir.iterdir()} == ids
    assert list(survivor.settings.jobs_dir.iterdir()) == []
    assert set(survivor.queue_counts()) == {"done"}
    survivor.close()
    calm.close()
    print(f"killed {killed} times")
