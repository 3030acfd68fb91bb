"""What recommenders and search answer."""

from dataclasses import dataclass, field
from typing import Any, Literal

ContributionKind = Literal[
    "algorithm", "part", "modality", "clip", "segments", "prior", "penalty", "neighbour", "factor"
]


@dataclass(frozen=True)
class Contribution:
    """A line of the ledger. A node's value is the sum of its children's; a leaf has none.

    Attributes:
        key: What the line is about, for machines: a modality name, a clip_id, "start-end|start-end".
        details: Numbers shown beside the line: weight, match (in sigma), similarity, moments.
        exact: On the root, whether the leaves are the score (linear) or an approximation.
    """

    label: str
    kind: ContributionKind
    value: float
    children: tuple["Contribution", ...] = ()
    key: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    exact: bool = True

    def leaves(self) -> list["Contribution"]:
        if not self.children:
            return [self]
        return [leaf for child in self.children for leaf in child.leaves()]


@dataclass(frozen=True)
class Recommendation:
    """One place of a ranked list.

    Attributes:
        score: base score + list penalty; the ledger's leaves sum to it within 1e-6.
        percentile: Share of random person-clip pairs below the base score, in [0, 100]; None where undefined.
        by_modality: Signed sums of the ledger per modality, in the order of MODALITIES, plus "diversity".
        missing: Modalities the clip lacks.
        badges: Words such as "new", "popularity", "weak evidence, 1 event".
    """

    rank: int
    clip_id: str
    title: str
    score: float
    percentile: float | None
    reason: str
    ledger: Contribution
    by_modality: dict[str, float]
    missing: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()


@dataclass(frozen=True)
class RankedList:
    """An answer of a recommender: for a person or, for "more like this", a clip.

    Attributes:
        note: What the reader must know about the list as a whole ("popularity: no positive events yet"), or "".
        candidates: How many clips were ranked.
    """

    algorithm: str
    recommendations: tuple[Recommendation, ...]
    user_id: str | None = None
    clip_id: str | None = None
    note: str = ""
    candidates: int = 0


@dataclass(frozen=True)
class AudienceMember:
    user_id: str
    rank: int
    score: float
    reason: str
    by_modality: dict[str, float]
    seen: bool = False


@dataclass(frozen=True)
class Counterfactual:
    """What really re-ranking without something gives. `rank_without` is None when the clip leaves the list."""

    without: str
    label: str
    kind: Literal["modality", "clip"]
    score: float
    score_without: float
    rank: int
    rank_without: int | None


@dataclass(frozen=True)
class SegmentPair:
    """Two moments and what their likeness adds. The pairs of a (modality, watched clip) line sum to its value."""

    modality: str
    watched_clip_id: str
    watched_start: float
    watched_end: float
    clip_id: str
    start: float
    end: float
    similarity: float
    value: float


@dataclass(frozen=True)
class Moment:
    """A stretch of a clip that a search found. `score` is in sigma, `percentile` against random queries or pairs."""

    rank: int
    clip_id: str
    title: str
    start: float
    end: float
    score: float
    percentile: float | None
    modalities: dict[str, float]
    text: str
