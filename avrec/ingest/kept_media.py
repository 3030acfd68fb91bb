"""What is kept of a clip's media for running a stage again; decoded anew from the source where it is gone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from avrec.config import Settings
from avrec.errors import MediaError
from avrec.media import Decoded, decode, load_decoded
from avrec.media.decode_result import FRAMES_FILE, SOUND_FILE
from avrec.schemas import Clip, Segment
from avrec.store.clips import ClipStore
from avrec.store.files import hash_file


def kept_media(
    clip: Clip, clips: ClipStore, settings: Settings, scratch: Path, stage: str, interrupted: Callable[[], bool]
) -> Decoded | None:
    """Find what a stage reads, cut into the segments that the store has.

    Args:
        scratch: Where to decode into when something is gone; the caller takes it away.
        stage: "text" needs neither sound nor pictures.
        interrupted: Whether to stop decoding.

    Returns:
        None where the source is gone, too, or holds other bytes by now.

    Raises:
        JobCancelledError: `interrupted` said so.
    """
    segments = clips.segments(clip.clip_id)
    if stage == "text":
        return Decoded(clip.info, segments, [], [], [], scratch)
    home = settings.clips_dir / clip.clip_id
    decoded = _readable(home, stage)
    if decoded is None:
        source = settings.data / clips.source(clip.clip_id)
        try:
            if not source.is_file() or hash_file(source) != clip.sha256:
                return None
            decoded = decode(source, scratch, name=clip.file_name, preset=clip.preset, cancelled=interrupted)
        except (OSError, MediaError):
            return None
    return _cut(decoded, segments)


def _readable(home: Path, stage: str) -> Decoded | None:
    """What decoding left, if all that the stage needs of it is there."""
    try:
        decoded = load_decoded(home)
        if stage == "pictures":
            whole = not decoded.frame_times or len(_frames(home)) == len(decoded.frame_times)
        else:
            size = (home / SOUND_FILE).stat().st_size if decoded.info.has_sound else 4
            whole = size > 0 and size % 4 == 0
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return decoded if whole else None


def _frames(home: Path) -> np.ndarray:
    return np.load(home / FRAMES_FILE, mmap_mode="r")


def _cut(decoded: Decoded, segments: tuple[Segment, ...]) -> Decoded:
    """The same media by the store's segments: a newer decoder may cut otherwise, and rows belong to segments."""
    if decoded.segments == segments or not segments:
        return decoded
    starts = np.array([segment.start for segment in segments])
    owners = np.clip(np.searchsorted(starts, decoded.frame_times, side="right") - 1, 0, len(segments) - 1)
    return replace(decoded, segments=segments, frame_segments=owners.tolist())
