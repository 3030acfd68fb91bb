"""Which clips of the library are shown, in which order: pure functions over the clips."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from avrec.schemas import Clip

SORTS = ("Newest first", "Oldest first", "Title", "Longest first", "Shortest first", "Most events")
SPEECH = ("Any", "With speech", "No speech")
KINDS = ("Any", "Video", "Audio only")
NO_LANGUAGE = "none"


@dataclass(frozen=True)
class Filter:
    """What the reader asked for; empty means everything.

    Attributes:
        text: Words that must all occur in the title, description, tags, captions or what was said.
        shortest, longest: Limits of the duration in seconds, both included; None is no limit.
    """

    text: str = ""
    subjects: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    speech: str = "Any"
    kind: str = "Any"
    shortest: float | None = None
    longest: float | None = None

    @property
    def hidden(self) -> int:
        """How many of the facets behind "More" narrow the list."""
        limited = self.shortest is not None or self.longest is not None
        facets = (self.categories, self.languages, self.tags, self.speech != "Any", self.kind != "Any", limited)
        return sum(map(bool, facets))


def matching(clips: Sequence[Clip], wanted: Filter, found: Mapping[str, str]) -> list[Clip]:
    """Clips that fit, in the given order.

    Args:
        found: clip_id -> everything said and seen in it, as text.
    """
    words = wanted.text.casefold().split()

    def fits(clip: Clip) -> bool:
        return (
            (not wanted.subjects or clip.subject in wanted.subjects)
            and (not wanted.categories or clip.category in wanted.categories)
            and (not wanted.languages or language_of(clip) in wanted.languages)
            and (not wanted.tags or not set(wanted.tags).isdisjoint(clip.tags))
            and (wanted.speech == "Any" or clip.has_speech == (wanted.speech == "With speech"))
            and (wanted.kind == "Any" or (clip.info.kind == "audio") == (wanted.kind == "Audio only"))
            and (wanted.shortest is None or clip.duration >= wanted.shortest)
            and (wanted.longest is None or clip.duration <= wanted.longest)
            and (not words or _says(clip, words, found.get(clip.clip_id, "")))
        )

    return [clip for clip in clips if fits(clip)]


def _says(clip: Clip, words: Sequence[str], found: str) -> bool:
    text = " ".join((clip.title, clip.description, *clip.tags, clip.subject, found)).casefold()
    return all(word in text for word in words)


def joined(*texts: Mapping[str, str]) -> dict[str, str]:
    """One text a clip from several, such as what was said and what was seen."""
    every = {clip_id for text in texts for clip_id in text}
    return {clip_id: " ".join(text.get(clip_id, "") for text in texts) for clip_id in every}


def language_of(clip: Clip) -> str:
    return (clip.language if clip.has_speech else None) or NO_LANGUAGE


def ordered(clips: Sequence[Clip], sort: str, events: Mapping[str, int]) -> list[Clip]:
    """Sort clips by one of SORTS; ties stay in the given order.

    Args:
        events: clip_id -> number of events with it; only "Most events" looks at it.
    """
    match sort:
        case "Oldest first":
            return sorted(clips, key=lambda clip: clip.added_at)
        case "Title":
            return sorted(clips, key=lambda clip: clip.title.casefold())
        case "Longest first":
            return sorted(clips, key=lambda clip: -clip.duration)
        case "Shortest first":
            return sorted(clips, key=lambda clip: clip.duration)
        case "Most events":
            return sorted(clips, key=lambda clip: -events.get(clip.clip_id, 0))
        case _:
            return sorted(clips, key=lambda clip: clip.added_at, reverse=True)


def facet(values: Iterable[str]) -> dict[str, int]:
    """Value -> number of clips, the most frequent first; empty values are left out."""
    return dict(sorted(Counter(value for value in values if value).items(), key=lambda item: (-item[1], item[0])))


def page_of(total: int, size: int, page: int) -> tuple[int, int, int]:
    """(number of pages, page held to them, index of its first clip); an empty list still has one page."""
    pages = max(1, -(-total // size))
    page = min(max(page, 1), pages)
    return pages, page, (page - 1) * size
