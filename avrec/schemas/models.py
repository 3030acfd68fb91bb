"""Who says what: shown beside every model's output."""

from dataclasses import dataclass


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


@dataclass(frozen=True)
class VectorState:
    """The vectors of one modality, in the whole library.

    Attributes:
        stage: Which stage makes them.
        served: The version that lists and search see; "" where there are no vectors.
        present: The version that the stage would make now; "" where its models cannot be used.
        clips: How many clips have the served version.
        stale: How many have vectors, but none of the present version.
        damaged: How many are known to be left out because they are damaged.
    """

    modality: str
    stage: str
    served: str
    present: str
    clips: int
    stale: int
    damaged: int = 0


@dataclass(frozen=True)
class WorkerState:
    """A process that works on jobs.

    Attributes:
        lane: "clips" or "evaluations".
        memory_bytes: Resident.
        loaded: Tasks whose models it has in memory.
    """

    lane: str
    pid: int
    memory_bytes: int
    loaded: tuple[str, ...]
