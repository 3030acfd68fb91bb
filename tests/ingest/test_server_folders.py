"""Server folders: only below the configured roots, whatever links, dots and swaps stand in the way."""

import shutil

import pytest
from generate import write_video
from light import LightModels

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError


@pytest.fixture
def places(tmp_path):
    """An engine that may read below `root`; beside it is a secret that it must not touch."""
    root, secret = tmp_path / "root", tmp_path / "secret"
    root.mkdir()
    secret.mkdir()
    write_video(secret / "private.mp4", 2.0)
    engine = Engine(Settings(data=tmp_path / "data", demo=False, roots=[root]), models=LightModels())
    yield engine, root, secret
    engine.close()


def names(jobs):
    return sorted(job.file_name for job in jobs)


WAYS = ("secret", "root/..", "root/../secret", "root/link", "root/deep/up", "rootless", "/", "~")


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_out_of_a_root(places, tmp_path, way):
    engine, root, secret = places
    (root / "link").symlink_to(secret)
    (root / "deep").mkdir()
    (root / "deep" / "up").symlink_to("../../secret")
    (tmp_path / "rootless").mkdir()
    with pytest.raises(InvalidInputError, match="not below one of the folders") as caught:
        engine.add_folder(tmp_path / way if way not in ("/", "~") else type(root)(way))
    assert str(tmp_path) not in str(caught.value)
    assert engine.jobs() == []


def test_links_out_of_a_folder_are_left_out_and_others_kept(places):
    engine, root, secret = places
    write_video(root / "own.mp4", 2.0)
    (root / "out.mp4").symlink_to(secret / "private.mp4")
    (root / "folder").symlink_to(secret)
    (root / "dangling.mp4").symlink_to(root / "none.mp4")
    (root / "loop").symlink_to(root)
    assert names(engine.add_folder(root)) == ["own.mp4"]


def test_a_file_that_is_swapped_for_a_link_before_it_is_read_is_not_followed(places):
    engine, root, secret = places
    write_video(root / "own.mp4", 2.5)
    (job,) = engine.add_folder(root)
    (root / "own.mp4").unlink()
    (root / "own.mp4").symlink_to(secret / "private.mp4")
    (ended,) = engine.wait([job.job_id], timeout=60)
    assert ended.state == "failed"
    assert "own.mp4: it is no longer where it was. Add it again." in ended.reason
    assert engine.clips() == []


def test_a_folder_that_is_swapped_for_a_link_is_not_followed(places):
    engine, root, secret = places
    (root / "album").mkdir()
    write_video(root / "album" / "private.mp4", 2.5)
    (job,) = engine.add_folder(root / "album")
    shutil.rmtree(root / "album")
    (root / "album").symlink_to(secret)
    (ended,) = engine.wait([job.job_id], timeout=60)
    assert ended.state == "failed"
    assert engine.clips() == []


def test_a_file_that_changes_before_it_is_read_is_not_taken_for_the_ordered_one(places):
    engine, root, _ = places
    write_video(root / "own.mp4", 2.5)
    (job,) = engine.add_folder(root)
    write_video(root / "own.mp4", 3.5)
    (ended,) = engine.wait([job.job_id], timeout=60)
    assert ended.state == "failed"
    assert "it changed while it was being read" in ended.reason
    (again,) = engine.add_folder(root)
    assert engine.wait([again.job_id], timeout=60)[0].state == "done"


def test_without_roots_no_folder_is_open(tmp_path):
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    with pytest.raises(InvalidInputError, match="AVREC_ROOTS"):
        engine.add_folder(tmp_path)
    engine.close()
