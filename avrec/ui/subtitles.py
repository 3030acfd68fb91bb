"""Transcripts as SRT and WebVTT files."""

from collections.abc import Sequence
from html import escape

from avrec.schemas import Annotation
from avrec.ui.format import JOINER


def _clock(seconds: float, comma: str) -> str:
    millis = round(max(seconds, 0.0) * 1000)
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, millis = divmod(rest, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{comma}{millis:03d}"


def _said(line: Annotation) -> str:
    """What was said, on one line; an arrow would look like a time."""
    return " ".join(line.label.split()).replace("-->", "→")


def srt(lines: Sequence[Annotation]) -> str:
    """SubRip text; blank lines inside a cue would end it, so line breaks become spaces.

    Players run tags and know no escape, so a joiner of no width keeps `<b>` and `{\\an8}` from being one.
    """
    cues = [
        f"{i}\n{_clock(a.start, ',')} --> {_clock(a.end, ',')}\n"
        f"{_said(a).replace('<', '<' + JOINER).replace('{', '{' + JOINER)}\n"
        for i, a in enumerate(lines, 1)
    ]
    return "\n".join(cues)


def vtt(lines: Sequence[Annotation]) -> str:
    """WebVTT text, with its own escapes."""
    cues = [f"{_clock(a.start, '.')} --> {_clock(a.end, '.')}\n{escape(_said(a), quote=False)}\n" for a in lines]
    return "\n".join(["WEBVTT\n", *cues])
