"""One job of the queue as HTML: picture, title and file, stage chips or what was found, and when."""

from collections.abc import Sequence

from avrec.schemas import STAGES, Clip, Job
from avrec.ui import format as fmt
from avrec.ui.cards import thumbnail
from avrec.ui.format import escape

SHOWS = ("All", "Running", "Done", "Needs you")


def fits(job: Job, show: str) -> bool:
    """Whether a job belongs under one of SHOWS."""
    match show:
        case "Running":
            return job.state in ("queued", "running")
        case "Done":
            return job.state == "done"
        case "Needs you":
            return job.state in ("failed", "cancelled")
        case _:
            return True


def row(job: Job, clip: Clip | None, peaks: Sequence[float] = ()) -> str:
    """HTML of a row. `clip`: what came of the job, where it is in the library; `peaks` outline its sound."""
    return (
        f'<div class="av-job">{thumbnail(clip, peaks, small=True)}'
        f'<div class="av-job-name"><b title="{escape(job.title)}">{escape(job.title)}</b>'
        f'<small class="av-mut">{escape(fmt.cut(job.file_name, 40))}</small></div>'
        f'<div class="av-job-state">{state(job)}</div>'
        f'<div class="av-mut av-num av-job-when">{escape(when(job))}</div></div>'
    )


def state(job: Job) -> str:
    """Stage chips of an unfinished job; of a finished one the number of stages and what was found."""
    if job.state == "done":
        return (
            f'<span class="av-chip av-chip-green">{_mark(job)}</span><span class="av-cap">{escape(_found(job))}</span>'
        )
    chips = []
    for stage in STAGES:
        if stage in job.stages_done:
            chips.append(f'<span class="av-chip av-chip-green">✓ {stage}</span>')
        elif stage == job.stage and job.state in ("running", "failed"):
            tone, mark = ("av-chip-red", "✗ ") if job.state == "failed" else ("av-chip-on", "")
            chips.append(f'<span class="av-chip {tone}">{mark}{stage}</span>')
        else:
            chips.append(f'<span class="av-chip">{stage}</span>')
    return "".join(chips)


def _mark(job: Job) -> str:
    if job.outcome == "duplicate":
        return "✓ known"
    if job.outcome == "partial":
        return "✓ partial"
    return "✓ text" if job.stages_done == ("text",) else f"✓ {len(STAGES)} of {len(STAGES)} stages"


def _found(job: Job) -> str:
    if job.outcome == "duplicate":
        return job.found or "already indexed, same bytes"
    return ". ".join(part.rstrip(".") for part in (job.found, job.reason) if part)


def when(job: Job) -> str:
    """How far a job is, or how it ended."""
    match job.state:
        case "running":
            left = f", {fmt.duration(job.seconds_left)} left" if job.seconds_left is not None else ""
            return f"{fmt.percent(job.progress)}{left}"
        case "queued":
            return "waiting"
        case "done":
            return "known" if job.outcome == "duplicate" else f"done, {fmt.duration(sum(job.stage_seconds.values()))}"
        case "failed":
            return "stopped"
        case _:
            return "cancelled"
