"""From what each person got to means with intervals, and to what can be told apart."""

import numpy as np

from avrec.evaluate import metrics
from avrec.evaluate.intervals import ALPHA, bootstrap, holm, permutation, ratio_bootstrap
from avrec.evaluate.results import Comparison, Estimate, Row
from avrec.evaluate.run import Tally
from avrec.recommend import registry
from avrec.recommend.dataset import Dataset

PLANNED = ("hybrid", "popularity")
COMPARED = ("ndcg", "recall", "precision", "map", "mrr", "hit", "auc")


def estimate(value: float, low: float, high: float, people: int) -> Estimate | None:
    """A record of an estimate; None where there is nothing to tell."""
    if not np.isfinite(value):
        return None
    bounds = (float(low), float(high)) if np.isfinite(low) and np.isfinite(high) else (None, None)
    return Estimate(float(value), *bounds, int(people))


def mean_estimates(values: dict[str, np.ndarray]) -> dict[str, Estimate]:
    """Means over people with bootstrap intervals; metrics without a value are left out."""
    if not values:
        return {}
    table = np.stack(list(values.values()), axis=1)
    low, high = bootstrap(table)
    found = {}
    for i, name in enumerate(values):
        known = table[~np.isnan(table[:, i]), i]
        made = estimate(known.mean(), low[i], high[i], len(known)) if len(known) else None
        if made is not None:
            found[name] = made
    return found


def rating_estimates(sums: dict[str, np.ndarray]) -> dict[str, Estimate]:
    """RMSE and MAE over pairs, resampled by people."""
    count, found = sums["count"][:, None], {}
    people = int((sums["count"] > 0).sum())
    for name, top, root in (("rmse", "squared", True), ("mae", "absolute", False)):
        value = float(sums[top].sum() / max(sums["count"].sum(), 1))
        low, high = ratio_bootstrap(sums[top][:, None], count)
        numbers = [value, float(low[0]), float(high[0])]
        made = estimate(*(np.sqrt(numbers) if root else numbers), people)
        if made is not None:
            found[name] = made
    return found


def make_row(one: Tally, values: dict[str, np.ndarray], dataset: Dataset) -> Row:
    """One line of the leaderboard."""
    entry = registry.ENTRIES.get(one.name)
    title, family = (entry.title, entry.family) if entry else (one.name, "")
    if one.error:
        return Row(one.name, title, family, {}, error=one.error)
    estimates = mean_estimates(values)
    lists = [outcome.lists for outcome in one.outcomes]
    counts = sum((metrics.listed_counts(x, dataset.clips) for x in lists), np.zeros(dataset.clips, dtype=np.int64))
    overall = {
        "coverage": metrics.coverage(counts, dataset.listable),
        "gini": metrics.gini(counts[dataset.listable]),
    }
    people = len({int(p) for outcome in one.outcomes for p in outcome.people})
    for name, value in overall.items():
        if np.isfinite(value):
            estimates[name] = Estimate(value, None, None, people)
    if one.ratings is not None:
        estimates |= rating_estimates(one.ratings)
    return Row(
        one.name,
        title,
        family,
        estimates,
        fit_seconds=sum(o.fit_seconds for o in one.outcomes),
        score_seconds=sum(o.score_seconds for o in one.outcomes),
    )


def best_of(rows: list[Row], metric: str) -> str:
    """Name of the algorithm with the highest mean; empty where none has one."""
    known = [row for row in rows if metric in row.metrics]
    return max(known, key=lambda row: row.metrics[metric].value).algorithm if known else ""


def compare(values: dict[str, dict[str, np.ndarray]], rows: list[Row]) -> list[Comparison]:
    """Every algorithm against popularity, and the best against every other, a family of tests a metric each.

    Hybrid against popularity is the one comparison that is fixed beforehand: it stands alone and needs no correction.

    Args:
        values: Algorithm -> metric -> (people,), the same people for all.
    """
    found = []
    for metric in COMPARED:
        best, names = best_of(rows, metric), [n for n in values if metric in values[n]]
        against = [(n, "popularity") for n in names if n != "popularity"] if "popularity" in names else []
        leading = [(best, n) for n in names if n != best] if best in names else []
        found += _family(metric, [pair for pair in against if pair == PLANNED], values)
        found += _family(metric, [pair for pair in against if pair != PLANNED], values)
        found += _family(metric, [pair for pair in leading if pair not in against], values)
    return found


def _family(metric: str, pairs: list[tuple[str, str]], values: dict[str, dict[str, np.ndarray]]) -> list[Comparison]:
    if not pairs:
        return []
    differences = np.stack([values[a][metric] - values[b][metric] for a, b in pairs], axis=1)
    low, high = bootstrap(differences)
    p = permutation(differences)
    corrected = holm(p)
    means = [float(np.mean(d[~np.isnan(d)])) if (~np.isnan(d)).any() else 0.0 for d in differences.T]
    return [
        Comparison(
            metric, a, b, means[i], *(float(x[i]) if np.isfinite(x[i]) else None for x in (low, high)), float(p[i]),
            float(corrected[i]), bool(corrected[i] < ALPHA),
        )
        for i, (a, b) in enumerate(pairs)
    ]  # fmt: skip


def pareto(points: list[tuple[float, float]]) -> list[bool]:
    """Whether each point is beaten on both by none, larger being better."""
    return [
        not any(x >= a and y >= b and (x > a or y > b) for x, y in points)
        for a, b in points
    ]  # fmt: skip
