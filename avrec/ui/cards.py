"""Cards and rows of clips as HTML; buttons stand beside them, since own markup has no keyboard handler."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from avrec.schemas import Clip, Recommendation
from avrec.ui import format as fmt
from avrec.ui.bars import Axis, stacked_bar
from avrec.ui.format import escape
from avrec.ui.routes import media_url

WAVE_BARS = 17
RESERVED = "reserved for new clips"
ABSENT_WORDS = {
    "audio": "no sound",
    "visual": "no picture",
    "speech": "no speech",
    "caption": "no caption",
    "meaning": "no text",
    "words": "no text",
}


def thumbnail(
    clip: Clip | None, peaks: Sequence[float] = (), *, plates: Mapping[str, str] | None = None, small: bool = False
) -> str:
    """A clip's picture, or its sound's outline where it has none; its length on a dark plate.

    Args:
        peaks: Outline of the sound, values in [0, 1], for clips without a picture.
        plates: Further words on plates: corner ("tl", "tr") -> text.
        small: Without plates, which would cover a small picture.
    """
    if clip is None:
        return '<div class="av-thumb"></div>'
    corners = {} if small else {"br": fmt.moment(clip.duration), **(plates or {})}
    words = "".join(f'<span class="av-plate av-{at}">{escape(text)}</span>' for at, text in corners.items() if text)
    if clip.info.kind == "audio":
        return (
            f'<div class="av-thumb" role="img" aria-label="Sound of {escape(clip.title)}">{_wave(peaks)}{words}</div>'
        )
    source = media_url(clip.clip_id, "poster")
    return f'<div class="av-thumb"><img loading="lazy" src="{source}" alt="{escape(clip.title)}">{words}</div>'


def _wave(peaks: Sequence[float]) -> str:
    """The outline in 17 bars: the loudest moment of each stretch."""
    values = list(peaks) or [0.05]
    edges = [round(i * len(values) / WAVE_BARS) for i in range(WAVE_BARS + 1)]
    tops = [max(values[a : max(b, a + 1)], default=0.05) for a, b in pairwise(edges)]
    top = max(*tops, 1e-6)
    bars = "".join(f'<i style="height:{max(8, 88 * value / top):.0f}%"></i>' for value in tops)
    return f'<div class="av-wave">{bars}</div>'


def absent(missing: Sequence[str]) -> str:
    """Chips for what a clip lacks: "no sound"; "no text" only once."""
    words = dict.fromkeys(ABSENT_WORDS[name] for name in missing if name in ("audio", "visual"))
    tip = "The weights of what is there are renormalised."
    return "".join(f'<span class="av-chip" title="{tip}">{word}</span>' for word in words)


def parts_of(place: Recommendation) -> dict[str, float]:
    """A place's bar: its modalities, and each of the list's penalties by its name."""
    penalties = {line.key: line.value for line in place.ledger.children if line.kind == "penalty"}
    return {**place.by_modality, "diversity": 0.0, **penalties}


def ranked_card(
    place: Recommendation,
    clip: Clip | None,
    axis: Axis,
    *,
    peaks: Sequence[float] = (),
    change: str = "",
) -> str:
    """One place of a ranked list: rank and its change, picture, title, reason, bar, score, percentile."""
    score, level = fmt.score(place.score), fmt.percentile(place.percentile)
    tip = fmt.higher_than(place.percentile).capitalize()
    # What the reason says already needs no chip, which would only push the title out.
    said = [badge for badge in place.badges if badge.split(",")[0] in place.reason]
    badges = [b for b in place.badges if b not in said and (b != "new" or RESERVED not in place.badges)]
    chips = "".join(f'<span class="av-chip">{escape(badge)}</span>' for badge in badges) + absent(place.missing)
    return (
        f'<div class="av-card"><div class="av-rank">{place.rank}<small>{escape(change)}</small></div>'
        f"{thumbnail(clip, peaks)}"
        f'<div style="min-width:0"><div class="av-title" title="{escape(place.title)}"><span>{escape(place.title)} '
        f'{chips}</span><span class="av-score-inline av-num">{score}</span></div>'
        f'<div class="av-why">{escape(place.reason)}</div>{stacked_bar(parts_of(place), axis)}</div>'
        f'<div class="av-score av-num" title="{escape(tip)}">{score}<small>{level}</small></div></div>'
    )


def clip_row(
    clip: Clip | None,
    title: str,
    remark: str,
    parts: Mapping[str, float],
    axis: Axis,
    *,
    value: str | None = None,
    peaks: Sequence[float] = (),
    chips: str = "",
) -> str:
    """A small row: picture, title with a grey remark, bar, number. `value` defaults to the signed sum of the parts."""
    number = fmt.signed(sum(parts.values())) if value is None else value
    return (
        f'<div class="av-row">{thumbnail(clip, peaks, small=True)}<div style="min-width:0">'
        f'<div class="av-line" title="{escape(f"{title} {remark}")}">'
        f'<b>{escape(title)}</b> <span class="av-mut">{escape(remark)}</span> {chips}</div>'
        f'{stacked_bar(parts, axis, small=True)}</div><b class="av-num">{escape(number)}</b></div>'
    )
