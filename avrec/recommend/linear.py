"""The default: content + crowd + popularity, linear in what a person watched, so that it can be taken apart.

The other algorithms of this module are the same model seen through fewer modalities; they share its fit. Candidates
are ranked in single precision, the best of them again in double: what is shown adds up and stands in its own order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avrec.errors import NotFittedError
from avrec.explain.ledger import build_ledger, build_similarity_ledger, by_modality
from avrec.explain.reasons import Evidence, reason_for, reason_similar
from avrec.recommend import mmr
from avrec.recommend.calibration import LIMIT
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.ease import Crowd
from avrec.recommend.parts import ContentPart, CrowdPart, Part
from avrec.recommend.presets import FITTED, full_weights
from avrec.recommend.scoring import LinearModel, Lines, multipliers
from avrec.schemas import (
    CONTENT_MODALITIES,
    MODALITIES,
    AudienceMember,
    Contribution,
    RankedList,
    Recommendation,
    SegmentPair,
)

SEED = 3
POOL = 200  # so many of the best compete for the places under diversity
SAMPLED_CLIPS = 1000


@dataclass(frozen=True)
class Ranking:
    """A list before it is told.

    Attributes:
        order: (k,) clips; penalties (k,) of each, <= 0.
        lines: Weighted ledger lines of these clips.
        candidates: How many clips were ranked.
    """

    order: np.ndarray
    penalties: np.ndarray
    lines: Lines
    candidates: int


class LinearRecommender:
    """Content, crowd and popularity, or a view of them.

    Args:
        modalities: Which lines this algorithm keeps.
    """

    exact = True

    def __init__(self, name: str = "hybrid", title: str = "Hybrid", modalities: Sequence[str] = MODALITIES):
        self.name, self.title, self.modalities = name, title, tuple(modalities)
        self._model: LinearModel | None = None

    def fit(self, dataset: Dataset, content: ContentModel | None = None) -> "LinearRecommender":
        """Fit on a dataset; a content model of the same corpus can be handed in."""
        self.content = content or ContentModel(dataset.corpus)
        parts: list[Part] = [ContentPart(self.content)]
        if "crowd" in self.modalities:
            parts.append(CrowdPart(Crowd(dataset.positives)))
        self._model = LinearModel(dataset, parts)
        self._ties = np.random.default_rng(SEED).permutation(dataset.clips)
        return self

    def view(self, name: str, title: str, modalities: Sequence[str]) -> "LinearRecommender":
        """Another algorithm over the same fit; its modalities must be among this one's."""
        other = LinearRecommender(name, title, modalities)
        other.content, other._model, other._ties = self.content, self.model, self._ties
        return other

    def refresh(self, dataset: Dataset) -> "LinearRecommender":
        """The same fit with newer events: tastes change, the crowd's matrix and the scales stay."""
        other = self.view(self.name, self.title, self.modalities)
        other._model = self.model.with_events(dataset)
        return other

    @property
    def model(self) -> LinearModel:
        if self._model is None:
            raise NotFittedError(self.title)
        return self._model

    @property
    def dataset(self) -> Dataset:
        return self.model.dataset

    # ---- scores --------------------------------------------------------------------------------------

    def _weights(self, weights: dict[str, float] | None) -> dict[str, float]:
        full = full_weights(weights)
        return {m: full[m] if m in self.modalities else 0.0 for m in MODALITIES}

    def settled(self, taste: Taste, weights: dict[str, float]) -> tuple[dict[str, float], str]:
        """The weights that rank for this person, and a note: without a positive event, popularity alone."""
        if taste.positives or not any(weights[m] for m in MODALITIES if m != "prior"):
            return weights, ""
        prior = weights["prior"] or FITTED["prior"]
        return dict.fromkeys(MODALITIES, 0.0) | {"prior": prior}, "popularity: no positive events yet"

    def score(self, user_id: str, clip_ids: list[str], weights: dict[str, float] | None = None) -> np.ndarray:
        """Base scores of some clips for a person, (clips,) float64.

        Raises:
            UnknownUserError, UnknownClipError, InvalidInputError: As they say.
        """
        columns = np.array([self.dataset.clip(c) for c in clip_ids], dtype=np.int64)
        taste = self.dataset.taste(user_id)
        chosen, _ = self.settled(taste, self._weights(weights))
        return self.model.lines(taste, columns).weighted(chosen).totals()

    def contributions(self, user_id: str, clip_id: str, weights: dict[str, float] | None = None) -> Contribution:
        """The ledger of a base score."""
        taste, clip = self.dataset.taste(user_id), self.dataset.clip(clip_id)
        return self._ledger(taste, clip, self.settled(taste, self._weights(weights))[0], 0.0)

    def _ledger(self, taste: Taste, clip: int, weights: dict[str, float], penalty: float) -> Contribution:
        return self._tree(taste, self.model.lines(taste, np.array([clip])).weighted(weights), 0, weights, penalty)

    def _tree(
        self, taste: Taste, lines: Lines, position: int, weights: dict[str, float], penalty: float
    ) -> Contribution:
        corpus = self.dataset.corpus
        return build_ledger(
            self.title,
            lines.watched[:, :, position],
            float(lines.prior[position]),
            penalty,
            weights,
            [(corpus.clip_ids[h], corpus.titles[h], float(x)) for h, x in zip(taste.clips, taste.weights, strict=True)],
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

        The order is the greedy selection's: each place is the best of what was left, score = base score + penalty.

        Raises:
            UnknownUserError, InvalidInputError: As they say.
        """
        taste = self.dataset.taste(user_id)
        chosen, note = self.settled(taste, self._weights(weights))
        ranking = self.ranking(taste, chosen, k, diversity, include_seen)
        if not ranking.candidates:
            note = "nothing left: every clip was seen" if self.dataset.clips else "the library is empty"
        return self._list(self.name, user_id, taste, ranking, chosen, note)

    def ranking(
        self,
        taste: Taste,
        weights: dict[str, float],
        k: int,
        diversity: float,
        include_seen: bool = False,
        only: np.ndarray | None = None,
    ) -> Ranking:
        """Filter, score and pick.

        Args:
            only: Mask of clips that may be listed; by default all.
        """
        allowed = ~taste.hidden if include_seen else ~(taste.hidden | taste.seen)
        candidates = np.flatnonzero(allowed if only is None else allowed & only)
        rough = self.model.scores(taste, weights)[candidates]
        most = max(POOL, k)
        # Half as many again: single precision must not decide who is among the best.
        if len(candidates) > most + POOL // 2:
            candidates_best = candidates[np.argpartition(-rough, most + POOL // 2)[: most + POOL // 2]]
        else:
            candidates_best = candidates
        lines = self.model.lines(taste, candidates_best).weighted(weights)
        scores = lines.totals()
        best = np.lexsort((self._ties[candidates_best], -np.round(scores, 9)))[:most]
        clips, scores = candidates_best[best], scores[best]
        like = self._likeness_within(clips[:POOL]) if diversity and len(clips) else np.zeros((0, 0))
        picked, penalties = mmr.rerank(scores, lambda position: like[position], k, diversity, POOL)
        return Ranking(clips[picked], penalties, lines.of(best[picked]), len(candidates))

    def _likeness_within(self, clips: np.ndarray) -> np.ndarray:
        """How alike clips are, (clips, clips) in [0, 1]: S at the fitted weights, 4 deviations and more being 1."""
        return np.clip(self.content.likeness(clips, FITTED, clips) / LIMIT, 0, 1)

    def _list(
        self, name: str, user_id: str, taste: Taste, ranking: Ranking, weights: dict[str, float], note: str
    ) -> RankedList:
        places = tuple(
            self._place(
                i + 1, int(clip), taste, self._tree(taste, ranking.lines, i, weights, penalty), penalty, weights, note
            )
            for i, (clip, penalty) in enumerate(zip(ranking.order, ranking.penalties.tolist(), strict=True))
        )
        return RankedList(name, places, user_id=user_id, note=note, candidates=ranking.candidates)

    def _place(
        self,
        rank: int,
        clip: int,
        taste: Taste,
        ledger: Contribution,
        penalty: float,
        weights: dict[str, float],
        note: str,
    ) -> Recommendation:
        missing = self.content.missing(clip)
        badges = ["new"] if not self.dataset.touched[clip] else []
        if note.startswith("popularity"):
            badges.append("popularity")
        elif taste.positives < 2:
            badges.append(f"weak evidence, {_events(taste.positives)}")
        corpus = self.dataset.corpus
        return Recommendation(
            rank=rank,
            clip_id=corpus.clip_ids[clip],
            title=corpus.titles[clip],
            score=ledger.value,
            percentile=self.model.percentile(ledger.value - penalty, weights),
            reason=reason_for(ledger, Evidence(clip, self.dataset, self.content), note, missing, taste.positives),
            ledger=ledger,
            by_modality=by_modality(ledger),
            missing=missing,
            badges=tuple(badges),
        )

    def new_clips(self, user_id: str, k: int) -> RankedList:
        """The shelf of clips without any event, ranked by content alone."""
        taste = self.dataset.taste(user_id)
        weights = {m: FITTED[m] if m in CONTENT_MODALITIES else 0.0 for m in MODALITIES}
        ranking = self.ranking(taste, weights, k, 0.0, only=~self.dataset.touched)
        note = "" if taste.positives else "no positive events yet: in no particular order"
        return self._list("new clips", user_id, taste, ranking, weights, note)

    def similar_clips(self, clip_id: str, k: int = 10, weights: dict[str, float] | None = None) -> RankedList:
        """More like this: content likeness, in deviations above a random pair.

        Raises:
            UnknownClipError, InvalidInputError: As they say.
        """
        clip, chosen = self.dataset.clip(clip_id), self._weights(weights)
        factors = multipliers(chosen)[: len(CONTENT_MODALITIES)]
        lines = factors[:, None] * self.content.block(np.array([clip]))[:, 0]
        scores = lines.sum(axis=0)
        null = np.sort(factors @ self.content.null)
        others = np.flatnonzero(np.arange(len(scores)) != clip)
        order = others[np.lexsort((self._ties[others], -np.round(scores[others], 9)))][:k]
        corpus = self.dataset.corpus
        places = []
        for rank, other in enumerate(order.tolist(), 1):
            ledger = build_similarity_ledger(
                lines[:, other], chosen, {"algorithm": self.name, "fit": self.content.fit_id}
            )
            level = float(np.searchsorted(null, ledger.value - 1e-9) / len(null) * 100) if len(null) >= 20 else None
            places.append(
                Recommendation(
                    rank, corpus.clip_ids[other], corpus.titles[other], ledger.value, level,
                    reason_similar(ledger, clip, other, self.content), ledger, by_modality(ledger),
                    self.content.missing(other),
                )
            )  # fmt: skip
        return RankedList(self.name, tuple(places), clip_id=clip_id, candidates=len(others))

    def audience(self, clip_id: str, k: int, weights: dict[str, float] | None = None) -> list[AudienceMember]:
        """People in whose own list, at diversity 0, the clip is among the first k; the best rank first.

        In a large library a sample of clips comes first: whoever has k better ones among them is out already.

        Raises:
            UnknownClipError, InvalidInputError: As they say.
        """
        clip, chosen, data = self.dataset.clip(clip_id), self._weights(weights), self.dataset
        met = (data.seen[:, [clip]] + data.hidden[:, [clip]]).toarray().ravel() > 0
        people = np.flatnonzero((data.positives.getnnz(axis=1) > 0) & ~met)
        if data.clips > 2 * SAMPLED_CLIPS and len(people):
            sample = np.random.default_rng(SEED).choice(data.clips, SAMPLED_CLIPS, replace=False)
            sample = np.append(np.sort(sample[sample != clip]), clip)
            people = people[self._better(people, chosen, sample, len(sample) - 1) < k]
        if not len(people):
            return []
        better = self._better(people, chosen, np.arange(data.clips), clip)
        members = []
        for person in people[better < k].tolist():
            taste = data.taste(data.user_ids[person])
            # The rank as the person's own list has it, ties included.
            found = np.flatnonzero(self.ranking(taste, chosen, k + 1, 0.0).order == clip)
            if len(found) and found[0] < k:
                ledger = self._ledger(taste, clip, chosen, 0.0)
                place = self._place(int(found[0]) + 1, clip, taste, ledger, 0.0, chosen, "")
                members.append(
                    AudienceMember(data.user_ids[person], place.rank, place.score, place.reason, place.by_modality)
                )
        return sorted(members, key=lambda m: (m.rank, -m.score))

    def _better(self, people: np.ndarray, weights: dict[str, float], columns: np.ndarray, position: int) -> np.ndarray:
        """How many unseen clips among some clearly beat the one at a position, per person."""
        scores = self.model.scores_of(people, weights, columns)
        away = (self.dataset.seen[people] + self.dataset.hidden[people])[:, columns].toarray() > 0
        return ((scores > scores[:, [position]] + 1e-4) & ~away).sum(axis=1)

    def pairs(
        self, user_id: str, clip_id: str, watched_clip_id: str, modality: str, weights: dict[str, float] | None = None
    ) -> list[SegmentPair]:
        """Open the line (modality, watched clip) to pairs of segments, the largest first; they sum to the line.

        Empty where the line is: a modality without segments, one that a clip lacks, a clip never watched.
        """
        taste, clip = self.dataset.taste(user_id), self.dataset.clip(clip_id)
        watched = self.dataset.clip(watched_clip_id)
        position = np.flatnonzero(taste.clips == watched)
        if modality not in self.content.vectors or not len(position) or watched == clip:
            return []
        i = MODALITIES.index(modality)
        if not (self.content.present[i, clip] and self.content.present[i, watched]):
            return []
        chosen, _ = self.settled(taste, self._weights(weights))
        factor = multipliers(chosen)[i] * float(taste.weights[position[0]]) / self.model.scale(modality)
        return sorted(self.content.pairs(watched, clip, modality, factor), key=lambda pair: -pair.value)


def _events(count: int) -> str:
    return f"{count} event{'' if count == 1 else 's'}"


ALGORITHMS = {
    "hybrid": ("Hybrid: content, crowd, popularity", MODALITIES),
    "content": ("Content: what the clips are like", CONTENT_MODALITIES),
    "words": ("Words: TF-IDF", ("words",)),
    "crowd": ("Crowd: EASE", ("crowd",)),
    "popularity": ("Popularity", ("prior",)),
}
