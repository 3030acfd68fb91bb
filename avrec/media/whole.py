"""Whether a file's end is there, by the container's own marks and without decoding.

Decoders are content with what they get: a recording that lost its last minutes plays well and looks complete.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from avrec.media.sniff import Sniffed

SLACK = 1024  # sloppy muxers are off by some bytes; so little is no loss
UNKNOWN = 0x7FFF_0000  # sizes from here on stand for "still being written"
TAIL = 1 << 17  # the last page of an Ogg stream starts within this
MOST_BOXES = 10_000
OGG_END = 0x04
CONTENT = (b"mdat", b"moov", b"moof")  # what hangs behind a whole file is no box of it


def end_missing(path: Path, kind: Sniffed) -> bool:
    """Say whether the container states more bytes than there are, or its end mark is missing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        match kind.format:
            case "mov":
                return _mov_cut(list(boxes(file, size)), size)
            case "wav":
                return _wav_data_end(file) > size + SLACK
            case "avi":
                file.seek(4)
                length = int.from_bytes(file.read(4), "little")
                return length < UNKNOWN and length + 8 > size + SLACK
            case "matroska":
                return _segment_end(file.read(256)) > size + SLACK
            case "ogg":
                return not _ogg_ends(file, size)
    return False


def _mov_cut(found: list[tuple[bytes, int, int]], size: int) -> bool:
    """Whether a box of content ends behind the file, or a recording in fragments stops within a box's head."""
    if any(name in CONTENT and start + length > size for name, start, length in found):
        return True
    end = sum(found[-1][1:]) if found else 0
    return any(name == b"moof" for name, _, _ in found) and 0 < size - end < 8


def boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Top-level boxes of an mp4 file: type, place, length."""
    position = 0
    for _ in range(MOST_BOXES):
        if position + 8 > size:
            return
        file.seek(position)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:  # to the end of the file
            length = size - position
        if length < 8:
            return
        yield head[4:8], position, length
        position += length


def _wav_data_end(file: BinaryIO) -> int:
    """Where the samples end, by their chunk; 0 where that is not said."""
    file.seek(12)
    for _ in range(100):
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if len(head) < 8 or length >= UNKNOWN:
            return 0
        if head[:4] == b"data":
            return file.tell() + length
        file.seek(length + length % 2, 1)
    return 0


def _segment_end(head: bytes) -> int:
    """Where a Matroska segment ends; 0 where its size is unknown, as in live recordings."""
    place = head.find(b"\x18\x53\x80\x67") + 4
    if place < 4 or place >= len(head) or not head[place]:
        return 0
    width = 9 - head[place].bit_length()
    body = head[place : place + width]
    value = int.from_bytes(body, "big") & ((1 << 7 * width) - 1)
    return 0 if value == (1 << 7 * width) - 1 else place + width + value


def _ogg_ends(file: BinaryIO, size: int) -> bool:
    file.seek(max(0, size - TAIL))
    tail = file.read()
    page = tail.rfind(b"OggS")
    return 0 <= page < len(tail) - 5 and bool(tail[page + 5] & OGG_END)
