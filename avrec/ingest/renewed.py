"""What the stages of a rerun left in a clip's folder, as the store replaces it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sqlalchemy as sa

from avrec.ingest.document import compose_document
from avrec.ingest.folder import StageFolder
from avrec.ingest.model_versions import MODALITIES_OF
from avrec.ingest.stages import spoken_annotations
from avrec.schemas import Annotation
from avrec.store.renewal import Renewed

KINDS_OF = {"speech": ("speech",), "audio": ("audio",), "pictures": ("scene", "object", "caption", "tag"), "text": ()}
MODELS_OF = {
    "speech": ("speech",),
    "audio": ("audio",),
    "pictures": ("image", "scenes", "objects", "captions", "caption vectors"),
    "text": ("sentences", "documents"),
}


def read_renewed(folder: StageFolder, clip_id: str, added_at: str, ran: list[str]) -> Renewed:
    """What the stages that ran left in a clip's folder."""
    annotations: list[Annotation] = []
    vectors: dict[str, tuple[str, np.ndarray]] = {}
    models: dict[str, str] = {}
    columns: dict[str, Any] = {}
    for stage in ran:
        record, arrays = folder.record(stage), folder.arrays(stage)
        if stage == "speech":
            annotations += spoken_annotations(record)
            columns = {name: record[name] for name in ("language", "language_probability")}
        else:
            annotations += [Annotation(**a) for a in record.get("annotations", ())]
        versions = {"audio": record["version"]} if stage == "audio" else record.get("versions", {})
        array_of = {"audio": "vectors"} if stage == "audio" else {}
        vectors |= {m: (v, arrays[array_of.get(m, m)]) for m, v in versions.items() if v}
        models |= {stage: record["model"]} if record.get("model") else record.get("models", {})
    return Renewed(
        clip_id,
        added_at,
        kinds=tuple(kind for stage in ran for kind in KINDS_OF[stage]),
        annotations=tuple(annotations),
        modalities=tuple(modality for stage in ran for modality in MODALITIES_OF[stage]),
        vectors={m: pair for m, pair in vectors.items() if np.isfinite(pair[1]).all(axis=1).any()},
        tasks=tuple(task for stage in ran for task in MODELS_OF[stage]),
        models=models,
        columns=columns,
        document=_document(folder) if "text" in ran else None,
    )


def _document(folder: StageFolder) -> Callable[[sa.Row], str]:
    captions = folder.record("pictures")["captions"]
    lines = [line["text"].strip() for line in folder.record("speech")["lines"]]

    def compose(row: sa.Row) -> str:
        return compose_document(row.title, row.description, row.tags, captions, lines)

    return compose
