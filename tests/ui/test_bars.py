"""What is drawn adds up, negatives stand left of zero, and all bars of a page share one scale."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrec.schemas import MODALITIES
from avrec.ui.bars import Step, axis_for, lines, stacked_bar, waterfall

PARTS = st.dictionaries(st.sampled_from([*MODALITIES, "diversity"]), st.floats(-3, 3).map(lambda v: round(v, 4)))


def pieces(html: str) -> list[tuple[str, float, float]]:
    """(modality, left, width) of each drawn part, in percent."""
    found = re.findall(r"av-m-(\w+)[^>]*?left:(-?[\d.]+)%;width:max\(1px,calc\(([\d.]+)%", html)
    return [(name, float(left), float(width)) for name, left, width in found]


def test_parts_keep_the_fixed_order_whatever_order_they_come_in():
    html = stacked_bar({"crowd": 0.2, "visual": 0.3, "words": 0.1})
    assert [name for name, *_ in pieces(html)] == ["visual", "words", "crowd"]


def test_negative_parts_are_hatched_and_left_of_the_zero_mark():
    parts = {"visual": 0.6, "audio": -0.2, "diversity": -0.1}
    axis = axis_for([parts])
    html = stacked_bar(parts, axis)
    for name, left, width in pieces(html):
        if parts[name] < 0:
            assert left + width <= axis.zero + 0.02
        else:
            assert left >= axis.zero - 0.02
    assert html.count("av-neg") == 2


def test_the_zero_mark_stands_at_five_percent_without_negatives():
    assert axis_for([{"visual": 1.0}]).zero == pytest.approx(5.0)


def test_the_label_says_every_part_and_the_sum():
    html = stacked_bar({"visual": 0.214, "audio": 0.061, "diversity": -0.016})
    assert 'role="img"' in html
    assert "Visual +0.214, Audio +0.061, Diversity \u22120.016; sum 0.259" in html


def test_an_empty_bar_says_so():
    assert "no contributions" in stacked_bar({})


@given(st.lists(PARTS, min_size=1, max_size=6))
def test_lengths_compare_across_bars_and_stay_inside(rows):
    axis = axis_for(rows)
    scale = axis.width(1.0)
    for row in rows:
        for name, left, width in pieces(stacked_bar(row, axis)):
            assert width == pytest.approx(abs(row[name]) * scale, abs=0.011)
            assert -0.02 <= left <= 100.02
            assert left + width <= 100.05


def test_each_waterfall_line_starts_where_the_one_above_ended():
    html = waterfall([Step("visual", "Visual", 0.4), Step("audio", "Audio", -0.1), Step("crowd", "Crowd", 0.2)], 0.5)
    spans = [(float(a), float(b)) for a, b in re.findall(r"left:([\d.]+)%;width:max\(1px,([\d.]+)%\)", html)]
    assert spans == [(0.0, 80.0), (60.0, 20.0), (60.0, 40.0)]
    assert "+0.400" in html
    assert "\u22120.100" in html
    assert ">0.500<" in html


def test_a_waterfall_below_zero_moves_the_zero_line_instead_of_leaving_the_lane():
    html = waterfall([Step("visual", "Visual", -0.5), Step("crowd", "Crowd", 0.25)], -0.25)
    assert "--zero:100.00%" in html or "--zero:100" in html
    assert not re.search(r"left:-", html)


def test_names_with_markup_show_as_text():
    html = waterfall([Step("visual", "<b>x</b>", 1.0, "<i>", '"><script>')], 1.0)
    assert "<script>" not in html
    assert "&lt;b&gt;x" in html


def test_parts_lie_within_their_line_and_add_up_to_it():
    inner = (Step("visual", "direct", 0.5), Step("visual", "learned", -0.1))
    html = waterfall([Step("audio", "Audio", 0.2), Step("visual", "Visual", 0.4, parts=inner)], 0.6)
    spans = [(float(a), float(b)) for a, b in re.findall(r"left:([\d.]+)%;width:max\(1px,([\d.]+)%\)", html)]
    full = 0.7  # from 0 to the highest mark, 0.2 + 0.5
    expected = [(0, 0.2), (0.2, 0.4), (0.2, 0.5), (0.6, 0.1)]
    assert spans == [pytest.approx((100 * a / full, 100 * w / full), abs=0.01) for a, w in expected]
    assert html.count("av-sub") == 2
    assert html.count("<b ") == 4, "parts are no lines of the sum: two lines, the total and its name"


def test_lines_from_zero_keep_signs_and_show_small_numbers():
    html = lines([Step("crowd", "A <i>", 0.002, "likeness 0.50"), Step("crowd", "B", -0.001)], "Neighbours")
    assert "+0.0020" in html
    assert "\u22120.0010" in html
    assert "A &lt;i&gt;" in html
    left, width = re.findall(r"left:([\d.]+)%;width:max\(1px,([\d.]+)%\)", html)[1]
    zero = float(re.search(r"--zero:([\d.]+)%", html)[1])
    assert float(left) + float(width) == pytest.approx(zero, abs=0.02)
    assert "+3.000" in lines([Step("crowd", "C", 3.0)], "One")
