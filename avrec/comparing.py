"""The Engine's side of the Compare page: algorithms, people and clips next to each other."""

from collections.abc import Sequence

from avrec.errors import InvalidInputError
from avrec.evaluate import overlap
from avrec.evaluate.list_metrics import list_metrics
from avrec.explain import versus
from avrec.recommend.dataset import Dataset
from avrec.recommend.options import ListOptions
from avrec.schemas import (
    AlgorithmEntry,
    ClipComparison,
    Comparison,
    ListMetrics,
    PeopleComparison,
    RankedList,
    SegmentPair,
)
from avrec.serving import Serving

MOST_COMPARED = 4


class Comparing:
    """Answers that set things side by side. `Engine` sets the attribute."""

    _serving: Serving

    def algorithm_entries(self) -> list[AlgorithmEntry]:
        """Every recommender with its family and the modalities whose weights change its score."""
        return self._serving.algorithm_entries()

    def list_metrics(self, user_id: str, clip_ids: Sequence[str]) -> ListMetrics:
        """What a person's list is like: diversity, novelty, popularity, distance from the person's topics.

        Clips deleted since the list was made are left out.

        Raises:
            UnknownUserError: There is no such person.
        """
        return self._serving.ask(
            lambda model: list_metrics(model, user_id, [c for c in clip_ids if c in model.dataset.clip_at])
        )

    def compare(
        self,
        user_id: str,
        algorithms: Sequence[str],
        k: int = 10,
        *,
        weights: dict[str, float] | None = None,
        options: ListOptions | None = None,
    ) -> Comparison:
        """One person's list by up to four algorithms, with the overlap of every two.

        Raises:
            InvalidInputError: None, or more than four algorithms.
            UnknownUserError, UnknownModelError: As they say.
        """
        names = list(dict.fromkeys(algorithms))
        if not 1 <= len(names) <= MOST_COMPARED:
            raise InvalidInputError("Algorithms", f"1 to {MOST_COMPARED} can be compared")
        chosen = options or ListOptions()
        lists = tuple(self._serving.recommend(user_id, k, name, weights, chosen) for name in names)
        orders = [_order(ranked) for ranked in lists]
        metrics = tuple(self.list_metrics(user_id, order) for order in orders)
        return Comparison(user_id, lists, metrics, *overlap.matrices(orders))

    def compare_people(
        self,
        user_id: str,
        other_id: str,
        k: int = 10,
        *,
        algorithm: str = "hybrid",
        weights: dict[str, float] | None = None,
        options: ListOptions | None = None,
    ) -> PeopleComparison:
        """Two people: topics, clips they agree and disagree on, and both lists by the same algorithm.

        Raises:
            UnknownUserError, UnknownModelError: As they say.
        """
        chosen = options or ListOptions()
        first, second = (self._serving.recommend(user, k, algorithm, weights, chosen) for user in (user_id, other_id))
        return self._serving.ask(lambda model: _people(model.dataset, user_id, other_id, (first, second)))

    def compare_clips(self, clip_id: str, other_id: str) -> ClipComparison:
        """Two clips: likeness modality by modality, and the words they share.

        Raises:
            UnknownClipError: There is no such clip.
        """
        return self._serving.ask(lambda model: versus.compare_clips(model, clip_id, other_id))

    def clip_pairs(self, clip_id: str, other_id: str, modality: str) -> list[SegmentPair]:
        """Open one modality's likeness of two clips to pairs of segments; they sum to its value.

        Raises:
            UnknownClipError: There is no such clip.
        """
        return self._serving.ask(lambda model: versus.clip_pairs(model, clip_id, other_id, modality))


def _order(ranked: RankedList) -> list[str]:
    return [place.clip_id for place in ranked.recommendations]


def _people(dataset: Dataset, user_id: str, other_id: str, lists: tuple[RankedList, RankedList]) -> PeopleComparison:
    common = versus.common_clips(dataset, user_id, other_id)
    orders = _order(lists[0]), _order(lists[1])
    return PeopleComparison(
        user_id,
        other_id,
        versus.tastes(dataset, user_id, other_id),
        tuple(clip for clip in common if clip.weight > 0 and clip.other_weight > 0),
        tuple(clip for clip in common if clip.weight * clip.other_weight < 0),
        len(common),
        versus.cosine(dataset, user_id, other_id),
        lists,
        overlap.jaccard(*orders),
        overlap.rbo(*orders),
    )
