"""A folder of two hundred mixed files, twenty of them broken: each is explained, the good ones are all there, and a
second pass takes seconds (light models, real queue, store and decoding)."""

import random
import time

import pytest
from generate import write_video
from light import LightModels

from avrec.engine import Engine

GOOD, BROKEN, COPIES = 170, 20, 10
NAMES = ("rocket", "火箭发射", "déjà vu", "-dash", "CON", "a b  c", "emoji 🚀", "x" * 120, "مرحبا", "trailing.")


def fill(folder):
    """Good files in four containers and odd names, copies of some, and broken ones of five kinds."""
    rng = random.Random(200)
    for i in range(GOOD):
        suffix = ("mp4", "mkv", "mov", "webm" if i % 40 == 3 else "mp4")[i % 4]
        suffix = "mp4" if suffix == "webm" else suffix
        sub = folder / f"part {i % 7}"
        sub.mkdir(exist_ok=True)
        write_video(sub / f"{NAMES[i % len(NAMES)]} {i}.{suffix}", 0.5 + 0.01 * i)
    whole = sorted(folder.rglob("*.*"))
    for i in range(COPIES):
        (folder / f"copy {i}.mp4").write_bytes(whole[i].read_bytes())
    broken = (
        lambda i: b"",
        lambda i: bytes([i]),
        lambda i: rng.randbytes(5_000 + i),
        lambda i: whole[i].read_bytes()[: 300 + i],
        lambda i: b"ffconcat version 1.0\nfile /etc/hostname\n# %d" % i,
    )
    for i in range(BROKEN):
        (folder / f"broken {i}.mp4").write_bytes(broken[i % 5](i))


@pytest.mark.slow
def test_two_hundred_files_and_a_second_pass(settings, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    fill(folder)
    settings.roots = [folder]
    engine = Engine(settings, models=LightModels())
    job = engine.queue_folder(folder)
    engine.wait([job.job_id])
    while engine._workers["clips"].step():
        pass
    clips, jobs = engine.clips(), engine.jobs(1000)
    assert len(clips) == GOOD
    failed = [j for j in jobs if j.state == "failed"]
    assert {j.file_name for j in failed} == {f"broken {i}.mp4" for i in range(BROKEN)}, "copies of one, too"
    assert all(j.file_name in j.reason and j.reason.endswith(".") for j in failed)
    assert not any("/" in j.reason.replace(j.file_name, "") for j in failed)
    assert set(engine.queue_counts()) == {"done", "failed"}
    started = time.monotonic()
    again = engine.wait([engine.queue_folder(folder).job_id])[0]
    seconds = time.monotonic() - started
    while engine._workers["clips"].step():
        pass
    print(f"second pass over {GOOD + BROKEN + COPIES} files: {seconds:.1f} s")
    assert again.found.startswith("0 added")
    assert seconds < 20
    assert len(engine.clips()) == GOOD
    assert len(engine.jobs(1000)) == len(jobs) + 1
    engine.close()
