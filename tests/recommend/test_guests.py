"""A person's own text in the ledger: it counts for its person, moves nobody else, and is never shown as a clip."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import make_corpus, make_events

from avrec.errors import UnknownClipError
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.guests import Guest, clips_alone, guest_likes, with_guests
from avrec.recommend.registry import ENTRIES, make
from avrec.schemas import Corpus, Interaction

USERS = [f"u{u}" for u in range(6)]


def guest_of(corpus: Corpus, user: str, like: int = 0) -> Guest:
    """A text that lies where some clip lies, in speech and caption."""
    vectors = {}
    for modality in ("speech", "caption"):
        source = corpus.vectors[modality]
        vectors[modality] = (source.version, source.matrix[np.flatnonzero(source.clip % 4 == like % 4)[0]])
    return Guest(user, f"profile-{user}", f"profile of {user}", "cat fur animal nobody-else-says-this", vectors)


@pytest.fixture(scope="module")
def plain() -> Corpus:
    corpus = make_corpus(24, seed=3)
    return replace(corpus, topics=tuple((("space", "cats", "tea", "jazz")[i % 4],) for i in range(24)))


@pytest.fixture(scope="module")
def pair(plain) -> tuple[Dataset, Dataset]:
    """The same people without and with a profile text of u0 and of one who has nothing else."""
    events = make_events(plain, 6, 8, seed=4)
    guests = [guest_of(plain, "u0"), guest_of(plain, "cold", 1)]
    seated, latest = with_guests(plain, guests), max(event.at for event in events)
    people = [*USERS, "cold", "bare"]
    return (
        Dataset.build(plain, people, events),
        Dataset.build(seated, people, [*events, *guest_likes(guests, latest)]),
    )


def test_nothing_is_calibrated_on_guests(pair):
    before, after = (ContentModel(dataset.corpus) for dataset in pair)
    assert after.fit_id == before.fit_id
    assert after.scales == before.scales
    assert (after.correlation == before.correlation).all()
    assert list(after.words.vocabulary) == list(before.words.vocabulary)
    clips = np.arange(24)
    assert after.block(clips, clips) == pytest.approx(before.block(clips, clips), abs=1e-12)
    assert before.seated(pair[1].corpus).block(clips) == pytest.approx(after.block(clips), abs=1e-12)
    assert clips_alone(pair[1].corpus).clip_ids == pair[0].corpus.clip_ids


@pytest.mark.parametrize("name", list(ENTRIES))
def test_nobody_elses_list_moves(pair, name):
    before, after = (make(name).fit(dataset) for dataset in pair)
    for user in ("u1", "u2", "bare"):
        old, new = before.recommend(user, 30), after.recommend(user, 30)
        assert [p.clip_id for p in new.recommendations if p.clip_id.startswith("profile")] == []
        if after.modal or name in ("popularity", "trending"):
            assert [p.clip_id for p in old.recommendations] == [p.clip_id for p in new.recommendations]
            assert [p.score for p in old.recommendations] == pytest.approx([p.score for p in new.recommendations])
            assert [p.percentile for p in old.recommendations] == [p.percentile for p in new.recommendations]


@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_guest_is_never_listed_and_every_ledger_adds_up(pair, name):
    model = make(name).fit(pair[1])
    for user in ("u0", "u1", "cold", "bare"):
        ranked = model.recommend(user, 40)
        assert not [p for p in ranked.recommendations if p.clip_id.startswith("profile")]
        assert ranked.candidates <= 24
        for place in ranked.recommendations:
            assert sum(leaf.value for leaf in place.ledger.leaves()) == pytest.approx(place.score, abs=1e-6)
    similar = model.similar_clips("c001", 40)
    assert {p.clip_id for p in similar.recommendations} <= set(pair[0].corpus.clip_ids)
    assert similar.candidates == 23
    with pytest.raises(UnknownClipError):
        model.similar_clips("profile-u0")
    with pytest.raises(UnknownClipError):
        model.audience("profile-u0", 5)
    with pytest.raises(UnknownClipError):
        model.score("u0", ["profile-u0"])


def test_a_profile_text_is_a_line_of_its_own_persons_ledger(pair):
    model = make("hybrid").fit(pair[1])
    ranked = model.recommend("cold", 5)
    assert ranked.note == ""
    keys = {leaf.key for p in ranked.recommendations for leaf in p.ledger.leaves() if leaf.kind == "clip"}
    assert keys == {"profile-cold"}
    assert "popularity" in model.recommend("bare", 5).note
    first = ranked.recommendations[0]
    line = next(x for x in first.ledger.children if x.key in ("speech", "caption"))
    pairs = model.pairs("cold", first.clip_id, "profile-cold", line.key)
    direct = [p for p in (line.children[0].children or line.children) if p.key == "profile-cold"]
    assert sum(p.value for p in pairs) == pytest.approx(direct[0].value, abs=1e-9)


@pytest.mark.parametrize(
    "name", ["user-pearson", "knn-means", "knn-baseline", "item-adjusted-cosine", "baseline", "mf"]
)
def test_a_text_is_no_rating(plain, name):
    """Its person's mean, their neighbours and what is predicted for them stay."""
    events = make_events(plain, 6, 14, seed=4)
    guests = [guest_of(plain, f"u{u}") for u in range(6)]
    latest = max(event.at for event in events)
    after = Dataset.build(with_guests(plain, guests), USERS, [*events, *guest_likes(guests, latest)])
    old, new = (make(name).fit(dataset) for dataset in (Dataset.build(plain, USERS, events), after))
    people, clips = np.divmod(np.arange(6 * 24), 24)
    if name != "mf":  # its random start depends on the number of rows
        np.testing.assert_allclose(new.predict(people, clips), old.predict(people, clips), atol=1e-12)
    assert not any(leaf.key.startswith("profile") for leaf in new.contributions("u0", "c003").leaves())


def test_what_is_like_the_text_comes_first(pair):
    ranked = make("words").fit(pair[1]).recommend("cold", 3)
    assert {pair[0].corpus.topics[pair[1].clip(p.clip_id)] for p in ranked.recommendations[:1]} == {("cats",)}


def test_a_text_is_no_positive_of_the_crowd(pair):
    assert pair[1].taste("cold").positives == 1
    assert pair[1].positives.getnnz(axis=0)[24:].sum() == 0
    assert make("visual").fit(pair[1]).recommend("cold", 3).note == ""


def test_vectors_of_another_version_and_broken_ones_are_left_out(plain):
    good = guest_of(plain, "u0")
    version, row = good.vectors["speech"]
    for bad in (("other", row), (version, row[:-1]), (version, row * np.nan), (version, row * 0)):
        seated = with_guests(plain, [replace(good, vectors={"speech": bad})])
        assert len(seated.vectors["speech"].clip) == len(plain.vectors["speech"].clip)
        model = ContentModel(seated)
        assert model.missing(24)[:3] == ("visual", "audio", "speech")


def test_a_guest_of_an_empty_library_stays_outside():
    empty = make_corpus(0)
    assert with_guests(empty, [Guest("u", "profile-u", "profile of u", "words", {})]) is empty


def test_one_clip_and_a_guest():
    corpus = with_guests(make_corpus(1, missing=0.0), [Guest("u", "profile-u", "profile of u", "rocket", {})])
    events = [Interaction("u", "profile-u", "like", None, corpus.added_at[0])]
    ranked = make("hybrid").fit(Dataset.build(corpus, ["u"], events)).recommend("u", 5)
    assert [p.clip_id for p in ranked.recommendations] == ["c000"]
