"""The library of the Engine's test double: the demo clips as a library's, what is in them, and made-up numbers."""

import csv
import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from avrec.config import REPOSITORY
from avrec.errors import UnknownClipError
from avrec.schemas import (
    CONTENT_MODALITIES,
    Annotation,
    Clip,
    MediaInfo,
    Segment,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STARTER = REPOSITORY / "assets" / "starter"


def unit(*parts: object) -> float:
    """A stable number in [0, 1) from anything."""
    return int(hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:8], 16) / 2**32


def starter_clips(limit: int | None = None) -> list[Clip]:
    """The demo clips' titles and lengths as clips of a library."""
    rows = list(csv.DictReader((STARTER / "starter.csv").read_text(encoding="utf-8").splitlines()))[:limit]
    return [make_clip(row["file"], row["title"], row, i) for i, row in enumerate(rows)]


def make_clip(file_name: str, title: str, row: dict | None = None, age: int = 0) -> Clip:
    row = row or {}
    sha = hashlib.sha256(file_name.encode()).hexdigest()
    audio_only = file_name.endswith("mp3")
    silent = row.get("kind") == "video"
    speaks = bool(row.get("reference_transcript"))
    lacks = {*(("visual", "caption") if audio_only else ()), *(("audio",) if silent else ())}
    lacks |= set() if speaks else {"speech"}
    info = MediaInfo(
        kind="audio" if audio_only else "video", duration=float(row.get("duration") or 8.0), width=640, height=360,
        fps=25.0, has_sound=not silent, container="mp4", video_codec="h264", audio_codec="aac",
    )  # fmt: skip
    return Clip(
        clip_id=sha[:16], sha256=sha, title=title, file_name=file_name, info=info, tags=("demo",),
        added_at=NOW - timedelta(hours=age), category=row.get("category", "nature"),
        subject=row.get("subject", "nature"), language="en" if speaks else None,
        language_probability=0.98 if speaks else None, demo=True,
        modalities=tuple(m for m in CONTENT_MODALITIES if m not in lacks),
    )  # fmt: skip


class FakeLibrary:
    """Over `_clips`, `_events` and `_jobs`, which `FakeEngine` sets."""

    def clips(self) -> list[Clip]:
        return sorted(self._clips.values(), key=lambda c: c.added_at, reverse=True)

    def clips_of(self, clip_ids) -> dict[str, Clip]:
        return {clip_id: self._clips[clip_id] for clip_id in clip_ids if clip_id in self._clips}

    def clip(self, clip_id: str) -> Clip:
        if clip_id not in self._clips:
            raise UnknownClipError(clip_id)
        return self._clips[clip_id]

    def segments(self, clip_id: str) -> tuple[Segment, ...]:
        length = self.clip(clip_id).duration
        count = max(1, round(length / 3))
        return tuple(Segment(i * length / count, (i + 1) * length / count) for i in range(count))

    def annotations(self, clip_id: str, kind: str | None = None) -> list[Annotation]:
        clip, found = self.clip(clip_id), []
        for i, s in enumerate(self.segments(clip_id)):
            p = 0.4 + 0.5 * unit(clip_id, i)
            if clip.info.kind == "video":
                scene, thing = f"{clip.category} scene", f"{clip.subject} thing"
                found.append(Annotation(s.start, s.end, "scene", scene, p, "Places365 ResNet18"))
                found.append(Annotation(s.start, s.end, "object", thing, 1 - p / 2, "CLIP"))
                caption = f"A {thing} in a {scene}."
                found.append(Annotation(s.start, s.end, "caption", caption, p, "composed"))
            if clip.has_speech:
                words = [
                    {"start": s.start + 0.2 * j, "end": s.start + 0.2 * j + 0.2, "text": f" {word}", "probability": q}
                    for j, (word, q) in enumerate((("Some", 0.9), ("spoken", 0.4), ("words", 0.95)))
                ]
                details = {"words": words, "avg_logprob": -0.3, "language": "en", "language_probability": 0.98}
                text = f"Some spoken words {i}."
                found.append(Annotation(s.start, s.end - 0.3, "speech", text, 0.8, "Whisper base", details))
            if clip.info.has_sound:
                details = {"value": -20.0 - i, "unit": "dBFS"}
                found.append(Annotation(s.start, s.end, "audio", "level", p, "spectral statistics", details))
        return [a for a in found if kind in (None, a.kind)]

    def transcript(self, clip_id: str) -> list[Annotation]:
        return self.annotations(clip_id, "speech")

    def clip_models(self, clip_id: str) -> dict[str, str]:
        self.clip(clip_id)
        return {"speech": "Whisper base", "pictures": "CLIP ViT-B/32", "captions": "composed"}

    def caption(self, clip_id: str) -> tuple[str, str]:
        found = self.annotations(clip_id, "caption")
        return (found[0].label, found[0].model) if found else ("", "")

    def edit_clip(self, clip_id, *, title=None, description=None, tags=None) -> Clip:
        clip = self.clip(clip_id)
        self._clips[clip_id] = replace(
            clip,
            title=clip.title if title is None else title,
            description=clip.description if description is None else description,
            tags=clip.tags if tags is None else tuple(tags),
        )
        self._changed("edit_clip", clip_id)
        return self._clips[clip_id]

    def delete_clip(self, clip_id: str) -> None:
        self.clip(clip_id)
        del self._clips[clip_id]
        self._events = [e for e in self._events if e.clip_id != clip_id]
        self._changed("delete_clip", clip_id)

    def media(self, clip_id, kind, index=None) -> tuple[Path, str]:
        clip = self.clip(clip_id)
        if kind == "proxy":
            mime = "audio/mpeg" if clip.info.kind == "audio" else "video/mp4"
            return STARTER / clip.file_name, mime
        if self.media_folder is None or not (self.media_folder / f"{clip_id}.jpg").is_file():
            raise UnknownClipError(clip_id)
        return self.media_folder / f"{clip_id}.jpg", "image/jpeg"

    def has_preview(self, clip_id: str) -> bool:
        return clip_id not in self.without_preview

    def peaks(self, clip_id: str) -> list[float]:
        return [0.1 + 0.9 * unit(clip_id, i) for i in range(60)] if self.clip(clip_id).info.has_sound else []

    def said(self, kind: str = "speech") -> dict[str, str]:
        texts = {c.clip_id: " ".join(a.label for a in self.annotations(c.clip_id, kind)) for c in self.clips()}
        return {clip_id: text for clip_id, text in texts.items() if text}

    def event_counts(self) -> dict[str, int]:
        return dict(Counter(e.clip_id for e in self._events))

    def open_demo(self) -> bool:
        self._changed("open_demo")
        return True

    def summary(self) -> dict:
        clips, people = self.clips(), self.people()
        speaking = [c for c in clips if c.has_speech]
        return {
            "clips": len(clips), "seconds": sum(c.duration for c in clips), "with_speech": len(speaking),
            "languages": {"en": len(speaking)} if speaking else {}, "people": len(people),
            "interactions": len(self._events), "simulated_people": sum(p.simulated for p in people),
            "attention": sum(j.state == "failed" for j in self._jobs.values()),
        }  # fmt: skip
