"""Search, facets and order of the Library: what a reader asks for is exactly what is shown."""

from dataclasses import replace

import pytest
from fake_library import make_clip, starter_clips

from avrec.ui import library_filter as lf

CLIPS = starter_clips()


def shown(**wanted) -> list:
    return lf.matching(CLIPS, lf.Filter(**wanted), {})


def test_nothing_asked_shows_all_in_the_given_order():
    assert shown() == CLIPS


@pytest.mark.parametrize("text", ["rocket countdown", "COUNTDOWN rocket", "  rocket  "])
def test_search_needs_every_word_in_any_order_and_case(text):
    titles = [clip.title for clip in shown(text=text)]
    assert "Rocket launch countdown" in titles
    assert all("rocket" in title.lower() for title in titles if text.strip() != "rocket")


def test_search_reads_what_was_said_and_seen():
    clip = CLIPS[4]
    found = lf.joined({clip.clip_id: "the quick brown fox"}, {clip.clip_id: "An oilrig at sea.", "other": "fox"})
    for text in ("brown fox", "oilrig", "fox sea"):
        assert lf.matching(CLIPS, lf.Filter(text=text), found) == [clip]
    assert lf.matching(CLIPS, lf.Filter(text="fox missing"), found) == []


def test_search_words_may_be_markup_or_patterns():
    odd = replace(make_clip("odd.mp4", "<b>.*(["), description="100% real")
    assert lf.matching([*CLIPS, odd], lf.Filter(text="<b>.*(["), {}) == [odd]
    assert lf.matching([*CLIPS, odd], lf.Filter(text="100%"), {}) == [odd]


def test_facets_narrow_together():
    both = shown(subjects=("space", "nature"), kind="Video", speech="With speech")
    assert both
    for clip in both:
        assert clip.subject in ("space", "nature")
        assert clip.info.kind == "video"
        assert clip.has_speech
    assert len(shown(speech="With speech")) + len(shown(speech="No speech")) == len(CLIPS)
    assert len(shown(kind="Video")) + len(shown(kind="Audio only")) == len(CLIPS)


def test_a_silent_clip_has_no_language():
    silent = shown(languages=(lf.NO_LANGUAGE,))
    assert silent
    assert not any(clip.has_speech for clip in silent)
    assert all(clip.has_speech for clip in shown(languages=("en",)))


def test_lengths_are_included_at_both_ends():
    length = CLIPS[0].duration
    assert CLIPS[0] in shown(shortest=length, longest=length)
    assert CLIPS[0] not in shown(shortest=length + 0.01)
    assert CLIPS[0] not in shown(longest=length - 0.01)


def test_any_of_the_tags_is_enough():
    tagged = replace(CLIPS[0], tags=("a", "b"))
    assert lf.matching([tagged, CLIPS[1]], lf.Filter(tags=("b", "c")), {}) == [tagged]


def test_hidden_counts_the_facets_behind_more():
    assert lf.Filter(text="x", subjects=("space",)).hidden == 0
    assert lf.Filter(languages=("en",), kind="Video", shortest=1, longest=2).hidden == 3


@pytest.mark.parametrize("sort", lf.SORTS)
def test_sorting_keeps_every_clip(sort):
    result = lf.ordered(CLIPS, sort, {CLIPS[7].clip_id: 5, CLIPS[3].clip_id: 2})
    assert sorted(c.clip_id for c in result) == sorted(c.clip_id for c in CLIPS)
    values = {
        "Newest first": [-c.added_at.timestamp() for c in result],
        "Oldest first": [c.added_at.timestamp() for c in result],
        "Title": [c.title.casefold() for c in result],
        "Longest first": [-c.duration for c in result],
        "Shortest first": [c.duration for c in result],
        "Most events": [result.index(c) for c in result],
    }[sort]
    assert values == sorted(values)
    if sort == "Most events":
        assert [c.clip_id for c in result[:2]] == [CLIPS[7].clip_id, CLIPS[3].clip_id]


def test_facet_counts_the_most_frequent_first_and_leaves_out_nothing_said():
    assert lf.facet(["b", "a", "b", "", "c"]) == {"b": 2, "a": 1, "c": 1}
    assert list(lf.facet(["b", "a", "b", "", "c"])) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("total", "page", "expected"),
    [(0, 1, (1, 1, 0)), (48, 2, (1, 1, 0)), (49, 2, (2, 2, 48)), (5000, 10**6, (105, 105, 4992)), (49, -3, (2, 1, 0))],
)
def test_pages_hold_any_number(total, page, expected):
    assert lf.page_of(total, 48, page) == expected
