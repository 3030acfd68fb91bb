"""How fast the stages are here, from the jobs that are done; nothing is assumed before anything was measured."""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from avrec.schemas import STAGES


def stage_speeds(rows: Sequence[sa.Row]) -> dict[str, float]:
    """Median seconds of work per second of clip, by stage, over finished jobs."""
    done = [row for row in rows if row.state == "done" and row.duration and row.stage_seconds]
    return {
        stage: float(np.median(rates))
        for stage in STAGES
        if (rates := [row.stage_seconds[stage] / row.duration for row in done if stage in row.stage_seconds])
    }


def seconds_left(row: sa.Row, speeds: dict[str, float]) -> float | None:
    """Estimate for a running job from the stages it has left; None before its length or any speed is known."""
    if not row.duration or not speeds:
        return None
    left = [stage for stage in STAGES if stage not in row.stages_done]
    return sum(speeds.get(stage, 0.0) for stage in left) * row.duration
