"""Contribution bars and the waterfall, as HTML: crisp, in the theme without a rerun, and 25 kB for twenty.

All bars of a page share one axis, so lengths compare between cards; what is drawn adds up to the number beside it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from avrec.ui.format import escape, score, signed
from avrec.ui.palette import ORDER, PENALTIES, modality_name

ZERO_MARK = 5.0
SUB_HEIGHT = 18  # px, as the style has it
PARTS = (*ORDER, *PENALTIES)


@dataclass(frozen=True)
class Axis:
    """The shared scale: `low` <= 0 <= `high`, in score units; `zero` is the mark's place in percent of the width."""

    low: float
    high: float

    @property
    def zero(self) -> float:
        return max(ZERO_MARK, 100.0 * -self.low / (self.high - self.low))

    def width(self, value: float) -> float:
        """Length of a value in percent of the bar's width."""
        room = min((100.0 - self.zero) / self.high, self.zero / -self.low if self.low else float("inf"))
        return abs(value) * room


def axis_for(parts: Iterable[Mapping[str, float]]) -> Axis:
    """The one axis of a page's bars."""
    rows = [dict(row) for row in parts]
    high = max((sum(v for v in row.values() if v > 0) for row in rows), default=0.0)
    low = min((sum(v for v in row.values() if v < 0) for row in rows), default=0.0)
    return Axis(min(low, 0.0), max(high, 1e-9))


def stacked_bar(parts: Mapping[str, float], axis: Axis | None = None, *, small: bool = False) -> str:
    """One bar: positive parts right of the zero mark, negative ones hatched to its left, in the fixed order.

    Args:
        parts: modality (or penalty of the list) -> signed contribution.
        axis: The page's axis; the bar's own where it stands alone.
    """
    axis = axis or axis_for([parts])
    ordered = [(key, parts[key]) for key in PARTS if parts.get(key)]
    right = left = axis.zero
    pieces = []
    for key, value in ordered:
        width = axis.width(value)
        if value > 0:
            pieces.append(_piece(key, value, right, width, ""))
            right += width
        else:
            left -= width
            pieces.append(_piece(key, value, left, width, " av-neg"))
    words = ", ".join(f"{modality_name(key)} {signed(value)}" for key, value in ordered) or "no contributions"
    label = f"{words}; sum {score(sum(parts.values()))}"
    return (
        f'<div class="av-bar{" av-bar-small" if small else ""}" role="img" aria-label="{escape(label)}">'
        f'<i class="av-zero" style="left:{axis.zero:.2f}%"></i>{"".join(pieces)}</div>'
    )


def _piece(key: str, value: float, left: float, width: float, extra: str) -> str:
    tip = escape(f"{modality_name(key)} {signed(value)}")
    return (
        f'<i class="av-part av-m-{escape(key)}{extra}" title="{tip}" '
        f'style="left:{left:.2f}%;width:max(1px,calc({width:.2f}% - 1px))"></i>'
    )


@dataclass(frozen=True)
class Step:
    """A line of the waterfall. `remark` stands between name and bar: "1.00 × +1.42 σ".

    Attributes:
        parts: What the line is made of: indented below it, and adding up to it.
    """

    key: str
    name: str
    value: float
    remark: str = ""
    tooltip: str = ""
    parts: tuple["Step", ...] = ()


def waterfall(steps: Iterable[Step], total: float) -> str:
    """Lines that float from where the one above ended, and the total in ink; a table for assistive technology.

    A line's parts stand below it, fainter, and span what it spans.
    """
    placed = _placed(steps)
    marks = [0.0, *(mark for _, start, end, _ in placed for mark in (start, end))]
    low, high = min(*marks, total, 0.0), max(*marks, total, 1e-9)
    scale = 100.0 / (high - low)
    rows = [_step(step, start - low, end - low, scale, part) for step, start, end, part in placed]
    left, width = (min(total, 0.0) - low) * scale, abs(total) * scale
    rows.append(
        '<div class="av-wf av-total" role="row"><b role="cell">Score</b><span role="cell"></span>'
        f'<span role="cell" class="av-lane"><i class="av-part av-ink" style="left:{left:.2f}%;width:{width:.2f}%"></i>'
        f'</span><b role="cell" class="av-num">{score(total)}</b></div>'
    )
    zero = -low * scale
    return (
        f'<div class="av-waterfall" role="table" aria-label="How the score adds up" style="--zero:{zero:.2f}%">'
        f"{''.join(rows)}</div>"
    )


def _placed(steps: Iterable[Step]) -> list[tuple[Step, float, float, bool]]:
    """Every line and part with where it starts and ends, and whether it is a part."""
    placed, mark = [], 0.0
    for step in steps:
        placed.append((step, mark, mark + step.value, False))
        inner = mark
        for part in step.parts:
            placed.append((part, inner, inner + part.value, True))
            inner += part.value
        mark += step.value
    return placed


def _step(step: Step, start: float, end: float, scale: float, part: bool) -> str:
    left, width = min(start, end) * scale, abs(end - start) * scale
    negative = " av-neg" if step.value < 0 else ""
    dot = "" if part else f'<i class="av-dot av-m-{escape(step.key)}{negative}"></i>'
    down = SUB_HEIGHT * len(step.parts) + 6  # past the parts, to the next line
    link = "" if part else f'<i class="av-link" style="left:{end * scale:.2f}%;bottom:-{down}px"></i>'
    wide = "" if step.remark or not part else ' style="grid-column:1/3"'  # a long name may use the empty cell
    remark = "" if wide else f'<span role="cell" class="av-mut av-num">{escape(step.remark)}</span>'
    number = f'<{"span" if part else "b"} role="cell" class="av-num">{signed(step.value)}</{"span" if part else "b"}>'
    return (
        f'<div class="av-wf{" av-sub" if part else ""}" role="row" title="{escape(step.tooltip)}">'
        f'<span role="cell"{wide}>{dot}{escape(step.name)}</span>{remark}'
        f'<span role="cell" class="av-lane">{link}<i class="av-part av-m-{escape(step.key)}{negative}" '
        f'style="left:{left:.2f}%;width:max(1px,{width:.2f}%)"></i></span>{number}</div>'
    )


def lines(steps: Iterable[Step], label: str, places: int | None = None) -> str:
    """Lines that all start at zero: neighbours, factors. The remark stands in grey behind the name.

    Args:
        label: What the lines are, for assistive technology.
        places: Decimals of the numbers; where None, 3 or as many as the largest needs to show two digits.
    """
    steps = list(steps)
    if places is None:
        largest = max((abs(step.value) for step in steps), default=0.0)
        places = min(max(3, 1 - math.floor(math.log10(largest))), 6) if largest > 0 else 3
    axis = Axis(min(0.0, *(step.value for step in steps)), max(1e-9, *(step.value for step in steps)))
    rows = [_line(step, axis, places) for step in steps]
    return (
        f'<div class="av-waterfall av-lines" role="table" aria-label="{escape(label)}" '
        f'style="--zero:{axis.zero:.2f}%">{"".join(rows)}</div>'
    )


def _line(step: Step, axis: Axis, places: int) -> str:
    width, negative = axis.width(step.value), " av-neg" if step.value < 0 else ""
    left = axis.zero if step.value >= 0 else axis.zero - width
    kind = f"av-m-{escape(step.key)}{negative}"
    return (
        f'<div class="av-wf" role="row" title="{escape(step.tooltip or step.name)}">'
        f'<span role="cell"><i class="av-dot {kind}"></i>{escape(step.name)} '
        f'<span class="av-mut">{escape(step.remark)}</span></span>'
        f'<span role="cell" class="av-lane"><i class="av-part {kind}" '
        f'style="left:{left:.2f}%;width:max(1px,{width:.2f}%)"></i></span>'
        f'<b role="cell" class="av-num">{signed(step.value, places)}</b></div>'
    )
