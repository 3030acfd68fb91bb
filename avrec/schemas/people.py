"""People and what they did."""

from dataclasses import dataclass
from datetime import datetime


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
