"""What a file is, by its first bytes: names and extensions are for display only.

libav would open playlists (`ffconcat`, HLS, DASH, SDP) by content, and those read other files. Only self-contained
containers pass here, and the same list is libav's `format_whitelist`.
"""

from pathlib import Path

from avrec.errors import CorruptMediaError, UnsupportedMediaError

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mp3,wav,flac,ogg,aac"
HEAD_BYTES = 4096


def sniff(path: Path, name: str) -> str:
    """Name the container of a file.

    Returns:
        One of "mov", "matroska", "avi", "mpegts", "mpeg", "mp3", "wav", "flac", "ogg", "aac".

    Raises:
        CorruptMediaError: The file is empty.
        UnsupportedMediaError: It is not one of these.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise CorruptMediaError(name, "the file is empty")
    found = _container(head)
    if found is None:
        raise UnsupportedMediaError(name, _what_else(head))
    return found


def _container(head: bytes) -> str | None:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"):
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"WAVE"):
        return "avi" if head[8:12] == b"AVI " else "wav"
    if head[:4] in (b"fLaC", b"OggS"):
        return "flac" if head[:4] == b"fLaC" else "ogg"
    if head[:3] == b"ID3":
        return "mp3"
    if head[:4] in (b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"):
        return "mpeg"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "mpegts"
    if len(head) > 3 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "aac"
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[2] & 0xF0 != 0xF0:
            return "mp3"
    return None


def _what_else(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"ffconcat", b"#extm3u", b"<?xml", b"<mpd", b"v=0")):
        return "it is a playlist that points to other files, not audio or video itself"
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")):
        return "it is a picture, not audio or video"
    if head.startswith(b"PK\x03\x04"):
        return "it is a zip archive, not audio or video"
    if b"\x00" not in head and sum(c < 9 for c in head) == 0:
        return "it is a text file, not audio or video"
    return "its content is not audio or video that avrec reads"
