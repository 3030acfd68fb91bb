"""How fast the stages are here, from the jobs that are done; nothing is assumed before anything was measured."""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from avrec.schemas import STAGES


def stage_speeds(rows: Sequence[sa.Row]) -> dict[str, float]:
    """Median seconds of work per second of clip, by stage, over finished jobs."""
    done = [row for row in rows if row.state == "done" and row.kind == "ingest" and row.duration]
    return {
        stage: float(np.median(rates))
        for stage in STAGES
        if (rates := [row.stage_seconds[stage] / row.duration for row in done if stage in row.stage_seconds])
    }


def seconds_left(row: sa.Row, speeds: dict[str, float], rows: Sequence[sa.Row] = ()) -> float | None:
    """Estimate for a running job from the stages it has left; None before any speed is known.

    Before its length is known, the median of the jobs that are done stands in.

    Args:
        rows: Jobs to take that median from.
    """
    if row.kind != "ingest":
        return None
    duration = row.duration or _usual_duration(rows)
    if not duration or not speeds:
        return None
    left = [stage for stage in STAGES if stage not in row.stages_done]
    return sum(speeds.get(stage, 0.0) for stage in left) * duration * _overlap(rows)


def queue_left(rows: Sequence[sa.Row], speeds: dict[str, float]) -> float | None:
    """Estimate for all files that run and wait; None before any speed is known."""
    live = [row for row in rows if row.state in ("queued", "running") and row.kind == "ingest"]
    each = [seconds_left(row, speeds, rows) for row in live]
    return sum(s for s in each if s is not None) if live and any(s is not None for s in each) else None


def _usual_duration(rows: Sequence[sa.Row]) -> float | None:
    """Median length of the clips that are done, in seconds."""
    known = [row.duration for row in rows if row.duration and row.kind == "ingest"]
    return float(np.median(known)) if known else None


def _overlap(rows: Sequence[sa.Row]) -> float:
    """Seconds that pass per second of work: less than 1, since sound and pictures run beside each other."""
    shares = []
    for row in rows:
        if row.state == "done" and row.kind == "ingest" and len(row.stage_times) == len(STAGES):
            starts, ends = zip(*row.stage_times.values(), strict=True)
            work = sum(row.stage_seconds.values())
            shares += [min(1.0, (max(ends) - min(starts)) / work)] if work > 0 else []
    return float(np.median(shares)) if shares else 1.0
