"""A reason in one sentence, made of ledger facts alone: the largest positive lines and the watched clip behind each.

A line can be positive because a clip is unlike what a person turned down; then the sentence says that, and never that
they liked it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from avrec.schemas import Contribution

if TYPE_CHECKING:
    from avrec.recommend.content import ContentModel
    from avrec.recommend.dataset import Dataset

PHRASES = {
    "visual": "looks like {title}",
    "audio": "sounds like {title}",
    "speech": "says things close to {title}",
    "caption": "shows what {title} shows",
    "meaning": "is about the same as {title}",
    "crowd": "was liked by people who liked {title}",
}
LOOSE = {
    "visual": "looks a little like {title}",
    "audio": "sounds a little like {title}",
    "speech": "says things loosely related to {title}",
    "caption": "shows something like what {title} shows",
    "meaning": "is loosely about what {title} is about",
}
CLEAR = 1.5  # deviations above a random pair from which likeness is said without a grain of salt
ALIKE = {
    "visual": "look", "audio": "sound", "speech": "what is said", "caption": "what is shown", "meaning": "topic",
    "words": "words",
}  # fmt: skip
OTHERS = {
    "neighbour": "was liked by people of a similar taste",
    "factor": "fits what was learned of this person's taste",
}
UNLIKE = "is unlike {title}, which was turned down"
ABSENT = {"visual": "no picture", "audio": "no sound"}
CLIP_LEVELS = {"rated": "is rated above the average", "bias": "is preferred by most people"}
LEVELS = ("mean", "level")  # the same for every clip of a list: no reason for any
WORTH = 0.1  # a line below this share of the positive lines is no reason
MOST_PARTS = 2


@dataclass(frozen=True)
class Evidence:
    """Where the facts of one place of a list lie."""

    clip: int
    dataset: Dataset
    content: ContentModel

    def words(self, watched_id: str) -> list[str]:
        return self.content.words.shared(self.dataset.watched(watched_id), self.clip)

    def sigma(self, modality: str, watched_id: str) -> float:
        """Deviations above a random pair of clips."""
        return self.content.sigma(modality, self.dataset.watched(watched_id), self.clip)

    def likes(self) -> int:
        return int(self.dataset.liked[self.clip])


def reason_for(ledger: Contribution, facts: Evidence, note: str, missing: tuple[str, ...], positives: int) -> str:
    """Say why a clip stands in a person's list.

    Args:
        note: The list's note; a list by popularity has no better reason.
        missing: Modalities the clip lacks; silence and blindness are said.
        positives: Clips the person has shown to like; fewer than two are weak evidence.
    """
    if note.startswith("popularity"):
        likes = facts.likes()
        return f"Liked by {_people(likes)}; {note}" if likes else f"Liked by nobody yet; {note}"
    parts = _phrases(ledger, facts)
    extras = [ABSENT[m] for m in ABSENT if m in missing]
    if positives < 2:
        extras.append(f"weak evidence, {positives} event{'' if positives == 1 else 's'}")
    sentence = ", and ".join(parts) or "little speaks for it: no line of its ledger is clearly positive"
    return "; ".join([sentence[0].upper() + sentence[1:], *extras])


def _phrases(ledger: Contribution, facts: Evidence) -> list[str]:
    spoken = [(_beyond_levels(line), line) for line in ledger.children]
    worth = WORTH * sum(max(value, 0.0) for value, _ in spoken)
    parts: list[str] = []
    named: set[str] = set()
    for value, line in sorted(spoken, key=lambda x: -x[0]):
        if len(parts) == MOST_PARTS or value <= max(worth, 1e-9):
            break
        phrase = _of_prior(line, facts) if line.key == "prior" else _of_watched(line, facts, named)
        if phrase and phrase not in parts:
            parts.append(phrase)
    return parts


def _beyond_levels(line: Contribution) -> float:
    """A line's value without the levels that all clips of the list share."""
    return line.value - sum(leaf.value for leaf in line.leaves() if leaf.key in LEVELS)


def _of_prior(line: Contribution, facts: Evidence) -> str:
    best = max((leaf for leaf in line.leaves() if leaf.key not in LEVELS), key=lambda leaf: leaf.value)
    if best.key.startswith("pinned "):
        return f"has the {best.label}"
    if best.key in CLIP_LEVELS:
        return CLIP_LEVELS[best.key]
    return f"is liked by {_people(facts.likes())}" if best.key in ("prior", "popularity") else f"is {best.label}"


def _of_watched(line: Contribution, facts: Evidence, named: set[str]) -> str:
    """The phrase of a line by the watched clip that carries most of it; a clip is named once, then "it"."""
    leaves = line.leaves()
    if leaves[0].kind in OTHERS:
        return OTHERS[leaves[0].kind]
    positive = [leaf for leaf in leaves if leaf.kind == "clip" and leaf.value > 0]
    if not positive:
        return ""
    best = max(positive, key=lambda leaf: (leaf.details["event"] > 0, leaf.value))
    if best.details["event"] < 0:
        return UNLIKE.format(title=best.label) if line.key != "crowd" else ""
    if line.key == "words":
        words = facts.words(best.key)
        return f"the words match: {', '.join(words)}" if words else ""
    label = f"the {best.label}" if best.label.startswith("profile of ") else best.label
    title = "it" if named == {best.key} else label
    named.add(best.key)
    loose = line.key in LOOSE and facts.sigma(line.key, best.key) < CLEAR
    return (LOOSE if loose else PHRASES)[line.key].format(title=title)


def reason_similar(ledger: Contribution, clip: int, other: int, content: ContentModel) -> str:
    """Say in what two clips are alike."""
    parts = []
    for line in sorted(ledger.children, key=lambda x: -x.value)[:MOST_PARTS]:
        if line.value > 0:
            words = content.words.shared(clip, other) if line.key == "words" else []
            parts.append(f"words: {', '.join(words)}" if words else ALIKE[line.key])
    return f"Alike in {' and '.join(parts)}" if parts else "Not clearly alike"


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"
