"""How fast the stages are here, from the jobs that are done; nothing is assumed before anything was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa

from avrec.ingest.clip_run import SHARES
from avrec.schemas import STAGES


@dataclass(frozen=True)
class Pace:
    """What the finished jobs say about the next ones.

    Attributes:
        speeds: Stage -> median seconds of work per second of clip; empty before the first clip.
        usual: Median length of a clip in seconds, for those whose length is not known yet.
        overlap: Seconds that pass per second of work: less than 1, since sound and pictures run beside each other.
    """

    speeds: dict[str, float] = field(default_factory=dict)
    usual: float | None = None
    overlap: float = 1.0

    def seconds(self, done: Sequence[str], duration: float | None, progress: float = 0.0) -> float | None:
        """Estimate for the stages that a file has left; None before any speed is known.

        Args:
            done: Its finished stages.
            duration: Of the file; the usual length stands in for an unknown one.
            progress: Share of all its work that is done, as its job says, in [0, 1].
        """
        duration = duration or self.usual
        if not duration or not self.speeds:
            return None
        left = sum(rate for stage, rate in self.speeds.items() if stage not in done)
        finished = sum(SHARES[stage] for stage in done if stage in SHARES)
        begun = (progress - finished) / (1.0 - finished) if finished < progress < 1.0 else 0.0
        return left * (1.0 - begun) * duration * self.overlap

    def of_queue(self, begun: Sequence[sa.Row], untouched: int) -> float | None:
        """Estimate for everything that runs and waits; None where nothing does or no speed is known.

        Args:
            begun: (stages_done, duration, progress) of the files that are no longer untouched.
            untouched: How many files wait from their first stage on.
        """
        each = [self.seconds(row.stages_done, row.duration, row.progress) for row in begun]
        each += [one * untouched] if untouched and (one := self.seconds((), None)) is not None else []
        known = [seconds for seconds in each if seconds is not None]
        return sum(known) if known else None


def pace(rows: Sequence[sa.Row]) -> Pace:
    """Measure on finished jobs of files."""
    done = [row for row in rows if row.state == "done" and row.kind == "ingest" and row.duration]
    speeds = {
        stage: float(np.median(rates))
        for stage in STAGES
        if (rates := [row.stage_seconds[stage] / row.duration for row in done if stage in row.stage_seconds])
    }
    shares = [share for row in done if (share := _share(row)) is not None]
    usual = float(np.median([row.duration for row in done])) if done else None
    return Pace(speeds, usual, float(np.median(shares)) if shares else 1.0)


def preset_speeds(rows: Sequence[sa.Row]) -> dict[str, tuple[float, int]]:
    """Preset -> (median seconds of work per second of clip, of how many clips)."""
    rates: dict[str, list[float]] = {}
    for row in rows:
        if row.state == "done" and row.kind == "ingest" and row.outcome != "duplicate" and row.duration:
            rates.setdefault(row.preset, []).append(sum(row.stage_seconds.values()) / row.duration)
    return {preset: (float(np.median(values)), len(values)) for preset, values in rates.items()}


def _share(row: sa.Row) -> float | None:
    """Seconds that passed per second of work on one file; None where it was interrupted or not measured."""
    work = sum(row.stage_seconds.values())
    if len(row.stage_times) != len(STAGES) or work <= 0:
        return None
    starts, ends = zip(*row.stage_times.values(), strict=True)
    return min(1.0, (max(ends) - min(starts)) / work)
