"""Do reasons hold? Take the first-named reason away and see whether the score falls more than without a random other.

The named reason is the watched clip, or the modality, that carries most of a clip's ledger. It is removed for real:
the clip from the person's taste, the modality from the weights, and the clip is scored again by the same fit.
"""

import numpy as np

from avrec.evaluate.intervals import ratio_bootstrap, wilson
from avrec.evaluate.leaderboard import estimate
from avrec.evaluate.results import Faithfulness
from avrec.explain.ledger import by_modality, by_watched_clip
from avrec.recommend import lists
from avrec.recommend.base import Recommender
from avrec.recommend.options import PLAIN
from avrec.schemas import MODALITIES, Contribution

PEOPLE, PLACES = 60, 5
SEED = 5
TIE = 1e-9


def faithfulness(model: Recommender, people: np.ndarray) -> list[Faithfulness]:
    """The rates of one recommender over at most 300 recommendations; none where its ledgers name no such reason."""
    rng = np.random.default_rng(SEED)
    chosen = np.sort(rng.choice(people, PEOPLE, replace=False)) if len(people) > PEOPLE else people
    held = {"watched clip": np.zeros((len(chosen), 2)), "modality": np.zeros((len(chosen), 2))}
    for i, person in enumerate(chosen.tolist()):
        for clip, ledger in _places(model, person):
            for reason, check in (("watched clip", _clip_holds), ("modality", _modality_holds)):
                result = check(model, person, clip, ledger, rng)
                if result is not None:
                    held[reason][i] += (result, 1.0)
    return [found for reason, table in held.items() if (found := _rate(model.name, reason, table)) is not None]


def _places(model: Recommender, person: int) -> list[tuple[int, Contribution]]:
    """The first places of a person's list with the ledgers of their base scores."""
    taste = model.dataset.taste_of(person)
    weights, _ = model.settled(taste, model.weights(None))
    ranking = lists.rank(model, taste, weights, PLACES, PLAIN)
    return [(int(clip), model.ledger(ranking.told, j, {})) for j, clip in enumerate(ranking.order)]


def _clip_holds(
    model: Recommender, person: int, clip: int, ledger: Contribution, rng: np.random.Generator
) -> float | None:
    """1 where leaving out the named watched clip takes more off than leaving out another, .5 where as much."""
    sums = {model.dataset.clip_at[key]: sum(v.values()) for key, v in by_watched_clip(ledger).items()}
    taste = model.dataset.taste_of(person)
    others = [h for h in taste.clips.tolist() if h in sums]
    if len(others) < 2:
        return None
    named = max(others, key=lambda h: sums[h])
    random = int(rng.choice([h for h in others if h != named]))
    weights, _ = model.settled(taste, model.weights(None))
    left = [float(model.base_scores(taste.without(h), weights)[clip]) for h in (named, random)]
    return _compare(*left)


def _modality_holds(
    model: Recommender, person: int, clip: int, ledger: Contribution, rng: np.random.Generator
) -> float | None:
    """The same for the modality with the largest line."""
    if not model.modal:
        return None
    lines = {m: v for m, v in by_modality(ledger).items() if m in MODALITIES and v}
    if len(lines) < 2:
        return None
    named = max(lines, key=lambda m: lines[m])
    random = str(rng.choice([m for m in lines if m != named]))
    taste = model.dataset.taste_of(person)
    weights, _ = model.settled(taste, model.weights(None))
    left = [float(model.base_scores(taste, weights | {m: 0.0})[clip]) for m in (named, random)]
    return _compare(*left)


def _compare(without_named: float, without_random: float) -> float:
    if abs(without_named - without_random) <= TIE * max(1.0, abs(without_named)):
        return 0.5
    return float(without_named < without_random)


def _rate(name: str, reason: str, table: np.ndarray) -> Faithfulness | None:
    checked = int(table[:, 1].sum())
    if not checked:
        return None
    share, people = float(table[:, 0].sum() / checked), int((table[:, 1] > 0).sum())
    if share in (0.0, 1.0):  # resampling would call that certain
        low, high = wilson(share, people)
    else:
        low, high = (bound[0] for bound in ratio_bootstrap(table[:, :1], table[:, 1:]))
    rate = estimate(share, low, high, people)
    return Faithfulness(name, reason, rate, checked) if rate else None
