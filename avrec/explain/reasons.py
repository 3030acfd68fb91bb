"""A reason in one sentence, made of ledger facts alone: the largest positive lines and the watched clip behind each."""

from __future__ import annotations

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
ABSENT = {"audio": "no sound", "visual": "no picture", "speech": "no speech"}
WORTH = 0.1


def reason_for(
    ledger: Contribution,
    clip: int,
    dataset: Dataset,
    content: ContentModel,
    note: str,
    missing: tuple[str, ...],
    positives: int,
) -> str:
    """Say why a clip stands in a person's list.

    Args:
        note: The list's note; a list by popularity has no better reason.
    """
    if note.startswith("popularity"):
        likes = int(dataset.positives[:, clip].nnz)
        return f"Liked by {likes} {'person' if likes == 1 else 'people'}; {note}" if likes else f"Nobody's yet; {note}"
    parts = _phrases(ledger, clip, dataset, content)
    if not parts:
        return "Little speaks for it: no line of its ledger is clearly positive"
    sentence = ", and ".join(parts)
    sentence = sentence[0].upper() + sentence[1:]
    extras = [ABSENT[m] for m in missing if m in ABSENT and m != "speech"]
    if positives < 2:
        extras.append(f"weak evidence, {positives} event")
    return "; ".join([sentence, *extras])


def _phrases(ledger: Contribution, clip: int, dataset: Dataset, content: ContentModel) -> list[str]:
    total = sum(max(line.value, 0.0) for line in ledger.children) or 1.0
    strong = sorted(
        (x for x in ledger.children if x.value > WORTH * total and x.kind != "penalty"), key=lambda x: -x.value
    )
    parts, named = [], set()
    for line in strong[:3]:
        best = max(line.children, key=lambda leaf: leaf.value, default=None)
        if line.key == "prior":
            parts.append("is widely liked")
        elif line.key == "words" and best is not None:
            words = content.words.shared(dataset.clip(best.key), clip)
            if words:
                parts.append(f"the words match: {', '.join(words)}")
        elif best is not None:
            title = "it" if best.label in named else best.label
            named.add(best.label)
            parts.append(PHRASES[line.key].format(title=title))
        if len(parts) == 2:
            break
    return parts


def reason_similar(ledger: Contribution, clip: int, other: int, content: ContentModel) -> str:
    """Say in what two clips are alike."""
    names = {
        "visual": "look",
        "audio": "sound",
        "speech": "what is said",
        "caption": "what is shown",
        "meaning": "topic",
    }
    strong = sorted((x for x in ledger.children if x.value > 0), key=lambda x: -x.value)[:2]
    parts = []
    for line in strong:
        if line.key == "words":
            words = content.words.shared(clip, other)
            parts += [f"words: {', '.join(words)}"] if words else []
        else:
            parts.append(names[line.key])
    return f"Alike in {' and '.join(parts)}" if parts else "Not clearly alike"
