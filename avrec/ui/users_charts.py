"""Figures of the Users page: interest over time, the completion curve."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from avrec.ui import format as fmt
from avrec.ui import palette
from avrec.ui.charts import alpha, base_figure
from avrec.ui.palette import Theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

APART = 0.085  # of the range: nearer labels would overlap


def interest(periods: Sequence[str], levels: Mapping[str, Sequence[float]], now: Theme) -> "Figure":
    """A line a topic with its name at the right end; the strongest of today in the accent."""
    figure = base_figure(216, now, margin={"l": 34, "r": 104, "t": 6, "b": 24})
    ink, accent, muted = palette.INK.of(now), palette.ACCENT.of(now), palette.MUTED.of(now)
    best = max(levels, key=lambda name: levels[name][-1])
    low, high = min(min(v) for v in levels.values()), max(max(v) for v in levels.values())
    low, high = min(low, 0.0), max(high, 0.0)
    pad = 0.06 * max(high - low, 1e-9)
    places = spread({name: values[-1] for name, values in levels.items()}, APART * (high - low + 2 * pad))
    for name, values in levels.items():
        mine = name == best
        figure.add_scatter(
            x=list(periods), y=list(values), mode="lines",
            line={"color": accent if mine else alpha(ink, 0.45), "width": 2.5 if mine else 1.4},
            hovertemplate=f"{fmt.chart_text(name)} %{{x}}: %{{y:.2f}}<extra></extra>",
        )  # fmt: skip
        figure.add_annotation(
            x=1.0, xref="paper", y=places[name], text=fmt.escape(fmt.cut(name, 15)), showarrow=False, xanchor="left",
            xshift=6, font={"size": 11.5, "color": accent if mine else muted},
        )  # fmt: skip
    figure.add_hline(y=0, line={"color": alpha(ink, 0.35), "width": 1})
    figure.update_yaxes(range=[low - pad, high + pad], tickfont={"size": 11, "color": muted}, nticks=5)
    figure.update_xaxes(tickfont={"size": 11, "color": muted}, nticks=5, showgrid=False)
    return figure


def spread(values: Mapping[str, float], least: float) -> dict[str, float]:
    """Heights of labels near their values and at least so far apart, in the order of the values."""
    order = sorted(values, key=lambda name: values[name])
    heights = [values[name] for name in order]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + least)
    shift = (sum(values.values()) - sum(heights)) / max(len(heights), 1)
    return {name: height + shift for name, height in zip(order, heights, strict=True)}


def completion(points: Sequence[tuple[float, float]], now: Theme) -> "Figure":
    """What a view is worth by the share watched; the plain 2 v - 1 dotted behind it."""
    figure = base_figure(170, now, margin={"l": 34, "r": 8, "t": 6, "b": 34})
    muted, accent = palette.MUTED.of(now), palette.ACCENT.of(now)
    figure.add_scatter(x=[0, 1], y=[-1, 1], mode="lines", line={"color": muted, "width": 1, "dash": "dot"},
                       hoverinfo="skip")  # fmt: skip
    figure.add_scatter(
        x=[x for x, _ in points], y=[y for _, y in points], mode="lines+markers", line={"color": accent, "width": 2.5},
        marker={"size": 8, "color": accent}, hovertemplate="%{x:.0%} watched: %{y:+.2f}<extra></extra>",
    )  # fmt: skip
    top = max(1.0, *(abs(y) for _, y in points)) * 1.08
    figure.update_xaxes(range=[-0.03, 1.03], tickformat=".0%", title={"text": "share watched", "font": {"size": 11}},
                        tickfont={"size": 11, "color": muted}, nticks=5)  # fmt: skip
    figure.update_yaxes(range=[-top, top], tickfont={"size": 11, "color": muted}, nticks=5)
    return figure
