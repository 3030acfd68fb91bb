"""How good are lists for somebody of whom 0, 1, 2, 3, 5 or 10 positive events are known?

People are newcomers by halves: a half is taken out of training whole, the recommender is fitted on the others, and
then told the newcomers' first few positives by `update`, as the app does. The same people count at every level.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from avrec.evaluate.leaderboard import mean_estimates
from avrec.evaluate.protocols import Split
from avrec.evaluate.results import ColdPoint
from avrec.evaluate.run import log, run_split
from avrec.recommend import registry
from avrec.recommend.base import Recommender
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset

LEVELS = (0, 1, 2, 3, 5, 10)
LEAST_PEOPLE, LEAST_SHARE = 10, 0.25
ALGORITHMS = ("hybrid", "content", "item-knn", "popularity")


def newcomers(split: Split) -> tuple[np.ndarray, int]:
    """The people who count, and the most that can be known of all of them."""
    counts = split.train.positives.getnnz(axis=1)[split.people]
    for level in LEVELS[::-1]:
        enough = split.people[counts >= level]
        if len(enough) >= max(LEAST_PEOPLE, LEAST_SHARE * len(split.people)) or level == 1:
            return enough, level
    return split.people, 0


def keep_first(train: Dataset, people: np.ndarray, known: int, order: np.ndarray) -> Dataset:
    """Training data in which these people have only their first `known` positives, by a random order.

    Args:
        order: (people, clips) sparse of random keys, the same at every level, so that levels are nested.
    """
    mine = np.zeros(len(train.user_ids), dtype=bool)
    mine[people] = True

    def others(matrix: sp.csr_matrix) -> sp.csr_matrix:
        return sp.csr_matrix(sp.diags_array((~mine).astype(float)) @ matrix)

    keys = order.tocoo()
    inside = mine[keys.row]
    rows, columns, data = keys.row[inside], keys.col[inside], keys.data[inside]
    sort = np.lexsort((data, rows))
    rows, columns = rows[sort], columns[sort]
    first = np.arange(len(rows)) - np.searchsorted(rows, rows) < known
    mask = sp.csr_matrix((np.ones(first.sum()), (rows[first], columns[first])), shape=order.shape)
    return replace(
        train,
        user_items=sp.csr_matrix(others(train.user_items) + train.user_items.multiply(mask)),
        seen=sp.csr_matrix(others(train.seen) + mask),
        hidden=others(train.hidden),
        ratings=None if train.ratings is None else sp.csr_matrix(others(train.ratings) + train.ratings.multiply(mask)),
    )


def cold_start(
    split: Split,
    algorithms: list[str],
    content: ContentModel,
    k: int,
    metric: str,
    ties: np.ndarray,
    make: Callable[[str], Recommender] = registry.make,
    seed: int = 0,
) -> tuple[list[ColdPoint], int]:
    """The curve of each algorithm, and how many people it is over."""
    people, most = newcomers(split)
    if len(people) < 2:
        return [], 0
    rng = np.random.default_rng(seed)
    order = split.train.positives.copy()
    order.data = rng.random(len(order.data)) + 1e-9
    halves = np.array_split(rng.permutation(people), 2)
    levels = [level for level in LEVELS if level <= most]
    found = []
    for name in algorithms:
        values: dict[int, list[np.ndarray]] = {level: [] for level in levels}
        try:
            for half in map(np.sort, halves):
                model = make(name).fit(keep_first(split.train, half, 0, order), content)
                for level in levels:
                    train = keep_first(split.train, half, level, order)
                    asked = replace(split, train=train, people=half)
                    values[level].append(run_split(model.update(train), asked, k, ties).values[metric])
        except Exception:
            # An algorithm that cannot take in newcomers has no curve; the others still do.
            log.exception("no cold-start curve of %s", name)
            continue
        for level in levels:
            made = mean_estimates({metric: np.concatenate(values[level])})
            if metric in made:
                found.append(ColdPoint(name, level, made[metric]))
    return found, len(people)
