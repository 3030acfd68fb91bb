"""Which version of vectors is served, and replacing what a stage found in many clips at once."""

from dataclasses import replace

import numpy as np
import pytest

from avrec.config import Settings
from avrec.schemas import Annotation, Clip, MediaInfo, Segment, Understanding
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.renewal import Renewed, renew

ROWS = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)


@pytest.fixture
def clips(tmp_path):
    database = Database(Settings(data=tmp_path))
    yield ClipStore(database)
    database.close()


def put(clips, n, version="old"):
    from datetime import UTC, datetime

    sha = f"{n:064x}"[::-1]
    info = MediaInfo("video", 6.0, 64, 48, 10.0, False, "mov", "h264", None)
    clip = Clip(sha[:16], sha, f"Title {n}", "a.mp4", info, datetime.now(UTC), modalities=("visual", "words"))
    spans = (Segment(0, 3), Segment(3, 6))
    found = (Annotation(0, 3, "scene", "sky", 0.5, "Old"), Annotation(0, 3, "speech", "hello", 0.5, "Ear"))
    models = {"image": "Old", "speech": "Ear"}
    clips.publish(Understanding(clip, spans, found, {"visual": (version, ROWS)}, "text", models, {}), "src")
    return clip.clip_id


def served(clips):
    return clips.serving_versions()["visual"]


def added(clips, clip_id):
    return str(clips._row(clip_id).added_at)


def renewed(clips, clip_id, version="new"):
    return Renewed(
        clip_id,
        added(clips, clip_id),
        kinds=("scene",),
        annotations=(Annotation(0, 3, "scene", "room", 0.5, "New"),),
        modalities=("visual",),
        vectors={"visual": (version, ROWS)},
        tasks=("image",),
        models={"image": "New"},
    )


def test_the_old_version_serves_until_the_new_one_has_as_many_clips(clips):
    for n in (1, 2):
        put(clips, n, "zzz")  # names decide nothing
    put(clips, 3, "aaa")
    assert served(clips) == "zzz"
    put(clips, 4, "aaa")
    assert served(clips) == "aaa", "at a tie the one that came later"
    put(clips, 5, "zzz")
    assert served(clips) == "zzz"
    put(clips, 6, "aaa")
    assert served(clips) == "aaa"


def test_a_version_that_comes_back_counts_as_new(clips):
    first = put(clips, 1, "a")
    renew(clips.database, [renewed(clips, first, "b")])
    put(clips, 2, "a")
    assert served(clips) == "a"


def test_an_older_store_says_by_its_clips_which_version_came_first(clips):
    from avrec.store.tables import meta

    put(clips, 1, "zzz")
    put(clips, 2, "aaa")
    with clips.database.write() as connection:
        connection.execute(meta.delete().where(meta.c.key.like("versions:%")))
    assert served(clips) == "aaa"
    put(clips, 3, "zzz")
    assert served(clips) == "zzz"
    put(clips, 4, "aaa")
    assert served(clips) == "aaa"


def test_clips_are_renewed_together_and_the_rest_of_them_stays(clips):
    ids = [put(clips, n) for n in range(3)]
    before = clips.database.revisions()
    assert renew(clips.database, [renewed(clips, clip_id) for clip_id in ids[:2]]) == 2
    assert clips.database.revisions()[0] == before[0] + 1
    assert {a.label for a in clips.annotations(ids[0])} == {"room", "hello"}
    assert clips.models(ids[0]) == {"image": "New", "speech": "Ear"}
    assert clips.get(ids[0]).modalities == ("visual", "words")
    assert clips.get(ids[0]).title == "Title 0"
    assert {a.label for a in clips.annotations(ids[2])} == {"sky", "hello"}
    assert served(clips) == "new"
    assert set(clips.corpus().vectors["visual"].clip) == {0, 1}


def test_a_failure_in_the_middle_leaves_every_clip_as_it_was(clips):
    ids = [put(clips, n) for n in range(3)]
    before = clips.database.revisions()

    def found():
        yield renewed(clips, ids[0])
        raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match=r"No space|disk is full"):
        renew(clips.database, found())
    assert clips.database.revisions() == before
    assert {a.label for a in clips.annotations(ids[0])} == {"sky", "hello"}
    assert served(clips) == "old"


def test_a_clip_that_is_gone_or_came_again_is_left_alone(clips):
    ids = [put(clips, n) for n in range(2)]
    stale = [renewed(clips, clip_id) for clip_id in ids]
    clips.delete(ids[0])
    clips.delete(ids[1])
    put(clips, 1)
    assert renew(clips.database, stale) == 0
    assert served(clips) == "old"


def test_a_modality_without_new_vectors_is_lost_and_others_are_not(clips):
    clip_id = put(clips, 1)
    renew(clips.database, [replace(renewed(clips, clip_id), vectors={})])
    assert clips.get(clip_id).modalities == ("words",)
    assert "visual" not in clips.corpus().vectors


def test_the_document_is_made_from_the_row_as_it_is_then(clips):
    clip_id = put(clips, 1)
    one = replace(renewed(clips, clip_id), document=lambda row: f"{row.title}!")
    clips.edit(clip_id, title="Edited")
    renew(clips.database, [one])
    assert clips.document(clip_id) == "Edited!"
    assert clips.get(clip_id).title == "Edited"
