"""Every file of the hostile corpus: one terminal state, a reason, nothing left over, nothing read, nothing asked."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_bytes import CONTAINERS, flipped, media
from hostile_corpus import CASES, SECRET, write_corpus
from hostile_run import Canary

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from avrec.errors import AvrecError

MOST_SECONDS = 120.0
MOST_CHILD_MB = 1000
MOST_GROWN_MB = 100
# Parts of a path, a class, a module or a trace: what no reason may hold.
INTERNALS = re.compile(r"Traceback|Error\b|Exception|errno|avcodec|libav|/tmp|/home|\.py\b|0x[0-9a-f]|None")


def run_over(folder: Path) -> dict:
    """Take everything in `folder` / "files" in, in a process of its own."""
    command = [
        sys.executable,
        str(REPOSITORY / "tests" / "hostile_run.py"),
        str(folder / "files"),
        str(folder / "data"),
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {**found, "rows": {row["name"]: row for row in found["rows"]}, "log": done.stderr}


@pytest.fixture(scope="module")
def canary():
    return Canary()


@pytest.fixture(scope="module")
def ran(tmp_path_factory, canary):
    """What became of the corpus."""
    folder = tmp_path_factory.mktemp("hostile")
    write_corpus(folder, canary.url)
    return {**run_over(folder), "folder": folder}


def check_row(row: dict) -> str:
    """Check what holds for any file and return how it ended."""
    assert row["state"] in ("done", "failed"), row
    assert row["seconds"] < MOST_SECONDS, row
    assert row["peak_mb"] <= MOST_CHILD_MB, row
    if row["state"] == "failed" or row["outcome"] == "partial":
        assert row["reason"].endswith("."), row
        assert not INTERNALS.search(row["reason"].replace(row["name"], "")), row
    if row["state"] == "failed":
        assert row["reason"].startswith(f"{row['name']}: "), row
        assert row["reason"].count(". ") >= 1, f"it says what to do: {row}"
    return row["outcome"] if row["state"] == "done" else row["state"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_file_ends_in_one_honest_state(ran, case):
    row = ran["rows"][case.name]
    assert check_row(row) in case.states, row
    assert case.words in row["reason"]


def test_the_corpus_leaves_no_trace_in_memory_and_log(ran):
    assert ran["grown_mb"] < MOST_GROWN_MB
    assert "Traceback" not in ran["log"]


def test_no_canary_was_read_or_asked(ran, canary):
    assert canary.heard == 0
    for path in (ran["folder"] / "data").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    socket.create_connection(("127.0.0.1", int(canary.url.rsplit(":", 1)[1]))).close()


def test_rows_and_files_agree_after_the_corpus(ran):
    engine = Engine(Settings(data=ran["folder"] / "data", demo=False))
    try:
        clips = {clip.clip_id for clip in engine.clips()}
        folders = {path.name for path in engine.settings.clips_dir.iterdir()}
        left = list(engine.settings.data.rglob(".*"))
        checks = {
            name: ok for name, ok, _ in engine.doctor() if "orphan" in name or "file" in name or name == "database"
        }
        jobs = engine.jobs(1000)
    finally:
        engine.close()
    done = {row["clip_id"] for row in ran["rows"].values() if row["state"] == "done"}
    assert done <= clips == folders
    assert left == []
    assert all(checks.values()), checks
    assert {job.state for job in jobs} == {"done", "failed"}


SPECIAL = {
    "pipe.mp4": lambda path: os.mkfifo(path),
    "socket.mp4": lambda path: _socket(path),
    "folder.mp4": lambda path: path.mkdir(),
    "loop.mp4": lambda path: path.symlink_to(path),
    "dangling.mp4": lambda path: path.symlink_to("nothing-there.mp4"),
    "missing.mp4": lambda path: None,
    "device.mp4": lambda path: path.symlink_to("/dev/zero"),
}


def _socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


@pytest.fixture
def special(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    return tmp_path


@pytest.mark.parametrize("name", SPECIAL)
def test_what_is_no_file_is_refused_at_once(engine, special, name):
    SPECIAL[name](special / name)
    with pytest.raises(AvrecError) as caught:
        engine.add_file(special / name, name)
    assert str(caught.value).startswith(f"{name}: ")
    assert str(special) not in str(caught.value)
    assert engine.jobs() == []


@pytest.mark.parametrize("path", [Path("x" * 5000), Path("a\0b.mp4")], ids=["4 kB", "NUL"])
def test_a_path_that_cannot_be_is_refused_in_one_sentence(engine, path):
    with pytest.raises(AvrecError, match="no such file"):
        engine.add_file(path, path.name)


NAMES = [
    "../../x.mp4", "..\\..\\x.mp4", "/etc/passwd", "x" * 4096 + ".mp4", "\u202egpm.evil.mp4",
    "\U0001f600\U0001f3ac.mp4",
    "CON",
    "-rf.mp4", "line\nbreak.mp4", "nul\0byte.mp4", "", ".", "..", "   ", "<img src=x onerror=alert(1)>.mp4", "=1+1.mp4",
    "\udcff\udcfe.mp4", "a\ttab.mp4", "\x1b[31mred.mp4",
]  # fmt: skip


def test_names_are_shown_tidied_and_open_nothing(engine, tmp_path):
    import io

    for i, name in enumerate(NAMES):
        job = engine.add_file(io.BytesIO(f"no media {i}\n".encode() * 20), name)
        (ended,) = engine.wait([job.job_id], timeout=60)
        assert ended.state == "failed"
        assert 0 < len(ended.file_name) <= 200
        assert not set("\0\n\u202e/\\\x1b\udcff") & set(ended.file_name + ended.title), ended
        assert ended.reason.startswith(f"{ended.file_name}: it is a text file"), ended.reason
        json.dumps(ended.title).encode()
        ended.title.encode()
    stored = {path.name for path in engine.settings.originals_dir.iterdir()}
    assert all(re.fullmatch(r"[0-9a-f]{64}", name) for name in stored)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


@pytest.mark.slow
@pytest.mark.parametrize("container", CONTAINERS)
def test_seeded_fuzzing_finds_no_wrong_end(tmp_path, container):
    """Some forty mutations a container: bits, stretches of noise, pieces left out, doubled or swapped."""
    (tmp_path / "files").mkdir()
    for seed in range(40):
        data = media(container, seconds=1.0)
        (tmp_path / "files" / f"{seed:03d}.{container}").write_bytes(mutated(data, seed))
    ran = run_over(tmp_path)
    assert len(ran["rows"]) == 40
    for row in ran["rows"].values():
        check_row(row)
    assert ran["grown_mb"] < MOST_GROWN_MB
    assert "Traceback" not in ran["log"]


def mutated(data: bytes, seed: int) -> bytes:
    import numpy as np

    rng = np.random.default_rng(seed)
    a, b = sorted(int(x) for x in rng.integers(12, len(data), 2))
    match seed % 6:
        case 0:
            return flipped(data, seed, 1 + seed * 3)
        case 1:
            return data[:a] + rng.integers(0, 256, b - a, np.uint8).tobytes() + data[b:]
        case 2:
            return data[:a] + data[b:]
        case 3:
            return data[:b] + data[a:]
        case 4:
            return data[:12] + data[b:] + data[a:b] + data[12:a]
        case _:
            return flipped(data[: max(a, 200)] + b"\xff" * (b - a) + data[b:], seed, 10)
