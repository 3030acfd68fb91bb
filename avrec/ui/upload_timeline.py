"""When each stage of the latest clips ran: a bar a stage on one time axis, so that what overlaps is seen to overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from avrec.schemas import STAGES, Job
from avrec.ui import format as fmt
from avrec.ui.format import escape

HUES = {"segments": "visual", "pictures": "visual", "speech": "speech", "audio": "audio", "text": "words"}
NEUTRAL = "neutral"  # stages that belong to no modality
IDLE_SECONDS, IDLE_WIDTH = 8.0, 0.03  # a longer idle time is cut to this share of the axis
LEAST = 0.12  # percent of the axis, so that an instantaneous stage is still a line
TICKS = 6
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass(frozen=True)
class Bar:
    """A stage of a job. `start`, `end`: seconds since 1970; `running`: it has not ended yet; `lane`: 0 or 1."""

    job: Job
    stage: str
    start: float
    end: float
    running: bool
    lane: int = 0


def hue(stage: str) -> str:
    """The class that colours a stage: its modality's, else neutral."""
    return HUES.get(stage, NEUTRAL)


def bars(job: Job, now: float) -> list[Bar]:
    """The stages of a job that have begun, each in the first lane that is free; one in hand ends now."""
    times = []
    for stage, (start, end) in job.stage_times.items():
        running = job.state == "running" and stage in job.stages_now
        if running or end > start:
            times.append((start, max(now, start) if running else end, stage, running))
    made, free = [], [0.0, 0.0]
    for start, end, stage, running in sorted(times):
        lane = 0 if start >= free[0] - 0.01 else 1
        free[lane] = max(free[lane], end)
        made.append(Bar(job, stage, start, end, running, lane))
    return made


class Axis:
    """Seconds since 1970 -> percent of the width; times in which nothing ran are cut to a narrow gap."""

    def __init__(self, spans: Sequence[tuple[float, float]]):
        self.busy: list[tuple[float, float]] = []
        for start, end in sorted(spans):
            if self.busy and start - self.busy[-1][1] <= IDLE_SECONDS:
                self.busy[-1] = (self.busy[-1][0], max(end, self.busy[-1][1]))
            else:
                self.busy.append((start, end))
        worked = sum(end - start for start, end in self.busy) or 1.0
        gap = min(IDLE_WIDTH, 0.3 / max(len(self.busy), 1))
        self._gap = worked * gap / max(1e-9, 1.0 - gap * (len(self.busy) - 1))
        self.width = worked + self._gap * (len(self.busy) - 1)

    def at(self, moment: float) -> float:
        """Where a moment lies, in percent; one in an idle time lies at its end."""
        passed = 0.0
        for start, end in self.busy:
            if moment <= end:
                return 100.0 * (passed + max(0.0, moment - start)) / self.width
            passed += end - start + self._gap
        return 100.0

    def gaps(self) -> list[tuple[float, float]]:
        """(where it lies in percent, how long it was in seconds) of each idle time."""
        pairs = zip(self.busy, self.busy[1:], strict=False)
        return [(self.at(after[0]) - 50.0 * self._gap / self.width, after[0] - before[1]) for before, after in pairs]

    def ticks(self) -> list[float]:
        """Round moments, some six over the whole axis, none in an idle time."""
        step = next((s for s in STEPS if self.width / s <= TICKS), STEPS[-1])
        first = [step * -(-start // step) for start, _ in self.busy]
        return [t for (_, end), at in zip(self.busy, first, strict=True) for t in _until(at, end, step)]


def _until(start: float, end: float, step: float) -> list[float]:
    return [start + step * i for i in range(int((end - start) // step) + 1)] if end >= start else []


def gantt(jobs: Sequence[Job], now: float, zone: tzinfo = UTC) -> str:
    """HTML of the bars: a row a clip, the first one at the top; "" where nothing was timed."""
    rows = [(job, made) for job in jobs if (made := bars(job, now))]
    if not rows:
        return ""
    rows.sort(key=lambda row: row[1][0].start)
    axis = Axis([(bar.start, bar.end) for _, made in rows for bar in made])
    marks = "".join(
        f'<i class="av-gap" style="left:{at:.2f}%" title="idle for {escape(fmt.duration(seconds))}"></i>'
        for at, seconds in axis.gaps()
    )
    marks = "".join(f'<i class="av-tick" style="left:{axis.at(t):.2f}%"></i>' for t in axis.ticks()) + marks
    drawn = "".join(_row(job, made, axis, marks) for job, made in rows)
    return f'<div class="av-gantt" role="img" aria-label="{escape(_alt(rows))}">{drawn}{_ticks(axis, zone)}</div>'


def _row(job: Job, made: Sequence[Bar], axis: Axis, marks: str) -> str:
    drawn = "".join(_bar(bar, axis) for bar in made)
    seconds = max(bar.end for bar in made) - made[0].start
    return (
        f'<span title="{escape(job.title)}">{escape(job.title)}</span><div class="av-lane2">{marks}{drawn}</div>'
        f'<span class="av-num" title="{escape(_pace(job, seconds))}">{fmt.duration(seconds)}</span>'
    )


def _bar(bar: Bar, axis: Axis) -> str:
    left = axis.at(bar.start)
    width = max(axis.at(bar.end) - left, LEAST)
    classes = f"av-b av-m-{hue(bar.stage)} av-l{bar.lane}{' av-live' if bar.running else ''}"
    return f'<i class="{classes}" style="left:{left:.2f}%;width:{width:.2f}%" title="{escape(tip(bar))}"></i>'


def tip(bar: Bar) -> str:
    """What hovering over a bar says."""
    seconds = bar.end - bar.start
    words = f"{bar.stage.capitalize()} of {bar.job.title}: {fmt.duration(seconds)}{' so far' if bar.running else ''}"
    if bar.running or not bar.job.duration:
        return words
    return f"{words}, {seconds / bar.job.duration:.2f} s per s of clip"


def _pace(job: Job, seconds: float) -> str:
    return f"{job.duration / seconds:.2f}× real time" if job.duration and seconds > 0 and job.state == "done" else ""


def _ticks(axis: Axis, zone: tzinfo) -> str:
    labels, last = [], -20.0
    for moment in axis.ticks():
        at = axis.at(moment)
        if at - last >= 11 and at <= 95:
            text = datetime.fromtimestamp(moment, zone).strftime("%H:%M:%S")
            labels.append(f'<span style="left:{at:.2f}%">{text}</span>')
            last = at
    return f'<span></span><div class="av-ticks">{"".join(labels)}</div><span></span>'


def _alt(rows: Sequence[tuple[Job, Sequence[Bar]]]) -> str:
    parts = [f"{job.title} {fmt.duration(max(b.end for b in made) - made[0].start)}" for job, made in rows]
    return f"Stages over time, by clip: {'; '.join(parts)}. The table holds every stage."


def table(jobs: Sequence[Job], now: float) -> list[dict[str, object]]:
    """The bars as rows: a stage a line, times in UTC."""
    return [
        {
            "clip": bar.job.title,
            "file": bar.job.file_name,
            "stage": bar.stage,
            "start": datetime.fromtimestamp(bar.start, UTC).isoformat(timespec="milliseconds"),
            "seconds": round(bar.end - bar.start, 3),
            "s per s of clip": round((bar.end - bar.start) / bar.job.duration, 3) if bar.job.duration else None,
            "x real time": round(bar.job.duration / (bar.end - bar.start), 2)
            if bar.job.duration and bar.end > bar.start
            else None,
            "state": "in hand" if bar.running else "done",
        }
        for job in jobs
        for bar in sorted(bars(job, now), key=lambda b: (b.start, STAGES.index(b.stage)))
    ]
