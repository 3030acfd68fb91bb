"""Compare: three views, all in the URL, over every library and with ids that are not there."""

import base64
import re

import pytest
from fake_engine import FakeEngine
from fake_library import make_clip, starter_clips
from page_text import html_of

from avrec.schemas import Interaction
from avrec.ui import format as fmt
from avrec.ui import pages, palette
from avrec.ui.compare_columns import CARD, GAP, lines

VIEWS = ("Recommenders", "People", "Clips")
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> $x$ :red[y] [a](b)"


def columns(app) -> list[list[str]]:
    """The titles of each column's cards."""
    block = next(block.value for block in app.get("html") if "av-columns" in block.value)
    found = re.split(r'<div class="av-column" ', block)[1:]
    return [re.findall(r'class="av-small-title">([^<]*)<', column) for column in found]


def titles(places) -> list[str]:
    return [fmt.escape(place.title) for place in places]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_over_every_library(any_library, open_page, view):
    app = open_page(pages.COMPARE, compare=view)
    assert not app.exception
    assert not app.error
    words = " ".join(block.value for block in app.markdown)
    if not any_library.clips():
        assert "No clips yet" in words if view == "Clips" else "Nobody is here yet" in words
    elif len(any_library.clips()) == 1 and view == "Clips":
        assert "only one clip" in words


@pytest.mark.parametrize("view", VIEWS)
def test_one_person(hold, open_page, view):
    engine = hold(FakeEngine(people=1))
    assert len(engine.people()) == 1
    app = open_page(pages.COMPARE, compare=view)
    assert not app.exception
    assert not app.error
    if view == "People":
        assert "only one person" in app.markdown[0].value


def test_lists_and_overlap_are_the_engines(full, open_page):
    names = ["hybrid", "popularity", "user-knn"]
    app = open_page(pages.COMPARE, user="u-003", k="6", algorithms=",".join(names))
    expected = full.compare("u-003", names, 6)
    assert columns(app) == [titles(ranked.recommendations) for ranked in expected.lists]
    html = html_of(app)
    assert f"RBO of Popularity and Hybrid: {fmt.probability(expected.rbo[1][0])}" in html
    assert f"Jaccard of Hybrid and Popularity: {fmt.probability(expected.jaccard[0][1])}" in html
    assert "extrapolated" in html
    assert "History" in html


def test_the_choice_of_recommenders_stands_in_the_url_and_stops_at_four(full, open_page):
    app = open_page(pages.COMPARE, user="u-003")
    app.multiselect(key="compared").set_value(["svd", "content"]).run()
    assert app.query_params["algorithms"] in ("svd,content", ["svd,content"])
    assert len(columns(app)) == 2
    five = open_page(pages.COMPARE, user="u-003", algorithms="svd,content,hybrid,popularity,user-knn,svd")
    assert len(columns(five)) == 4
    assert not five.error


def test_the_followed_clip_carries_the_accent_and_its_ranks(full, open_page):
    expected = full.compare("u-003", ["hybrid", "popularity"], 10)
    second = expected.lists[0].recommendations[1]
    app = open_page(pages.COMPARE, user="u-003", algorithms="hybrid,popularity", clip=second.clip_id)
    html = html_of(app)
    marked = re.findall(r'av-small av-selected" title="#(\d+) ', html)
    ranks = [p.rank for ranked in expected.lists for p in ranked.recommendations if p.clip_id == second.clip_id]
    assert [int(rank) for rank in marked] == ranks
    assert app.selectbox(key="follow").value == second.clip_id
    assert f'<b class="av-num">#{ranks[0]} ' in html


def test_lines_join_the_same_clip_at_its_two_ranks():
    uri = lines(["a", "b", "c"], ["c", "x", "b"], 3, "b", "light")
    svg = base64.b64decode(uri.split(",", 1)[1]).decode()
    drawn = re.findall(r'd="M0 ([\d.]+)C50 [\d.]+ 50 [\d.]+ 100 ([\d.]+)" fill="none" stroke="(#\w+)"', svg)
    middle = [rank * (CARD + GAP) + CARD / 2 for rank in range(3)]
    found = {(float(y), float(z)): colour for y, z, colour in drawn}
    assert found == {
        (middle[2], middle[0]): palette.MUTED.light,
        (middle[1], middle[2]): palette.ACCENT.light,
    }
    assert drawn[-1][2] == palette.ACCENT.light, "the followed clip's line lies on top"


def test_two_people_share_and_disagree(hold, open_page):
    engine = FakeEngine(starter_clips(8), people=0)
    ids = [clip.clip_id for clip in engine.clips()]
    for user, clip, event in (("ann", 0, "like"), ("bob", 0, "like"), ("ann", 1, "like"), ("bob", 1, "dislike")):
        engine.record(user, ids[clip], event)
    hold(engine)
    app = open_page(pages.COMPARE, compare="People", user="ann", other="bob")
    html = html_of(app)
    assert "2 clips" in html
    assert re.search(r"Both like<span>1 clip", html)
    assert re.search(r"They disagree<span>1 clip", html)
    first, second = engine.pseudonym("ann"), engine.pseudonym("bob")
    assert f"{first} +1.00, {second} −1.00" in html
    assert len(columns(app)) == 2


@pytest.mark.parametrize("other", ["u-003", "nobody", "<script>"])
def test_a_person_is_never_compared_with_themselves_or_a_stranger(full, open_page, other):
    app = open_page(pages.COMPARE, compare="People", user="u-003", other=other)
    assert not app.exception
    assert app.selectbox(key="people-other").value not in ("u-003", other)


def test_two_clips_moment_by_moment(full, open_page):
    first, second = [clip for clip in full.clips() if clip.info.kind == "video"][:2]
    app = open_page(pages.COMPARE, compare="Clips", clip=first.clip_id, other_clip=second.clip_id, modality="visual")
    html = html_of(app)
    found = full.compare_clips(first.clip_id, second.clip_id)
    for line in found.lines:
        assert f"cosine {fmt.probability(line.cosine)}, adds {fmt.signed(line.value, 2)}" in html
    assert len(app.get("plotly_chart")) == 1
    assert len(re.findall(r"<video controls", html)) == 2
    assert "Words in both" in html
    assert f"{fmt.escape(first.subject)} thing" in html


def test_a_pair_of_moments_in_the_url_is_the_pair_that_plays(full, open_page):
    first, second = [clip for clip in full.clips() if clip.info.kind == "video"][:2]
    pair = full.clip_pairs(first.clip_id, second.clip_id, "visual")[-1]
    rows, columns_ = len(full.segments(first.clip_id)), len(full.segments(second.clip_id))
    about = f"{first.clip_id}-{second.clip_id}-visual-{rows - 1}-{columns_ - 1}"
    app = open_page(
        pages.COMPARE, compare="Clips", clip=first.clip_id, other_clip=second.clip_id, modality="visual", pair=about
    )
    assert f"#t={pair.watched_start:.2f},{pair.watched_end:.2f}" in html_of(app)
    assert f"#t={pair.start:.2f},{pair.end:.2f}" in html_of(app)


def test_clips_without_a_common_modality_say_so(hold, open_page):
    class Apart(FakeEngine):
        def compare_clips(self, clip_id, other_id):
            found = super().compare_clips(clip_id, other_id)
            return type(found)(clip_id, other_id, (), {"visual": (clip_id,), "audio": (other_id,)}, 0.0, None, ())

    hold(Apart())
    app = open_page(pages.COMPARE, compare="Clips")
    assert not app.exception
    assert any("no modality in common" in caption.value for caption in app.caption)
    assert "Missing: Visual" in html_of(app)


@pytest.mark.parametrize("view", VIEWS)
def test_a_clip_deleted_while_shown_leaves_the_page(full, open_page, view):
    ranked = full.recommend("u-003", 20)
    gone = ranked.recommendations[0]
    app = open_page(pages.COMPARE, compare=view, user="u-003", clip=gone.clip_id)
    full.delete_clip(gone.clip_id)
    app.run()
    assert not app.exception
    assert not app.error
    assert gone.clip_id not in html_of(app)


@pytest.mark.parametrize(
    "query",
    [
        {"user": "nobody"}, {"user": "<script>"}, {"algorithms": "magic,<b>,,"}, {"algorithms": "," * 5000},
        {"clip": "feedface"}, {"other_clip": "../x", "compare": "Clips"}, {"compare": "<b>"}, {"pair": "x-1-2"},
        {"modality": "crowd", "compare": "Clips"}, {"algorithm": "magic", "compare": "People"}, {"k": "-7"},
        {"weights": "auto"}, {"calibration": "nan", "reserved": "1e9", "collapse": "maybe", "quality": "-1"},
    ],
)  # fmt: skip
def test_untrusted_urls_never_break_the_page(full, open_page, query):
    app = open_page(pages.COMPARE, **query)
    assert not app.exception
    assert not app.error
    assert "<script>" not in html_of(app)


@pytest.mark.parametrize("view", VIEWS)
def test_titles_and_names_with_markup_are_shown_as_text(hold, open_page, view):
    clips = [*starter_clips(4), make_clip("a.mp4", HOSTILE), make_clip("b.mp4", HOSTILE + "2")]
    engine = hold(FakeEngine(clips))
    for clip in clips[1:5]:
        engine.record("<b>eve</b>", clip.clip_id, "like")
        engine.record("<i>bob</i>", clip.clip_id, "dislike")
    engine.edit_clip(clips[4].clip_id, tags=[HOSTILE])
    app = open_page(
        pages.COMPARE, compare=view, user="<b>eve</b>", other="<i>bob</i>", clip=clips[4].clip_id,
        other_clip=clips[5].clip_id, seen="1",
    )  # fmt: skip
    html = html_of(app)
    assert not app.exception
    assert not app.error
    for markup in ("<script>", "<img src=x", "<b>eve", "<i>bob"):
        assert markup not in html
    assert "&lt;script&gt;" in html


def test_a_history_of_clips_that_are_gone_is_no_history(hold, open_page):
    engine = FakeEngine(starter_clips(3), people=0)
    engine._events.append(Interaction("ann", "0" * 16, "like", None, engine.clips()[0].added_at, False, 1))
    hold(engine)
    app = open_page(pages.COMPARE, user="ann")
    assert not app.exception
    assert any("No events with clips of this library" in caption.value for caption in app.caption)
