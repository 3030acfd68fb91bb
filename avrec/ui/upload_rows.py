"""One job of the queue as HTML: picture, title and file, stage chips or what was found, and when."""

from collections.abc import Sequence

from avrec.ingest.reasons import own_sentence
from avrec.schemas import STAGES, Clip, Job, QueueCounts
from avrec.ui import format as fmt
from avrec.ui.cards import thumbnail
from avrec.ui.format import escape

SHOWS = {
    "All": ("running", "queued", "done", "failed", "cancelled"),
    "Running": ("running",),
    "Waiting": ("queued",),
    "Done": ("done",),
    "Needs you": ("failed",),
    "Cancelled": ("cancelled",),
}
KINDS = {  # kind of work that is no new file -> (icon, word on its chip)
    "folder": ("folder_open", "folder"),
    "text": ("edit_note", "text"),
    "profile": ("person", "own words"),
    "rerun": ("autorenew", "stage again"),
    "media": ("image", "previews"),
}
SOUND_SUFFIXES = (".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac")


def counted(counts: QueueCounts) -> dict[str, int]:
    """SHOWS -> how many jobs it holds."""
    states = {
        "running": counts.running, "queued": counts.waiting, "done": counts.done, "failed": counts.failed,
        "cancelled": counts.cancelled,
    }  # fmt: skip
    return {name: sum(states[state] for state in parts) for name, parts in SHOWS.items()}


def row(job: Job, clip: Clip | None, peaks: Sequence[float] = (), place: int | None = None) -> str:
    """HTML of a row.

    Args:
        clip: What came of the job, where it is in the library; `peaks` outline its sound.
        place: How many jobs begin before it, where that is known.
    """
    shown = [job.file_name] if job.kind == "ingest" else []
    shown += [fmt.duration(job.duration)] if job.duration else []
    shown += [job.preset] if job.kind in ("ingest", "folder") and job.preset != "balanced" else []
    return (
        f'<div class="av-job">{picture(job, clip, peaks)}'
        f'<div class="av-job-name"><b title="{escape(job.title)}">{escape(job.title)}</b>'
        f'<small class="av-mut" title="{escape(job.file_name)}">{escape(_remark(shown))}</small></div>'
        f'<div class="av-job-state">{state(job)}</div>'
        f'<div class="av-mut av-num av-job-when">{escape(when(job, place))}</div></div>'
    )


def _remark(parts: Sequence[str]) -> str:
    return ", ".join([fmt.cut(parts[0], 40), *parts[1:]]) if parts else ""


def picture(job: Job, clip: Clip | None, peaks: Sequence[float] = ()) -> str:
    """The clip's picture; before there is one, an icon for what the job is."""
    if clip is not None:
        return thumbnail(clip, peaks, small=True)
    sound = job.file_name.lower().endswith(SOUND_SUFFIXES)
    icon = KINDS[job.kind][0] if job.kind in KINDS else "graphic_eq" if sound else "movie"
    return f'<div class="av-thumb av-icon" aria-hidden="true"><span>{icon}</span></div>'


def state(job: Job) -> str:
    """Stage chips of an unfinished file; else what was found, or why it stopped."""
    if job.state == "done":
        return _chip(f"✓ {_mark(job)}", "green") + _words(_found(job))
    if job.kind != "ingest":
        return _other(job)
    if job.state == "failed":
        return _chip(f"✗ {job.stage or 'not read'}", "red") + _words(_why(job))
    if job.state == "queued" and not job.stages_done:
        return _words(f"{len(STAGES)} stages to do")
    now = (job.stages_now or (job.stage,)) if job.state == "running" else ()
    tones = dict.fromkeys(now, "on") | dict.fromkeys(job.stages_done, "green")
    return "".join(_chip(("✓ " if tones.get(s) == "green" else "") + s, tones.get(s, "")) for s in STAGES)


def _other(job: Job) -> str:
    """Work that is no new file: what it is, and how far."""
    word = KINDS.get(job.kind, ("", job.kind))[1]
    if job.state == "failed":
        return _chip(f"✗ {word}", "red") + _words(_why(job))
    return _chip(word, "on" if job.state == "running" else "") + _words(job.stage if job.state == "running" else "")


def _why(job: Job) -> str:
    sentence = own_sentence(job.file_name, job.reason)
    return sentence[:1].upper() + sentence[1:]


def _chip(text: str, tone: str = "") -> str:
    return f'<span class="av-chip{f" av-chip-{tone}" if tone else ""}">{escape(text)}</span>'


def _words(text: str) -> str:
    return f'<span class="av-cap">{escape(text)}</span>' if text else ""


def _mark(job: Job) -> str:
    if job.kind != "ingest":
        return KINDS.get(job.kind, ("", job.kind))[1]
    if job.outcome == "duplicate":
        return "known"
    return "partial" if job.outcome == "partial" else f"{len(STAGES)} of {len(STAGES)} stages"


def _found(job: Job) -> str:
    if job.outcome == "duplicate":
        return job.found or "already indexed, same bytes"
    return ". ".join(part.rstrip(".") for part in (job.found, job.reason) if part)


def when(job: Job, place: int | None = None) -> str:
    """How far a job is, or how it ended."""
    match job.state:
        case "running":
            left = f", {fmt.duration(job.seconds_left)} left" if job.seconds_left is not None else ""
            return f"{fmt.percent(job.progress)}{left}"
        case "queued":
            return "waiting" if place is None else "next" if place == 0 else f"#{place + 1:,} in line"
        case "done":
            return "known" if job.outcome == "duplicate" else f"done, {fmt.duration(sum(job.stage_seconds.values()))}"
        case "failed":
            return "stopped"
        case _:
            return "cancelled"
