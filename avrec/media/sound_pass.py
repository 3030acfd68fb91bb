"""The sound alone, before the pictures: speech recognition can start while they are still being decoded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avrec.media.clock import Clock
from avrec.media.decode_result import SOUND_FILE
from avrec.media.length import MAX_SECONDS, check_length, too_long
from avrec.media.opening import open_source
from avrec.media.reading import Reader
from avrec.media.sound import SoundFile


@dataclass(frozen=True)
class Heard:
    """What the pass over the sound found.

    Attributes:
        present: Whether any sound could be decoded, so that `sound.f32` is there.
        end: Where it ends, in seconds; 0 without sound.
    """

    present: bool
    end: float


def write_sound(path: Path, folder: Path, name: str, report: Callable[[float], None]) -> Heard:
    """Write `sound.f32` into `folder`, which exists; nothing is written where there is no sound.

    Args:
        report: Takes the seconds of sound so far, about twice a second.

    Raises:
        MediaError: The file cannot be opened, or is too long.
    """
    target = folder / SOUND_FILE
    with open_source(path, name) as source, target.open("wb") as file:
        check_length(path, source, name)
        clock, sound = Clock(source.start), SoundFile(file)
        for frame, _ in Reader(source, [source.audio], lambda _: report(clock.end)).frames() if source.audio else ():
            _add(sound, frame, within(clock.place(frame.time, frame.samples / max(frame.sample_rate, 1)), name))
        sound.close()
    if target.stat().st_size:
        return Heard(True, clock.end)
    target.unlink()
    return Heard(False, 0.0)


def _add(sound: SoundFile, frame: Any, time: float) -> None:
    """Take the frame, unless it has more channels than anybody can mix down, or the like."""
    import av

    try:
        sound.add(frame, time)
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError):
        return


def within(time: float, name: str) -> float:
    """The time, unchanged.

    Raises:
        MediaTooLargeError: It is beyond four hours.
    """
    if time > MAX_SECONDS:
        raise too_long(name)
    return time
