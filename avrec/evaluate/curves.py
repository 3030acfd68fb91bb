"""Is a high percentile a likely hit, whom do lists favour, and who is served worst?"""

import numpy as np

from avrec.evaluate.intervals import ratio_bootstrap
from avrec.evaluate.leaderboard import estimate
from avrec.evaluate.metrics import listed_counts
from avrec.evaluate.protocols import Split
from avrec.evaluate.results import CalibrationBin, PopularityBin, WorstServed
from avrec.evaluate.run import Outcome, Tally, score_blocks
from avrec.recommend.base import Recommender
from avrec.recommend.dataset import Dataset

BINS = 10
MOST_PEOPLE = 400
FIFTHS = ("least liked fifth", "second", "third", "fourth", "most liked fifth")
WORST = 8


def calibration(model: Recommender, split: Split) -> list[CalibrationBin]:
    """Tenths of all scored pairs by score, and the share of hits in each."""
    rng = np.random.default_rng(0)
    people = split.people
    if len(people) > MOST_PEOPLE:
        people = np.sort(rng.choice(people, MOST_PEOPLE, replace=False))
    owners, scores, hits = [], [], []
    for at, block, allowed in score_blocks(model, split.train, people):
        row, column = np.nonzero(allowed)
        owners.append(at[row])
        scores.append(block[row, column])
        hits.append(split.targets[people[at]].toarray()[row, column] > 0)
    who, score, hit = (np.concatenate(x) for x in (owners, scores, hits))
    if len(score) < BINS * 2:
        return []
    edges = np.quantile(score, np.linspace(0, 1, BINS + 1))
    place = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, BINS - 1)
    counts = np.bincount(who * BINS + place, minlength=len(people) * BINS).reshape(-1, BINS).astype(float)
    found = np.bincount(who * BINS + place, hit, minlength=len(people) * BINS).reshape(-1, BINS)
    low, high = ratio_bootstrap(found, counts)
    bins = []
    for b in range(BINS):
        pairs = int(counts[:, b].sum())
        rate = estimate(found[:, b].sum() / pairs, low[b], high[b], len(people)) if pairs else None
        if rate:
            bins.append(CalibrationBin(100 * b / BINS, 100 * (b + 1) / BINS, pairs, rate))
    return bins


def popularity_bias(tallies: list[Tally], train: Dataset) -> list[PopularityBin]:
    """Fifths of the clips by likes in training: their share of histories and of each algorithm's lists."""
    clips = np.flatnonzero(train.listable)
    if len(clips) < len(FIFTHS):
        return []
    order = clips[np.argsort(train.liked[clips], kind="stable")]
    total = max(float(train.liked[clips].sum()), 1.0)
    counts = {
        t.name: sum((listed_counts(o.lists, train.clips) for o in t.outcomes), np.zeros(train.clips))
        for t in tallies
        if t.outcomes
    }
    return [
        PopularityBin(
            label,
            len(part),
            float(train.liked[part].sum() / total),
            {name: float(c[part].sum() / max(c.sum(), 1.0)) for name, c in counts.items()},
        )
        for label, part in zip(FIFTHS, np.array_split(order, len(FIFTHS)), strict=True)
    ]


def worst_served(outcome: Outcome, split: Split, metric: str) -> list[WorstServed]:
    """The people with the lowest values; among equals those with the longest history, who could expect most."""
    values = outcome.values[metric]
    history = split.train.positives.getnnz(axis=1)[outcome.people]
    first = np.where(outcome.hits.any(axis=1), outcome.hits.argmax(axis=1) + 1, 0)
    targets = split.targets.getnnz(axis=1)[outcome.people]
    order = np.lexsort((-history, np.nan_to_num(values)))[:WORST]
    return [
        WorstServed(
            split.train.user_ids[outcome.people[i]],
            float(values[i]),
            int(history[i]),
            int(targets[i]),
            int(first[i]) or None,
        )
        for i in order.tolist()
    ]
