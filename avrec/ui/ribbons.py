"""Ribbons: what was found in a clip, as rows of blocks on one time axis; a click plays the block."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from avrec.schemas import Annotation, Segment
from avrec.ui import format as fmt
from avrec.ui import palette
from avrec.ui.charts import base_figure
from avrec.ui.palette import Theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROWS = (
    ("Shots", None, "visual"),
    ("Caption", "caption", "caption"),
    ("Speech", "speech", "speech"),
    ("Scene", "scene", "visual"),
    ("Object", "object", "visual"),
    ("Tag", "tag", "caption"),
    ("Sound", "audio", "audio"),
)
ROW_HEIGHT = 34
ALPHA = (0.16, 0.48)  # at .48 the text on the tint still has a contrast of 4.7:1


def ribbons(
    segments: Sequence[Segment], annotations: Sequence[Annotation], duration: float, now: Theme, t: float | None
) -> "Figure":
    """Draw the rows that have something; hue = the modality that said it, tint = probability.

    `customdata` of each block is its start in seconds.
    """
    shots = [Annotation(s.start, s.end, "tag", f"{i}", 0.6, "shots") for i, s in enumerate(segments, 1)]
    rows = [(name, modality, shots if kind is None else _best(annotations, kind)) for name, kind, modality in ROWS]
    rows = [row for row in rows if row[2]]
    figure = base_figure(
        ROW_HEIGHT * len(rows) + 40, now, margin={"l": 60, "r": 8, "t": 4, "b": 28}, barmode="overlay", bargap=0.18,
        uniformtext={"minsize": 10, "mode": "hide"},
    )  # fmt: skip
    for name, modality, blocks in rows:
        colour = palette.HUES[modality].of(now)
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        tints = [f"rgba({red},{green},{blue},{ALPHA[0] + (ALPHA[1] - ALPHA[0]) * min(a.score, 1):.2f})" for a in blocks]
        figure.add_bar(
            y=[name] * len(blocks), x=[max(a.end - a.start, 0.05) for a in blocks], base=[a.start for a in blocks],
            orientation="h", text=[fmt.escape(_label(name, a)) for a in blocks], textposition="inside",
            insidetextanchor="start", constraintext="inside",
            textfont={"color": palette.INK.of(now), "size": 12}, customdata=[a.start for a in blocks],
            marker={"color": tints, "line": {"width": 1, "color": palette.BACKGROUND.of(now)}},
            hovertemplate=[
                f"{fmt.escape(fmt.cut(a.label, 90))}<br>{fmt.moments(a.start, a.end)}, {fmt.probability(a.score)}"
                f"<br>{fmt.escape(a.model)}<extra></extra>"
                for a in blocks
            ],
        )  # fmt: skip
    if t is not None and t <= duration:
        figure.add_vline(x=t, line={"color": palette.ACCENT.of(now), "width": 2})
    figure.update_yaxes(categoryorder="array", categoryarray=[row[0] for row in reversed(rows)], showgrid=False)
    figure.update_xaxes(range=[0, duration], ticksuffix=" s", nticks=9)
    return figure


def _best(annotations: Sequence[Annotation], kind: str) -> list[Annotation]:
    """Of the labels that start together the most probable one; of the sound statistics the level."""
    found: dict[float, Annotation] = {}
    for a in annotations:
        if a.kind != kind or (kind == "audio" and a.label != "level"):
            continue
        if a.start not in found or a.score > found[a.start].score:
            found[a.start] = a
    return list(found.values())


def _label(row: str, a: Annotation) -> str:
    if row == "Sound":
        return f"{a.details.get('value', 0):.0f} dBFS".replace("-", fmt.MINUS)
    if row in ("Shots", "Speech", "Caption"):
        return a.label
    return f"{a.label} {fmt.probability(a.score)}"
