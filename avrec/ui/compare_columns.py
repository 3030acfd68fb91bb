"""Ranked lists side by side as small cards, the same clip joined from column to column.

Streamlit strips inline SVG, so the lines are pictures between the columns: cards have one height, so a rank says where
its line starts. They are drawn in the theme's colours; all else follows the theme by itself.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from avrec.schemas import Clip, Recommendation
from avrec.ui import format as fmt
from avrec.ui import palette
from avrec.ui.bars import Axis, axis_for, stacked_bar
from avrec.ui.cards import parts_of, thumbnail
from avrec.ui.format import escape
from avrec.ui.palette import Theme

CARD, GAP = 52, 6  # px, as the style has them
BETWEEN = 28


@dataclass(frozen=True)
class Column:
    """One list with what stands above it; `title` and `remarks` are plain text."""

    title: str
    remarks: tuple[str, ...]
    places: Sequence[Recommendation]


def columns(
    lists: Sequence[Column], clips: Mapping[str, Clip], followed: str | None, now: Theme, peaks: Mapping[str, Sequence]
) -> str:
    """HTML of the columns and the lines between them.

    Args:
        followed: The clip whose cards and lines carry the accent.
        peaks: clip_id -> outline of the sound, for clips without a picture.
    """
    tracks = f" {BETWEEN}px ".join(["minmax(168px,1fr)"] * len(lists))
    longest = max((len(column.places) for column in lists), default=0)
    cells = []
    for i, column in enumerate(lists):
        at = f"grid-column:{2 * i + 1}"
        remarks = "".join(f'<small title="{escape(text)}">{escape(text)}</small>' for text in column.remarks)
        title = escape(column.title)
        cells.append(
            f'<div class="av-column-head" style="{at};grid-row:1"><b title="{title}">{title}</b>{remarks}</div>'
        )
        axis = axis_for([parts_of(place) for place in column.places])
        cards = "".join(
            _card(place, clips.get(place.clip_id), axis, place.clip_id == followed, peaks.get(place.clip_id, ()))
            for place in column.places
        )
        cells.append(f'<div class="av-column" style="{at};grid-row:2">{cards}</div>')
    for i, (left, right) in enumerate(pairwise(lists)):
        source = lines(_order(left), _order(right), longest, followed, now)
        cells.append(
            f'<img alt="{escape(_words(left, right))}" src="{source}" '
            f'style="grid-column:{2 * i + 2};grid-row:2;height:{_height(longest)}px">'
        )
    return f'<div class="av-columns" style="grid-template-columns:{tracks}">{"".join(cells)}</div>'


def _card(place: Recommendation, clip: Clip | None, axis: Axis, is_followed: bool, peaks: Sequence[float]) -> str:
    tip = f"#{place.rank} {place.title}: {place.reason}"
    return (
        f'<div class="av-small{" av-selected" if is_followed else ""}" title="{escape(tip)}">'
        f"<b>{place.rank}</b>{thumbnail(clip, peaks, small=True)}"
        f'<div style="min-width:0"><div class="av-small-title">{escape(place.title)}</div>'
        f'<div class="av-small-score">{stacked_bar(parts_of(place), axis, small=True)}'
        f'<span class="av-num">{fmt.score(place.score)}</span></div></div></div>'
    )


def lines(left: Sequence[str], right: Sequence[str], longest: int, followed: str | None, now: Theme) -> str:
    """The picture between two columns, as a data URI: a curve from each clip's card to its card in the next list."""
    height = _height(longest)
    rank = {clip: i for i, clip in enumerate(right)}
    joined = sorted(((c, i, rank[c]) for i, c in enumerate(left) if c in rank), key=lambda item: item[0] == followed)
    paths = "".join(_path(_middle(i), _middle(j), clip == followed, now) for clip, i, j in joined)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {height}" width="100" height="{height}" '
        f'preserveAspectRatio="none">{paths}</svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _path(y: float, z: float, accent: bool, now: Theme) -> str:
    colour = (palette.ACCENT if accent else palette.MUTED).of(now)
    return (
        f'<path d="M0 {y:g}C50 {y:g} 50 {z:g} 100 {z:g}" fill="none" stroke="{colour}" '
        f'stroke-opacity="{1 if accent else 0.45}" stroke-width="{3 if accent else 1.3}" '
        'vector-effect="non-scaling-stroke"/>'
    )


def _height(cards: int) -> int:
    return max(cards * (CARD + GAP) - GAP, 1)


def _middle(rank: int) -> float:
    return rank * (CARD + GAP) + CARD / 2


def _order(column: Column) -> list[str]:
    return [place.clip_id for place in column.places]


def _words(left: Column, right: Column) -> str:
    """The lines in words, for who does not see them."""
    both = [c for c in _order(left) if c in _order(right)]
    names = {place.clip_id: place.title for place in left.places}
    moves = [f"{names[c]} #{_order(left).index(c) + 1} to #{_order(right).index(c) + 1}" for c in both]
    return f"{left.title} and {right.title} share {fmt.count(len(both), 'clip')}. {'; '.join(moves)}".strip()
