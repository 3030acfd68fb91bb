"""`avrec ingest` on what nobody should give it: an answer for every file, exit codes, JSON, no traceback."""

import json
import os
import subprocess
import sys

import pytest
from hostile_corpus import CASES, Kit

from avrec.config import REPOSITORY

BROKEN = ("zero.mp4", "one-byte.mp4", "page.mp4", "hls-url.mp4", "no-moov.mp4", "nested.mp4")


@pytest.fixture
def folder(tmp_path):
    """Broken media, a text among them, and names that are traps."""
    home = tmp_path / "in"
    home.mkdir()
    kit = Kit(tmp_path / "canary", "http://127.0.0.1:9")
    for case in CASES:
        if case.name in BROKEN:
            (home / case.name).write_bytes(case.make(kit))
    (home / "notes.txt").write_text("not taken from a folder")
    (home / "-rf.mp4").write_text("a leading dash\n" * 9)
    (home / "\u202egpm.\U0001f600.mp4").write_text("right to left\n" * 9)
    with open(os.path.join(os.fsencode(home), b"\xff\xfe.mp4"), "w") as file:
        file.write("no Unicode\n" * 9)
    os.mkfifo(home / "pipe.mp4")
    (home / "loop.mp4").symlink_to("loop.mp4")
    (home / "outside.mp4").symlink_to("/etc/passwd")
    return home


def ingest(tmp_path, *arguments):
    environment = os.environ | {"AVREC_DATA": str(tmp_path / "data"), "AVREC_DEMO": "0", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "avrec", "ingest", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, cwd=REPOSITORY, env=environment, timeout=300, check=False)
    assert b"Traceback" not in done.stdout + done.stderr
    return done


def test_a_folder_and_its_files_one_by_one(folder, tmp_path):
    done = ingest(tmp_path, folder, "--json")
    rows = json.loads(done.stdout)
    assert done.returncode == 1, "all of them failed"
    assert len(rows) == len(BROKEN) + 3, "pipes, links to elsewhere and texts are no media of the folder"
    for row in rows:
        assert set(row) >= {"path", "clip_id", "status", "reason", "seconds", "stages"}
        assert row["status"] == "failed"
        assert row["reason"].endswith(".")
        assert str(folder) not in row["reason"]
    named = [p for p in folder.iterdir() if b"\xff" not in os.fsencode(p)]
    missing = [folder / "missing.mp4", "x" * 3000]
    rows = json.loads(ingest(tmp_path, "--json", "--", *named, *missing).stdout)
    reasons = {row["path"].rsplit("/", 1)[-1]: row["reason"] for row in rows}
    assert len(rows) == len(named) + 2
    assert "regular file" in reasons["pipe.mp4"]
    assert "no such file" in reasons["loop.mp4"]
    assert "no such file" in reasons["missing.mp4"]
    assert "text file" in reasons["outside.mp4"]
    assert "text file" in reasons["notes.txt"]
    assert "text file" in reasons["-rf.mp4"]


def test_a_folder_without_media_says_so(tmp_path):
    (tmp_path / "empty").mkdir()
    done = ingest(tmp_path, tmp_path / "empty")
    assert done.returncode == 1
    assert b"no file that looks like audio or video" in done.stdout


def test_an_option_that_is_none_is_no_traceback(tmp_path):
    done = ingest(tmp_path, "-rf.mp4")
    assert done.returncode == 2
    assert b"No such option" in done.stderr
