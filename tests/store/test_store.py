"""The store: one transaction a clip, counters, versions that never meet."""

import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from avrec.config import Settings
from avrec.errors import StoreError, UnknownClipError, UnknownUserError
from avrec.schemas import Annotation, Clip, Interaction, MediaInfo, Person, PersonSettings, Segment, Understanding
from avrec.store.clips import ClipStore
from avrec.store.database import Database, store_error
from avrec.store.files import keep_by_hash, remove_incoming, write_json
from avrec.store.interactions import InteractionStore, read_settings


def understanding(n=1, version="v1"):
    sha = f"{n:064x}"[::-1]
    info = MediaInfo("video", 6.0, 64, 48, 10.0, True, "mov", "h264", "aac", True, ("It ends early.",))
    clip = Clip(
        sha[:16], sha, f"Title {n} 日本 <b>", "a.mp4", info, datetime.now(UTC), tags=("x",), modalities=("visual",)
    )
    rows = np.array([[1.0, 0.0], [np.nan, np.nan]], np.float32)
    segments = (Segment(0, 3), Segment(3, 6))
    annotations = (Annotation(0, 3, "scene", "sky", 0.5, "Places", {"a": 1}),)
    return Understanding(clip, segments, annotations, {"visual": (version, rows)}, "text", {"image": "CLIP"}, {})


@pytest.fixture
def database(tmp_path):
    made = Database(Settings(data=tmp_path))
    yield made
    made.close()


def test_a_clip_comes_back_as_it_was_published(database):
    clips, found = ClipStore(database), understanding()
    clips.publish(found, "src")
    clip_id = found.clip.clip_id
    assert clips.get(clip_id) == found.clip
    assert clips.segments(clip_id) == found.segments
    assert clips.annotations(clip_id) == list(found.annotations)
    corpus = clips.corpus()
    assert corpus.vectors["visual"].matrix.tolist() == [[1.0, 0.0]], "a row of NaN means the segment lacks it"
    assert corpus.vectors["visual"].end.tolist() == [3.0]


def test_publishing_again_replaces_and_deleting_takes_all(database):
    clips, found = ClipStore(database), understanding()
    clips.publish(found, "src")
    clips.publish(found, "src")
    assert len(clips.all()) == 1
    assert len(clips.annotations(found.clip.clip_id)) == 1
    clips.delete(found.clip.clip_id)
    assert clips.corpus().clip_ids == ()
    with pytest.raises(UnknownClipError):
        clips.delete(found.clip.clip_id)


def test_a_publication_that_fails_leaves_nothing(database):
    clips, found = ClipStore(database), understanding()
    broken = replace(found, annotations=(replace(found.annotations[0], details={"bad": object()}),))
    with pytest.raises(Exception, match=r".*"):
        clips.publish(broken, "src")
    assert clips.all() == []
    assert database.revisions() == (0, 0, 0)


def test_vectors_of_two_versions_never_meet(database):
    clips = ClipStore(database)
    for n, version in ((1, "old"), (2, "new"), (3, "new")):
        clips.publish(understanding(n, version), "src")
    visual = clips.corpus().vectors["visual"]
    assert visual.version == "new"
    assert len(visual.clip) == 2


def test_counters_move_with_what_changes(database):
    clips, people = ClipStore(database), InteractionStore(database)
    clips.publish(understanding(), "src")
    assert database.revisions() == (1, 0, 0)
    event = Interaction("ann", "c", "like", None, datetime(2026, 1, 1, tzinfo=UTC))
    assert people.add([event, event]) == 1, "the same event twice is one event"
    assert database.revisions() == (1, 1, 0)
    assert people.all()[0].at == event.at


def test_the_stamp_moves_with_every_commit_of_anybody(database, tmp_path):
    other = Database(Settings(data=tmp_path))
    seen = [database.stamp()]
    for writer in (database, other, database):
        writer.put_value("x", str(len(seen)))
        seen.append(database.stamp())
    assert len(set(seen)) == 4
    assert database.stamp() == seen[-1]
    other.close()


def test_two_connections_see_each_other(database, tmp_path):
    other = Database(Settings(data=tmp_path))
    ClipStore(other).publish(understanding(), "src")
    assert len(ClipStore(database).all()) == 1
    other.close()


def test_a_damaged_database_is_one_sentence(tmp_path):
    (tmp_path / "avrec.sqlite").write_bytes(b"this is not a database, not at all" * 100)
    with pytest.raises(StoreError, match="damaged"):
        Database(Settings(data=tmp_path))


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_json(path, {"old": 1})

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("avrec.store.files.os.fsync", full)
    with pytest.raises(StoreError, match="disk is full"):
        write_json(path, {"new": 1})
    assert path.read_text() == '{"old": 1}'
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
    with pytest.raises(StoreError), path.open("rb") as stream:
        keep_by_hash(stream, tmp_path / "originals", "x", 1000)
    assert list((tmp_path / "originals").iterdir()) == []


def test_what_a_killed_process_was_writing_is_removed_and_a_live_ones_is_not(tmp_path):
    dead, alive = tmp_path / ".incoming-99999999-ab", tmp_path / f".incoming-{os.getpid()}-cd"
    whole = tmp_path / ("a" * 64)
    for path in (dead, alive, whole):
        path.write_bytes(b"x")
    assert remove_incoming(tmp_path) == 1
    assert sorted(tmp_path.iterdir()) == sorted([alive, whole])


def test_errors_of_the_disk_say_what_to_do():
    assert "AVREC_DATA" in str(store_error(PermissionError(13, "no")))


OLD = """
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE people (user_id VARCHAR PRIMARY KEY, simulated BOOLEAN NOT NULL, taste VARCHAR NOT NULL);
CREATE TABLE interactions (interaction_id INTEGER PRIMARY KEY, user_id VARCHAR NOT NULL, clip_id VARCHAR(16) NOT NULL,
  event VARCHAR NOT NULL, value FLOAT, at DATETIME NOT NULL, simulated BOOLEAN NOT NULL,
  CONSTRAINT one_event_at_a_time UNIQUE (user_id, clip_id, event, at));
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO people VALUES ('ann', 0, 'cats');
INSERT INTO interactions VALUES (7, 'ann', 'c', 'like', NULL, '2026-01-01 00:00:00.000000', 0);
"""


def test_an_older_database_is_brought_up_to_date_and_keeps_everything(tmp_path):
    with sqlite3.connect(tmp_path / "avrec.sqlite") as connection:
        connection.executescript(OLD)
    connection.close()
    database = Database(Settings(data=tmp_path))
    store = InteractionStore(database)
    (event,) = store.all()
    assert (event.user_id, event.interaction_id, event.text) == ("ann", 7, "")
    assert store.settings("ann") == PersonSettings()
    store.put_settings("ann", PersonSettings(("cats",), (), 0.5, "likes cats"))
    assert store.settings("ann") == PersonSettings(("cats",), (), 0.5, "likes cats")
    with pytest.raises(UnknownUserError):
        store.settings("nobody")
    database.close()
    again = Database(Settings(data=tmp_path))
    assert InteractionStore(again).settings("ann").profile == "likes cats"
    again.close()


def test_settings_that_cannot_be_read_are_the_defaults():
    assert read_settings(None) == PersonSettings()
    assert read_settings({"diversity": "much", "pinned": None, "profile": None}) == PersonSettings()
    assert read_settings({"diversity": 7}).diversity is None


def test_a_profile_has_vectors_of_its_own_and_a_counter(database):
    store = InteractionStore(database)
    assert store.add_person(Person("ann", 0, 0, False))
    assert not store.add_person(Person("ann", 0, 0, False))
    before = database.revisions()[2]
    store.put_profile("ann", {"speech": ("v1", np.array([1.0, 0.0]))})
    assert database.revisions()[2] == before + 1
    assert store.profiles()["ann"]["speech"][0] == "v1"
    assert store.profiles()["ann"]["speech"][1].tolist() == [1.0, 0.0]
    store.put_profile("ann", {})
    assert store.profiles() == {}


def test_what_was_said_and_searched_is_kept(database):
    store, at = InteractionStore(database), datetime(2026, 1, 1, tzinfo=UTC)
    store.record(Interaction("ann", "", "search", None, at, text="rocket 日本"))
    store.record(Interaction("ann", "c", "comment", None, at, text="fine"))
    assert {e.event: e.text for e in store.of("ann")} == {"search": "rocket 日本", "comment": "fine"}
    assert store.counts() == {"c": 1}, "a search is no event of a clip"


def test_a_secret_is_drawn_once(database, tmp_path):
    assert database.secret("names") == database.secret("names")
    assert database.secret("names") != database.secret("others")
