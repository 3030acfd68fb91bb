"""Decoded frames of some of a file's streams, in the file's order; what is damaged is counted and passed over."""

import os
import time as wall
from collections.abc import Callable, Iterator
from typing import Any

from avrec.media.opening import Source

MAX_DAMAGED = 200
REPORT_SECONDS = 0.5


class Reader:
    """Reads packet by packet until the end, too much damage, or a container that is broken itself.

    Args:
        streams: Those to decode; the others' bytes are passed over where the container allows it.
        report: Takes the place in the file, in [0, 1], twice a second, since lengths may be a lie; also the sign of
            life that the parent waits for.

    Attributes:
        damaged: Packets so far that could not be decoded, or only with damage.
    """

    def __init__(self, source: Source, streams: list[Any], report: Callable[[float], None]):
        self._source, self._streams, self._report = source, streams, report
        self._size = max(1, os.fstat(source.file.fileno()).st_size)
        self._told = wall.monotonic()
        self.damaged = 0

    def frames(self) -> Iterator[tuple[Any, Any]]:
        """Give (frame, the packet it came with)."""
        import av

        for packet in self._packets():
            try:
                frames = packet.decode()
            except MemoryError:
                raise
            except (av.error.FFmpegError, ValueError):
                self.damaged += 1
                if self.damaged > MAX_DAMAGED:
                    return
                continue
            self.damaged += packet.is_corrupt or any(frame.is_corrupt for frame in frames)
            for frame in frames:
                yield frame, packet
            self._tell()

    def _tell(self) -> None:
        if wall.monotonic() - self._told > REPORT_SECONDS:
            self._told = wall.monotonic()
            self._report(min(1.0, self._source.file.tell() / self._size))

    def _packets(self) -> Iterator[Any]:
        import av

        for stream in self._source.container.streams:
            if not any(stream is wanted for wanted in self._streams):
                stream.discard = av.stream.Discard.all
        packets = self._source.container.demux(self._streams)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except MemoryError:
                raise
            except av.error.FFmpegError:
                self.damaged += 1
                return
