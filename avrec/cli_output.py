"""Shapes of what the command line prints; they are a contract with scripts: keys are added, never renamed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from avrec.engine import Engine
from avrec.errors import InvalidInputError
from avrec.schemas import MODALITIES, Clip, Contribution, Job, RankedList


def show(value: Any, as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print a document as JSON, or for people: a table of `columns`, or indented JSON without `columns`."""
    if as_json:
        typer.echo(_encodable(json.dumps(value, ensure_ascii=False, default=_plain)))
    elif not columns:
        typer.echo(_encodable(json.dumps(value, ensure_ascii=False, indent=2, default=_plain)))
    elif not value:
        typer.echo("nothing")
    else:
        import pandas as pd

        table = pd.DataFrame(value).reindex(columns=list(columns)).to_string(index=False, na_rep="")
        typer.echo(_encodable("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in table)))


def _encodable(text: str) -> str:
    """Names of files need not be Unicode: their odd bytes come out as JSON escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else str(value)


def parse_weights(text: str | None) -> dict[str, float] | None:
    """Read "visual=1,speech=.5" or a preset's name; names left out are 0.

    Raises:
        InvalidInputError: An unknown modality or a value that is no number of at least 0.
    """
    if text is None:
        return None
    if text in Engine.PRESET_WEIGHTS:
        return dict(Engine.PRESET_WEIGHTS[text])
    weights = dict.fromkeys(MODALITIES, 0.0)
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, number = part.partition("=")
        if name not in weights:
            raise InvalidInputError("Weights", f"{name!r} is not one of {', '.join(MODALITIES)}")
        try:
            weights[name] = float(number)
        except ValueError:
            raise InvalidInputError("Weights", f"{number!r} is not a number") from None
        if not 0 <= weights[name] <= 1000:
            raise InvalidInputError("Weights", f"{name} must be from 0 to 1000")
    return weights


def ingest_row(result: dict[str, Any], job: Job | None) -> dict[str, Any]:
    """What became of one file."""
    row = {"path": result["path"], "clip_id": None, "status": "failed", "reason": result.get("reason", "")}
    row |= {"seconds": 0.0, "stages": {}}
    if job is None:
        return row
    if job.state == "done":
        row |= {"status": job.outcome, "clip_id": job.clip_id, "reason": job.reason or job.found}
    else:
        row["reason"] = job.reason or job.state
    stages = {name: round(seconds, 3) for name, seconds in job.stage_seconds.items()}
    return row | {"seconds": round(sum(stages.values()), 3), "stages": stages}


def clip_row(clip: Clip) -> dict[str, Any]:
    return {
        "clip_id": clip.clip_id,
        "title": clip.title,
        "duration": round(clip.duration, 3),
        "category": clip.category,
        "subject": clip.subject,
        "language": clip.language,
        "modalities": list(clip.modalities),
    }


def clip_document(engine: Engine, clip_id: str) -> dict[str, Any]:
    """Everything found in a clip."""
    clip = engine.clip(clip_id)
    transcript = [
        {"start": a.start, "end": a.end, "text": a.label, "speaker": None, "probability": a.score, **a.details}
        for a in engine.transcript(clip_id)
    ]
    caption, caption_model = engine.caption(clip_id)
    return {
        "clip_id": clip.clip_id,
        "title": clip.title,
        "description": clip.description,
        "tags": list(clip.tags),
        "category": clip.category,
        "subject": clip.subject,
        "duration": clip.duration,
        "width": clip.info.width,
        "height": clip.info.height,
        "status": clip.status,
        "notes": list(clip.info.notes),
        "language": clip.language,
        "language_probability": clip.language_probability,
        "modalities": list(clip.modalities),
        "caption": {"text": caption, "model": caption_model},
        "segments": [asdict(segment) for segment in engine.segments(clip_id)],
        "transcript": transcript,
        "annotations": [asdict(a) for a in engine.annotations(clip_id)],
        "models": engine.clip_models(clip_id),
    }


def ranked_document(ranked: RankedList, head: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {
            "rank": r.rank,
            "clip_id": r.clip_id,
            "title": r.title,
            "score": r.score,
            "percentile": r.percentile,
            "reason": r.reason,
            "missing": list(r.missing),
            "badges": list(r.badges),
            "ledger": ledger_document(r.ledger, root=True),
        }
        for r in ranked.recommendations
    ]
    return head | {"note": ranked.note, "recommendations": rows}


def ledger_document(line: Contribution, root: bool = False) -> dict[str, Any]:
    """A ledger line; a leaf has no "children", the root says whether its leaves are exact."""
    row: dict[str, Any] = {"label": line.label, "kind": line.kind, "value": line.value, "key": line.key}
    if line.details:
        row["details"] = line.details
    if root:
        row["exact"] = line.exact
    if line.children:
        row["children"] = [ledger_document(child) for child in line.children]
    return row


def unexpected(error: Exception) -> str:
    """One line for what nobody foresaw; the log has the rest when it is asked to."""
    if isinstance(error, OSError) and error.strerror:
        return f"A file or folder could not be used: {error.strerror.lower()}. Check the paths that were given."
    return "Something went wrong. Run the command again with AVREC_LOG=debug to see where."
