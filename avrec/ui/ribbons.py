"""Ribbons: what was found in a clip, as rows of blocks on one time axis; a click plays the block."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from avrec.schemas import Annotation, Segment
from avrec.ui import format as fmt
from avrec.ui import palette
from avrec.ui.charts import base_figure
from avrec.ui.palette import Theme
from avrec.ui.routes import media_url

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROWS = (
    ("Shots", "", "visual"),
    ("Caption", "caption", "caption"),
    ("Speech", "speech", "speech"),
    ("Scene", "scene", "visual"),
    ("Object", "object", "visual"),
    ("Text", "text", "visual"),
    ("Face", "face", "visual"),
    ("Tag", "tag", "caption"),
    ("Sound", "audio", "audio"),
)
SHOTS, LANE, GAP, AXIS = 46, 30, 8, 26
PICTURES = 16  # more would be too small to be told apart
ALPHA = (0.16, 0.48)  # at .48 the text on the tint still has a contrast of 4.7:1
LEVEL = "level"
CHARACTERS = 96  # of the labels' size, over the whole axis at 1440 px

Lane = tuple[str, str, list[Annotation]]


def lanes(segments: Sequence[Segment], annotations: Sequence[Annotation], *, pictures: bool) -> list[Lane]:
    """(name, modality, blocks) of the rows that have something."""
    name = "Shots" if pictures else "Parts"
    shots = [Annotation(s.start, s.end, "tag", str(i), 0.6, "segments") for i, s in enumerate(segments, 1)]
    rows = [(name, "visual" if pictures else "audio", shots)]
    rows += [(row, modality, best(annotations, kind)) for row, kind, modality in ROWS if kind]
    return [row for row in rows if row[2]]


def best(annotations: Sequence[Annotation], kind: str) -> list[Annotation]:
    """Of the labels that start together the most probable one; of the sound statistics the level."""
    found: dict[float, Annotation] = {}
    for a in annotations:
        if a.kind != kind or (kind == "audio" and a.label != LEVEL):
            continue
        if a.start not in found or a.score > found[a.start].score:
            found[a.start] = a
    return list(found.values())


def ribbons(
    rows: Sequence[Lane], segments: Sequence[Segment], duration: float, now: Theme, t: float | None, clip_id: str = ""
) -> "Figure":
    """Draw the rows; hue = the modality that said it, tint = probability.

    `customdata` of each block is its start in seconds.

    Args:
        t: Where the player stands, in seconds; drawn as a line in the accent.
        clip_id: Given for clips with pictures: the shots then show them.
    """
    heights = [SHOTS if name == "Shots" else LANE for name, *_ in rows]
    tops = [sum(heights[:i]) + GAP * i for i in range(len(rows) + 1)]
    figure = base_figure(
        tops[-1] + AXIS, now, margin={"l": 64, "r": 8, "t": 0, "b": AXIS}, barmode="overlay",
        uniformtext={"minsize": 10, "mode": "hide"},
    )  # fmt: skip
    for (name, modality, blocks), top, height in zip(rows, tops, heights, strict=False):
        _lane(figure, name, modality, blocks, top + height / 2, height, now, CHARACTERS / max(duration, 1e-3))
    if clip_id:
        _pictures(figure, segments, clip_id)
    if t is not None and t <= duration:
        figure.add_vline(x=t, line={"color": palette.ACCENT.of(now), "width": 2})
    middles = [top + height / 2 for top, height in zip(tops, heights, strict=False)]
    figure.update_yaxes(
        range=[tops[-1], 0], tickvals=middles, ticktext=[f"{name}  " for name, *_ in rows], showgrid=False
    )
    figure.update_xaxes(range=[0, duration], ticksuffix=" s", nticks=9)
    return figure


def _lane(
    figure: "Figure", name: str, modality: str, blocks: list[Annotation], middle: float, height: int, now: Theme,
    density: float,
) -> None:  # fmt: skip
    """One row of blocks. `density`: how many characters fit in a second."""
    colour = palette.HUES[modality].of(now)
    solid = {"marker": {"opacity": 1}}
    figure.add_bar(
        y=[middle] * len(blocks), x=[max(a.end - a.start, 0.05) for a in blocks], base=[a.start for a in blocks],
        width=height, orientation="h", textposition="inside", constraintext="inside", textangle=0,
        text=[_text(fmt.cut(_label(name, a), int((a.end - a.start) * density))) for a in blocks],
        insidetextanchor="start", textfont={"color": palette.INK.of(now), "size": 12},
        customdata=[a.start for a in blocks], selected=solid, unselected=solid,
        marker={
            "color": [_tint(colour, 0.5 if name == "Sound" else a.score) for a in blocks],
            "line": {"width": 1, "color": palette.BACKGROUND.of(now)},
        },
        hovertemplate=[
            f"{_text(fmt.cut(a.label, 90))}<br>{fmt.moments(a.start, a.end)}"
            f"{'' if name == 'Sound' else f', {fmt.probability(a.score)}'}<br>{_text(a.model)}<extra></extra>"
            if a.model != "segments"
            else f"{name[:-1]} {a.label}<br>{fmt.moments(a.start, a.end)}<extra></extra>"
            for a in blocks
        ],
    )  # fmt: skip


def _pictures(figure: "Figure", segments: Sequence[Segment], clip_id: str) -> None:
    """Thumbnails at the start of the shots; of many shots only every second, third ... one."""
    step = math.ceil(len(segments) / PICTURES) if segments else 1
    for i in range(0, len(segments), step):
        last = segments[min(i + step, len(segments)) - 1]
        figure.add_layout_image(
            source=media_url(clip_id, "frame", i), x=segments[i].start, sizex=last.end - segments[i].start,
            y=SHOTS / 2, sizey=SHOTS - 4, xref="x", yref="y", xanchor="left", yanchor="middle", sizing="contain",
            layer="above",
        )  # fmt: skip


def _tint(colour: str, score: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    alpha = ALPHA[0] + (ALPHA[1] - ALPHA[0]) * min(max(score, 0.0), 1.0)
    return f"rgba({red},{green},{blue},{alpha:.2f})"


def _label(row: str, a: Annotation) -> str:
    """A block's words, with the space that stands for its padding; the shots' pictures speak for themselves."""
    if row == "Shots":
        return ""
    if row == "Sound":
        return f" {a.details.get('value', 0):.0f} dBFS".replace("-", fmt.MINUS)
    if row in ("Parts", "Speech", "Caption"):
        return f" {a.label}"
    return f" {a.label} {fmt.probability(a.score)}"


def _text(text: str) -> str:
    """Other people's text in a chart, which reads a little markup."""
    return fmt.escape(text)
