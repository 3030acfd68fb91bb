"""The library's side of the Engine: clips, what was found in them, their files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from avrec.config import Settings
from avrec.errors import UnknownClipError
from avrec.ingest import edits, intake
from avrec.ingest.publish import remove_clip
from avrec.media.decode_result import POSTER_FILE, PROXY_AUDIO_FILE, PROXY_VIDEO_FILE, load_decoded, thumbnail_file
from avrec.schemas import Annotation, Clip, Person, Segment
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.interactions import InteractionStore
from avrec.store.jobs import JobStore, Order
from avrec.store.memo import Memo


class Library:
    """Answers about clips. `Engine` sets the attributes and adds `people`."""

    settings: Settings
    _clips: ClipStore
    _interactions: InteractionStore
    _jobs: JobStore
    _database: Database
    _memo: Memo

    def people(self) -> list[Person]:
        raise TypeError("a Library alone knows no people")

    def clips(self) -> list[Clip]:
        """Every clip, newest first."""
        return list(self._memo.get("clips", self._library_revision(), self._clips.all))

    def clips_of(self, clip_ids: Sequence[str]) -> dict[str, Clip]:
        """Those of some clips that are in the library, by id."""
        revision = self._library_revision()
        known = self._memo.get("clips by id", revision, lambda: {clip.clip_id: clip for clip in self.clips()})
        return {clip_id: known[clip_id] for clip_id in clip_ids if clip_id in known}

    def _library_revision(self) -> int:
        """Grows with every published clip, edit and deletion."""
        return self._memo.get("revisions", self._database.stamp(), self._database.revisions)[0]

    def clip(self, clip_id: str) -> Clip:
        return self._clips.get(clip_id)

    def segments(self, clip_id: str) -> tuple[Segment, ...]:
        return self._clips.segments(clip_id)

    def annotations(self, clip_id: str, kind: str | None = None) -> list[Annotation]:
        """What was found, by start time; of one kind, or of all."""
        return self._clips.annotations(clip_id, kind)

    def transcript(self, clip_id: str) -> list[Annotation]:
        return self._clips.annotations(clip_id, "speech")

    def clip_models(self, clip_id: str) -> dict[str, str]:
        """Task -> name of the model that did it for this clip."""
        return self._clips.models(clip_id)

    def caption(self, clip_id: str) -> tuple[str, str]:
        """The surest caption of the clip and the model behind it; both empty where there is no picture."""
        captions = self._clips.annotations(clip_id, "caption")
        if not captions:
            return "", ""
        best = max(captions, key=lambda a: a.score)
        return best.label, best.model

    def edit_clip(
        self,
        clip_id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Clip:
        """Change a clip's text; words change at once, its document vector in the background."""
        clip = self._clips.get(clip_id)
        fields = intake.clean_fields(
            clip.file_name,
            clip.title if title is None else title,
            clip.description if description is None else description,
            clip.tags if tags is None else tags,
        )
        edited = self._clips.edit(clip_id, **fields)
        edited = self._clips.edit(clip_id, document=edits.document_of(edited, self._clips))
        text = {"title": f"Text of {edited.title}"}
        self._jobs.enqueue([Order(edited.sha256, "", edited.file_name, text, edited.preset, kind="text", priority=1)])
        return edited

    def delete_clip(self, clip_id: str) -> None:
        """Remove a clip from index, lists and disk."""
        clip = self._clips.get(clip_id)
        remove_clip(clip_id, self._clips, self.settings)
        self._jobs.forget_clip(clip.sha256)

    def media(
        self, clip_id: str, kind: Literal["proxy", "poster", "frame"], index: int | None = None
    ) -> tuple[Path, str]:
        """A clip's file and its fixed MIME type. `index` is the segment of a "frame".

        Raises:
            UnknownClipError: There is no such clip or no such file of it.
        """
        folder = self.settings.clips_dir / self._clips.get(clip_id).clip_id
        names = {
            "proxy": [(PROXY_VIDEO_FILE, "video/mp4"), (PROXY_AUDIO_FILE, "audio/mp4")],
            "poster": [(POSTER_FILE, "image/jpeg")],
            "frame": [(thumbnail_file(index or 0), "image/jpeg"), (POSTER_FILE, "image/jpeg")],
        }
        for name, mime in names[kind]:
            if (folder / name).is_file():
                return folder / name, mime
        raise UnknownClipError(clip_id)

    def peaks(self, clip_id: str) -> list[float]:
        """The sound's outline, values in [0, 1] over the clip's length; empty without sound, or where it is gone."""
        folder = self.settings.clips_dir / self._clips.get(clip_id).clip_id

        def read() -> list[float]:
            try:
                return load_decoded(folder).peaks
            except (OSError, ValueError, KeyError, TypeError):  # the clip's files are gone or damaged
                return []

        return list(self._memo.get(("peaks", clip_id), self._library_revision(), read))

    def has_preview(self, clip_id: str) -> bool:
        """Whether there is something to play."""
        try:
            return self.media(clip_id, "proxy")[0].stat().st_size > 0
        except (UnknownClipError, OSError):
            return False

    def said(self, kind: str = "speech") -> dict[str, str]:
        """clip_id -> everything said in it, for clips with speech; or the text of another kind, such as "caption"."""
        texts: dict[str, str] = {}
        for clip_id, _, _, line in self._clips.lines(kind):
            texts[clip_id] = f"{texts[clip_id]} {line}" if clip_id in texts else line
        return texts

    def event_counts(self) -> dict[str, int]:
        """clip_id -> how many events there are with it."""
        return self._interactions.counts()

    def summary(self) -> dict[str, Any]:
        """Counts for the Library's strip."""
        clips, people = self.clips(), self.people()
        languages: dict[str, int] = {}
        for clip in clips:
            if clip.has_speech and clip.language:
                languages[clip.language] = languages.get(clip.language, 0) + 1
        return {
            "clips": len(clips),
            "seconds": sum(clip.duration for clip in clips),
            "with_speech": sum(clip.has_speech for clip in clips),
            "languages": dict(sorted(languages.items(), key=lambda item: -item[1])),
            "people": len(people),
            "interactions": sum(person.events for person in people),
            "simulated_people": sum(person.simulated for person in people),
            "attention": self._jobs.counts(without=("evaluate", "tune")).get("failed", 0)
            + sum(clip.status == "partial" for clip in clips),
        }
