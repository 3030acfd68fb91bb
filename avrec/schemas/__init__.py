"""The nouns of avrec: plain, immutable records that every layer shares and none of them owns.

Times are seconds from a clip's start, scores named `score` of annotations are in [0, 1], datetimes are UTC.
"""

from avrec.schemas.answers import (
    AudienceMember,
    Contribution,
    ContributionKind,
    Counterfactual,
    Moment,
    RankedList,
    Recommendation,
    SegmentPair,
)
from avrec.schemas.clips import (
    Annotation,
    AnnotationKind,
    Clip,
    Job,
    MediaInfo,
    Segment,
    SpokenLine,
    Transcript,
    Understanding,
    Word,
)
from avrec.schemas.comparisons import (
    AlgorithmEntry,
    ClipComparison,
    CommonClip,
    Comparison,
    ListMetrics,
    ModalityLikeness,
    PeopleComparison,
)
from avrec.schemas.corpus import Corpus, VectorSet
from avrec.schemas.models import ModelCard
from avrec.schemas.names import (
    CONTENT_MODALITIES,
    EVENTS,
    MODALITIES,
    PRESETS,
    SEGMENT_MODALITIES,
    STAGES,
    VECTOR_MODALITIES,
)
from avrec.schemas.people import ImportReport, Interaction, Person

__all__ = [
    "CONTENT_MODALITIES",
    "EVENTS",
    "MODALITIES",
    "PRESETS",
    "SEGMENT_MODALITIES",
    "STAGES",
    "VECTOR_MODALITIES",
    "AlgorithmEntry",
    "Annotation",
    "AnnotationKind",
    "AudienceMember",
    "Clip",
    "ClipComparison",
    "CommonClip",
    "Comparison",
    "Contribution",
    "ContributionKind",
    "Corpus",
    "Counterfactual",
    "ImportReport",
    "Interaction",
    "Job",
    "ListMetrics",
    "MediaInfo",
    "ModalityLikeness",
    "ModelCard",
    "Moment",
    "PeopleComparison",
    "Person",
    "RankedList",
    "Recommendation",
    "Segment",
    "SegmentPair",
    "SpokenLine",
    "Transcript",
    "Understanding",
    "VectorSet",
    "Word",
]
