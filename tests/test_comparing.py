"""The Engine's comparisons over the real store, with light models."""

import pytest
from generate import write_video
from light import LightModels, take_in

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError, UnknownClipError, UnknownModelError, UnknownUserError
from avrec.explain.ledger import direct_leaves
from avrec.recommend.options import ListOptions

TEXTS = ("Rocket launch", "Rocket engine", "Tabby cat", "Cat in a box", "Jazz band", "Jazz singer")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Six clips; ann and bob share one like and disagree on one clip."""
    folder = tmp_path_factory.mktemp("comparing")
    made = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    ids = take_in(made, folder, TEXTS)
    for user, clip, event in (("ann", 0, "like"), ("ann", 2, "like"), ("bob", 0, "like"), ("bob", 2, "dislike")):
        made.record(user, ids[clip], event)
    yield made
    made.close()


@pytest.fixture(scope="module")
def library(engine):
    """The clips' ids in the order of TEXTS."""
    found = {clip.title: clip.clip_id for clip in engine.clips()}
    return [found[title] for title in TEXTS]


def test_several_algorithms_rank_for_one_person(engine, library):
    found = engine.compare("ann", ["hybrid", "random", "hybrid"], 3)
    assert [ranked.algorithm for ranked in found.lists] == ["hybrid", "random"]
    assert all(len(ranked.recommendations) == 3 for ranked in found.lists)
    assert found.jaccard[0][0] == found.rbo[1][1] == pytest.approx(1)
    assert found.jaccard[0][1] == found.jaccard[1][0]
    assert all(0 <= metrics.diversity <= 1 for metrics in found.metrics)
    alone = engine.recommend("ann", 3, algorithm="random")
    assert found.lists[1] == alone


@pytest.mark.parametrize("names", [[], ["hybrid", "content", "visual", "audio", "words"]])
def test_no_algorithm_or_too_many_are_refused(engine, library, names):
    with pytest.raises(InvalidInputError, match="1 to 4"):
        engine.compare("ann", names)


def test_unknown_ids_are_errors(engine, library):
    with pytest.raises(UnknownUserError):
        engine.compare("nobody", ["hybrid"])
    with pytest.raises(UnknownModelError):
        engine.compare("ann", ["magic"])
    with pytest.raises(UnknownUserError):
        engine.compare_people("ann", "nobody")
    with pytest.raises(UnknownClipError):
        engine.compare_clips(library[0], "feedface")


def test_people_agree_and_disagree(engine, library):
    found = engine.compare_people("ann", "bob", 3)
    assert [clip.clip_id for clip in found.shared] == [library[0]]
    assert [clip.clip_id for clip in found.opposed] == [library[2]]
    assert found.common == 2
    assert found.cosine == pytest.approx(0, abs=1e-3)
    assert [ranked.user_id for ranked in found.lists] == ["ann", "bob"]


def test_clips_are_compared_and_opened_to_moments(engine, library):
    found = engine.compare_clips(library[0], library[1])
    assert "rocket" in found.words
    assert sum(line.value for line in found.lines) == pytest.approx(found.likeness)
    visual = next(line for line in found.lines if line.modality == "visual")
    pairs = engine.clip_pairs(library[0], library[1], "visual")
    assert sum(pair.value for pair in pairs) == pytest.approx(visual.value)


@pytest.mark.parametrize("algorithm", ["hybrid", "content", "new clips"])
def test_evidence_sums_to_the_line_of_the_list_it_explains(engine, library, algorithm):
    shelf = algorithm == "new clips"
    ranked = engine.new_clips("ann") if shelf else engine.recommend("ann", algorithm=algorithm)
    place, opened = ranked.recommendations[0], 0
    for line in place.ledger.children:
        for leaf in direct_leaves(line):
            pairs = engine.pairs("ann", place.clip_id, leaf.key, line.key, algorithm=ranked.algorithm)
            if line.key != "words":
                assert sum(pair.value for pair in pairs) == pytest.approx(leaf.value, abs=1e-9)
                opened += 1
    assert opened
    assert engine.pairs("ann", place.clip_id, library[0], "visual", algorithm="popularity") == []


def test_algorithms_say_which_weights_move_them(engine):
    entries = {entry.name: entry for entry in engine.algorithm_entries()}
    assert [(e.name, e.title) for e in entries.values()] == [(name, title) for name, title, _ in engine.algorithms()]
    assert entries["popularity"].modalities == ()
    assert entries["visual"].modalities == ("visual",)
    assert "crowd" in entries["hybrid"].modalities


def test_near_duplicates_left_out_are_counted_on_the_clip_that_stands_for_them(settings, tmp_path):
    engine = Engine(settings, models=LightModels())
    path = write_video(tmp_path / "a.mp4", 3.0)
    ids = []
    for extra in (b"", b"\0" * 64):
        again = tmp_path / f"a{len(extra)}.mp4"
        again.write_bytes(path.read_bytes() + extra)
        (job,) = engine.wait([engine.add_file(again, again.name, title="Twin").job_id], timeout=60)
        ids.append(job.clip_id)
    other = write_video(tmp_path / "b.mp4", 6.0)
    (job,) = engine.wait([engine.add_file(other, other.name, title="Other").job_id], timeout=60)
    engine.record("ann", job.clip_id, "like")
    assert len(engine.recommend("ann").recommendations) == 2
    (place,) = engine.recommend("ann", options=ListOptions(collapse=True)).recommendations
    assert place.clip_id in ids
    assert "1 near-duplicate left out" in place.badges
    engine.close()
