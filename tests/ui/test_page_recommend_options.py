"""Recommend: list options, algorithms and what their scores rest on, in the page, the ledger and the URL."""

import re

import pytest
from page_text import html_of

from avrec.recommend.options import ListOptions
from avrec.ui import format as fmt
from avrec.ui import pages


def titles(app) -> list[str]:
    return re.findall(r'class="av-card">.*?class="av-title" title="([^"]*)"', html_of(app))


def scores(app) -> list[str]:
    return re.findall(r'class="av-score av-num"[^>]*>([^<]+)<', html_of(app))


def waterfall_of(app) -> str:
    return next(block.value for block in app.get("html") if "av-waterfall" in block.value)


def lines_of(table: str) -> list[tuple[str, float, bool]]:
    """(name, value, whether it is a part) of the waterfall's rows, in order."""
    found = []
    for kind, row in re.findall(r'<div class="av-wf( [\w-]+)?" role="row"[^>]*>(.*?)</div>', table):
        name = re.sub(r"<[^>]+>", "", row.split("</span>")[0].split("</b>")[0])
        value = re.findall(r'class="av-num">([+\u2212]?[\d.]+)<', row)[-1]
        found.append((name, float(value.replace("\u2212", "-")), "av-sub" in kind))
    return found


def test_list_options_in_the_url_rank_the_list_and_stand_in_the_ledger(full, open_page):
    options = ListOptions(0.4, 0.5, 1.0, 0.5, 0.25, False, True, 2)
    query = {"diversity": 0.4, "calibration": 0.5, "quality": 1, "freshness": 0.5, "long_tail": 0.25, "collapse": 1,
             "reserved": 2}  # fmt: skip
    expected = full.recommend("u-003", 20, options=options).recommendations
    charged = next(p for p in expected if any(line.key == "calibration" for line in p.ledger.children))
    app = open_page(pages.RECOMMEND, user="u-003", clip=charged.clip_id, **{k: str(v) for k, v in query.items()})
    assert scores(app) == [fmt.score(place.score) for place in expected]
    rows = lines_of(waterfall_of(app))
    names = [name for name, _, _ in rows]
    assert "Calibration" in names
    start = names.index("Prior")
    assert names[start + 1 : start + 5] == ["popularity", "quality", "freshness", "long tail"]
    html = html_of(app)
    assert "reserved for new clips" in html
    assert "1 near-duplicate left out" in html
    assert "List: 20, 6 options" in [block.proto.popover.label for block in app.get("popover")]


def test_the_parts_of_a_line_add_up_to_it_and_the_lines_to_the_score(full, open_page):
    rows = lines_of(waterfall_of(open_page(pages.RECOMMEND, user="u-003", quality="1")))
    assert any(part for _, _, part in rows)
    for i, (_, value, part) in enumerate(rows):
        parts = []
        for _, inner, is_part in rows[i + 1 :]:
            if not is_part:
                break
            parts.append(inner)
        if not part and parts:
            assert sum(parts) == pytest.approx(value, abs=0.0005 * (len(parts) + 1))
    assert sum(value for _, value, part in rows[:-1] if not part) == pytest.approx(rows[-1][1], abs=0.005)


@pytest.mark.parametrize(
    ("key", "value", "name", "written"),
    [("option-calibration", 0.5, "calibration", "0.5"), ("option-long_tail", 1.0, "long_tail", "1")],
)
def test_options_are_written_to_the_url(full, open_page, key, value, name, written):
    app = open_page(pages.RECOMMEND, user="u-003")
    app.slider(key=key).set_value(value).run()
    assert app.query_params[name] in (written, [written])
    app.toggle(key="collapse-twins").set_value(True).run()
    app.number_input(key="reserved-places").set_value(3).run()
    assert app.query_params["collapse"] in ("1", ["1"])
    assert app.query_params["reserved"] in ("3", ["3"])


def test_no_diversity_at_all_is_kept(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    app.slider(key="diversity-slider").set_value(0.0).run()
    expected = full.recommend("u-003", 20, diversity=0.0).recommendations
    assert app.slider(key="diversity-slider").value == 0.0
    assert scores(app) == [fmt.score(place.score) for place in expected]


def test_every_algorithm_is_offered_with_family_and_exactness(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    labels = app.selectbox(key="algorithm").options
    assert labels == [
        "Hybrid · exact", "Content · exact", "Popularity · baseline, exact", "People alike · neighbourhood, exact",
        "Factors: SVD · approximate",
    ]  # fmt: skip


def test_a_score_without_modalities_switches_the_mixer_off_and_says_so(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", algorithm="popularity")
    sliders = {slider.key: slider.disabled for slider in app.slider}
    assert all(sliders[f"mix-{name}"] for name in ("visual", "crowd", "prior"))
    assert not sliders["diversity-slider"]
    assert [caption.value for caption in app.caption if "no modalities" in caption.value]
    content = open_page(pages.RECOMMEND, user="u-003", algorithm="content")
    sliders = {slider.key: slider.disabled for slider in content.slider}
    assert sliders["mix-crowd"]
    assert not sliders["mix-visual"]


@pytest.mark.parametrize(
    ("algorithm", "heading"),
    [("user-knn", "People of a similar taste"), ("svd", "What was learned of this taste"), ("popularity", None)],
)
def test_ledgers_without_watched_clips_show_what_they_rest_on(full, open_page, algorithm, heading):
    app = open_page(pages.RECOMMEND, user="u-003", algorithm=algorithm)
    html = html_of(app)
    assert not app.error
    assert "watched<span>" not in html
    if heading:
        assert heading in html
        assert "likeness 0.80, 3 in common" in html
        assert "and 4 more, together" in html
    assert ("approximate: leave-one-out" in html) == (algorithm == "svd")
    for view in ("Evidence", "What if"):
        other = open_page(pages.RECOMMEND, user="u-003", algorithm=algorithm, view=view)
        assert not other.error
        assert not other.exception


def test_evidence_speaks_of_the_direct_match_and_adds_up_to_it(full, open_page):
    place = full.recommend("u-003", 20).recommendations[0]
    line = next(line for line in place.ledger.children if line.key == "caption")
    direct, learned = line.children
    watched, value = direct.children[0].key, direct.children[0].value
    rest = next(leaf.value for leaf in learned.children if leaf.key == watched)
    app = open_page(pages.RECOMMEND, user="u-003", view="Evidence", watched=watched, modality="caption")
    assert f"adds up to {fmt.signed(value)}" in html_of(app)
    told = next(caption.value for caption in app.caption if "direct match" in caption.value)
    assert fmt.signed(value + rest) in told
    assert f"{fmt.signed(rest)} learned from the crowd" in told
    pairs = full.pairs("u-003", place.clip_id, watched, "caption")
    assert sum(pair.value for pair in pairs) == pytest.approx(value)


def test_the_strip_tells_what_the_list_is_like(full, open_page):
    html = html_of(open_page(pages.RECOMMEND, user="u-003"))
    for words in ("0.61", "3.2 bits", "12\u00a0%", "0.21 bits", "a place"):
        assert words in html


def test_the_hybrid_says_what_it_is_made_of_and_can_be_tuned_and_brought_back(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003")
    assert "Parts: fixed" in [block.proto.popover.label for block in app.get("popover")]
    assert any("Content 1, CEASE 1" in caption.value for caption in app.caption)
    app.button(key="parts-tune").click().run()
    assert ("tune", True) in full.calls
    assert "Parts: auto" in [block.proto.popover.label for block in app.get("popover")]
    assert any("tuned on 40 people" in block.value for block in app.markdown)
    app.button(key="parts-fixed").click().run()
    assert "Parts: fixed" in [block.proto.popover.label for block in app.get("popover")]


def test_other_algorithms_have_no_parts(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", algorithm="content")
    assert not [b for b in app.get("popover") if b.proto.popover.label.startswith("Parts")]


@pytest.mark.parametrize("view", ["Ledger", "Evidence", "What if"])
def test_a_clip_deleted_while_shown_leaves_the_list(full, open_page, view):
    gone = full.recommend("u-003", 20).recommendations[1]
    app = open_page(pages.RECOMMEND, user="u-003", clip=gone.clip_id, view=view)
    full.delete_clip(gone.clip_id)
    app.run()
    assert not app.exception
    assert not app.error
    assert fmt.escape(gone.title) not in titles(app)


def test_a_baseline_keeps_options_and_algorithm(full, open_page):
    app = open_page(pages.RECOMMEND, user="u-003", calibration="0.5", reserved="2", algorithm="content")
    next(b for b in app.button if b.label == "Pin as baseline").click().run()
    pin = app.query_params["pin"]
    pin = pin[0] if isinstance(pin, list) else pin
    assert pin.endswith(",0.2;0.5,0,0,0,0,2;content")
    other = open_page(pages.RECOMMEND, user="u-003", pin=pin)
    pinned = full.recommend("u-003", 20, algorithm="content", options=ListOptions(0.2, 0.5, reserved=2))
    now = full.recommend("u-003", 20)
    moved = [p.clip_id for p in pinned.recommendations] != [p.clip_id for p in now.recommendations]
    assert bool(re.search(r"▲|▼", html_of(other))) == moved


@pytest.mark.parametrize(
    "pin", ["1;2;3", ";;", "1,1,1,1,1,1,1,1,0.2;9,9,9,9,9,9", "1,1,1,1,1,1,1,1,0.2;0,0,0;x", "1,1,1,1,1,1,1,1,0.2;;zz"]
)
def test_a_baseline_that_makes_no_sense_is_none(full, open_page, pin):
    app = open_page(pages.RECOMMEND, user="u-003", pin=pin)
    assert not app.error
    assert not app.exception


def test_what_if_ranks_with_the_same_options(full, open_page):
    options = ListOptions(0.2, 0.9, quality=2.0)
    place = full.recommend("u-003", 20, options=options).recommendations[2]
    app = open_page(
        pages.RECOMMEND, user="u-003", view="What if", off="visual", clip=place.clip_id, calibration="0.9", quality="2"
    )
    rows = {row.without: row for row in full.counterfactuals("u-003", place.clip_id, options=options)}
    plain = {row.without: row for row in full.counterfactuals("u-003", place.clip_id)}
    told = f"{fmt.score(rows['visual'].score)} → {fmt.score(rows['visual'].score_without)}"
    assert rows["visual"].score != pytest.approx(plain["visual"].score)
    assert told in html_of(app)
