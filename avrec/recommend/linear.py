"""The default: content + crowd + popularity, linear in what a person watched, so that it can be taken apart.

Each part stands over one global scale (its deviation over people x clips), so that weights mean the same everywhere.
A modality's weight multiplies its line in the fitted model: the fitted balanced weights stay in the content part's
square root, so switching one off changes its line and no other. The other algorithms of this module are the same
model seen through fewer modalities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avrec.explain.ledger import build_ledger, build_similarity_ledger, by_modality
from avrec.explain.reasons import reason_for, reason_similar
from avrec.recommend import mmr
from avrec.recommend.calibration import LIMIT
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.ease import fit_ease, popularity
from avrec.recommend.presets import FITTED, full_weights
from avrec.schemas import (
    CONTENT_MODALITIES,
    MODALITIES,
    AudienceMember,
    Contribution,
    RankedList,
    Recommendation,
    SegmentPair,
)

NULL_PEOPLE, NULL_PAIRS = 100, 2000
SEED = 3
CROWD = MODALITIES.index("crowd")


@dataclass(frozen=True)
class Lines:
    """The fitted ledger lines of some clips at weight "as fitted".

    Attributes:
        watched: (7, watched clips, clips): six content modalities and the crowd.
        prior: (clips,).
    """

    watched: np.ndarray
    prior: np.ndarray

    def weighted(self, weights: dict[str, float]) -> "Lines":
        """The lines at these weights: content lines hold their fitted weight already."""
        factor = np.array([*(weights[m] / FITTED[m] for m in CONTENT_MODALITIES), weights["crowd"]])
        return Lines(self.watched * factor[:, None, None], self.prior * weights["prior"])

    def totals(self) -> np.ndarray:
        return self.watched.sum(axis=(0, 1)) + self.prior


class LinearRecommender:
    """Content, crowd and popularity, or a view of them.

    Args:
        modalities: Which lines this algorithm keeps.
    """

    exact = True

    def __init__(self, name: str = "hybrid", title: str = "Hybrid", modalities: Sequence[str] = MODALITIES):
        self.name, self.title, self.modalities = name, title, tuple(modalities)

    def fit(self, dataset: Dataset, content: ContentModel | None = None) -> "LinearRecommender":
        """Fit on a dataset; a content model of the same corpus can be handed in."""
        self.dataset = dataset
        self.content = content or ContentModel(dataset.corpus)
        n = len(dataset.corpus.clip_ids)
        self._crowd = fit_ease(dataset.positives) if n else np.zeros((0, 0))
        self._popularity = popularity(dataset.positives) if n else np.zeros(0)
        self._ties = np.random.default_rng(SEED).permutation(n)
        self._scales = np.ones(3)
        self._scales = self._global_scales()
        self._nulls: dict[tuple[float, ...], np.ndarray] = {}
        return self

    def refresh(self, dataset: Dataset) -> "LinearRecommender":
        """The same fit with newer events: tastes change, the crowd's matrix and the scales stay."""
        fresh = LinearRecommender(self.name, self.title, self.modalities)
        fresh.__dict__.update(self.__dict__)
        fresh.dataset = dataset
        return fresh

    # ---- scores --------------------------------------------------------------------------------------

    def _weights(self, weights: dict[str, float] | None) -> dict[str, float]:
        full = full_weights(weights)
        return {m: full[m] if m in self.modalities else 0.0 for m in MODALITIES}

    def _crowd_rows(self, taste: Taste, columns: np.ndarray | slice) -> np.ndarray:
        rows = self._crowd[taste.clips][:, columns]
        return rows.toarray() if hasattr(rows, "toarray") else rows

    def _lines(self, taste: Taste, columns: np.ndarray) -> Lines:
        """Every line of some clips, exactly, in float64."""
        watched = np.zeros((CROWD + 1, len(taste.clips), len(columns)))
        if len(taste.clips):
            alpha = np.array([FITTED[m] for m in CONTENT_MODALITIES])
            z = self.content.z(taste.clips)[:, :, columns].astype(np.float64)
            norms = self.content.norms(taste.clips)[:, columns]
            watched[:CROWD] = alpha[:, None, None] * z * (norms * taste.weights[:, None]) / self._scales[0]
            watched[CROWD] = self._crowd_rows(taste, columns) * taste.weights[:, None] / self._scales[1]
        return Lines(watched, self._popularity[columns] / self._scales[2])

    def _scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        """Base scores of all clips, (clips,); float32 inside, for ranking only."""
        scores = weights["prior"] * self._popularity / self._scales[2]
        if not len(taste.clips):
            return scores
        signed = (self.content.norms(taste.clips) * taste.weights[:, None]).astype(np.float32)
        z = self.content.z(taste.clips)
        for i, modality in enumerate(CONTENT_MODALITIES):
            if weights[modality]:
                scores = scores + weights[modality] / self._scales[0] * np.einsum("hc,hc->c", signed, z[i])
        if weights["crowd"]:
            rows = self._crowd_rows(taste, slice(None))
            scores = scores + weights["crowd"] / self._scales[1] * (taste.weights @ rows)
        return scores

    def _global_scales(self) -> np.ndarray:
        """Deviation of each part (content, crowd, popularity) over at most 200 people x all clips."""
        parts = np.ones(3)
        people = np.flatnonzero(self.dataset.user_items.getnnz(axis=1) > 0)
        if len(people) > 2 * NULL_PEOPLE:
            people = np.random.default_rng(SEED).choice(people, 2 * NULL_PEOPLE, replace=False)
        tastes = [self.dataset.taste(self.dataset.user_ids[i]) for i in people]
        masks = [{m: FITTED[m] if m in CONTENT_MODALITIES else 0.0 for m in MODALITIES}]
        masks.append({m: float(m == "crowd") for m in MODALITIES})
        for i, mask in enumerate(masks):
            values = [self._scores(taste, mask) for taste in tastes]
            parts[i] = float(np.std(np.concatenate(values))) if values else 0.0
        parts[2] = float(np.std(self._popularity)) if len(self._popularity) else 0.0
        return np.where(parts > 1e-9, parts, 1.0)

    def score(self, user_id: str, clip_ids: list[str], weights: dict[str, float] | None = None) -> np.ndarray:
        """Base scores of some clips for a person."""
        columns = np.array([self.dataset.clip(c) for c in clip_ids], dtype=np.int64)
        return self._lines(self.dataset.taste(user_id), columns).weighted(self._weights(weights)).totals()

    def contributions(self, user_id: str, clip_id: str, weights: dict[str, float] | None = None) -> Contribution:
        """The ledger of a base score."""
        return self._ledger(self.dataset.taste(user_id), self.dataset.clip(clip_id), self._weights(weights), 0.0)

    def _ledger(self, taste: Taste, clip: int, weights: dict[str, float], penalty: float) -> Contribution:
        lines = self._lines(taste, np.array([clip])).weighted(weights)
        corpus = self.dataset.corpus
        return build_ledger(
            self.title,
            lines.watched[:, :, 0],
            float(lines.prior[0]),
            penalty,
            weights,
            [corpus.clip_ids[h] for h in taste.clips],
            [corpus.titles[h] for h in taste.clips],
            {"algorithm": self.name, "fit": self.content.fit_id},
        )

    # ---- lists ---------------------------------------------------------------------------------------

    def recommend(
        self,
        user_id: str,
        k: int = 20,
        weights: dict[str, float] | None = None,
        diversity: float = 0.2,
        include_seen: bool = False,
    ) -> RankedList:
        """Rank the clips that a person has not seen; hidden ones never show.

        Raises:
            UnknownUserError, InvalidInputError: As they say.
        """
        taste, chosen = self.dataset.taste(user_id), self._weights(weights)
        note = ""
        if not taste.positives and any(chosen[m] for m in MODALITIES if m != "prior"):
            chosen = {m: (chosen[m] or FITTED[m]) if m == "prior" else 0.0 for m in MODALITIES}
            note = "popularity: no positive events yet"
        order, penalties, scores = self.ranking(taste, chosen, k, diversity, include_seen)
        if not len(scores):
            note = "nothing left: every clip was seen" if len(self.dataset.corpus.clip_ids) else "the library is empty"
        places = [
            self._place(rank, int(clip), float(penalty), taste, chosen, note)
            for rank, (clip, penalty) in enumerate(zip(order, penalties, strict=True), 1)
        ]
        return RankedList(self.name, tuple(places), user_id=user_id, note=note, candidates=len(scores))

    def ranking(
        self,
        taste: Taste,
        weights: dict[str, float],
        k: int,
        diversity: float,
        include_seen: bool = False,
        only: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The order of a list: clip positions, their penalties, and the sorted candidates' base scores.

        Args:
            only: Mask of clips that may be listed; by default all.
        """
        allowed = ~taste.hidden if include_seen else ~(taste.hidden | taste.seen)
        candidates = np.flatnonzero(allowed if only is None else allowed & only)
        scores = self._scores(taste, weights)[candidates]
        best = np.lexsort((self._ties[candidates], -np.round(scores, 9)))
        candidates, scores = candidates[best], scores[best]
        pool = candidates[: mmr.POOL]

        def likeness(position: int) -> np.ndarray:
            return np.clip(self.content.likeness(pool[[position]], FITTED)[0, pool] / LIMIT, 0, 1)

        picked, penalties = mmr.rerank(scores, likeness, k, diversity)
        return candidates[picked], penalties, scores

    def _place(
        self, rank: int, clip: int, penalty: float, taste: Taste, weights: dict[str, float], note: str
    ) -> Recommendation:
        ledger = self._ledger(taste, clip, weights, penalty)
        missing = self.content.missing(clip)
        badges = [
            badge for badge, holds in (("new", not self.dataset.touched[clip]), ("popularity", bool(note))) if holds
        ]
        if not note and taste.positives < 2:
            badges.append(f"weak evidence, {taste.positives} event")
        corpus = self.dataset.corpus
        return Recommendation(
            rank=rank,
            clip_id=corpus.clip_ids[clip],
            title=corpus.titles[clip],
            score=ledger.value,
            percentile=self._percentile(ledger.value - penalty, weights),
            reason=reason_for(ledger, clip, self.dataset, self.content, note, missing, taste.positives),
            ledger=ledger,
            by_modality=by_modality(ledger),
            missing=missing,
            badges=tuple(badges),
        )

    def _percentile(self, base: float, weights: dict[str, float]) -> float | None:
        """Share of random pairs of a person and a clip they have not seen that score lower, in [0, 100]."""
        key = tuple(weights[m] for m in MODALITIES)
        if key not in self._nulls:
            self._nulls[key] = self._null_scores(weights)
        null = self._nulls[key]
        return float(np.searchsorted(null, base) / len(null) * 100) if len(null) >= 20 else None

    def _null_scores(self, weights: dict[str, float]) -> np.ndarray:
        rng = np.random.default_rng(SEED)
        people = np.flatnonzero(self.dataset.positives.getnnz(axis=1) > 0)
        if not len(people):
            return np.zeros(0)
        if len(people) > NULL_PEOPLE:
            people = rng.choice(people, NULL_PEOPLE, replace=False)
        drawn = []
        for person in people:
            taste = self.dataset.taste(self.dataset.user_ids[person])
            unseen = np.flatnonzero(~(taste.seen | taste.hidden))
            if len(unseen):
                drawn.append(self._scores(taste, weights)[rng.choice(unseen, -(-NULL_PAIRS // len(people)))])
        return np.sort(np.concatenate(drawn)) if drawn else np.zeros(0)

    def new_clips(self, user_id: str, k: int) -> RankedList:
        """The shelf of clips without any event, ranked by content alone."""
        taste = self.dataset.taste(user_id)
        weights = {m: FITTED[m] if m in CONTENT_MODALITIES else 0.0 for m in MODALITIES}
        order, _, scores = self.ranking(taste, weights, k, 0.0, only=~self.dataset.touched)
        note = "" if taste.positives else "no positive events yet: in no particular order"
        places = [self._place(rank, int(clip), 0.0, taste, weights, note) for rank, clip in enumerate(order, 1)]
        return RankedList("new clips", tuple(places), user_id=user_id, note=note, candidates=len(scores))

    def similar_clips(self, clip_id: str, k: int = 10, weights: dict[str, float] | None = None) -> RankedList:
        """More like this: content likeness, in deviations above a random pair."""
        clip, chosen = self.dataset.clip(clip_id), self._weights(weights)
        factor = np.array([chosen[m] / FITTED[m] for m in CONTENT_MODALITIES])
        lines = factor[:, None] * self.content.lines(np.array([clip]))[:, 0]
        scores = lines.sum(axis=0)
        others = np.flatnonzero(np.arange(len(scores)) != clip)
        order = others[np.lexsort((self._ties[others], -scores[others]))][:k]
        corpus = self.dataset.corpus
        places = []
        for rank, other in enumerate(order, 1):
            ledger = build_similarity_ledger(lines[:, other], chosen)
            places.append(
                Recommendation(
                    rank, corpus.clip_ids[other], corpus.titles[other], ledger.value, None,
                    reason_similar(ledger, clip, int(other), self.content), ledger, by_modality(ledger),
                    self.content.missing(int(other)),
                )
            )  # fmt: skip
        return RankedList(self.name, tuple(places), clip_id=clip_id, candidates=len(others))

    def audience(self, clip_id: str, k: int, weights: dict[str, float] | None = None) -> list[AudienceMember]:
        """People in whose own list, at diversity 0, the clip is among the first k; the best rank first."""
        clip, chosen = self.dataset.clip(clip_id), self._weights(weights)
        members = []
        for user_id in self.dataset.user_ids:
            taste = self.dataset.taste(user_id)
            if not taste.positives or taste.seen[clip] or taste.hidden[clip]:
                continue
            scores = self._scores(taste, chosen)
            rivals = ~(taste.seen | taste.hidden)
            rank = 1 + int((scores[rivals] > scores[clip] + 1e-9).sum())
            if rank <= k:
                place = self._place(rank, clip, 0.0, taste, chosen, "")
                members.append(AudienceMember(user_id, rank, place.score, place.reason, place.by_modality))
        return sorted(members, key=lambda m: (m.rank, -m.score))

    def pairs(
        self, user_id: str, clip_id: str, watched_clip_id: str, modality: str, weights: dict[str, float] | None = None
    ) -> list[SegmentPair]:
        """Open the line (modality, watched clip) to pairs of segments, the largest first; they sum to the line."""
        taste, clip, watched = (
            self.dataset.taste(user_id),
            self.dataset.clip(clip_id),
            self.dataset.clip(watched_clip_id),
        )
        position = np.flatnonzero(taste.clips == watched)
        i = MODALITIES.index(modality)
        if i >= CROWD or modality == "words" or not len(position):
            return []
        if not (self.content.present[i, clip] and self.content.present[i, watched]):
            return []
        lines = self._lines(taste, np.array([clip])).weighted(self._weights(weights))
        found = self.content.pairs(watched, clip, modality, float(lines.watched[i, position[0], 0]))
        return sorted(found, key=lambda pair: -pair.value)


ALGORITHMS = {
    "hybrid": ("Hybrid: content, crowd, popularity", MODALITIES),
    "content": ("Content: what the clips are like", CONTENT_MODALITIES),
    "words": ("Words: TF-IDF", ("words",)),
    "crowd": ("Crowd: EASE", ("crowd",)),
    "popularity": ("Popularity", ("prior",)),
}
