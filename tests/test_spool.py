"""Uploads on the disk: bounded one by one and together, nothing left of what was cut off, let go or orphaned."""

import hashlib
import io
import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from avrec import spool as module
from avrec.config import REPOSITORY
from avrec.errors import AvrecError, InvalidInputError, MediaTooLargeError, StoreError
from avrec.spool import Limits, Spool
from avrec.store.files import keep_by_hash

MB = 1_000_000


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "uploads", Limits(one=3 * MB, all=8 * MB))
    yield made
    made.close()


def put(spool, data, name="a.mp4", expected=0):
    arriving = spool.begin(name, expected)
    try:
        for start in range(0, len(data), MB):
            arriving.write(data[start : start + MB])
    except AvrecError:
        arriving.abandon()
        raise
    return arriving.finish()


def left(spool):
    return [path for path in spool._folder.iterdir() if path.name != "lock"]


def test_a_file_is_hashed_as_it_comes_and_moved_into_the_originals(spool, tmp_path):
    data = bytes(range(256)) * 8_000
    arrived = put(spool, data)
    assert (arrived.size, spool.used) == (len(data), len(data))
    path, sha256 = keep_by_hash(arrived, tmp_path / "originals", "a.mp4", 3 * MB)
    assert sha256 == hashlib.sha256(data).hexdigest() == path.name
    assert path.read_bytes() == data
    assert path == keep_by_hash(io.BytesIO(data), tmp_path / "originals", "a.mp4", 3 * MB)[0]
    spool.release(arrived)
    assert (spool.used, left(spool)) == (0, [])


def test_a_file_over_the_limit_is_refused_early_or_on_the_way(spool, tmp_path):
    with pytest.raises(MediaTooLargeError, match=r"big\.mp4: it is larger than 3 MB"):
        spool.begin("big.mp4", expected=900 * MB)
    with pytest.raises(MediaTooLargeError):
        put(spool, bytes(4 * MB), "liar.mp4", expected=10)
    assert (spool.used, left(spool)) == (0, [])
    arrived = put(spool, bytes(2 * MB))
    with pytest.raises(MediaTooLargeError):
        keep_by_hash(arrived, tmp_path / "originals", "a.mp4", MB)


def test_all_files_together_are_bounded_and_room_comes_back(spool):
    kept = [put(spool, bytes([i]) * (2 * MB)) for i in range(4)]
    with pytest.raises(InvalidInputError, match=r"fifth\.mp4: .*AVREC_UPLOADS_MB.*add it again"):
        put(spool, bytes(2 * MB), "fifth.mp4")
    assert spool.used == 8 * MB
    spool.release(kept[0])
    put(spool, bytes(2 * MB), "fifth.mp4")


def test_a_full_disk_is_left_alone(spool, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100_000 * MB, 0, 999 * MB))
    with pytest.raises(InvalidInputError, match="disk is nearly full"):
        spool.begin("a.mp4")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2_000 * MB, 0, 999 * MB))  # a small disk: a tenth
    spool.begin("a.mp4").abandon()


def test_too_many_at_once_are_refused(spool, monkeypatch):
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    under_way = [spool.begin("a.mp4"), spool.begin("b.mp4")]
    with pytest.raises(InvalidInputError, match="too many uploads at once"):
        spool.begin("c.mp4")
    for arriving in under_way:
        arriving.abandon()
        arriving.abandon()
    spool.begin("c.mp4").abandon()
    assert (spool.used, spool._files, spool._arriving) == (0, 0, 0)


def test_an_abandoned_transfer_leaves_nothing(spool):
    arriving = spool.begin("a.mp4")
    arriving.write(bytes(2 * MB))
    arriving.abandon()
    assert (spool.used, left(spool)) == (0, [])


def test_many_threads_count_right(spool):
    def come_and_go():
        for _ in range(20):
            try:
                spool.release(put(spool, bytes(MB)))
            except InvalidInputError:
                continue

    threads = [threading.Thread(target=come_and_go) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (spool.used, spool._files, spool._arriving, left(spool)) == (0, 0, 0, [])


def test_what_a_killed_process_left_goes_at_the_next_start_and_a_living_one_keeps_its_own(tmp_path):
    folder = tmp_path / "uploads"
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom avrec.spool import *\n"
        "s = Spool(Path(sys.argv[1]), Limits(9, 9)); s.begin('a').write(b'x' * 9); print('up', flush=True)\n"
        "os.kill(os.getpid(), 9) if sys.argv[2] == 'die' else sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder)]
    subprocess.run([*command, "die"], cwd=REPOSITORY, check=False, capture_output=True)
    assert len(list(folder.rglob("*"))) == 3
    with subprocess.Popen([*command, "live"], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as living:
        assert living.stdout.readline() == b"up\n"
        assert len(list(folder.rglob("*"))) == 3
        mine = Spool(folder, Limits(9, 9))
        assert len(list(folder.rglob("*"))) == 5, "its own folder and lock, and the living one's three"
        mine.close()
        living.stdin.close()
    Spool(folder, Limits(9, 9)).close()
    assert list(folder.rglob("*")) == []


def test_a_folder_that_cannot_be_made_says_so_without_its_path(tmp_path):
    (tmp_path / "uploads").write_text("a file is in the way")
    with pytest.raises(StoreError) as caught:
        Spool(tmp_path / "uploads", Limits(1, 1))
    assert str(tmp_path) not in str(caught.value)
    assert Path(tmp_path / "uploads").read_text()
