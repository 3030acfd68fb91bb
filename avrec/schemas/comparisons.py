"""Answers that put things next to each other: algorithms, lists, people, clips."""

from dataclasses import dataclass

from avrec.schemas.answers import RankedList


@dataclass(frozen=True)
class AlgorithmEntry:
    """One algorithm of the list.

    Attributes:
        exact: Whether its ledger's leaves are the score itself, or leave-one-out differences.
        modalities: Whose weights change its score; empty where the score has no modalities.
    """

    name: str
    title: str
    family: str
    exact: bool
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListMetrics:
    """What a list is like, whoever made it. None where it cannot be told.

    Attributes:
        diversity: Mean distance of two of its clips, in [0, 1]; distance = 1 - likeness as MMR sees it.
        novelty: Mean self-information in bits of its clips being liked.
        popularity: Mean share of people who like a clip, in [0, 1].
        divergence: Bits between the topics of the person's history and the list's (Steck 2018); 0 is the same mix.
    """

    diversity: float | None = None
    novelty: float | None = None
    popularity: float | None = None
    divergence: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Several algorithms' lists for one person.

    Attributes:
        lists, metrics: One an algorithm, in the order asked for.
        jaccard, rbo: Overlap of list i with list j, in [0, 1].
    """

    user_id: str
    lists: tuple[RankedList, ...]
    metrics: tuple[ListMetrics, ...]
    jaccard: tuple[tuple[float, ...], ...]
    rbo: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class CommonClip:
    """A clip that two people both have a weight for, signed, in [-2, 2]."""

    clip_id: str
    title: str
    weight: float
    other_weight: float


@dataclass(frozen=True)
class PeopleComparison:
    """Two people over each other.

    Attributes:
        tastes: Each one's topic -> share of their positive weight.
        shared: Clips that both like, the strongest first.
        opposed: Clips that one likes and the other does not.
        common: Clips that both have a weight for.
        cosine: Of their signed weights over all clips; None where one has none.
    """

    user_id: str
    other_id: str
    tastes: tuple[dict[str, float], dict[str, float]]
    shared: tuple[CommonClip, ...]
    opposed: tuple[CommonClip, ...]
    common: int
    cosine: float | None
    lists: tuple[RankedList, RankedList]
    jaccard: float
    rbo: float


@dataclass(frozen=True)
class ModalityLikeness:
    """How alike two clips are in one modality.

    Attributes:
        cosine: Of the centred vectors.
        sigma: The same in deviations above a random pair, held to +-4.
        value: What it adds to the likeness of the two at the fitted weights.
    """

    modality: str
    cosine: float
    sigma: float
    value: float


@dataclass(frozen=True)
class ClipComparison:
    """Two clips over each other.

    Attributes:
        lines: The modalities that both have; their values sum to `likeness`.
        absent: Modality -> clip ids that lack it.
        percentile: Share of random pairs of clips that are less alike; None in a tiny library.
        words: Words that both share, the most telling first.
    """

    clip_id: str
    other_id: str
    lines: tuple[ModalityLikeness, ...]
    absent: dict[str, tuple[str, ...]]
    likeness: float
    percentile: float | None
    words: tuple[str, ...]
