"""The nouns of avrec: plain, immutable records that every layer shares and none of them owns.

Times are seconds from a clip's start, scores named `score` of annotations are in [0, 1], datetimes are UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

MODALITIES = ("visual", "audio", "speech", "caption", "meaning", "words", "crowd", "prior")
CONTENT_MODALITIES = MODALITIES[:6]
SEGMENT_MODALITIES = MODALITIES[:4]
VECTOR_MODALITIES = MODALITIES[:5]
EVENTS = ("view", "like", "dislike", "rating", "favourite", "share", "comment", "hide", "skip")
PRESETS = ("fast", "balanced", "thorough")
STAGES = ("decode", "segments", "speech", "audio", "pictures", "text", "index")

AnnotationKind = Literal["speech", "caption", "scene", "object", "text", "face", "emotion", "audio", "tag"]


# ---- what is in a clip -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """A stretch of a clip, 2 to 10 s (a whole clip may be shorter)."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Annotation:
    """Something seen or heard between `start` and `end`, and the model that said it.

    Attributes:
        score: Probability in [0, 1]; for kind "audio" the statistic's value scaled to [0, 1].
        details: JSON-able extras: a speech line's words, log-probability and language; a statistic's value and unit.
    """

    start: float
    end: float
    kind: AnnotationKind
    label: str
    score: float
    model: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Word:
    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True)
class SpokenLine:
    """One recognised utterance. `avg_logprob` is Whisper's mean token log-probability."""

    start: float
    end: float
    text: str
    avg_logprob: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Transcript:
    """What is said in a clip; no lines means that nothing was said."""

    lines: tuple[SpokenLine, ...]
    language: str | None
    language_probability: float | None
    model: str


@dataclass(frozen=True)
class MediaInfo:
    """What decoding found out (never what the container claims, unless named so).

    Attributes:
        kind: "video" when there is a moving picture, else "audio".
        partial: The file ends early or is damaged in part; `notes` say how, in words for users.
    """

    kind: Literal["video", "audio"]
    duration: float
    width: int | None
    height: int | None
    fps: float | None
    has_sound: bool
    container: str
    video_codec: str | None
    audio_codec: str | None
    partial: bool = False
    notes: tuple[str, ...] = ()


# ---- models ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelCard:
    """Who says what: shown beside every model's output.

    Attributes:
        name: Name for people, e.g. "Whisper base (faster-whisper int8)".
        version: Weights hash + preprocessing + pooling; vectors of different versions never meet.
        source: "package carrier", "local folder", "hub cache", "python package" or "shipped".
        stands_in_for: What the profile's place would hold where this is a replacement, else "".
    """

    task: str
    name: str
    version: str
    source: str
    licence: str
    device: str = "cpu"
    dtype: str = "float32"
    loaded: bool = False
    memory_bytes: int = 0
    stands_in_for: str = ""
    available: bool = True
    reason: str = ""


# ---- library -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clip:
    """One audio or video file of the library. `clip_id` = first 16 hex digits of the sha256 of its bytes."""

    clip_id: str
    sha256: str
    title: str
    file_name: str
    info: MediaInfo
    added_at: datetime
    description: str = ""
    tags: tuple[str, ...] = ()
    category: str = ""
    subject: str = ""
    language: str | None = None
    language_probability: float | None = None
    status: Literal["complete", "partial"] = "complete"
    preset: str = "balanced"
    demo: bool = False
    modalities: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        return self.info.duration

    @property
    def has_speech(self) -> bool:
        return "speech" in self.modalities


@dataclass(frozen=True)
class Understanding:
    """Everything found in a clip: what `ingest` makes and `store` publishes in one transaction.

    Attributes:
        vectors: modality -> (version, float32 array (n_segments, dim); rows of NaN where the segment lacks the
            modality). `meaning` has one row for the whole clip.
        models: task -> name of the model that did it.
    """

    clip: Clip
    segments: tuple[Segment, ...]
    annotations: tuple[Annotation, ...]
    vectors: dict[str, tuple[str, np.ndarray]]
    document: str
    models: dict[str, str]
    stage_seconds: dict[str, float]


@dataclass(frozen=True)
class Job:
    """One file on its way into the library.

    Attributes:
        state: queued, running, done, failed or cancelled.
        outcome: "done", "partial" or "duplicate" once the state is done.
        progress: Share of the work done, in [0, 1].
    """

    job_id: str
    file_name: str
    title: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    created_at: datetime
    stage: str = ""
    stages_done: tuple[str, ...] = ()
    progress: float = 0.0
    clip_id: str | None = None
    outcome: str = ""
    reason: str = ""
    preset: str = "balanced"
    seconds_left: float | None = None
    stage_seconds: dict[str, float] = field(default_factory=dict)
    found: str = ""


# ---- people ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interaction:
    """One event of one person with one clip. `value`: share watched for view, 1..5 for rating, else unused."""

    user_id: str
    clip_id: str
    event: str
    value: float | None
    at: datetime
    simulated: bool = False
    interaction_id: int | None = None


@dataclass(frozen=True)
class Person:
    user_id: str
    events: int
    positives: int
    simulated: bool
    taste: str = ""


@dataclass(frozen=True)
class ImportReport:
    kept: int
    rejected: tuple[tuple[int, str], ...]


# ---- what recommenders see ---------------------------------------------------------------------------


@dataclass(frozen=True)
class VectorSet:
    """One modality's vectors of the whole library, one row per segment that has it.

    Attributes:
        clip: (rows,) int64, index into `Corpus.clip_ids`, ascending.
        start, end: (rows,) float64 seconds.
        matrix: (rows, dim) float32, rows of length 1.
    """

    version: str
    clip: np.ndarray
    start: np.ndarray
    end: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True)
class Corpus:
    """The library as recommenders see it: aligned columns, one entry per clip."""

    clip_ids: tuple[str, ...]
    titles: tuple[str, ...]
    documents: tuple[str, ...]
    languages: tuple[str | None, ...]
    durations: np.ndarray
    added_at: tuple[datetime, ...]
    vectors: dict[str, VectorSet]


# ---- answers -----------------------------------------------------------------------------------------

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
