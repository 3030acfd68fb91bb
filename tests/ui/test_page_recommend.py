"""Recommend: the list, the acts and their undo, the ledger that adds up, all of it in the URL."""

import re

import pytest
from fake_engine import FakeEngine
from fake_library import make_clip, starter_clips
from page_text import html_of

from avrec.ui import format as fmt
from avrec.ui import pages
from avrec.ui.rank_history import moves

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> $x$ :red[y] [a](b)"


def titles(app) -> list[str]:
    return re.findall(r'class="av-card">.*?class="av-title" title="([^"]*)"', html_of(app))


def scores(app) -> list[str]:
    return re.findall(r'class="av-score av-num"[^>]*>([^<]+)<', html_of(app))


def test_every_library_gives_a_page_without_exceptions(any_library, open_page):
    app = open_page(pages.RECOMMEND)
    assert not app.exception
    assert not app.error
    if not any_library.clips():
        assert "Nobody is here yet" in app.markdown[0].value


def test_the_list_is_the_engines(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", k="7")
    expected = full.recommend("u-003", 7, diversity=0.2).recommendations
    assert titles(app) == [fmt.escape(place.title) for place in expected]
    assert scores(app) == [fmt.score(place.score) for place in expected]
    assert "simulated" in html_of(app)


def test_the_waterfall_adds_up_to_the_card(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    table = next(block.value for block in app.get("html") if "av-waterfall" in block.value)
    lines = re.findall(r'class="av-num">([+\u2212]?[\d.]+)</b>', table)
    values = [float(value.replace("\u2212", "-")) for value in lines]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.0005 * len(values))
    assert lines[-1] == scores(app)[0]
    assert "add up to the score" in html_of(app)


def test_why_follows_the_button_and_stands_in_the_url(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    third = full.recommend("u-003", 20).recommendations[2]
    app.button(key=f"why-{third.clip_id}").click().run()
    assert f"Why #3, {fmt.escape(fmt.cut(third.title, 60))}" in html_of(app)
    assert app.query_params["clip"] == third.clip_id


def test_a_like_acts_at_once_and_can_be_undone(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    first = full.recommend("u-003", 20).recommendations[0]
    before = titles(app)
    app.button(key=f"like-{first.clip_id}").click().run()
    assert ("record", "u-003", first.clip_id, "like") in full.calls
    assert titles(app) != before
    assert any("Liked" in block.value for block in app.markdown)
    app.button(key="undo-button").click().run()
    assert titles(app) == before
    assert not any("Liked" in block.value for block in app.markdown)


def test_a_dislike_says_how_far_the_clip_fell_and_what_rose(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", k="8")
    before = [place.clip_id for place in full.recommend("u-003", 8).recommendations]
    app.button(key=f"dislike-{before[0]}").click().run()
    after = full.recommend("u-003", 8).recommendations
    told = next(block.value for block in app.markdown if block.value.startswith("Disliked"))
    assert "#1 → off the list" in told
    risen = {p.title: before.index(p.clip_id) + 1 - p.rank for p in after if p.clip_id in before}
    best = max(risen, key=lambda title: (risen[title], -list(risen).index(title)))
    assert f"Rose most: {fmt.plain(fmt.cut(best, 34))} #" in told


@pytest.mark.parametrize(
    ("before", "now", "own", "rose"),
    [
        ("abcd", "bcd", "#1 → off the list", [("b", "#2 → #1"), ("c", "#3 → #2")]),
        ("abcd", "dabc", "#1 → #2", [("d", "#4 → #1")]),
        ("abcd", "abcd", "stays #1", []),
        ("bcd", "bcd", "", []),
        ("ab", "xa", "#1 → #2", []),
    ],
)
def test_moves_after_a_reaction(before, now, own, rose):
    assert moves(list(before), list(now), "a") == (own, rose)


@pytest.mark.parametrize(("event", "word"), [("dislike", "Disliked"), ("hide", "Hidden")])
def test_other_reactions_are_named_rightly(full, open_page, event, word):
    app = open_page(pages.RECOMMEND, user="u-003")
    first = full.recommend("u-003", 20).recommendations[0]
    app.button(key=f"{event}-{first.clip_id}").click().run()
    assert any(block.value.startswith(word) for block in app.markdown)
    assert fmt.escape(first.title) not in titles(app)


def test_a_slider_ranks_again_and_writes_the_url(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    app.slider(key="mix-visual").set_value(4.0).run()
    weights = full.PRESET_WEIGHTS["balanced"] | {"visual": 4.0}
    expected = full.recommend("u-003", 20, weights=weights, diversity=0.2).recommendations
    assert scores(app) == [fmt.score(place.score) for place in expected]
    assert app.query_params["weights"] == "4,0.25,0.75,0.5,1,0.25,1,0"


def test_a_preset_moves_the_sliders(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", weights="crowd")
    assert app.slider(key="mix-crowd").value == 3.0
    assert app.slider(key="mix-visual").value == 1.0


def test_what_if_names_the_counterfactuals_and_draws_the_ranks(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", view="What if", off="visual")
    first = full.recommend("u-003", 20).recommendations[0]
    row = next(c for c in full.counterfactuals("u-003", first.clip_id) if c.without == "visual")
    html = html_of(app)
    assert f"{fmt.score(row.score)} → {fmt.score(row.score_without)}" in html
    assert "Without one watched clip" in html
    assert len(app.get("plotly_chart")) == 1


def test_evidence_shows_the_grid_and_both_players(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", view="Evidence")
    html = html_of(app)
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1
    assert len(re.findall(r"<(?:video|audio) controls", html)) == 2
    assert re.search(r"/proxy#t=\d", html)


def test_a_pair_in_the_url_is_the_pair_that_plays(full, open_page):
    place = full.recommend("u-003", 20).recommendations[0]
    line = max((x for x in place.ledger.children if x.children), key=lambda x: x.value)
    watched = line.children[0].key
    pair = full.pairs("u-003", place.clip_id, watched, line.key)[-1]
    rows, columns = len(full.segments(watched)), len(full.segments(place.clip_id))
    about = f"{place.clip_id}-{watched}-{line.key}-{rows - 1}-{columns - 1}"
    app = open_page(pages.RECOMMEND, user="u-003", view="Evidence", watched=watched, modality=line.key, pair=about)
    assert f"#t={pair.watched_start:.2f},{pair.watched_end:.2f}" in html_of(app)
    assert f"#t={pair.start:.2f},{pair.end:.2f}" in html_of(app)


def test_pin_makes_a_baseline_that_later_changes_are_compared_with(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    next(b for b in app.button if b.label == "Pin as baseline").click().run()
    assert app.query_params["pin"] == "1,0.25,0.75,0.5,1,0.25,1,0,0.2"
    app.slider(key="mix-visual").set_value(4.0).run()
    assert re.search(r"▲|▼", html_of(app))


def test_a_sent_link_ranks_its_baseline_again(full, open_page):
    pin = "1,0.25,0.75,0.5,1,0.25,1,0,0.2"
    app = open_page(pages.RECOMMEND, user="u-003", weights="4,0,0,0,0,0,0,0", pin=pin, view="What if")
    assert re.search(r"▲|▼", html_of(app))
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"user": "nobody"}, {"user": "<script>"}, {"k": "abc"}, {"weights": "9,9"}, {"clip": "../x"}, {"pin": "1,2,x"},
        {"view": "<b>", "off": "zzz", "modality": "?", "shelf": "no"}, {"algorithm": "magic"},
        {"diversity": "1"}, {"k": "1"}, {"seen": "1"}, {"shelf": "New clips"},
    ],
)  # fmt: skip
def test_untrusted_urls_never_break_the_page(full, open_page, query):
    app = open_page(pages.RECOMMEND, **query)
    assert not app.exception
    assert not app.error
    assert "<script>" not in html_of(app)


@pytest.mark.parametrize("view", ["Ledger", "Evidence", "What if"])
def test_titles_with_markup_are_shown_as_text(hold, open_page, view):
    clips = [*starter_clips(4), make_clip("a.mp4", HOSTILE), make_clip("b.mp4", HOSTILE + "2")]
    engine = hold(FakeEngine(clips))
    for clip in clips[1:5]:
        engine.record("<b>eve</b>", clip.clip_id, "like")
    app = open_page(pages.RECOMMEND, user="<b>eve</b>", view=view)
    html = html_of(app)
    assert not app.exception
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert "<b>eve" not in html
    assert "&lt;script&gt;" in html


def test_an_unexpected_failure_says_so_without_details(hold, open_page):
    class Failing(FakeEngine):
        def recommend(self, *_args, **_kwargs):
            raise RuntimeError("secret detail")

    hold(Failing())
    app = open_page(pages.RECOMMEND)
    assert [error.value for error in app.error] == ["Something went wrong; the log has the details."]
    assert not app.exception


def test_a_hidden_clip_can_be_shown_again_and_nobody_else_is_offered_the_undo(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    first = full.recommend("u-003", 20).recommendations[0]
    app.button(key=f"hide-{first.clip_id}").click().run()
    assert fmt.escape(first.title) not in titles(app)
    other = open_page(pages.RECOMMEND, user="u-003")  # a new session: the last act is forgotten, the hiding is not
    other.button(key=f"show-{first.clip_id}").click().run()
    assert fmt.escape(first.title) in titles(other)
    app.button(key=f"like-{full.recommend('u-003', 20).recommendations[1].clip_id}").click().run()
    app.selectbox(key="who").set_value("u-004").run()
    assert not any(block.value.startswith("Liked") for block in app.markdown)


@pytest.mark.parametrize("event", ["like", "dislike", "hide"])
def test_reacting_to_a_clip_that_was_deleted_meanwhile_is_said_and_the_list_goes_on(full, open_page, event):
    app = open_page(pages.RECOMMEND, user="u-003")
    first = full.recommend("u-003", 20).recommendations[0]
    full.delete_clip(first.clip_id)
    app.button(key=f"{event}-{first.clip_id}").click().run()
    assert not app.exception
    assert "Not stored." in html_of(app)
    assert titles(app)
    assert fmt.escape(first.title) not in titles(app)
    assert "Not stored." not in html_of(app.run())
