"""Plotly figures: transparent, fixed ranges, no mode bar, ink and one accent, direct labels.

Plotly needs hex colours when the figure is built, so the theme is asked for; everything drawn in HTML follows it alone.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from avrec.schemas import SegmentPair
from avrec.ui import format as fmt
from avrec.ui import palette
from avrec.ui.palette import Theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
MOST_LABELLED = 9
FONT = "Inter, 'Noto Sans', sans-serif"


def theme() -> Theme:
    """The reader's theme; light where it is not known yet."""
    return "dark" if st.context.theme.type == "dark" else "light"


def base_figure(height: int, now: Theme, **layout: Any) -> "Figure":
    """An empty figure in the house style."""
    from plotly.graph_objects import Figure

    figure = Figure()
    ink = palette.INK.of(now)
    defaults: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": ink},
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
    }
    figure.update_layout(**(defaults | layout))
    figure.update_xaxes(gridcolor=alpha(ink, 0.08), zeroline=False, fixedrange=True)
    figure.update_yaxes(gridcolor=alpha(ink, 0.08), zeroline=False, fixedrange=True)
    return figure


def draw(figure: "Figure", key: str, alt: str, **options: Any) -> Any:
    """Show a figure with its alternative text and without the mode bar."""
    return st.plotly_chart(figure, key=key, alt=alt, config=CONFIG, theme=None, **options)


def moment_grid(
    pairs: Sequence[SegmentPair],
    now: Theme,
    chosen: tuple[int, int] | None = None,
    names: tuple[str, str] = ("watched", "this"),
) -> "Figure":
    """Watched moments by moments of the explained clip; tint = similarity from 0 to 1, the chosen pair outlined.

    Heat maps cannot be clicked in Streamlit: the tint is drawn as shapes, the clicks are caught by square markers on
    them, whose `customdata` is (row, column) into the sorted moments.
    """
    rows, columns, cells = grid_of(pairs)
    figure = base_figure(max(120, 36 * len(rows) + 34), now, margin={"l": 58, "r": 2, "t": 2, "b": 26})
    labelled = len(columns) <= MOST_LABELLED
    for (row, column), pair in cells.items():
        outlined = (row, column) == chosen
        figure.add_shape(
            type="rect", x0=column - 0.485, x1=column + 0.485, y0=row - 0.46, y1=row + 0.46, layer="below",
            fillcolor=_ramp(pair.similarity, now),
            line={"width": 2.5 if outlined else 0, "color": palette.INK.of(now)},
        )  # fmt: skip
    figure.add_scatter(
        x=[column for _, column in cells], y=[row for row, _ in cells], customdata=list(cells),
        mode="markers+text" if labelled else "markers",
        text=[fmt.probability(pair.similarity) for pair in cells.values()],
        textfont={"size": 11, "color": [_on_ramp(pair.similarity, now) for pair in cells.values()]},
        marker={"symbol": "square", "size": 32 if labelled else 16, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
        hovertemplate=[
            f"{names[0]} {fmt.moments(p.watched_start, p.watched_end)}, {names[1]} {fmt.moments(p.start, p.end)}<br>"
            f"similarity {fmt.probability(p.similarity)}, adds {fmt.signed(p.value, 4)}<extra></extra>"
            for p in cells.values()
        ],
    )  # fmt: skip
    every = max(1, -(-len(columns) // MOST_LABELLED))
    figure.update_xaxes(
        range=[-0.5, len(columns) - 0.5], tickvals=list(range(0, len(columns), every)), showgrid=False,
        ticktext=[_span(*c) for c in columns[::every]], tickfont={"size": 11},
    )  # fmt: skip
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.5], tickvals=list(range(len(rows))), showgrid=False,
        ticktext=[_span(*r) for r in rows], tickfont={"size": 11},
    )  # fmt: skip
    return figure


def grid_of(
    pairs: Sequence[SegmentPair],
) -> tuple[list[tuple[float, float]], list[tuple[float, float]], dict[tuple[int, int], SegmentPair]]:
    """Watched moments, this clip's moments (both by time), and (row, column) -> pair."""
    rows = sorted({(p.watched_start, p.watched_end) for p in pairs})
    columns = sorted({(p.start, p.end) for p in pairs})
    place = {(rows.index((p.watched_start, p.watched_end)), columns.index((p.start, p.end))): p for p in pairs}
    return rows, columns, dict(sorted(place.items()))


def bump(
    snapshots: Sequence[tuple[str, Sequence[str]]],
    titles: dict[str, str],
    chosen: str | None,
    now: Theme,
    top: int = 10,
) -> "Figure":
    """Rank over snapshots: grey lines, the explained clip in the accent, names at the right end.

    Args:
        snapshots: (label, clip ids in order of rank), oldest first.
        top: Ranks drawn; a clip below them leaves the chart, but the explained one, which is drawn in a last row.
    """
    figure = base_figure(26 * (top + 1) + 44, now, margin={"l": 24, "r": 4, "t": 26, "b": 4})
    last = len(snapshots) - 1
    shown = list(dict.fromkeys(c for _, order in snapshots for c in order[:top]))
    if chosen is not None and any(chosen in order for _, order in snapshots):
        shown = [*(clip for clip in shown if clip != chosen), chosen]
    grey, accent, muted = alpha(palette.MUTED.of(now), 0.45), palette.ACCENT.of(now), palette.MUTED.of(now)
    for clip in shown:
        ranks = [order.index(clip) + 1 if clip in order else None for _, order in snapshots]
        mine = clip == chosen
        drawn = [None if rank is None or (rank > top and not mine) else min(rank, top + 1) for rank in ranks]
        figure.add_scatter(
            x=list(range(len(snapshots))), y=drawn, mode="lines+markers", connectgaps=False,
            line={"color": accent if mine else grey, "width": 3 if mine else 1.3, "shape": "spline", "smoothing": 0.6},
            marker={"size": 8 if mine else 6, "color": accent if mine else grey},
            customdata=ranks,
            hovertemplate=f"{fmt.chart_text(titles.get(clip, clip))}: #%{{customdata}}<extra></extra>",
        )  # fmt: skip
        if drawn[-1] is not None:
            below = f"#{ranks[-1]} " if ranks[-1] > top else ""
            name = below + fmt.escape(fmt.cut(titles.get(clip, clip), 30))
            figure.add_annotation(
                x=last, y=drawn[-1], text=f"<b>{name}</b>" if mine else name, showarrow=False, xanchor="left",
                xshift=10, font={"size": 11, "color": accent if mine else muted},
            )  # fmt: skip
    right = last + max(0.9, 0.75 * max(last, 1))
    figure.update_xaxes(
        range=[-0.15, right], tickvals=list(range(len(snapshots))), side="top", showgrid=False,
        ticktext=[fmt.escape(fmt.cut(label, 14)) for label, _ in snapshots], tickfont={"size": 11, "color": muted},
    )  # fmt: skip
    figure.update_yaxes(
        range=[top + 1.5, 0.5], tickvals=list(range(1, top + 1, 2)), showgrid=False,
        tickfont={"size": 11, "color": muted},
    )  # fmt: skip
    return figure


def _span(start: float, end: float) -> str:
    return f"{start:.0f}{fmt.DASH}{end:.0f} s"


def _ramp(value: float, now: Theme) -> str:
    steps = palette.RAMP[now]
    return steps[min(int(max(value, 0.0) * len(steps)), len(steps) - 1)]


def _on_ramp(value: float, now: Theme) -> str:
    """The ink that reads better on the tint."""
    back = _ramp(value, now)
    return max((palette.INK.light, "#FFFFFF"), key=lambda ink: palette.contrast(ink, back))


def alpha(colour: str, share: float) -> str:
    """A colour with so much opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
