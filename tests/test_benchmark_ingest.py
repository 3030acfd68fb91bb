"""The benchmark's own parts: a copy that counts as another file, and a meter that counts children."""

import subprocess
import sys

from generate import write_video

from avrec.media import decode, load_sound
from benchmarks.meter import Spent, metered
from benchmarks.minute import copy_with_other_hash


def test_a_copy_is_another_file_with_the_same_content(tmp_path):
    source = write_video(tmp_path / "a.mp4", 1.0)
    copies = [copy_with_other_hash(source, tmp_path / f"{number}.mp4", number) for number in (1, 2)]
    assert len({path.read_bytes() for path in (source, *copies)}) == 3
    found = [decode(path, tmp_path / path.stem, name="a") for path in (source, copies[0])]
    assert found[0].info == found[1].info
    assert load_sound(tmp_path / "a").tobytes() == load_sound(tmp_path / "1").tobytes()


def test_the_meter_counts_what_children_spend():
    with metered(Spent()) as spent:
        subprocess.run([sys.executable, "-c", "sum(i * i for i in range(2_000_000))"], check=True)
    assert spent.cpu > 0.03
    assert spent.wall > 0.03
