"""What the list would be without a modality or a watched clip: ranked again, not read off the ledger."""

import numpy as np

from avrec.explain.ledger import LABELS
from avrec.recommend.linear import LinearRecommender
from avrec.schemas import MODALITIES, Counterfactual

DEPTH = 200


def counterfactuals(
    recommender: LinearRecommender,
    user_id: str,
    clip_id: str,
    weights: dict[str, float] | None = None,
    diversity: float = 0.2,
    most_clips: int = 20,
) -> list[Counterfactual]:
    """Rank and score of a clip without each modality that carries weight and without each watched clip.

    Args:
        most_clips: Watched clips tried, those with the largest weight first.

    Raises:
        UnknownUserError, UnknownClipError: As they say.
    """
    dataset = recommender.dataset
    taste, clip = dataset.taste(user_id), dataset.clip(clip_id)
    chosen = recommender._weights(weights)

    def place(person: object, used: dict[str, float]) -> tuple[int | None, float]:
        order, penalties, _ = recommender.ranking(person, used, DEPTH, diversity)
        found = np.flatnonzero(order == clip)
        base = float(recommender._lines(person, np.array([clip])).weighted(used).totals()[0])
        return (int(found[0]) + 1, base + float(penalties[found[0]])) if len(found) else (None, base)

    rank, score = place(taste, chosen)
    rows = []
    for modality in MODALITIES:
        if chosen[modality]:
            without = place(taste, {**chosen, modality: 0.0})
            rows.append(
                Counterfactual(modality, LABELS[modality], "modality", score, without[1], rank or 0, without[0])
            )
    for h in taste.clips[np.argsort(-np.abs(taste.weights), kind="stable")][:most_clips]:
        without = place(taste.without(h), chosen)
        ids, titles = dataset.corpus.clip_ids, dataset.corpus.titles
        rows.append(Counterfactual(ids[h], titles[h], "clip", score, without[1], rank or 0, without[0]))
    return rows
