"""Events as they come in life: broken numbers, floods, nobody, everybody alike, clips that are gone. Nothing is lost,
and every algorithm has an answer or one clear sentence."""

import io
import math

import pytest
from generate import write_video
from light import LightModels

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError, UnknownClipError, UnknownUserError
from avrec.recommend.registry import ENTRIES


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Five clips in a real store; the events come and go with each test."""
    folder = tmp_path_factory.mktemp("hostile")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    paths = [write_video(folder / f"clip {i}.mp4", 2.0, sound=None, cuts=i + 1) for i in range(5)]
    engine.wait([engine.add_file(path, path.name).job_id for path in paths], timeout=120)
    yield engine
    engine.close()


@pytest.fixture
def engine(library):
    yield library
    with library._database.write("events") as connection:
        connection.exec_driver_sql("DELETE FROM interactions")
        connection.exec_driver_sql("DELETE FROM people")


def ids(engine):
    return sorted(clip.clip_id for clip in engine.clips())


def csv(engine, *rows, header="user_id,clip_id,event,value,datetime"):
    return engine.import_interactions(io.StringIO("\n".join([header, *rows])))


def every_list(engine, user):
    """The person's list by every algorithm; each must be finite and add up."""
    for name in ENTRIES:
        ranked = engine.recommend(user, 5, algorithm=name)
        for place in ranked.recommendations:
            assert math.isfinite(place.score), name
            leaves = sum(leaf.value for leaf in place.ledger.leaves())
            assert leaves == pytest.approx(place.score, abs=1e-6), name
        yield name, ranked


def test_broken_ratings_are_rejected_line_by_line_and_good_rows_are_kept(engine):
    a, b = ids(engine)[:2]
    report = csv(
        engine,
        f"ann,{a},rating,5,", f"ann,{b},rating,nan,", f"ann,{b},rating,inf,", f"ann,{b},rating,1e308,",
        f"ann,{b},rating,-3,", f"ann,{b},rating,five,", f"ann,{b},view,2,", "ann,0123456789abcdef,like,,",
        f",{b},like,,", f"ann,{b},stare,,", f"ann,{b},like,,yesterday", f"bob,{b},like,,",
    )  # fmt: skip
    assert report.kept == 2
    assert [line for line, _ in report.rejected] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert all(reason for _, reason in report.rejected)
    for value in (math.nan, math.inf, 1e308, -1.0, None):
        with pytest.raises(InvalidInputError):
            engine.record("ann", a, "rating", value)
    assert len(engine.history("ann")) == 1
    assert len(list(every_list(engine, "ann"))) == len(ENTRIES)


def test_a_hundred_thousand_events_of_one_person(engine):
    clips = ids(engine)
    rows = [f"flood,{clips[i % 4]},view,{(i % 11) / 10},{1_700_000_000 + i}" for i in range(100_000)]
    report = csv(engine, *rows, f"calm,{clips[0]},like,,", f"calm,{clips[1]},dislike,,")
    assert (report.kept, report.rejected) == (100_002, ())
    for user in ("flood", "calm"):
        for name, ranked in every_list(engine, user):
            assert len(ranked.recommendations) in (1, 3), name


def test_a_person_with_no_event_gets_what_is_popular(engine):
    clips = ids(engine)
    event = engine.record("new", clips[0], "like")
    engine.undo(event.interaction_id)
    engine.record("fan", clips[1], "like")
    for name, ranked in every_list(engine, "new"):
        assert len(ranked.recommendations) == 5, name
    assert engine.recommend("new", 5).recommendations[0].clip_id == clips[1]


@pytest.mark.parametrize("event", ["like,", "rating,5", "rating,3", "rating,1", "view,0.5", "dislike,", "skip,"])
def test_everybody_alike(engine, event):
    clips = ids(engine)
    csv(engine, *(f"u{u},{clip},{event}," for u in range(4) for clip in clips[:3]))
    for name, ranked in every_list(engine, "u0"):
        assert ranked.recommendations, name


def test_the_same_event_twice_counts_once(engine):
    clips = ids(engine)
    row = f"ann,{clips[0]},view,1,1700000000"
    csv(engine, row, row, row)
    csv(engine, row)
    assert len(engine.history("ann")) == 1


def test_only_turned_down_clips(engine):
    clips = ids(engine)
    csv(engine, *(f"cross,{clip},dislike,," for clip in clips[:2]), f"fan,{clips[3]},like,,", f"fan,{clips[0]},hide,,")
    for name, ranked in every_list(engine, "cross"):
        assert not {place.clip_id for place in ranked.recommendations} & set(clips[:2]), name
    for name, ranked in every_list(engine, "fan"):
        assert clips[0] not in {place.clip_id for place in ranked.recommendations}, name


def test_unknown_ids_are_one_sentence(engine):
    clips = ids(engine)
    engine.record("ann", clips[0], "like")
    for name in ENTRIES:
        with pytest.raises(UnknownUserError):
            engine.recommend("nobody", 5, algorithm=name)
    with pytest.raises(UnknownClipError):
        engine.record("ann", "0123456789abcdef", "like")
    with pytest.raises(UnknownClipError):
        engine.counterfactuals("ann", "0123456789abcdef")


def test_a_clip_deleted_while_it_is_shown(tmp_path):
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    paths = [write_video(tmp_path / f"{i}.mp4", 2.0, sound=None, cuts=i + 1) for i in range(3)]
    engine.wait([engine.add_file(path, path.name).job_id for path in paths], timeout=60)
    first, second, third = ids(engine)
    engine.record("ann", first, "like")
    engine.record("bob", second, "like")
    shown = [place.clip_id for place in engine.recommend("ann", 5).recommendations]
    assert second in shown
    engine.delete_clip(second)
    for call in (
        lambda: engine.record("ann", second, "like"),
        lambda: engine.counterfactuals("ann", second),
        lambda: engine.similar(second),
        lambda: engine.audience(second),
    ):
        with pytest.raises(UnknownClipError):
            call()
    for name in ENTRIES:
        listed = [place.clip_id for place in engine.recommend("ann", 5, algorithm=name).recommendations]
        assert listed == [third], name
        assert engine.recommend("bob", 5, algorithm=name).recommendations, name
    engine.close()
