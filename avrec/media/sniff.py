"""What a file is, by its first bytes: names and extensions are for display only.

libav would open playlists (`ffconcat`, HLS, DASH, SDP) by content, and those read other files. Only self-contained
containers pass here, and the demuxer found is forced on libav.
"""

from dataclasses import dataclass
from pathlib import Path

from avrec.errors import CorruptMediaError, UnsupportedMediaError

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,mp3,wav,flac,ogg,aac"
HEAD_BYTES = 4096
PICTURE_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
PLAYLIST_STARTS = (b"ffconcat", b"#extm3u", b"v=0", b"[playlist]", b"rtsptext", b"[reference]", b"http://", b"https://")
PLAYLIST_MARKS = (b"<mpd", b"<playlist", b"<smil", b"<asx", b"<rss", b"<smoothstreamingmedia", b"file://")
MOV_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")


@dataclass(frozen=True)
class Sniffed:
    """A container format.

    Attributes:
        format: libav's name of the demuxer.
        label: Name for people: mp4, mov, m4a, webm, mkv, ...
        states_duration: Whether the container states a duration; otherwise libav estimates it from the bit rate.
    """

    format: str
    label: str
    states_duration: bool = True


def sniff(path: Path, name: str) -> Sniffed:
    """Name the container of a file.

    Raises:
        CorruptMediaError: The file is empty.
        UnsupportedMediaError: It is none of the containers that avrec reads.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not head:
            raise CorruptMediaError(name, "the file is empty")
        found = _after_tag(file, head) if head[:3] == b"ID3" else _container(head)
    if found is None:
        raise UnsupportedMediaError(name, _what_else(head))
    return found


def _after_tag(file, head: bytes) -> Sniffed:
    """An ID3 tag may stand before mp3, AAC or FLAC; mp3 where what follows is not recognised."""
    length = 0
    for byte in head[6:10].ljust(4, b"\0"):
        length = length << 7 | byte & 0x7F
    file.seek(10 + length)
    behind = file.read(HEAD_BYTES)
    found = _container(behind.lstrip(b"\0"))
    return found if found and found.format in ("aac", "flac", "mp3") else Sniffed("mp3", "mp3", _has_xing(behind))


def _container(head: bytes) -> Sniffed | None:
    if head[4:8] in MOV_BOXES:
        return _mov(head)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return Sniffed("matroska", "webm" if b"webm" in head[:64] else "mkv")
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"WAVE"):
        return Sniffed("avi", "avi") if head[8:12] == b"AVI " else Sniffed("wav", "wav")
    if head[:4] == b"fLaC":
        return Sniffed("flac", "flac")
    if head[:4] == b"OggS":
        return Sniffed("ogg", "ogg", False)  # the end is read from the last page, which a cut takes away
    if head[:4] == b"\x00\x00\x01\xba":
        return Sniffed("mpeg", "mpeg", False)
    if head[:4] == b"\x00\x00\x01\xb3":
        return Sniffed("mpegvideo", "mpeg", False)
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return Sniffed("mpegts", "mpegts", False)
    if len(head) > 3 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return Sniffed("aac", "aac", False)
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[2] & 0xF0 != 0xF0:
            return Sniffed("mp3", "mp3", _has_xing(head))
    return None


def _mov(head: bytes) -> Sniffed | None:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in PICTURE_BRANDS:
        return None
    return Sniffed("mov", "mov" if brand in (b"qt  ", b"") else "m4a" if brand[:3] in (b"M4A", b"M4B") else "mp4")


def _has_xing(frames: bytes) -> bool:
    return any(mark in frames[:300] for mark in (b"Xing", b"Info", b"VBRI"))


def _what_else(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(PLAYLIST_STARTS) or any(mark in start[:500] for mark in PLAYLIST_MARKS):
        return "it is a playlist that points to other files, not audio or video itself"
    if b"<svg" in start[:500]:
        return "it is a picture, not audio or video"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, not audio or video"
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")) or head[8:12] == b"WEBP":
        return "it is a picture, not audio or video"
    if head[4:8] == b"ftyp" and head[8:12] in PICTURE_BRANDS:
        return "it is a picture, not audio or video"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "it is a zip archive, not audio or video"
    if head.startswith(b"%PDF"):
        return "it is a PDF document, not audio or video"
    if b"\x00" not in head and sum(c < 9 for c in head) == 0 and sum(c < 128 for c in head) > 0.7 * len(head):
        return "it is a text file, not audio or video"
    return "its content is not audio or video that avrec reads"
