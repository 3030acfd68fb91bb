"""Clips whose files are gone or damaged: the original is decoded again, while rows and vectors stay as they are."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from avrec.config import Settings
from avrec.errors import CorruptMediaError, UnknownClipError
from avrec.ingest.task import Task
from avrec.media.decode_result import (
    FRAMES_FILE,
    POSTER_FILE,
    PROXY_AUDIO_FILE,
    PROXY_VIDEO_FILE,
    RESULT_FILE,
    SOUND_FILE,
    load_decoded,
)
from avrec.schemas import Clip
from avrec.store.clips import ClipStore
from avrec.store.files import hash_file, move_folder
from avrec.store.tables import clips as clip_table

GONE = "its original is gone or was changed"
ADVICE = "Add the same file again, then run the self-check again."


def missing_files(settings: Settings, clip: Clip) -> list[str]:
    """Names of the clip's files that are gone or cannot be what they should."""
    folder, pictures = settings.clips_dir / clip.clip_id, clip.info.kind == "video"
    needed = [PROXY_VIDEO_FILE, POSTER_FILE] if pictures else [PROXY_AUDIO_FILE]
    needed += [SOUND_FILE] if clip.info.has_sound else []
    wrong = [name for name in needed if not (folder / name).is_file() or not (folder / name).stat().st_size]
    try:
        load_decoded(folder)
    except (OSError, ValueError, KeyError, TypeError):
        wrong.append(RESULT_FILE)
    return [*wrong, *_wrong_frames(folder / FRAMES_FILE)] if pictures else wrong


def _wrong_frames(path: Path) -> Iterator[str]:
    try:
        np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        yield FRAMES_FILE


def originals(settings: Settings, clip: Clip, source: str) -> list[Path]:
    """Where the clip's bytes may be: its source, or an upload of the same bytes."""
    places = [settings.data / source, settings.originals_dir / clip.sha256]
    return [place for place in dict.fromkeys(places) if place.is_file()]


def remake(task: Task, clips: ClipStore, settings: Settings) -> str:
    """Decode a clip's original again and put the files in their place; runs as a job.

    Raises:
        CorruptMediaError: There is no original with the clip's bytes any more.
        UnknownClipError: The clip was deleted meanwhile.
    """
    from avrec.media import decode

    clip = clips.get(task.key[:16])
    task.announce(0.0, "decode")
    sources = originals(settings, clip, clips.source(clip.clip_id))
    found = next((path for path in sources if hash_file(path) == clip.sha256), None)
    if found is None:
        raise CorruptMediaError(clip.file_name, GONE, ADVICE)
    task.folder.mkdir(parents=True, exist_ok=True)
    decoded = decode(
        found,
        task.folder / "media",
        name=clip.file_name,
        preset=clip.preset,
        progress=lambda share: task.announce(share, "decode"),
        cancelled=_asking(task),
    )
    same = decoded.segments == clips.segments(clip.clip_id)
    _place(task.folder / "media", clip.clip_id, found, clips, settings)
    return "files made again" + ("" if same else "; its segments are cut a little differently today")


def _place(media: Path, clip_id: str, original: Path, clips: ClipStore, settings: Settings) -> None:
    """Move the files while nobody deletes the clip or replaces the library, and note where its original is."""
    below = original.is_relative_to(settings.data)
    source = str(original.relative_to(settings.data) if below else original)
    with clips.database.write("library") as connection:  # pages keep what they read of the files
        mine = clip_table.update().where(clip_table.c.clip_id == clip_id)
        if not connection.execute(mine.values(source=source)).rowcount:
            raise UnknownClipError(clip_id)
        move_folder(media, settings.clips_dir / clip_id)


def _asking(task: Task) -> Callable[[], bool]:
    """Whether decoding should end early; what raises then says why."""

    def cancelled() -> bool:
        try:
            task.announce(0.5, "decode")
        except BaseException:
            return True
        return False

    return cancelled
