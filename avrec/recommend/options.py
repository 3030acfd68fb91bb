"""What a list is made with besides the recommender: diversity, priors, calibration, filters, reserved places."""

from dataclasses import dataclass, fields

from avrec.errors import InvalidInputError


@dataclass(frozen=True)
class ListOptions:
    """All of them off but diversity. What is additive becomes a line of the ledger, the rest a badge.

    Attributes:
        diversity: D = 1 - lambda of MMR, in [0, 1].
        calibration: Pull towards the topics of the person's own history (Steck 2018), in [0, 1].
        quality, freshness, long_tail: Weights of priors, in deviations of the score, in [0, 5].
        include_seen: Rank clips that were seen, too.
        collapse: Show one of several near-duplicates.
        reserved: Places kept for clips that nobody has an event with.
        pinned, banned: Topics that are lifted by two deviations of the score each, and topics that are left out.
    """

    diversity: float = 0.2
    calibration: float = 0.0
    quality: float = 0.0
    freshness: float = 0.0
    long_tail: float = 0.0
    include_seen: bool = False
    collapse: bool = False
    reserved: int = 0
    pinned: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()

    def checked(self) -> "ListOptions":
        """The options themselves.

        Raises:
            InvalidInputError: One is out of its range.
        """
        ranges = {"diversity": 1.0, "calibration": 1.0, "quality": 5.0, "freshness": 5.0, "long_tail": 5.0}
        for name, high in ranges.items():
            if not 0 <= getattr(self, name) <= high:
                raise InvalidInputError(name.replace("_", " ").capitalize(), f"it must be from 0 to {high:g}")
        if not 0 <= self.reserved <= 50:
            raise InvalidInputError("Reserved places", "there are 0 to 50")
        return self

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))


PLAIN = ListOptions(diversity=0.0)
