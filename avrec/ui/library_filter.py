"""Which clips of the library are shown, in which order: pure functions over the clips."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from avrec.schemas import Clip

SORTS = ("Newest first", "Title", "Longest first", "Shortest first", "Most events")
SPEECH = ("Any", "With speech", "No speech")
KINDS = ("Any", "Video", "Audio only")


@dataclass(frozen=True)
class Filter:
    """What the reader asked for; empty means everything.

    Attributes:
        text: Words that must all occur in the title, description, tags or what was said.
        longest: Upper limit of the duration in seconds, or None.
    """

    text: str = ""
    subjects: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    speech: str = "Any"
    kind: str = "Any"
    longest: float | None = None

    @property
    def active(self) -> int:
        """How many of the facets behind "More" narrow the list."""
        return sum([bool(self.categories), bool(self.languages), self.speech != "Any", self.kind != "Any",
                    self.longest is not None])  # fmt: skip


def matching(clips: Sequence[Clip], wanted: Filter, said: Mapping[str, str]) -> list[Clip]:
    """Clips that fit, in the given order.

    Args:
        said: clip_id -> everything said in it.
    """
    words = wanted.text.lower().split()

    def fits(clip: Clip) -> bool:
        text = " ".join((clip.title, clip.description, *clip.tags, clip.subject, said.get(clip.clip_id, ""))).lower()
        return (
            all(word in text for word in words)
            and (not wanted.subjects or clip.subject in wanted.subjects)
            and (not wanted.categories or clip.category in wanted.categories)
            and (not wanted.languages or (clip.language or "none") in wanted.languages)
            and (wanted.speech == "Any" or clip.has_speech == (wanted.speech == "With speech"))
            and (wanted.kind == "Any" or (clip.info.kind == "audio") == (wanted.kind == "Audio only"))
            and (wanted.longest is None or clip.duration <= wanted.longest)
        )

    return [clip for clip in clips if fits(clip)]


def ordered(clips: Sequence[Clip], sort: str, events: Mapping[str, int]) -> list[Clip]:
    """Sort clips by one of SORTS."""
    match sort:
        case "Title":
            return sorted(clips, key=lambda clip: clip.title.lower())
        case "Longest first":
            return sorted(clips, key=lambda clip: -clip.duration)
        case "Shortest first":
            return sorted(clips, key=lambda clip: clip.duration)
        case "Most events":
            return sorted(clips, key=lambda clip: (-events.get(clip.clip_id, 0), clip.title.lower()))
        case _:
            return sorted(clips, key=lambda clip: clip.added_at, reverse=True)


def facet(values: Sequence[str]) -> dict[str, int]:
    """Value -> number of clips, the most frequent first; empty values are left out."""
    return dict(sorted(Counter(value for value in values if value).items(), key=lambda item: (-item[1], item[0])))
