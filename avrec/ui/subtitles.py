"""Transcripts as SRT and WebVTT files."""

from collections.abc import Sequence

from avrec.schemas import Annotation


def _clock(seconds: float, comma: str) -> str:
    millis = round(max(seconds, 0.0) * 1000)
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, millis = divmod(rest, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{comma}{millis:03d}"


def srt(lines: Sequence[Annotation]) -> str:
    """SubRip text; blank lines inside a cue would end it, so line breaks become spaces."""
    cues = [
        f"{i}\n{_clock(a.start, ',')} --> {_clock(a.end, ',')}\n{' '.join(a.label.split())}\n"
        for i, a in enumerate(lines, 1)
    ]
    return "\n".join(cues)


def vtt(lines: Sequence[Annotation]) -> str:
    """WebVTT text; `-->` inside a cue is not allowed there."""
    cues = [
        f"{_clock(a.start, '.')} --> {_clock(a.end, '.')}\n{' '.join(a.label.split()).replace('-->', '→')}\n"
        for a in lines
    ]
    return "\n".join(["WEBVTT\n", *cues])
