"""What is in a clip, and the clip itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

AnnotationKind = Literal["speech", "caption", "scene", "object", "text", "face", "emotion", "audio", "tag"]


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
        stages_now: Stages in hand: sound and pictures run beside each other. `stage` is the first of them.
        stage_times: Stage -> (start, end) in seconds since 1970; of a stage in hand both are its start.
        duration: Seconds of the clip, once they are known.
        priority: The highest goes first; then the oldest.
        kind: "ingest" or "text" for files; "evaluate" or "tune"; "folder", "media", "rerun", "profile".
        key: What the work is known by: hash of the file's bytes, or of what is evaluated.
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
    kind: str = "ingest"
    key: str = ""
    stages_now: tuple[str, ...] = ()
    stage_times: dict[str, tuple[float, float]] = field(default_factory=dict)
    duration: float | None = None
    priority: int = 0


@dataclass(frozen=True)
class JobPage:
    """Some of the queue's jobs, and how many there are in all."""

    jobs: tuple[Job, ...]
    total: int


@dataclass(frozen=True)
class Failures:
    """Jobs that failed for one reason.

    Attributes:
        what: What happened, and what to do about it; numbers that differ between the files are left out ("…").
        files: (job id, file name, the file's own sentence), the latest first.
    """

    what: str
    files: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class QueueCounts:
    """How many jobs on clips there are in each state.

    Attributes:
        clips: Done jobs of files that became clips.
        known: Done jobs of files whose bytes were known.
        cancellable: Waiting jobs that "cancel all" takes; the seconds' work of an edited text goes on.
    """

    running: int = 0
    waiting: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    clips: int = 0
    known: int = 0
    cancellable: int = 0


@dataclass(frozen=True)
class WatchedFolder:
    """A server folder whose new files become clips.

    Attributes:
        looked_at: When it was last looked into; None before the first look.
        note: What that look found, in words.
    """

    path: str
    preset: str
    looked_at: datetime | None
    note: str
