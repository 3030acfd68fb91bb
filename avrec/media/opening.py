"""Opening a hostile file: the demuxer is forced by what was sniffed, and no second file is ever opened."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from avrec.errors import CorruptMediaError, MediaTooLargeError, UnsupportedMediaError
from avrec.media.sniff import FORMATS, Sniffed, sniff
from avrec.media.whole import boxes, end_missing

MAX_PIXELS = 40_000_000
ANY_PIXELS = (1 << 31) - 1
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
        longest_claim: The longest that it says or guesses; 0 where it says nothing.
    """

    container: Any
    file: BinaryIO
    kind: Sniffed
    video: Any
    audio: Any
    claimed: float | None
    longest_claim: float

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
            said = _said_seconds(container, video, audio)
            # An Ogg file's length stands in its last page; without that libav takes the last one there is.
            stated = kind.states_duration or (kind.format == "ogg" and not end_missing(path, kind))
            credible = [seconds for seconds in said if stated and seconds < LONGEST_CLAIM]
            yield Source(container, file, kind, video, audio, max(credible, default=None), max(said, default=0.0))


def open_guarded(file: BinaryIO, container_format: str, max_pixels: int = MAX_PIXELS) -> Any:
    """`av.open` that cannot reach any other file, whatever the bytes say.

    `io_open` is what a demuxer calls for a second file (playlist entries, external data references of mov); it refuses.
    """
    import av

    options = {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "file",
        "max_pixels": str(max_pixels),
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
    if kind.format == "mov":
        with path.open("rb") as file:
            names = {name for name, _, _ in boxes(file, path.stat().st_size)}
        if b"moov" not in names:
            return "its index is missing, so it was cut off while being saved or sent"
    return "it is damaged or cut off, and nothing in it could be decoded"


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
        context.thread_type = "AUTO" if 0 < context.width * context.height < MANY_PIXELS else "SLICE"
        context.thread_count = THREADS
    return video, audio


def check_said_size(path: Path, kind: Sniffed, name: str) -> None:
    """Where no picture came out: was it refused for its size? With the limit on, libav tells neither that nor the size.

    Raises:
        MediaTooLargeError: It was.
    """
    try:
        with path.open("rb") as file, open_guarded(file, kind.format, ANY_PIXELS) as container:
            contexts = [s.codec_context for s in container.streams.video if s.codec_context is not None]
            sizes = [(context.width, context.height) for context in contexts]
    except MemoryError:
        raise
    except Exception:
        return
    for width, height in sizes:
        check_pixels(width, height, name)


def check_pixels(width: int, height: int, name: str) -> None:
    """Raise MediaTooLargeError for a picture over the limit."""
    if width * height > MAX_PIXELS:
        raise MediaTooLargeError(name, f"its picture has {width} × {height} points, more than avrec takes")


def _said_seconds(container: Any, video: Any, audio: Any) -> list[float]:
    """Lengths that the container and its streams state, or that libav estimates from the bit rate."""
    values = [container.duration / 1e6] if container.duration else []
    values += [float(s.duration * s.time_base) for s in (video, audio) if s is not None and s.duration and s.time_base]
    return [value for value in values if math.isfinite(value) and value > 0]
