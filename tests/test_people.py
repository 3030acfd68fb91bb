"""People through the façade: what they chose and said counts at once, in the list and in the ledger."""

import io
import math
import shutil

import pytest
from light import LightModels, take_in

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError, UnknownClipError, UnknownUserError
from avrec.recommend.events import EventWeights
from avrec.recommend.pseudonyms import pseudonym
from avrec.schemas import PersonSettings

TITLES = ("Red kite over the sea", "A rocket leaves the pad", "Cats in the kitchen", "Jazz at night", "Tea and bread")


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A data directory with five small videos."""
    folder = tmp_path_factory.mktemp("ready")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    take_in(engine, folder, TITLES, tagged=True)
    engine.close()
    return folder / "data"


@pytest.fixture
def library(ready, tmp_path):
    """A copy of it, without people."""
    shutil.copytree(ready, tmp_path / "data")
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    engine.ids = {clip.title: clip.clip_id for clip in engine.clips()}
    yield engine
    engine.close()


def leaves(ranked, key=""):
    return [leaf for p in ranked.recommendations for leaf in p.ledger.leaves() if leaf.key.startswith(key)]


def adds_up(ranked):
    for place in ranked.recommendations:
        total = math.fsum(leaf.value for leaf in place.ledger.leaves())
        assert total == pytest.approx(place.score, abs=1e-6)


def test_a_search_is_kept_and_is_about_no_clip(library):
    made = library.record("ann", "", "search", text=" rockets\x00 and\njazz ")
    assert (made.clip_id, made.text) == ("", "rockets and jazz")
    assert library.record("ann", library.ids[TITLES[1]], "comment", text="lovely pad").text == "lovely pad"
    assert library.record("ann", library.ids[TITLES[1]], "like", text="not kept").text == ""
    assert [e.event for e in library.history("ann")] == ["like", "comment", "search"]
    assert sum(library.event_counts().values()) == 2
    with pytest.raises(InvalidInputError):
        library.record("ann", "", "search", text=" \n ")
    with pytest.raises(UnknownClipError):
        library.record("ann", "", "comment", text="about nothing")
    library.recommend("ann")


def test_text_comes_in_by_csv(library):
    clip = library.ids[TITLES[0]]
    table = f"user_id,clip_id,event,text\nann,,search,red kites\nann,{clip},comment,so red\nann,,search,\nann,,like,\n"
    report = library.import_interactions(io.StringIO(table))
    assert (report.kept, [line for line, _ in report.rejected]) == (2, [4, 5])
    assert {e.text for e in library.history("ann")} == {"red kites", "so red"}


def test_weights_hold_everywhere_at_once_and_are_kept(library):
    rocket, tea = library.ids[TITLES[1]], library.ids[TITLES[4]]
    library.record("ann", rocket, "like")
    library.record("ann", tea, "dislike")
    before = library.recommend("ann")
    assert library.people()[0].positives == 1
    library.set_event_weights(EventWeights(like=-1.0, dislike=1.5))
    after = library.recommend("ann")
    assert [p.score for p in before.recommendations] != [p.score for p in after.recommendations]
    assert {x.title: x.weight for x in library.profile("ann").history} == pytest.approx(
        {TITLES[1]: -1.0, TITLES[4]: 1.5}, abs=1e-3
    )
    with pytest.raises(InvalidInputError):
        library.set_event_weights(EventWeights(like=float("nan")))
    again = Engine(library.settings, models=LightModels())
    assert again.event_weights() == EventWeights(like=-1.0, dislike=1.5)
    again.reset_event_weights()
    again.close()
    assert library.event_weights() == EventWeights()
    scores = [p.score for p in library.recommend("ann").recommendations]
    assert scores == pytest.approx([p.score for p in before.recommendations])


def test_wishes_shape_the_persons_own_lists_only(library):
    rocket = library.ids[TITLES[1]]
    for user in ("ann", "bob"):
        library.record(user, rocket, "like")
    library.set_person_settings("ann", PersonSettings(pinned=("tea",), banned=("cats",), diversity=0.0))
    mine, theirs = library.recommend("ann"), library.recommend("bob")
    assert TITLES[2] not in {p.title for p in mine.recommendations}
    assert TITLES[2] in {p.title for p in theirs.recommendations}
    assert "banned topic cats" in mine.note
    assert {leaf.label for leaf in leaves(mine, "pinned")} == {"pinned topic tea"}
    assert not leaves(theirs, "pinned")
    assert all(p.by_modality["diversity"] == 0 for p in mine.recommendations)
    assert any(p.by_modality["diversity"] for p in library.recommend("ann", diversity=0.9).recommendations)
    assert TITLES[2] not in {p.title for p in library.new_clips("ann", 9).recommendations}
    adds_up(mine)
    tops = library.audience(library.ids[TITLES[2]], 5)
    assert [m.user_id for m in tops] == ["bob"], "who banned a topic does not get its clips"


@pytest.mark.parametrize(
    "bad",
    [PersonSettings(diversity=1.5), PersonSettings(diversity=float("nan")), PersonSettings(("a",), ("a",)),
     PersonSettings(profile="x" * 5000), PersonSettings(pinned=tuple(map(str, range(500))))],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(library, bad):
    library.record("ann", library.ids[TITLES[0]], "like")
    with pytest.raises(InvalidInputError):
        library.set_person_settings("ann", bad)
    assert library.person_settings("ann") == PersonSettings()
    with pytest.raises(UnknownUserError):
        library.set_person_settings("nobody", PersonSettings())


def test_a_profile_text_counts_as_one_more_history_item(library):
    person = library.new_person(sentence="rocket pad")
    ranked = library.recommend(person.user_id)
    assert ranked.note == ""
    assert ranked.recommendations[0].title == TITLES[1]
    keys = {leaf.key for leaf in leaves(ranked, "profile-")}
    assert len(keys) == 1
    assert {leaf.label for leaf in leaves(ranked, "profile-")} == {f"profile of {person.user_id}"}
    adds_up(ranked)
    (line,) = library.profile(person.user_id).history
    assert (line.weight, line.events) == (1.0, ())
    assert line.contribution == pytest.approx(math.fsum(leaf.value for leaf in leaves(ranked, "profile-")), abs=1e-6)
    library.set_person_settings(person.user_id, PersonSettings())
    assert "popularity" in library.recommend(person.user_id).note
    assert library._interactions.profiles() == {}


def test_the_language_models_vector_comes_in_the_background(library):
    library._models.documents.loaded = False
    person = library.new_person(sentence="rocket pad")
    assert set(library._interactions.profiles()[person.user_id]) == {"speech", "caption"}
    (job,) = [job for job in library.jobs() if job.file_name == "profile text"]
    assert (job.state, job.title) == ("queued", f"Profile of {person.user_id}")
    library.wait([job.job_id], timeout=30)
    assert set(library._interactions.profiles()[person.user_id]) == {"speech", "caption", "meaning"}
    assert any(leaf.key.startswith("profile-") for p in library.recommend(person.user_id).recommendations
               for line in p.ledger.children if line.key == "meaning" for leaf in line.leaves())  # fmt: skip


def test_a_guest_is_shown_nowhere_as_a_clip(library):
    library.new_person("ann@example.com", sentence="rocket pad jazz", likes=[library.ids[TITLES[0]]])
    ids = set(library.ids.values())
    for rocket in ids:
        assert {p.clip_id for p in library.similar(rocket, 20).recommendations} == ids - {rocket}
        library.audience(rocket)
    for query in ({"text": "rocket pad"}, {"clip_id": next(iter(ids))}):
        assert {m.clip_id for m in library.search(k=50, **query)} <= ids
    assert {p.clip_id for p in library.new_clips("ann@example.com").recommendations} <= ids
    assert library.summary()["clips"] == len(library.clips()) == len(TITLES)
    assert library.summary()["interactions"] == 1
    assert library.people()[0].positives == 1
    assert dict(library.topics()) == {t.split()[0].lower(): 1 for t in TITLES}
    guest = library._serving.guest_id("ann@example.com")
    for ask in (library.similar, library.audience, library.clip):
        with pytest.raises(UnknownClipError):
            ask(guest)


def test_ones_text_moves_nobody_elses_list_by_any_algorithm(library):
    ids = list(library.ids.values())
    for u in range(4):
        for i in range(3):
            library.record(f"u-{u}", ids[(u + i) % 5], "like" if i else "dislike")
    person = library.new_person()
    before = {name: library.recommend("u-1", algorithm=name) for name, *_ in library.algorithms()}
    library.set_person_settings(person.user_id, PersonSettings(profile="rocket pad jazz"))
    for name, ranked in before.items():
        now = library.recommend("u-1", algorithm=name)
        assert [p.clip_id for p in now.recommendations] == [p.clip_id for p in ranked.recommendations], name
        assert [p.score for p in now.recommendations] == pytest.approx([p.score for p in ranked.recommendations]), name


def test_three_likes_give_a_list_and_a_bad_one_gives_nobody(library):
    likes = [library.ids[t] for t in TITLES[:3]]
    person = library.new_person(likes=likes)
    assert (person.events, person.positives) == (3, 3)
    ranked = library.recommend(person.user_id)
    assert {p.title for p in ranked.recommendations} == set(TITLES[3:])
    assert ranked.note == ""
    adds_up(ranked)
    before = len(library.people())
    with pytest.raises(UnknownClipError):
        library.new_person(likes=["nope"])
    with pytest.raises(InvalidInputError):
        library.new_person(person.user_id, sentence="again")
    with pytest.raises(InvalidInputError):
        library.new_person("a\nb")
    assert len(library.people()) == before


def test_comments_and_searches_become_a_proposal(library):
    assert library.new_person("quiet").user_id == "quiet"
    assert (library.interests("quiet").text, library.interests("quiet").read) == ("", 0)
    library.record("ann", "", "search", text="rocket on the pad")
    library.record("ann", library.ids[TITLES[3]], "comment", text="more jazz please")
    found = library.interests("ann")
    assert found.read == 2
    assert {"rocket", "jazz", "pad"} <= set(found.keywords)
    assert "rocket on the pad" in found.text
    assert set(found.sentences) == {"rocket on the pad", "more jazz please"}
    library.set_person_settings("ann", PersonSettings(profile=found.text))
    assert library.recommend("ann").recommendations[0].title in (TITLES[1], TITLES[3])
    with pytest.raises(UnknownUserError):
        library.interests("nobody")


def test_names_that_tell_who_somebody_is_are_replaced_and_stay_the_same(library):
    shown = library.pseudonym("ann@example.com")
    assert shown.startswith("person ")
    assert shown == library.pseudonym("ann@example.com")
    assert shown != library.pseudonym("bob@example.com")
    assert shown != pseudonym("ann@example.com", b"another data directory")
    assert [library.pseudonym(u) for u in ("u-001", "4711", "p-12ab9f")] == ["u-001", "4711", "p-12ab9f"]
    assert library.pseudonym("p-ann").startswith("person ")
    library.new_person("ann@example.com", sentence="rocket")
    ranked = library.recommend("ann@example.com")
    assert "ann@example" not in repr([(p.reason, p.ledger) for p in ranked.recommendations])


def test_a_profile_says_who_is_alike_and_what_they_liked(library):
    ids = library.ids
    for user, liked in {"ann": TITLES[:3], "bob": TITLES[:4], "eve": TITLES[3:]}.items():
        for title in liked:
            library.record(user, ids[title], "like")
    profile = library.profile("ann")
    assert [(n.user_id, n.common) for n in profile.neighbours] == [("bob", 3)]
    bob = profile.neighbours[0]
    assert bob.similarity == pytest.approx(3 / math.sqrt(12) * 3 / 8, abs=1e-6)
    assert bob.confidence == pytest.approx(3 / 8)
    assert [(x.title, x.people) for x in profile.neighbour_likes] == [(TITLES[3], 1)]
    assert sum(profile.topics.values()) == pytest.approx(1)
    assert len(profile.periods) == 1
    assert {len(v) for v in profile.interest.values()} == {1}
    ranked = library.recommend("ann", 20, diversity=0.0)
    expected = sum(abs(p.by_modality["visual"]) for p in ranked.recommendations) / len(ranked.recommendations)
    assert profile.modalities["visual"] == pytest.approx(expected)
    with pytest.raises(UnknownUserError):
        library.profile("nobody")


def test_people_without_a_library_and_without_events(engine):
    assert engine.people() == []
    person = engine.new_person(sentence="rockets")
    assert engine.recommend(person.user_id).note == "the library is empty"
    profile = engine.profile(person.user_id)
    assert (profile.topics, profile.modalities, profile.history, profile.neighbours) == ({}, {}, (), ())
    assert engine.topics() == []
    assert engine.interests(person.user_id).read == 0
    engine.record(person.user_id, "", "search", text="rockets")
    assert engine.interests(person.user_id).read == 1
    assert engine.check_event_weights(EventWeights()).people == 0


def test_the_check_of_event_weights(library):
    ids = list(library.ids.values())
    for u in range(6):
        for i in range(3):
            library.record(f"u-{u}", ids[(u + i) % 5], "like")
    same = library.check_event_weights(EventWeights())
    assert same.people == 6
    assert same.before == same.after
    assert (same.difference.value, same.difference.low, same.difference.high) == (0, 0, 0)
    assert 0 < same.before.low <= same.before.value <= same.before.high <= 1
    turned = library.check_event_weights(EventWeights(), EventWeights(like=-1.0))
    assert turned.before == same.before
    assert turned.after != turned.before
    assert turned.difference.value == pytest.approx(turned.after.value - turned.before.value)


def test_an_evaluation_names_nobody(library):
    from avrec.evaluate.evaluation import Spec

    ids = list(library.ids.values())
    for i, user in enumerate(("ann@example.com", "Bob Smith", "u-1", "u-2")):
        for j in range(4):
            library.record(user, ids[(i + j) % 5], "like")
    found = library.evaluate("demo", Spec(algorithms=("popularity",), k=3))
    names = {one.user_id for one in found.worst}
    assert names <= {library.pseudonym("ann@example.com"), library.pseudonym("Bob Smith"), "u-1", "u-2"}
    assert names & {library.pseudonym("ann@example.com"), library.pseudonym("Bob Smith")}
    assert b"ann@example.com" not in found.as_json().encode()


def test_an_id_in_the_form_of_a_pseudonym_is_refused(engine):
    import io

    taken = "person 0123abcd"
    with pytest.raises(InvalidInputError, match="form of a pseudonym"):
        engine.new_person(taken)
    with pytest.raises(InvalidInputError, match="form of a pseudonym"):
        engine.record(taken, "", "search", text="x")
    report = engine.import_interactions(io.StringIO(f"user_id,clip_id\n{taken},abc\n"))
    assert report.kept == 0
