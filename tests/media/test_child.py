"""What happens when the child crashes, outlives its parent, or the disk is full."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from avrec.config import REPOSITORY
from avrec.errors import CorruptMediaError, MediaTooLargeError, StoreError
from avrec.media import child, decode, process


def run_instead(monkeypatch, code):
    """Let the decoding child run other code."""
    real = subprocess.Popen
    monkeypatch.setattr(process.subprocess, "Popen", lambda _, **kwargs: real([sys.executable, "-c", code], **kwargs))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom")
    return path


@pytest.mark.parametrize(
    ("signal_name", "error", "words"),
    [
        ("SIGSEGV", CorruptMediaError, "crashed the decoder"),
        ("SIGABRT", CorruptMediaError, "crashed the decoder"),
        ("SIGXCPU", MediaTooLargeError, "more time or memory"),
        ("SIGKILL", MediaTooLargeError, "more time or memory"),
    ],
)
def test_a_crash_is_one_failed_clip(monkeypatch, tmp_path, path, signal_name, error, words):
    run_instead(monkeypatch, f"import os, signal; os.kill(os.getpid(), signal.{signal_name})")
    with pytest.raises(error, match=words):
        decode(path, tmp_path / "out", name="a.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_noise_from_the_child_is_no_answer(monkeypatch, tmp_path, path):
    run_instead(monkeypatch, "print('[h264 @ 0x1] error'); print('{\"progress\": 0.5')")
    with pytest.raises(CorruptMediaError):
        decode(path, tmp_path / "out", name="a.mp4")


def test_a_full_disk_is_said_in_one_sentence(monkeypatch, tmp_path, path):
    record = child.explain(errno.ENOSPC)
    run_instead(monkeypatch, f"import json; print(json.dumps({record!r}))")
    with pytest.raises(StoreError, match="The disk is full"):
        decode(path, tmp_path / "out", name="a.mp4")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.EFBIG, "MediaTooLargeError"), (errno.ENOMEM, "MediaTooLargeError"), (errno.EIO, "CorruptMediaError")],
)
def test_failed_calls_become_domain_errors(number, kind):
    assert child.explain(number)["error"] == kind


def test_limits_hold_in_the_child():
    code = "from avrec.media.child import limit; limit(); bytearray(4 << 30)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr


def test_the_child_dies_with_its_parent():
    inner = (
        "from avrec.media.child import die_with_parent; die_with_parent(); import os, time; "
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen([sys.executable, "-c", outer], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    until = time.monotonic() + 10
    while time.monotonic() < until and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
