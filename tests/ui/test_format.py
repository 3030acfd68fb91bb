"""The wording rules: real minus, places, units; other people's text stays text."""

from datetime import UTC, datetime, timedelta

import pytest

from avrec.ui import format as fmt

HOSTILE = ["<script>alert(1)</script>", '<img src=x onerror="alert(1)">', "$x$", ":red[x]", "[a](b)", "**b**", "`c`"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (fmt.score(0.7421), "0.742"),
        (fmt.score(-0.5), "\u22120.500"),
        (fmt.score(-0.0001), "0.000"),
        (fmt.signed(0.168), "+0.168"),
        (fmt.signed(-0.016), "\u22120.016"),
        (fmt.signed(0.0), "0.000"),
        (fmt.probability(0.914), "0.91"),
        (fmt.percent(0.41), "41\u00a0%"),
        (fmt.percentile(98.7), "P98"),
        (fmt.percentile(100.0), "P99"),
        (fmt.percentile(None), ""),
        (fmt.rank(3), "#3"),
        (fmt.rank(None), "off the list"),
        (fmt.rank_change(5, 3), "▲\u00a02"),
        (fmt.rank_change(3, 5), "▼\u00a02"),
        (fmt.rank_change(3, 3), ""),
        (fmt.rank_change(None, 3), "new"),
        (fmt.moments(4.2, 6.9), "0:04\u20130:06"),
        (fmt.moment(3723), "1:02:03"),
        (fmt.duration(8.1), "8.1\u00a0s"),
        (fmt.duration(552), "9\u00a0min 12\u00a0s"),
        (fmt.duration(7500), "2\u00a0h 5\u00a0min"),
        (fmt.interval(0.27, 0.35), "0.27\u20130.35"),
        (fmt.count(1, "clip"), "1 clip"),
        (fmt.count(2000, "pair"), "2,000 pairs"),
        (fmt.size(640_000), "640\u00a0kB"),
        (fmt.size(1_200_000_000), "1.2\u00a0GB"),
        (fmt.language("en"), "English"),
        (fmt.language("xx"), "xx"),
        (fmt.language(None), "none"),
        (fmt.cut("a" * 40, 30), "a" * 29 + "…"),
    ],
)
def test_wording(written, expected):
    assert written == expected


def test_ago():
    now = datetime(2026, 1, 10, tzinfo=UTC)
    steps = (timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=3), timedelta(days=1), timedelta(days=2))
    said = [fmt.ago(now - step, now) for step in steps]
    assert said == ["just now", "5 min ago", "3 h ago", "1 day ago", "2 days ago"]


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_holds_no_markup(text):
    escaped = fmt.escape(text)
    assert "<" not in escaped
    assert '"' not in escaped


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_escapes_every_character_that_means_something(text):
    written = fmt.plain(text)
    for i, character in enumerate(written):
        if character in "*`$:[]()<>":
            assert written[i - 1] == "\\"
    assert written.replace("\\", "") == text.replace("\\", "")


def test_plain_keeps_other_alphabets_and_one_line():
    assert fmt.plain("火箭\nlaunch") == "火箭 launch"
