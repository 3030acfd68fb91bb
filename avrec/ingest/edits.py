"""Edited titles, descriptions and tags: the words change at once, the document's vector in the background."""

from avrec.ingest.document import compose_document
from avrec.models.catalogue import Models
from avrec.schemas import Clip
from avrec.store.clips import ClipStore


def document_of(clip: Clip, clips: ClipStore) -> str:
    """The clip's document from its present fields and what was said and captioned by a model."""
    lines = [a.label for a in clips.annotations(clip.clip_id, "speech")]
    captions = [a.label for a in clips.annotations(clip.clip_id, "caption") if a.model != "composed"]
    return compose_document(clip.title, clip.description, clip.tags, captions, lines)


def embed_document(clip_id: str, clips: ClipStore, models: Models) -> None:
    """Embed the clip's present document again.

    Raises:
        UnknownClipError: The clip was deleted meanwhile.
    """
    document = document_of(clips.get(clip_id), clips)
    encoder = models.documents
    clips.update_text(clip_id, document, encoder.card.version, encoder.encode([document]))
