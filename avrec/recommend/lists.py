"""Making a ranked list from a recommender's scores: filter, priors, pick, tell. The same for every recommender.

Candidates are ranked by the quick scores, the best of them again by the exact ones: what is shown adds up and stands
in its own order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from avrec.explain.ledger import Told, build_similarity_ledger, by_modality
from avrec.explain.reasons import Evidence, reason_for, reason_similar
from avrec.recommend.calibration import LIMIT
from avrec.recommend.dataset import Taste
from avrec.recommend.greedy import pick
from avrec.recommend.options import ListOptions
from avrec.recommend.presets import FITTED
from avrec.recommend.priors import banned, prior_blocks, prior_scores
from avrec.recommend.scoring import multipliers
from avrec.recommend.topics import topic_target
from avrec.recommend.twins import twins_within
from avrec.schemas import CONTENT_MODALITIES, Contribution, RankedList, Recommendation

if TYPE_CHECKING:
    from avrec.recommend.base import Recommender

POOL = 200  # so many of the best compete for the places


@dataclass(frozen=True)
class Ranking:
    """A list before it is told.

    Attributes:
        order: (k,) clips.
        penalties: "diversity" and "calibration" -> (k,) what the list takes off each, <= 0.
        told: Exact scores of these clips, priors included.
        candidates: How many clips were ranked.
        twins: (k,) near-duplicates of each that were left out; None where they may stand in the list.
    """

    order: np.ndarray
    penalties: dict[str, np.ndarray]
    told: Told
    candidates: int
    twins: np.ndarray | None = None

    def scores(self) -> np.ndarray:
        """(k,) the shown scores."""
        return self.told.totals() + sum(self.penalties.values())

    def of(self, positions: np.ndarray) -> Ranking:
        penalties = {name: values[positions] for name, values in self.penalties.items()}
        twins = None if self.twins is None else self.twins[positions]
        return Ranking(self.order[positions], penalties, self.told.of(positions), self.candidates, twins)


def candidates(model: Recommender, taste: Taste, options: ListOptions) -> np.ndarray:
    """(clips,) mask of what may be listed."""
    away = taste.hidden if options.include_seen else taste.hidden | taste.seen
    if options.banned:
        away = away | banned(model.dataset, options.banned)
    return model.dataset.listable & ~away


def rank(
    model: Recommender,
    taste: Taste,
    weights: dict[str, float],
    k: int,
    options: ListOptions,
    only: np.ndarray | None = None,
) -> Ranking:
    """Filter, score and pick.

    Args:
        weights: Settled weights of the modalities.
        only: Mask of clips that may be listed; by default all.
    """
    allowed = candidates(model, taste, options)
    places = np.flatnonzero(allowed if only is None else allowed & only)
    most = max(POOL, k)
    # Half as many again: the quick scores' rounding must not decide who is among the best.
    if len(places) > most + POOL // 2:
        rough = (model.base_scores(taste, weights) + prior_scores(model, options))[places]
        best = places[np.argpartition(-rough, most + POOL // 2)[: most + POOL // 2]]
    else:
        best = places
    told = model.told(taste, best, weights).plus(prior_blocks(model, options, best))
    scores = told.totals()
    order = np.lexsort((model.ties[best], -np.round(scores, 9)))[:most]
    clips, scores = best[order], scores[order]
    pool = clips[:POOL]
    like = likeness_within(model, pool) if options.diversity and len(pool) else np.zeros((0, 0))
    twin = twins_within(model.content, pool) if options.collapse and len(pool) else None
    picked = pick(
        scores, lambda position: like[position], k, options.diversity,
        target=topic_target(model.dataset, taste, pool) if options.calibration else None,
        calibration=options.calibration, most=POOL,
        twins=(lambda position: twin[position]) if twin is not None else None,
    )  # fmt: skip
    penalties = {"diversity": picked.diversity, "calibration": picked.calibration}
    left_out = None
    if twin is not None:
        left_out = np.append(twin.sum(axis=1), 0)[np.minimum(picked.order, len(pool))]
    return Ranking(clips[picked.order], penalties, told.of(order[picked.order]), len(places), left_out)


def likeness_within(model: Recommender, clips: np.ndarray) -> np.ndarray:
    """How alike clips are, (clips, clips) in [0, 1]: S at the fitted weights, 4 deviations and more being 1."""
    return np.clip(model.content.likeness(clips, FITTED, clips) / LIMIT, 0, 1)


def recommend(
    model: Recommender, user_id: str, k: int, weights: dict[str, float] | None, options: ListOptions
) -> RankedList:
    """A person's list. The order is the greedy selection's: each place is the best of what was left."""
    taste = model.dataset.taste(user_id)
    chosen, note = model.settled(taste, model.weights(weights))
    ranking = rank(model, taste, chosen, k, options)
    if not ranking.candidates:
        note = "nothing left: every clip was seen" if model.dataset.listable.any() else "the library is empty"
    badges: dict[int, str] = {}
    if options.reserved and ranking.candidates:
        ranking, badges = _with_reserved(model, taste, chosen, ranking, k, options)
    ranked = tell(model, model.name, user_id, taste, ranking, chosen, note, badges)
    return replace(ranked, note="; ".join(x for x in (ranked.note, ban_note(model, taste, options)) if x))


def ban_note(model: Recommender, taste: Taste, options: ListOptions) -> str:
    """What the person's banned topics keep off the list: "2 clips left out: banned topic cats"."""
    if not options.banned:
        return ""
    without = candidates(model, taste, replace(options, banned=()))
    count = int((without & ~candidates(model, taste, options)).sum())
    clips, topics = ("clip" if count == 1 else "clips"), ("topic" if len(options.banned) == 1 else "topics")
    return f"{count} {clips} left out: banned {topics} {', '.join(options.banned)}"


def _with_reserved(
    model: Recommender, taste: Taste, weights: dict[str, float], ranking: Ranking, k: int, options: ListOptions
) -> tuple[Ranking, dict[int, str]]:
    """Give some places, evenly spread, to the best clips that nobody has an event with."""
    fresh = ~model.dataset.touched
    already = int(fresh[ranking.order].sum())
    wanted = min(options.reserved, k) - already
    unlisted = fresh.copy()
    unlisted[ranking.order] = False
    if wanted <= 0 or not unlisted.any():
        return ranking, {}
    new = rank(model, taste, weights, wanted, options, only=unlisted)
    count = len(new.order)
    if not count:
        return ranking, {}
    known = np.flatnonzero(~fresh[ranking.order])
    given_up = known[len(known) - max(len(ranking.order) + count - k, 0) :]
    kept = np.setdiff1d(np.arange(len(ranking.order)), given_up)
    spots = np.linspace(0, len(kept) + count - 1, count + 2)[1:-1].round().astype(int)
    order = kept.tolist()
    for i, spot in enumerate(spots.tolist()):
        order.insert(spot, len(ranking.order) + i)
    clips = np.concatenate([ranking.order, new.order])
    penalties = {name: np.concatenate([ranking.penalties[name], new.penalties[name]]) for name in ranking.penalties}
    told = model.told(taste, clips, weights).plus(prior_blocks(model, options, clips))
    twins = None if ranking.twins is None or new.twins is None else np.concatenate([ranking.twins, new.twins])
    both = Ranking(clips, penalties, told, ranking.candidates, twins)
    return both.of(np.array(order)), {int(clip): "reserved for new clips" for clip in new.order}


def tell(
    model: Recommender,
    name: str,
    user_id: str,
    taste: Taste,
    ranking: Ranking,
    weights: dict[str, float],
    note: str,
    badges: dict[int, str] | None = None,
) -> RankedList:
    """Put a ranking into words and ledgers."""
    places = []
    for i, clip in enumerate(ranking.order.tolist()):
        penalties = {key: float(values[i]) for key, values in ranking.penalties.items()}
        ledger = model.ledger(ranking.told, i, penalties)
        extra = [badge for badge in [(badges or {}).get(clip)] if badge]
        if ranking.twins is not None and (count := int(ranking.twins[i])):
            extra.append(f"{count} near-duplicate{'' if count == 1 else 's'} left out")
        places.append(place_of(model, i + 1, clip, taste, ledger, weights, note, tuple(extra)))
    return RankedList(name, tuple(places), user_id=user_id, note=note, candidates=ranking.candidates)


def place_of(
    model: Recommender,
    rank: int,
    clip: int,
    taste: Taste,
    ledger: Contribution,
    weights: dict[str, float],
    note: str,
    extra: tuple[str, ...] = (),
) -> Recommendation:
    """One place of a list."""
    data, missing = model.dataset, model.content.missing(clip)
    badges = [*extra, *(["new"] if not data.touched[clip] else [])]
    if note.startswith("popularity"):
        badges.append("popularity")
    elif taste.positives < 2 and model.personal:
        badges.append(f"weak evidence, {taste.positives} event{'' if taste.positives == 1 else 's'}")
    values = by_modality(ledger)
    return Recommendation(
        rank=rank,
        clip_id=data.corpus.clip_ids[clip],
        title=data.corpus.titles[clip],
        score=ledger.value,
        percentile=model.percentile(ledger.value - values["diversity"], weights),
        reason=reason_for(ledger, Evidence(clip, data, model.content), note, missing, taste.positives),
        ledger=ledger,
        by_modality=values,
        missing=missing,
        badges=tuple(badges),
    )


def similar(model: Recommender, clip: int, k: int, weights: dict[str, float]) -> RankedList:
    """More like this by content: likeness in deviations above a random pair."""
    content, corpus = model.content, model.dataset.corpus
    factors = multipliers(weights)[: len(CONTENT_MODALITIES)]
    lines = factors[:, None] * content.block(np.array([clip]))[:, 0]
    null = np.sort(factors @ content.null)
    places = []
    order = _order(model, clip, lines.sum(axis=0), k)
    for place, other in enumerate(order.tolist(), 1):
        ledger = build_similarity_ledger(lines[:, other], weights, {"algorithm": model.name, "fit": content.fit_id})
        level = float(np.searchsorted(null, ledger.value - 1e-9) / len(null) * 100) if len(null) >= 20 else None
        places.append(
            Recommendation(
                place, corpus.clip_ids[other], corpus.titles[other], ledger.value, level,
                reason_similar(ledger, clip, other, content), ledger, by_modality(ledger), content.missing(other),
            )
        )  # fmt: skip
    return RankedList(model.name, tuple(places), clip_id=corpus.clip_ids[clip], candidates=_others(model, clip))


def similar_by(model: Recommender, clip: int, k: int, scores: np.ndarray) -> RankedList:
    """More like this by a recommender's own likeness: one line, of the crowd."""
    corpus, places = model.dataset.corpus, []
    for place, other in enumerate(_order(model, clip, scores, k).tolist(), 1):
        value = float(scores[other])
        line = Contribution("Crowd", "modality", value, (), "crowd", {"weight": 1.0, "match": value})
        ledger = Contribution("Likeness", "algorithm", value, (line,), "similar", {"algorithm": model.name})
        reason = "Liked by the same people" if value > 0 else "Nobody likes both"
        places.append(
            Recommendation(
                place, corpus.clip_ids[other], corpus.titles[other], value, None, reason, ledger,
                by_modality(ledger), model.content.missing(other),
            )
        )  # fmt: skip
    return RankedList(model.name, tuple(places), clip_id=corpus.clip_ids[clip], candidates=_others(model, clip))


def _others(model: Recommender, clip: int) -> int:
    return int(model.dataset.listable.sum()) - 1


def _order(model: Recommender, clip: int, scores: np.ndarray, k: int) -> np.ndarray:
    mask = model.dataset.listable.copy()
    mask[clip] = False
    others = np.flatnonzero(mask)
    return others[np.lexsort((model.ties[others], -np.round(scores[others], 9)))][:k]
