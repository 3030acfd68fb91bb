"""Quality of lists and of predictions, a value a person; vectorised over people.

A list is a row of clip positions, best first, -1 where it ends early. A metric that cannot be told for a person is
NaN there, and left out of means.
"""

import numpy as np
import scipy.sparse as sp

TITLES = {
    "ndcg": "nDCG", "recall": "Recall", "precision": "Precision", "map": "MAP", "mrr": "MRR", "hit": "Hit rate",
    "auc": "AUC", "diversity": "Intra-list diversity", "novelty": "Novelty, bits", "serendipity": "Serendipity",
    "popularity": "Popularity of what is listed", "coverage": "Coverage", "gini": "Gini", "rmse": "RMSE", "mae": "MAE",
}  # fmt: skip


def top_lists(scores: np.ndarray, allowed: np.ndarray, ties: np.ndarray, k: int) -> np.ndarray:
    """The k best allowed clips of each person, (people, k); equal scores stand in the order of `ties`.

    Args:
        scores: (people, clips); not finite counts as the worst.
        allowed: (people, clips) mask.
        ties: (clips,) a permutation.
    """
    people, clips = scores.shape
    width = min(k, clips)
    out = np.full((people, k), -1, dtype=np.int64)
    if not width or not people:
        return out
    # Columns in the order of ties, so that a stable sort keeps it.
    order = np.argsort(ties, kind="stable")
    values = np.where(allowed & np.isfinite(scores), scores, -np.inf)[:, order]
    values = np.where(allowed[:, order] & ~np.isfinite(values), np.finfo(float).min, values)
    limit = np.partition(values, clips - width, axis=1)[:, clips - width]
    for i in range(people):  # the k best of each, ties at the edge included
        near = np.flatnonzero((values[i] >= limit[i]) & (values[i] > -np.inf))
        best = near[np.argsort(-values[i, near], kind="stable")[:width]]
        out[i, : len(best)] = order[best]
    return out


def hits_of(lists: np.ndarray, targets: sp.csr_matrix) -> np.ndarray:
    """(people, k) whether each place is a target. `targets` has the same rows as `lists`."""
    rows = np.repeat(np.arange(len(lists)), lists.shape[1])
    found = np.asarray(targets[rows, np.maximum(lists, 0).ravel()]).ravel() > 0 if lists.size else np.zeros(0, bool)
    return found.reshape(lists.shape) & (lists >= 0)


def accuracy(hits: np.ndarray, relevant: np.ndarray) -> dict[str, np.ndarray]:
    """nDCG, recall, precision, average precision, reciprocal rank and hit rate at k.

    Args:
        hits: (people, k).
        relevant: (people,) how many targets each has. nDCG and MAP are over what a list of k could reach.
    """
    k = hits.shape[1]
    places = np.arange(1, k + 1)
    discount = 1 / np.log2(places + 1)
    reach = np.minimum(relevant, k)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[reach]
    count = hits.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precise = np.cumsum(hits, axis=1) / places
        first = np.where(count > 0, hits.argmax(axis=1) + 1.0, np.inf)
        values = {
            "ndcg": hits @ discount / ideal,
            "recall": count / relevant,
            "precision": count / k + 0 * relevant,
            "map": (precise * hits).sum(axis=1) / reach,
            "mrr": 1 / first,
            "hit": (count > 0).astype(float),
        }
    return {name: np.where(relevant > 0, value, np.nan) for name, value in values.items()}


def auc(scores: np.ndarray, allowed: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Chance that a target stands above another allowed clip, ties counting half: (people,).

    Args:
        scores, allowed, targets: (people, clips).
    """
    from scipy.stats import rankdata

    values = np.where(np.isfinite(scores), scores, np.finfo(float).min)
    ranks = rankdata(np.where(allowed, values, -np.inf), axis=1)  # what is not allowed takes the lowest ranks
    good = (targets & allowed).sum(axis=1)
    all_of = allowed.sum(axis=1)
    away = scores.shape[1] - all_of
    sums = (ranks * (targets & allowed)).sum(axis=1) - good * away
    bad = all_of - good
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((good > 0) & (bad > 0), (sums - good * (good + 1) / 2) / (good * bad), np.nan)


def diversity(lists: np.ndarray, likeness: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean of 1 - likeness over the pairs of a list, (people,).

    Args:
        likeness: (n, n) in [0, 1] among the clips that occur in any list.
        rows: (clips,) the row of each clip in `likeness`.
    """
    given = lists >= 0
    at = rows[np.maximum(lists, 0)]
    both = given[:, :, None] & given[:, None, :] & ~np.eye(lists.shape[1], dtype=bool)
    apart = np.where(both, 1 - likeness[at[:, :, None], at[:, None, :]], 0.0)
    count = both.sum(axis=(1, 2))
    return np.where(count > 0, apart.sum(axis=(1, 2)) / np.maximum(count, 1), np.nan)


def novelty(lists: np.ndarray, liked: np.ndarray, people: int) -> np.ndarray:
    """Mean self-information of the listed clips in bits, -log2((liked + 1) / (people + 1)): (people,)."""
    bits = -np.log2((liked + 1.0) / (people + 1.0))
    return mean_of(lists, bits)


def serendipity(lists: np.ndarray, hits: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Share of the places that are hits and that popularity would not have listed, (people,) (Ge et al. 2010).

    Args:
        expected: (people, k) popularity's own list for the same people.
    """
    known = (lists[:, :, None] == expected[:, None, :]).any(axis=2)
    places = (lists >= 0).sum(axis=1)
    return np.where(places > 0, (hits & ~known).sum(axis=1) / np.maximum(places, 1), np.nan)


def mean_of(lists: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of a value a clip over each list, (people,)."""
    given = lists >= 0
    count = given.sum(axis=1)
    sums = np.where(given, values[np.maximum(lists, 0)] if len(values) else 0.0, 0.0).sum(axis=1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def listed_counts(lists: np.ndarray, clips: int) -> np.ndarray:
    """(clips,) in how many lists each clip stands."""
    return np.bincount(lists[lists >= 0].ravel(), minlength=clips)


def coverage(counts: np.ndarray, listable: np.ndarray) -> float:
    """Share of the clips that anybody was recommended, in [0, 1]."""
    return float((counts[listable] > 0).mean()) if listable.any() else float("nan")


def gini(counts: np.ndarray) -> float:
    """Inequality of how often clips are listed: 0 all alike, towards 1 a few take all."""
    ordered = np.sort(counts.astype(float))
    n, total = len(ordered), ordered.sum()
    if not n or total <= 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def rating_errors(predicted: np.ndarray, true: np.ndarray, people: np.ndarray) -> dict[str, np.ndarray]:
    """Squared and absolute errors of pairs, summed a person, and their number: the parts of RMSE and MAE."""
    errors = predicted - true
    return {
        "squared": np.bincount(people, errors**2),
        "absolute": np.bincount(people, np.abs(errors)),
        "count": np.bincount(people).astype(float),
    }
