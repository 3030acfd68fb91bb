"""People and what they did."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Interaction:
    """One event of one person with one clip.

    Attributes:
        clip_id: "" for a search, which is about no clip.
        value: Share watched for view, 1..5 for rating, else unused.
        text: What was said in a comment or searched for, else "".
    """

    user_id: str
    clip_id: str
    event: str
    value: float | None
    at: datetime
    simulated: bool = False
    interaction_id: int | None = None
    text: str = ""


@dataclass(frozen=True)
class PersonSettings:
    """What a person chose for their own lists.

    Attributes:
        pinned, banned: Topics that are lifted, and topics that are never listed.
        diversity: D = 1 - lambda where the caller gives none, in [0, 1]; None: no wish.
        profile: What they say of themself; counts as one more liked item of their history.
    """

    pinned: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    diversity: float | None = None
    profile: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody with at least an id.

    Attributes:
        positives: Clips that they like on balance.
        taste: What a simulated person was made to like, in words.
    """

    user_id: str
    events: int
    positives: int
    simulated: bool
    taste: str = ""


@dataclass(frozen=True)
class ImportReport:
    """What an import kept, and (line number, reason) of each row that it did not."""

    kept: int
    rejected: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class HistoryLine:
    """A clip of a person's history, or their profile text.

    Attributes:
        weight: What its events add up to now, in [-2, 2].
        contribution: What it adds to the person's first 20 clips together.
        events: The events behind it, newest first; none for the profile text.
    """

    clip_id: str
    title: str
    weight: float
    contribution: float
    events: tuple[Interaction, ...] = ()


@dataclass(frozen=True)
class Neighbour:
    """Somebody of a similar taste.

    Attributes:
        similarity: Shrunk cosine of the signed weights over all clips, in [-1, 1].
        common: Clips with a weight of both.
        confidence: common / (common + 5): how much of the plain cosine is left.
    """

    user_id: str
    similarity: float
    common: int
    confidence: float


@dataclass(frozen=True)
class NeighbourLike:
    """A clip that neighbours liked and the person has not seen. `score`: sum of the likers' similarities."""

    clip_id: str
    title: str
    score: float
    people: int


@dataclass(frozen=True)
class PersonProfile:
    """A person's taste as the recommenders see it.

    Attributes:
        topics: Topic -> share of the positive weight, the largest first.
        modalities: Modality -> mean absolute ledger line over the first 20 clips.
        periods: Ends of the periods, ISO dates, oldest first.
        interest: Topic -> signed weight at each period's end, decayed to it; the strongest topics first.
    """

    user_id: str
    topics: dict[str, float]
    modalities: dict[str, float]
    periods: tuple[str, ...]
    interest: dict[str, tuple[float, ...]]
    history: tuple[HistoryLine, ...]
    neighbours: tuple[Neighbour, ...]
    neighbour_likes: tuple[NeighbourLike, ...]


@dataclass(frozen=True)
class Interests:
    """What a person's comments and searches are about.

    Attributes:
        keywords: Words of the library, by TF-IDF weight.
        topics: Topics of the library whose clips lie nearest in sentence space, with cosines.
        sentences: What they said that stands nearest to the middle of all they said.
        text: A profile text made of these, to be edited.
        read: How many comments and searches there were.
    """

    keywords: tuple[str, ...]
    topics: tuple[tuple[str, float], ...]
    sentences: tuple[str, ...]
    text: str
    read: int
