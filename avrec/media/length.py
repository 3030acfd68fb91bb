"""Whether a file that claims to be very long is so: its packets are counted, which is quick, before any is decoded."""

import math
from pathlib import Path
from typing import Any

from avrec.errors import MediaTooLargeError
from avrec.media.clock import LONGEST_STEP, Clock
from avrec.media.opening import Source, open_guarded

MAX_SECONDS = 4 * 3600.0


def check_length(path: Path, source: Source, name: str) -> None:
    """Raise where both the container's claim and its packets are over the limit; a mere claim is no reason.

    Raises:
        MediaTooLargeError: The file is too long.
    """
    if source.longest_claim > MAX_SECONDS and _packets_last(path, source) > MAX_SECONDS:
        raise too_long(name)


def too_long(name: str) -> MediaTooLargeError:
    return MediaTooLargeError(name, f"it is longer than {MAX_SECONDS / 3600:.0f} hours")


def _packets_last(path: Path, source: Source) -> float:
    """Seconds until the last packet ends, or until one is beyond the limit."""
    import av

    indexes = [s.index for s in (source.video, source.audio) if s is not None]
    clocks = {index: Clock(source.start) for index in indexes}
    end = 0.0
    with path.open("rb") as file:
        try:
            with open_guarded(file, source.kind.format) as container:
                for packet in container.demux([container.streams[index] for index in indexes]):
                    if packet.size:
                        clock = clocks[packet.stream_index]
                        clock.place(
                            _seconds(packet, packet.dts),
                            min(max(_seconds(packet, packet.duration) or 0.0, 0.0), LONGEST_STEP),
                        )
                        end = max(end, clock.end)
                    if end > MAX_SECONDS:
                        break
        except MemoryError:
            raise
        except (av.error.FFmpegError, ValueError, IndexError):
            return end
    return end


def _seconds(packet: Any, ticks: int | None) -> float | None:
    if ticks is None or not packet.time_base:
        return None
    seconds = float(ticks * packet.time_base)
    return seconds if math.isfinite(seconds) and abs(seconds) < 1e12 else None
