"""An evaluation as flat rows: for the command line, for CSV, for the report."""

from typing import Any

from avrec.evaluate.findings import level_with_best
from avrec.evaluate.metrics import TITLES
from avrec.evaluate.results import Evaluation

Rows = list[dict[str, Any]]


def leaderboard(evaluation: Evaluation, metric: str | None = None) -> Rows:
    """A row an algorithm and metric."""
    rows = []
    for row in evaluation.rows:
        for name, estimate in row.metrics.items():
            if metric in (None, name):
                rows.append(
                    {
                        "algorithm": row.algorithm, "title": row.title, "metric": name, "value": estimate.value,
                        "low": estimate.low, "high": estimate.high, "users": estimate.people,
                        "fit_seconds": round(row.fit_seconds, 3), "score_seconds": round(row.score_seconds, 3),
                    }
                )  # fmt: skip
    return rows


def comparisons(evaluation: Evaluation) -> Rows:
    """A row a pair of algorithms and metric."""
    return [
        {
            "metric": c.metric, "first": c.first, "second": c.second, "difference": c.difference, "low": c.low,
            "high": c.high, "p": c.p, "p_holm": c.corrected, "distinguishable": c.distinguishable,
        }
        for c in evaluation.comparisons
    ]  # fmt: skip


def ablation(evaluation: Evaluation) -> Rows:
    """A row a modality."""
    return [
        {
            "modality": a.modality, "alone": a.alone.value, "alone_low": a.alone.low, "alone_high": a.alone.high,
            "without": a.without, "change": a.change.value, "change_low": a.change.low, "change_high": a.change.high,
            "users_hurt": a.hurt, "p": a.p, "p_holm": a.corrected,
        }
        for a in evaluation.ablation
    ]  # fmt: skip


def faithfulness(evaluation: Evaluation) -> Rows:
    """A row an algorithm and kind of reason; rates in [0, 1]."""
    return [
        {
            "algorithm": f.algorithm, "reason": f.reason, "rate": f.rate.value, "low": f.rate.low,
            "high": f.rate.high, "users": f.rate.people, "checked": f.checked,
        }
        for f in evaluation.faithfulness
    ]  # fmt: skip


def cold_start(evaluation: Evaluation) -> Rows:
    """A row an algorithm and length of history."""
    return [
        {
            "algorithm": p.algorithm, "known": p.known, "value": p.estimate.value, "low": p.estimate.low,
            "high": p.estimate.high, "users": p.estimate.people,
        }
        for p in evaluation.cold_start
    ]  # fmt: skip


def calibration(evaluation: Evaluation) -> Rows:
    """A row a stretch of percentiles of the score; rates in [0, 1]."""
    return [
        {
            "percentile_from": b.low, "percentile_to": b.high, "pairs": b.pairs, "hit_rate": b.rate.value,
            "low": b.rate.low, "high": b.rate.high,
        }
        for b in evaluation.calibration
    ]  # fmt: skip


def popularity_bias(evaluation: Evaluation) -> Rows:
    """A row a fifth of the clips; shares in [0, 1]."""
    return [{"clips": b.label, "number": b.clips, "history": b.history, **b.listed} for b in evaluation.popularity_bias]


def worst_served(evaluation: Evaluation) -> Rows:
    """A row a person, the worst first."""
    return [
        {
            "user_id": w.user_id, evaluation.metric: w.value, "history": w.history, "held_out": w.targets,
            "first_hit": w.best_rank,
        }
        for w in evaluation.worst
    ]  # fmt: skip


def two_metrics(evaluation: Evaluation, first: str, second: str) -> Rows:
    """Both metrics of each algorithm that has them."""
    return [
        {
            "algorithm": row.algorithm, "title": row.title, first: row.metrics[first].value,
            second: row.metrics[second].value,
        }
        for row in evaluation.rows
        if first in row.metrics and second in row.metrics
    ]  # fmt: skip


def summary(evaluation: Evaluation, metric: str) -> Rows:
    """The leaderboard of one metric as people read it, the best first."""
    level = level_with_best(evaluation, metric)
    known = [row for row in evaluation.rows if metric in row.metrics]
    known.sort(key=lambda row: row.metrics[metric].value * (1 if metric in ("rmse", "mae") else -1))
    return [
        {
            "algorithm": row.algorithm, TITLES[metric]: round(row.metrics[metric].value, 4),
            "low": _rounded(row.metrics[metric].low), "high": _rounded(row.metrics[metric].high),
            "users": row.metrics[metric].people, "note": "not distinguishable" if row.algorithm in level else "",
        }
        for row in known
    ]  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


TABLES = {
    "leaderboard": leaderboard, "comparisons": comparisons, "ablation": ablation, "faithfulness": faithfulness,
    "cold start": cold_start, "calibration": calibration, "popularity bias": popularity_bias,
    "worst served": worst_served,
}  # fmt: skip


def document(evaluation: Evaluation) -> dict[str, Any]:
    """What `avrec evaluate --json` prints."""
    facts = evaluation.dataset
    return {
        "dataset": facts.name,
        "protocol": evaluation.protocol,
        "rows": leaderboard(evaluation),
        "simulated": facts.simulated,
        "note": facts.note,
        "rejected": [{"line": line, "reason": reason} for line, reason in facts.rejected],
        "k": evaluation.k,
        "users": evaluation.tested,
        "best": evaluation.best,
        "comparisons": comparisons(evaluation),
        "ablation": ablation(evaluation),
        "faithfulness": faithfulness(evaluation),
        "cold_start": cold_start(evaluation),
        "calibration": calibration(evaluation),
        "popularity_bias": popularity_bias(evaluation),
        "worst_served": worst_served(evaluation),
        "errors": {row.algorithm: row.error for row in evaluation.rows if row.error},
        "hash": evaluation.hash,
        "seconds": round(evaluation.seconds, 3),
    }
