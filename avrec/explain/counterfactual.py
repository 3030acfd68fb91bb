"""What the list would be without a modality or a watched clip: ranked again, not read off the ledger."""

import numpy as np

from avrec.explain.ledger import LABELS
from avrec.recommend.dataset import Taste
from avrec.recommend.linear import POOL, LinearRecommender
from avrec.schemas import MODALITIES, Counterfactual


def counterfactuals(
    recommender: LinearRecommender,
    user_id: str,
    clip_id: str,
    weights: dict[str, float] | None = None,
    diversity: float = 0.2,
    most_clips: int = 20,
) -> list[Counterfactual]:
    """Rank and score of a clip without each modality that carries weight and without each watched clip.

    The whole list is ranked each time, as `recommend` would, diversity and filters included; where nothing positive
    is left, by popularity. A watched clip that is left out stays seen. Ranks are None (0 in `rank`) where the clip
    can't be listed: a hidden one. A clip that was seen is ranked among all.

    Args:
        most_clips: Watched clips tried, those with the largest weight first.

    Raises:
        UnknownUserError, UnknownClipError, InvalidInputError: As they say.
    """
    dataset = recommender.dataset
    taste, clip = dataset.taste(user_id), dataset.clip(clip_id)
    chosen = recommender._weights(weights)
    rank, score = _place(recommender, taste, clip, chosen, diversity)
    rows = []
    for modality in MODALITIES:
        if chosen[modality]:
            without = _place(recommender, taste, clip, {**chosen, modality: 0.0}, diversity)
            rows.append(_row(modality, LABELS[modality], "modality", (rank, score), without))
    ids, titles = dataset.corpus.clip_ids, dataset.corpus.titles
    for h in taste.clips[np.argsort(-np.abs(taste.weights), kind="stable")][:most_clips].tolist():
        without = _place(recommender, taste.without(h), clip, chosen, diversity)
        rows.append(_row(ids[h], titles[h], "clip", (rank, score), without))
    return rows


def _place(
    recommender: LinearRecommender, taste: Taste, clip: int, weights: dict[str, float], diversity: float
) -> tuple[int | None, float]:
    """Rank (None when it can't be listed) and shown score of a clip in a person's whole list."""
    weights, _ = recommender.settled(taste, weights)
    seen = bool(taste.seen[clip])
    ranking = recommender.ranking(taste, weights, POOL, diversity, include_seen=seen)
    found = np.flatnonzero(ranking.order == clip)
    if len(found):
        return int(found[0]) + 1, float(ranking.lines.totals()[found[0]] + ranking.penalties[found[0]])
    base = float(recommender.model.lines(taste, np.array([clip])).weighted(weights).totals()[0])
    if taste.hidden[clip]:
        return None, base
    scores = recommender.model.scores(taste, weights)
    rivals = ~taste.hidden if seen else ~(taste.hidden | taste.seen)
    return max(POOL, int((scores[rivals] > scores[clip]).sum())) + 1, base


def _row(
    without: str, label: str, kind: str, before: tuple[int | None, float], after: tuple[int | None, float]
) -> Counterfactual:
    return Counterfactual(without, label, kind, before[1], after[1], before[0] or 0, after[0])
