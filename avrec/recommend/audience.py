"""Who would get a clip: the people in whose own list it stands among the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from avrec.recommend import lists
from avrec.recommend.options import PLAIN
from avrec.schemas import AudienceMember

if TYPE_CHECKING:
    from avrec.recommend.base import Recommender

SEED = 3
SAMPLED_CLIPS = 1000


def audience(model: Recommender, clip_id: str, k: int, weights: dict[str, float] | None) -> list[AudienceMember]:
    """See `Recommender.audience`.

    In a large library a sample of clips comes first: whoever has k better ones among them is out already.
    """
    data = model.dataset
    clip, chosen = data.clip(clip_id), model.weights(weights)
    met = (data.seen[:, [clip]] + data.hidden[:, [clip]]).toarray().ravel() > 0
    people = np.flatnonzero((data.positives.getnnz(axis=1) > 0) & ~met)
    if data.clips > 2 * SAMPLED_CLIPS and len(people):
        sample = np.random.default_rng(SEED).choice(data.clips, SAMPLED_CLIPS, replace=False)
        sample = np.append(np.sort(sample[sample != clip]), clip)
        people = people[_better(model, people, weights, sample, len(sample) - 1) < k]
    if not len(people):
        return []
    better = _better(model, people, weights, np.arange(data.clips), clip)
    members = []
    for person in people[better < k].tolist():
        taste = data.taste_of(person)
        # The rank as the person's own list has it, ties included.
        settled, note = model.settled(taste, chosen)
        ranking = lists.rank(model, taste, settled, k + 1, PLAIN)
        found = np.flatnonzero(ranking.order == clip)
        if len(found) and found[0] < k:
            rank = int(found[0])
            ledger = model.ledger(ranking.told, rank, {})
            place = lists.place_of(model, rank + 1, clip, taste, ledger, settled, note)
            members.append(
                AudienceMember(data.user_ids[person], place.rank, place.score, place.reason, place.by_modality)
            )
    return sorted(members, key=lambda m: (m.rank, -m.score))


def _better(
    model: Recommender, people: np.ndarray, weights: dict[str, float] | None, columns: np.ndarray, position: int
) -> np.ndarray:
    """How many unseen clips among some clearly beat the one at a position, per person."""
    data = model.dataset
    scores = model.scores_of(people, weights, columns)
    away = (data.seen[people] + data.hidden[people])[:, columns].toarray() > 0
    away |= ~data.listable[columns]
    return ((scores > scores[:, [position]] + 1e-4 * model.unit) & ~away).sum(axis=1)
