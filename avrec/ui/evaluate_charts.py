"""The figures of Evaluate: ink for all, the accent for the one that matters, open markers for baselines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from avrec.evaluate import findings
from avrec.evaluate.leaderboard import pareto
from avrec.evaluate.metrics import TITLES
from avrec.evaluate.results import Evaluation, Row
from avrec.ui import format as fmt
from avrec.ui import palette
from avrec.ui.charts import alpha, base_figure
from avrec.ui.palette import Theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

BASELINES = ("popularity", "random")
LINE = 24
AXIS = {"size": 11}
Box = tuple[float, float, float, float]


def ranked(evaluation: Evaluation, metric: str) -> list[Row]:
    """Rows with the metric, the best first."""
    known = [row for row in evaluation.rows if metric in row.metrics]
    sign = 1 if metric in findings.ERRORS else -1
    return sorted(known, key=lambda row: sign * row.metrics[metric].value)


def _tone(evaluation: Evaluation, name: str, now: Theme) -> str:
    if name == evaluation.focus:
        return palette.ACCENT.of(now)
    return palette.MUTED.of(now) if name in BASELINES else palette.INK.of(now)


def leaderboard(evaluation: Evaluation, metric: str, now: Theme) -> "Figure":
    """Dots and whiskers; the band is popularity's interval, ≈ marks what cannot be told apart from the best."""
    rows, level = ranked(evaluation, metric), findings.level_with_best(evaluation, metric)
    figure = base_figure(LINE * len(rows) + 66, now, margin={"l": 8, "r": 12, "t": 18, "b": 44})
    base = evaluation.value("popularity", metric)
    muted = palette.MUTED.of(now)
    if base is not None and base.low is not None:
        figure.add_vrect(x0=base.low, x1=base.high, fillcolor=alpha(muted, 0.12), line_width=0, layer="below")
        figure.add_annotation(
            x=base.value, y=1, yref="paper", yanchor="bottom", text="popularity", showarrow=False,
            font={"size": 11, "color": muted},
        )  # fmt: skip
        figure.add_vline(x=base.value, line={"color": muted, "width": 1, "dash": "dot"}, layer="below")
    for i, row in enumerate(rows):
        found, colour = row.metrics[metric], _tone(evaluation, row.algorithm, now)
        mine, open_dot = row.algorithm == evaluation.focus, row.algorithm in BASELINES
        if found.low is not None:
            figure.add_scatter(
                x=[found.low, found.high], y=[i, i], mode="lines", hoverinfo="skip",
                line={"color": colour, "width": 2.5 if mine else 1.5},
            )  # fmt: skip
        figure.add_scatter(
            x=[found.value], y=[i], mode="markers", hovertemplate=_tip(row, metric),
            marker={
                "size": 11 if mine else 9, "color": palette.BACKGROUND.of(now) if open_dot else colour,
                "line": {"color": colour, "width": 1.5},
            },
        )  # fmt: skip
    labels = [
        f"{fmt.escape(fmt.cut(findings.short(evaluation, row.algorithm), 26))}"
        f"{' ≈' if row.algorithm in level else ''}  <b>{row.metrics[metric].value:.3f}</b>"
        for row in rows
    ]
    figure.update_yaxes(
        automargin=True, range=[len(rows) - 0.4, -0.6], tickvals=list(range(len(rows))), ticktext=labels, showgrid=False
    )
    ends = [v for row in rows for v in (row.metrics[metric].low, row.metrics[metric].high, row.metrics[metric].value)]
    known = [v for v in ends if v is not None]
    room = (max(known, default=1.0) - min(known, default=0.0)) * 0.04
    figure.update_xaxes(range=[min(known, default=0.0) - room, max(known, default=1.0) + room])
    title = f"{findings.metric_title(metric, evaluation.k)}, line is the 95 % interval"
    figure.update_xaxes(title={"text": title, "font": {"size": 12, "color": muted}}, tickfont=AXIS, nticks=7)
    return figure


def _tip(row: Row, metric: str) -> str:
    found = row.metrics[metric]
    spread = f", 95 % {found.low:.3f} to {found.high:.3f}" if found.low is not None else ""
    return f"{fmt.escape(row.title)}<br>{found.value:.4f}{spread}<br>{found.people:,} people<extra></extra>"


def scatter(evaluation: Evaluation, first: str, second: str, now: Theme) -> "Figure":
    """Two metrics against each other; the dotted line joins what nothing beats on both."""
    rows = [row for row in evaluation.rows if first in row.metrics and second in row.metrics]
    points = [(row.metrics[first].value, row.metrics[second].value) for row in rows]
    sign = -1 if second in ("gini", "popularity") else 1
    across = -1 if first in findings.ERRORS else 1
    front = pareto([(across * x, sign * y) for x, y in points])
    figure = base_figure(340, now, margin={"l": 8, "r": 12, "t": 8, "b": 44})
    accent, muted = palette.ACCENT.of(now), palette.MUTED.of(now)
    edge = sorted(point for point, on in zip(points, front, strict=True) if on)
    figure.add_scatter(
        x=[x for x, _ in edge], y=[y for _, y in edge], mode="lines", hoverinfo="skip",
        line={"color": accent, "width": 1.3, "dash": "dot"},
    )  # fmt: skip
    spans = [_span([p[axis] for p in points]) for axis in (0, 1)]
    places = _placed(points, [findings.short(evaluation, row.algorithm) for row in rows], front, spans)
    for row, (x, y), on, (text, place) in zip(rows, points, front, places, strict=True):
        colour = accent if on or row.algorithm == evaluation.focus else muted
        figure.add_scatter(
            x=[x], y=[y], mode="markers+text", text=[fmt.escape(text)], textposition=place,
            textfont={"size": 11, "color": palette.INK.of(now) if on else muted},
            marker={
                "size": 10, "color": palette.BACKGROUND.of(now) if row.algorithm in BASELINES else colour,
                "line": {"color": colour, "width": 1.5},
            },
            hovertemplate=f"{fmt.escape(row.title)}<br>{TITLES[first]} {x:.3f}<br>{TITLES[second]} {y:.3f}"
            "<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title={
            "text": f"{findings.metric_title(first, evaluation.k)}, better to the {'left' if across < 0 else 'right'}",
            "font": {"size": 12, "color": muted},
        },
        tickfont=AXIS, range=spans[0],
    )  # fmt: skip
    better = "better downwards" if sign < 0 else "better upwards"
    figure.update_yaxes(
        title={"text": f"{TITLES[second]}, {better}", "font": {"size": 12, "color": muted}},
        tickfont=AXIS,
        range=spans[1],
        automargin=True,
    )
    return figure


def _span(values: Sequence[float]) -> list[float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = max(high - low, 1e-3) * 0.14
    return [low - room, high + room]


def _placed(
    points: Sequence[tuple[float, float]], names: Sequence[str], front: Sequence[bool], spans: Sequence[Sequence[float]]
) -> list[tuple[str, str]]:
    """A place for each label where it covers no other; none where there is no such place. The front goes first."""
    wide, high = 470.0, 280.0
    at = [
        ((x - spans[0][0]) / (spans[0][1] - spans[0][0]) * wide, (y - spans[1][0]) / (spans[1][1] - spans[1][0]) * high)
        for x, y in points
    ]
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in at]
    found = [("", "top center")] * len(points)
    for i in sorted(range(len(points)), key=lambda i: (not front[i], -points[i][0])):
        x, y = at[i]
        name = fmt.cut(names[i], 22)
        w = 6.8 * len(name)
        options = {
            "top center": (x - w / 2, y + 7, x + w / 2, y + 20), "bottom center": (x - w / 2, y - 20, x + w / 2, y - 7),
            "middle right": (x + 8, y - 7, x + 8 + w, y + 7), "middle left": (x - 8 - w, y - 7, x - 8, y + 7),
        }  # fmt: skip
        for place, box in options.items():
            if box[0] >= 0 and box[2] <= wide and not any(_overlap(box, other) for other in taken):
                found[i] = (name, place)
                taken.append(box)
                break
    return found


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def cold_start(evaluation: Evaluation, now: Theme) -> "Figure":
    """A line an algorithm over how much is known, named at its right end."""
    figure = base_figure(270, now, margin={"l": 8, "r": 96, "t": 8, "b": 44})
    muted = palette.MUTED.of(now)
    levels = sorted({point.known for point in evaluation.cold_start})
    names = list(dict.fromkeys(point.algorithm for point in evaluation.cold_start))
    ends: list[tuple[float, str]] = []
    for name in sorted(names, key=lambda n: n == evaluation.focus):
        mine = [p for p in evaluation.cold_start if p.algorithm == name]
        colour, focus = _tone(evaluation, name, now), name == evaluation.focus
        figure.add_scatter(
            x=[levels.index(p.known) for p in mine], y=[p.estimate.value for p in mine], mode="lines+markers",
            line={"color": colour if focus else alpha(colour, 0.7), "width": 2.5 if focus else 1.5},
            marker={"size": 6},
            customdata=[[p.estimate.low, p.estimate.high] for p in mine],
            hovertemplate=f"{fmt.escape(findings.short(evaluation, name))}: %{{y:.3f}}<br>95 % "
            "%{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
        )  # fmt: skip
        ends.append((mine[-1].estimate.value, name))
    values = [p.estimate.value for p in evaluation.cold_start]
    top = max(values, default=1.0) * 1.15 or 1.0
    for y, name in _apart(ends, top * 0.065):
        figure.add_annotation(
            x=len(levels) - 1, y=y, text=fmt.escape(fmt.cut(findings.short(evaluation, name), 16)), showarrow=False,
            xanchor="left", xshift=8, font={"size": 11, "color": _tone(evaluation, name, now)},
        )  # fmt: skip
    title = {"text": "Positive events known about the person", "font": {"size": 12, "color": muted}}
    figure.update_xaxes(
        tickvals=list(range(len(levels))), ticktext=[str(level) for level in levels], title=title, tickfont=AXIS,
        range=[-0.15, len(levels) - 0.85], showgrid=False,
    )  # fmt: skip
    figure.update_yaxes(range=[0, top], tickfont=AXIS, automargin=True)
    return figure


def _apart(ends: list[tuple[float, str]], gap: float) -> list[tuple[float, str]]:
    """Labels pushed apart to a least distance, in order."""
    out: list[tuple[float, str]] = []
    for y, name in sorted(ends):
        out.append((max(y, out[-1][0] + gap) if out else y, name))
    return out


def _from_zero(figure: "Figure", title: str, colour: str) -> None:
    """A vertical axis that starts at zero."""
    words = {"text": title, "font": {"size": 12, "color": colour}}
    figure.update_yaxes(title=words, rangemode="tozero", tickfont=AXIS, automargin=True)


def calibration(evaluation: Evaluation, now: Theme) -> "Figure":
    """Hit rate by tenth of the score; the dotted line is all pairs together."""
    bins, muted = evaluation.calibration, palette.MUTED.of(now)
    figure = base_figure(250, now, margin={"l": 8, "r": 12, "t": 8, "b": 44})
    pairs = sum(b.pairs for b in bins)
    base = sum(b.rate.value * b.pairs for b in bins) / max(pairs, 1)
    figure.add_hline(y=100 * base, line={"color": muted, "width": 1, "dash": "dot"}, layer="below")
    figure.add_scatter(
        x=[(b.low + b.high) / 2 for b in bins], y=[100 * b.rate.value for b in bins], mode="lines+markers",
        line={"color": palette.ACCENT.of(now), "width": 2}, marker={"size": 8},
        error_y={
            "type": "data", "symmetric": False, "thickness": 1.2, "width": 0,
            "array": [100 * max((b.rate.high or 0.0) - b.rate.value, 0.0) for b in bins],
            "arrayminus": [100 * max(b.rate.value - (b.rate.low or 0.0), 0.0) for b in bins],
        },
        customdata=[b.pairs for b in bins],
        hovertemplate="%{y:.1f} % of %{customdata:,} pairs<extra></extra>",
    )  # fmt: skip
    text = "Score, percentile over all scored pairs"
    figure.update_xaxes(title={"text": text, "font": {"size": 12, "color": muted}}, range=[0, 100], tickfont=AXIS)
    _from_zero(figure, "Hits, %", muted)
    return figure


def popularity_bias(evaluation: Evaluation, now: Theme) -> "Figure":
    """Fifths of the clips by likes: share of what people like, and of the lists."""
    bins, muted = evaluation.popularity_bias, palette.MUTED.of(now)
    figure = base_figure(250, now, margin={"l": 8, "r": 8, "t": 22, "b": 44}, bargap=0.35, bargroupgap=0.08)
    focus = evaluation.focus
    series: list[tuple[str, list[float], dict[str, Any]]] = [
        ("likes", [b.history for b in bins], {"color": alpha(muted, 0.45)}),
        (
            findings.short(evaluation, focus), [b.listed.get(focus, 0.0) for b in bins],
            {"color": palette.ACCENT.of(now)},
        ),
        (
            "Popularity", [b.listed.get("popularity", 0.0) for b in bins],
            {"color": "rgba(0,0,0,0)", "line": {"color": muted, "width": 1.2}},
        ),
    ]  # fmt: skip
    for name, values, marker in series:
        figure.add_bar(
            x=list(range(len(bins))), y=[100 * v for v in values], marker=marker,
            hovertemplate=f"{fmt.escape(name)}: %{{y:.0f}} %<extra></extra>",
        )  # fmt: skip
    labels = [b.label.replace(" fifth", "") for b in bins]
    title = {"text": "Fifths of the clips, by how many people like them", "font": {"size": 12, "color": muted}}
    figure.update_xaxes(tickvals=list(range(len(bins))), ticktext=labels, title=title, tickfont=AXIS, showgrid=False)
    _from_zero(figure, "Share, %", muted)
    return figure
