"""The stages between a decoded file and an `Understanding`: each reads what earlier ones left in the job's folder.

A stage takes the models it needs from `Models` and leaves a record and arrays; nothing is published until all are
done.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from avrec.ingest.document import assign_lines, compose_document
from avrec.ingest.folder import StageFolder
from avrec.ingest.pictures import understand_pictures
from avrec.media import Decoded, load_decoded, load_sound
from avrec.models.catalogue import Models
from avrec.schemas import Annotation


@dataclass(frozen=True)
class Work:
    """What a stage gets.

    Attributes:
        fields: title, description, tags given with the file.
        report: Takes the share of the stage that is done, in [0, 1].
        preset: fast, balanced or thorough.
    """

    folder: StageFolder
    models: Models
    fields: dict[str, Any]
    report: Callable[[float], None]
    preset: str = "balanced"

    def decoded(self) -> Decoded:
        return load_decoded(self.folder.media)

    def sound(self) -> np.ndarray | None:
        return load_sound(self.folder.media)


def segments(work: Work) -> None:
    """Where the segments are, written down beside what was decoded."""
    work.folder.save("segments", [asdict(segment) for segment in work.decoded().segments])


def speech(work: Work, sound: np.ndarray | None) -> None:
    """What is said: lines with words. Needs the sound alone, so it runs while the pictures are still being decoded."""
    if sound is None:
        work.folder.save("speech", {"lines": [], "language": None, "language_probability": None, "model": None})
        return
    transcript = work.models.transcriber.transcribe(np.asarray(sound, dtype=np.float32))
    lines = [asdict(line) for line in transcript.lines]
    work.folder.save(
        "speech",
        {
            "lines": lines,
            "language": transcript.language if lines else None,
            "language_probability": transcript.language_probability if lines else None,
            "model": transcript.model,
        },
    )


def audio(work: Work) -> None:
    """How it sounds: pooled encoder states and spectral statistics per segment."""
    from avrec.models.sound import encode_segments
    from avrec.models.spectrum import describe_sound

    decoded, sound = work.decoded(), work.sound()
    if sound is None:
        work.folder.save("audio", {"version": None, "model": None, "annotations": []})
        return
    encoder = work.models.sound
    vectors = encode_segments(encoder, sound, decoded.segments)
    annotations = describe_sound(sound, decoded.segments)
    work.folder.save(
        "audio",
        {
            "version": encoder.card.version,
            "model": encoder.card.name,
            "annotations": [asdict(a) for a in annotations],
        },
        {"vectors": vectors},
    )


def pictures(work: Work) -> None:
    """What it shows: CLIP and named-picture vectors, scenes, objects, captions per segment."""
    decoded = work.decoded()
    if not decoded.frame_times:
        work.folder.save("pictures", {"models": {}, "versions": {}, "annotations": [], "captions": []})
        return
    found = understand_pictures(decoded, work.models, work.report)
    work.folder.save(
        "pictures",
        {
            "models": found.models,
            "versions": found.versions,
            "annotations": [asdict(a) for a in found.annotations],
            "captions": found.model_captions,
        },
        found.vectors,
    )


def text(work: Work) -> None:
    """What it means: sentence vectors of the speech per segment and one vector of the whole document."""
    decoded, said, seen = work.decoded(), work.folder.record("speech"), work.folder.record("pictures")
    texts = [""] * len(decoded.segments)
    owners = assign_lines([(line["start"], line["end"]) for line in said["lines"]], decoded.segments)
    for line, owner in zip(said["lines"], owners, strict=True):
        texts[owner] = f"{texts[owner]} {line['text'].strip()}".strip()
    arrays: dict[str, np.ndarray] = {}
    record: dict[str, Any] = {"versions": {}, "models": {}}
    spoken = [i for i, t in enumerate(texts) if t]
    if spoken:
        sentences = work.models.sentences
        vectors = sentences.encode([texts[i] for i in spoken])
        arrays["speech"] = np.full((len(texts), vectors.shape[1]), np.nan, dtype=np.float32)
        arrays["speech"][spoken] = vectors
        record["versions"]["speech"] = sentences.card.version
        record["models"]["sentences"] = sentences.card.name
    work.report(0.3)
    document = compose_document(
        work.fields["title"],
        work.fields.get("description", ""),
        work.fields.get("tags", ()),
        seen["captions"],
        [line["text"].strip() for line in said["lines"]],
    )
    record["document"] = document
    if document.strip():
        documents = work.models.documents
        arrays["meaning"] = documents.encode([document])
        record["versions"]["meaning"] = documents.card.version
        record["models"]["documents"] = documents.card.name
    work.folder.save("text", record, arrays)


def spoken_annotations(said: dict[str, Any]) -> list[Annotation]:
    """Turn the speech stage's lines into annotations; a line's score is its mean word probability."""
    annotations = []
    for line in said["lines"]:
        words = line["words"]
        score = float(np.mean([w["probability"] for w in words])) if words else float(np.exp(line["avg_logprob"]))
        details = {
            "words": words,
            "avg_logprob": line["avg_logprob"],
            "language": said["language"],
            "language_probability": said["language_probability"],
        }
        annotations.append(
            Annotation(
                line["start"], line["end"], "speech", line["text"].strip(), min(score, 1.0), said["model"], details
            )
        )
    return annotations
