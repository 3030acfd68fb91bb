"""Opening a hostile file: the demuxer is forced by what was sniffed, and no second file is ever opened."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from avrec.errors import CorruptMediaError, MediaTooLargeError, UnsupportedMediaError
from avrec.media.sniff import FORMATS, Sniffed, sniff

MAX_PIXELS = 40_000_000
MANY_PIXELS = 9_000_000  # beyond this, frame threads would hold several huge pictures
LONGEST_CLAIM = 48 * 3600.0
BUFFER_BYTES = 1 << 18
THREADS = 2


@dataclass(frozen=True)
class Source:
    """An opened file.

    Attributes:
        video, audio: The streams to decode, or None.
        claimed: Seconds the container says there are, where that is a statement and not a guess.
    """

    container: Any
    file: BinaryIO
    kind: Sniffed
    video: Any
    audio: Any
    claimed: float | None

    @property
    def start(self) -> float:
        """Where the container says its clock starts, in seconds."""
        return (self.container.start_time or 0) / 1e6


@contextlib.contextmanager
def open_source(path: Path, name: str) -> Iterator[Source]:
    """Open a file with the one demuxer that its first bytes call for.

    Raises:
        MediaError: It is empty, of another kind, damaged, too large, or holds neither picture nor sound.
    """
    kind = sniff(path, name)
    with path.open("rb") as file:
        try:
            container = open_guarded(file, kind.format)
        except MemoryError:
            raise
        except Exception as error:
            # Not only libav's errors: UnicodeDecodeError and AttributeError come out of damaged headers, too.
            raise CorruptMediaError(name, _why_closed(path, kind)) from error
        with container:
            video, audio = _streams(container, name)
            yield Source(container, file, kind, video, audio, _claimed_seconds(container, kind, video, audio))


def open_guarded(file: BinaryIO, container_format: str) -> Any:
    """`av.open` that cannot reach any other file, whatever the bytes say.

    `io_open` is what a demuxer calls for a second file (playlist entries, external data references of mov); it refuses.
    """
    import av

    options = {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "file",
        "max_pixels": str(MAX_PIXELS),
        "max_streams": "200",
    }
    return av.open(
        file,
        format=container_format,
        options=options,
        metadata_errors="replace",
        buffer_size=BUFFER_BYTES,
        io_open=_refuse,
    )


def _refuse(url: str, flags: int, options: dict[str, str]) -> Any:
    raise PermissionError("a media file may not open another one")


def _why_closed(path: Path, kind: Sniffed) -> str:
    if kind.format == "mov" and b"moov" not in _box_names(path):
        return "its index is missing, so it was cut off while being saved or sent"
    return "it is damaged or cut off, and nothing in it could be decoded"


def _box_names(path: Path, most: int = 1000) -> list[bytes]:
    """Types of the top-level boxes of an mp4 file."""
    names, position, size = [], 0, path.stat().st_size
    with path.open("rb") as file:
        while position + 8 <= size and len(names) < most:
            file.seek(position)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            names.append(head[4:8])
            length = int.from_bytes(head[8:16], "big") if length == 1 else length
            if length < 8:
                break
            position += length
    return names


def _streams(container: Any, name: str) -> tuple[Any, Any]:
    """The first picture that is not cover art and the first sound; those without a decoder are passed over."""
    import av

    cover = av.stream.Disposition.attached_pic
    pictures = [s for s in container.streams.video if not s.disposition & cover and s.codec_context is not None]
    sounds = [s for s in container.streams.audio if s.codec_context is not None]
    video, audio = next(iter(pictures), None), next(iter(sounds), None)
    if video is None and audio is None:
        raise UnsupportedMediaError(name, "there is neither a picture nor a sound that avrec can decode in it")
    if video is not None:
        context = video.codec_context
        check_pixels(context.width, context.height, name)
        context.options = {"max_pixels": str(MAX_PIXELS)}
        context.thread_type = "AUTO" if context.width * context.height < MANY_PIXELS else "SLICE"
        context.thread_count = THREADS
    return video, audio


def check_pixels(width: int, height: int, name: str) -> None:
    """Raise MediaTooLargeError for a picture over the limit."""
    if width * height > MAX_PIXELS:
        raise MediaTooLargeError(name, f"its picture has {width} × {height} points")


def _claimed_seconds(container: Any, kind: Sniffed, video: Any, audio: Any) -> float | None:
    """What the container states; an estimate from the bit rate (mp3 without a Xing header, raw streams) is none."""
    if not kind.states_duration:
        return None
    values = [container.duration / 1e6] if container.duration else []
    values += [float(s.duration * s.time_base) for s in (video, audio) if s is not None and s.duration and s.time_base]
    return max((v for v in values if math.isfinite(v) and 0 < v < LONGEST_CLAIM), default=None)
