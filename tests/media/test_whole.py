"""Lost ends are noticed by the container's own marks; what hangs behind a whole file is no loss."""

import os
import subprocess
import sys

import pytest
from hostile_bytes import CONTAINERS, media, wav

from avrec.config import REPOSITORY
from avrec.media import process
from avrec.media.sniff import sniff
from avrec.media.whole import end_missing

MARKED = ("mp4", "mov", "mkv", "webm", "avi", "wav", "ogg")


def lost(tmp_path, data):
    path = tmp_path / "a"
    path.write_bytes(data)
    return end_missing(path, sniff(path, "a"))


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_whole_file_is_whole(tmp_path, container):
    assert not lost(tmp_path, media(container))
    assert not lost(tmp_path, media(container) + bytes(200))


@pytest.mark.parametrize("container", MARKED)
def test_a_lost_end_is_noticed(tmp_path, container):
    data = media(container)
    assert lost(tmp_path, data[: len(data) - 3000])


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF])
def test_a_size_that_is_not_known_yet_is_no_claim(tmp_path, size):
    assert not lost(tmp_path, wav(data=bytes(4000), size=size, riff=size))


def test_time_is_given_for_what_is_decoded_and_no_more():
    assert process.allowed_seconds(0) < 300
    assert process.allowed_seconds(60) - process.allowed_seconds(0) == pytest.approx(240)
    assert process.allowed_seconds(1e9) == process.WALL_SECONDS


def test_the_child_steps_back_and_starts_without_the_parents_side():
    code = (
        "import os, sys; from avrec.media import child; child.step_back(); import avrec.media.decode; "
        "print(os.getpriority(os.PRIO_PROCESS, 0), child.peak_mb(), 'sqlalchemy' in sys.modules, "
        "'pydantic' in sys.modules, 'scenedetect' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    nice, peak, *heavy = done.stdout.split()
    assert int(nice) == max(10, os.getpriority(os.PRIO_PROCESS, 0))
    assert 10 < int(peak) < 150
    assert heavy == ["False"] * 3
