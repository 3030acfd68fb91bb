"""The comparing half of the Engine's test double: algorithms, lists, people and clips side by side."""

from collections import Counter

from fake_library import unit

from avrec.evaluate import overlap
from avrec.recommend.options import ListOptions
from avrec.schemas import (
    CONTENT_MODALITIES,
    MODALITIES,
    AlgorithmEntry,
    ClipComparison,
    CommonClip,
    Comparison,
    ListMetrics,
    ModalityLikeness,
    PeopleComparison,
    SegmentPair,
)


class FakeComparing:
    """Made-up but stable; over what `FakeEngine` ranks and knows."""

    def algorithms(self) -> list[tuple[str, str, str]]:
        return [(e.name, e.title, "exact" if e.exact else "approximate") for e in self.algorithm_entries()]

    def algorithm_entries(self) -> list[AlgorithmEntry]:
        return [
            AlgorithmEntry("hybrid", "Hybrid", "hybrid", True, MODALITIES),
            AlgorithmEntry("content", "Content", "content", True, CONTENT_MODALITIES),
            AlgorithmEntry("popularity", "Popularity", "baseline", True),
            AlgorithmEntry("user-knn", "People alike", "neighbourhood", True),
            AlgorithmEntry("svd", "Factors: SVD", "factors", False),
        ]

    # ---- comparing
    def list_metrics(self, user_id, clip_ids) -> ListMetrics:
        self.history(user_id)
        return ListMetrics(0.61, 3.2, 0.12, 0.21) if len(clip_ids) > 1 else ListMetrics()

    def compare(self, user_id, algorithms, k=10, *, weights=None, options=None) -> Comparison:
        options = options or ListOptions()
        lists = tuple(
            self.recommend(user_id, k, algorithm=name, weights=weights, options=options) for name in algorithms
        )
        orders = [[p.clip_id for p in ranked.recommendations] for ranked in lists]
        metrics = tuple(self.list_metrics(user_id, order) for order in orders)
        return Comparison(user_id, lists, metrics, *overlap.matrices(orders))

    def compare_people(self, user_id, other_id, k=10, *, algorithm="hybrid", weights=None, options=None):
        mine, theirs = self._taste(user_id), self._taste(other_id)
        common = [CommonClip(c, self._clips[c].title, mine[c], theirs[c]) for c in mine if c in theirs]
        lists = tuple(
            self.recommend(user, k, algorithm=algorithm, weights=weights, options=options)
            for user in (user_id, other_id)
        )
        orders = [[p.clip_id for p in ranked.recommendations] for ranked in lists]
        return PeopleComparison(
            user_id, other_id, (self._topics(mine), self._topics(theirs)),
            tuple(c for c in common if c.weight > 0 and c.other_weight > 0),
            tuple(c for c in common if c.weight * c.other_weight < 0),
            len(common), 0.25 if common else None, lists, overlap.jaccard(*orders), overlap.rbo(*orders),
        )  # fmt: skip

    def _topics(self, taste: dict[str, float]) -> dict[str, float]:
        sums = Counter()
        for clip_id, weight in taste.items():
            sums[self._clips[clip_id].subject] += max(weight, 0.0)
        total = sum(sums.values())
        return {name: value / total for name, value in sums.most_common()} if total else {}

    def compare_clips(self, clip_id, other_id) -> ClipComparison:
        clip, other = self.clip(clip_id), self.clip(other_id)
        both = [m for m in CONTENT_MODALITIES if m in clip.modalities and m in other.modalities]
        lines = tuple(
            ModalityLikeness(m, v := self._line(m, clip_id, other_id), 4 * v, self.PRESET_WEIGHTS["balanced"][m] * v)
            for m in both
        )
        absent = {
            m: tuple(c.clip_id for c in (clip, other) if m not in c.modalities)
            for m in CONTENT_MODALITIES
            if m not in both
        }
        return ClipComparison(clip_id, other_id, lines, absent, sum(x.value for x in lines), 93.0, ("one", "two"))

    def clip_pairs(self, clip_id, other_id, modality) -> list[SegmentPair]:
        if clip_id == other_id:
            return []
        return [
            SegmentPair(modality, clip_id, a.start, a.end, other_id, b.start, b.end,
                        unit(modality, clip_id, a.start, other_id, b.start), 0.1)
            for a in self.segments(clip_id) for b in self.segments(other_id)
        ]  # fmt: skip
