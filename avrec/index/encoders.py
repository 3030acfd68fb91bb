"""Who may encode a query: only the very models behind the vectors that are served.

After a change of models the old vectors serve until all are made anew. Their model is asked where it is here; where it
is not, that way of matching is left out and named, since vectors of different models say nothing about each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GAPS = {
    "speech": ("What is said", "text"),
    "visual": ("Pictures", "pictures"),
}


@dataclass(frozen=True)
class Encoders:
    """What turns words into vectors; None leaves a way of matching out.

    Attributes:
        speech: The sentence encoder behind the spoken lines' vectors.
        image_text: The text tower beside the pictures' encoder.
        picture_map: Stands in for it: knows the pictures' vectors, and takes vectors of `map_sentences`.
    """

    speech: Any = None
    image_text: Any = None
    picture_map: Any = None
    map_sentences: Any = None

    @property
    def pictures(self) -> bool:
        """Whether words can be compared with pictures."""
        return self.image_text is not None or (self.picture_map is not None and self.map_sentences is not None)


def choose_encoders(models: Any, served: Mapping[str, str]) -> Encoders:
    """Find the models behind the served vectors.

    Args:
        models: A `Models`, or what answers like it.
        served: Modality -> version.
    """
    speech = models.of_version("sentences", served["speech"]) if "speech" in served else None
    image_text = picture_map = map_sentences = None
    if "visual" in served:
        image_text = models.of_version("image_text", served["visual"])
        picture_map = models.map_of(served["visual"]) if image_text is None else None
        if picture_map is not None:
            map_sentences = models.of_version("sentences", picture_map.sentences_version)
    return Encoders(speech, image_text, picture_map, map_sentences)


def gaps(encoders: Encoders, served: Mapping[str, str]) -> list[str]:
    """A sentence for each way of matching that has vectors and nobody to encode a query."""
    missing = [name for name, has in (("speech", encoders.speech), ("visual", encoders.pictures)) if not has]
    return [
        f"{GAPS[name][0]} cannot be searched by words now: another model read them, and it is not here. "
        f"Run the {GAPS[name][1]} stage again."
        for name in missing
        if name in served
    ]
