"""What the list would be without a modality or a watched clip: ranked again, not read off the ledger."""

from dataclasses import replace

import numpy as np

from avrec.explain.ledger import LABELS
from avrec.recommend import lists
from avrec.recommend.base import Recommender
from avrec.recommend.dataset import Taste
from avrec.recommend.lists import POOL
from avrec.recommend.options import ListOptions
from avrec.schemas import MODALITIES, Counterfactual


def counterfactuals(
    recommender: Recommender,
    user_id: str,
    clip_id: str,
    weights: dict[str, float] | None = None,
    options: ListOptions | None = None,
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
    dataset, options = recommender.dataset, (options or ListOptions()).checked()
    taste, clip = dataset.taste(user_id), dataset.clip(clip_id)
    chosen = recommender.weights(weights)
    now = _place(recommender, taste, clip, chosen, options)
    rows = []
    for modality in MODALITIES if recommender.modal else ():
        if chosen[modality]:
            without = _place(recommender, taste, clip, {**chosen, modality: 0.0}, options)
            rows.append(_row(modality, LABELS[modality], "modality", now, without))
    ids, titles = dataset.corpus.clip_ids, dataset.corpus.titles
    for h in taste.clips[np.argsort(-np.abs(taste.weights), kind="stable")][:most_clips].tolist():
        without = _place(recommender, taste.without(h), clip, chosen, options)
        rows.append(_row(ids[h], titles[h], "clip", now, without))
    return rows


def _place(
    recommender: Recommender, taste: Taste, clip: int, weights: dict[str, float], options: ListOptions
) -> tuple[int | None, float]:
    """Rank (None when it can't be listed) and shown score of a clip in a person's whole list."""
    weights, _ = recommender.settled(taste, weights)
    seen = bool(taste.seen[clip])
    options = replace(options, include_seen=seen, reserved=0)
    ranking = lists.rank(recommender, taste, weights, POOL, options)
    found = np.flatnonzero(ranking.order == clip)
    if len(found):
        return int(found[0]) + 1, float(ranking.scores()[found[0]])
    base = float(recommender.told(taste, np.array([clip]), weights).totals()[0])
    if taste.hidden[clip]:
        return None, base
    scores = recommender.base_scores(taste, weights)
    rivals = lists.candidates(recommender, taste, options)
    return max(min(POOL, int(rivals.sum())), int((scores[rivals] > scores[clip]).sum())) + 1, base


def _row(
    without: str, label: str, kind: str, before: tuple[int | None, float], after: tuple[int | None, float]
) -> Counterfactual:
    return Counterfactual(without, label, kind, before[1], after[1], before[0] or 0, after[0])
