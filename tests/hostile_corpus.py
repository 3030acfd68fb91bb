"""The hostile corpus: what people, faulty disks and attackers drop into an ingest. No third-party bytes.

    python tests/hostile_corpus.py FOLDER [CANARY_URL]

A row is a file's name, the states in which it may end, a word of the reason, and how its bytes are made.
"""

import gzip
import io
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hostile_bytes import (
    CONTAINERS,
    box,
    ebml,
    flat_jpeg,
    flat_png,
    flipped,
    media,
    packets,
    put,
    wav,
    with_external_reference,
)

SECRET = "CANARY-7f3a-of-this-machine"
FAILED, DONE, ANY = ("failed",), ("done",), ("done", "partial", "failed")
PARTIAL = ("partial",)
UNSAFE = "<script>fetch('{url}')</script> $\\frac{{a}}{{b}}$ ![x]({url}/x.png) =cmd|' /C calc'!A0 \u202egnp.\u202c "


@dataclass(frozen=True)
class Kit:
    """What the makers point at.

    Attributes:
        canary: A local file whose content must never come out.
        url: A local server that must never be asked.
    """

    canary: Path
    url: str


@dataclass(frozen=True)
class Case:
    name: str
    states: tuple[str, ...]
    words: str
    make: Callable[[Kit], bytes]


def _noise(length: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, length, np.uint8).tobytes()


def _picture(kind: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 30, 60)).save(buffer, kind)
    return buffer.getvalue()


def _zip(member: bytes, name: str = "a.mp4") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, member)
    return buffer.getvalue()


def _reference(kit: Kit) -> bytes:
    """A mov whose samples are said to lie in another file."""
    return with_external_reference(media("mov", sound=None, faststart=False), kit.canary)


def _mov_lie(field: bytes) -> bytes:
    """Every duration of a mov overwritten; version 0 boxes hold them in 32 bits."""
    data = media("mp4", sound=None)
    for mark, offset in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
        data = put(data, mark, offset, field)
    return data


def _mkv_lie(value: float) -> bytes:
    return put(media("mkv"), b"\x44\x89\x88", 0, struct.pack(">d", value))


def _changing_size() -> bytes:
    """An MPEG-2 stream that goes on with another picture size."""
    return media("mpegts", sound=None) + media("mpegts", sound=None, size=(320, 240))


def _id3(claimed: int, frames: bytes = b"") -> bytes:
    """A tag in front of an mp3; its length is held in seven bits a byte."""
    return b"ID3\x04\0\0" + bytes((claimed >> shift) & 0x7F for shift in (21, 14, 7, 0)) + frames


def _id3_frame(kind: bytes, body: bytes) -> bytes:
    return kind + bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0)) + b"\0\0" + body


def _cover(size: int) -> bytes:
    body = b"\0image/png\0\x03\0" + flat_png(4000) + _noise(size)
    frame = _id3_frame(b"APIC", body)
    return _id3(len(frame), frame) + media("mp3")


def _nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = box(b"moov", box(b"trak", inner))
    return ISOM + inner


def _mkv_nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = ebml(b"\x12\x54\xc3\x67", ebml(b"\x73\x73", ebml(b"\x67\xc8", inner)))
    return media("mkv")[:500] + inner


def _floats(values: Iterable[float]) -> bytes:
    samples = np.resize(np.array(list(values), np.float32), 32_000).tobytes()
    return wav(struct.pack("<HHIIHH", 3, 1, 16_000, 64_000, 4, 32), samples)


def _day_at_one_frame() -> bytes:
    """24 hours, a frame a second, a few bytes each."""
    import av

    context = av.CodecContext.create("mpeg4", "w")
    context.width, context.height, context.pix_fmt, context.time_base, context.gop_size = 16, 16, "yuv420p", 1, 10
    grey = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 90, np.uint8), format="rgb24").reformat(format="yuv420p")
    made = []
    for i in range(3):
        grey.pts = i
        made += [bytes(packet) for packet in context.encode(grey)]
    return packets("mp4", "mpeg4", (16, 16), [made[0]] + [made[1]] * 86_399)


def _mkv_texts(kit: Kit) -> bytes:
    """Chapters, an attachment and a tag behind the clusters, all with markup."""
    text = UNSAFE.format(url=kit.url).encode()
    display = ebml(b"\x80", ebml(b"\x85", text) + ebml(b"\x43\x7c", b"eng"))
    atom = ebml(b"\xb6", ebml(b"\x73\xc4", b"\1") + ebml(b"\x91", b"\0") + display)
    chapters = ebml(b"\x10\x43\xa7\x70", ebml(b"\x45\xb9", atom))
    page = HTML + kit.url.encode()
    file = ebml(b"\x46\x6e", b"../../x.html") + ebml(b"\x46\x60", b"text/html") + ebml(b"\x46\x5c", page)
    attachments = ebml(b"\x19\x41\xa4\x69", ebml(b"\x61\xa7", file + ebml(b"\x46\xae", b"\7")))
    return put(media("mkv"), b"\x18\x53\x80\x67", 0, b"\x01" + b"\xff" * 7) + chapters + attachments


def _rotated() -> bytes:
    """A quarter turn in the track's matrix, and one by an angle that no phone makes."""
    return put(media("mp4", sound=None), b"tkhd", 40, struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))


def _playlist(text: str) -> Callable[[Kit], bytes]:
    return lambda kit: text.format(file=kit.canary, url=kit.url).encode()


def _tagged(container: str, **tags: str) -> Callable[[Kit], bytes]:
    return lambda kit: media(container, tags=tuple((k, v.format(url=kit.url)) for k, v in tags.items()))


def _mp4(**how) -> Callable[[Kit], bytes]:
    return lambda _: media("mp4", **how)


def _cut(container: str, share: float, **how) -> Callable[[Kit], bytes]:
    def make(_: Kit) -> bytes:
        data = media(container, seconds=4.0, **how)
        return data[: int(len(data) * share)]

    return make


def _wav_format(channels: int, rate: int, bits: int = 16, code: int = 1) -> Callable[[Kit], bytes]:
    block = max(1, channels * bits // 8)
    fmt = struct.pack("<HHIIHH", code, channels, rate, rate * block % (1 << 32), block % (1 << 16), bits)
    return lambda _: wav(fmt, _noise(64_000))


HTML = b"<!DOCTYPE html><html><script>alert(1)</script>"

X264_SMALL = (("preset", "ultrafast"), ("threads", "1"), ("rc-lookahead", "0"))
BROKEN_TEXT = b"\3\xff\xfe\x80 a\0b \xc3(" + b"\xe2" * 8
ENDLESS = b"\x01" + b"\xff" * 6 + b"\xfe"
ISOM = box(b"ftyp", b"isom\0\0\2\0isom")


def _flips() -> list[Case]:
    def make(container: str, flips: int) -> Callable[[Kit], bytes]:
        return lambda _: flipped(media(container), flips, flips)

    return [Case(f"flipped.{c}", ANY, "", make(c, 60 if i % 2 else 3)) for i, c in enumerate(CONTAINERS)]


GROUPS = (("g", "5"),)
HEADS = {
    "noise-like.mp3": b"\xff\xfb\x90\x64",
    "noise-like.wav": b"RIFF\xff\0\0\0WAVE",
    "noise-like.ogg": b"OggS\0\x02",
    "noise-like.mkv": b"\x1a\x45\xdf\xa3",
    "noise-like.ts": (b"\x47" + bytes(187)) * 3,
}


def _begins_like(head: bytes) -> Callable[[Kit], bytes]:
    return lambda _: head + _noise(60_000, 5)


CASES = [
    # Nothing in them, or nothing of ours.
    Case("zero.mp4", FAILED, "empty", lambda _: b""),
    Case("one-byte.mp4", FAILED, "not audio or video", lambda _: b"\0"),
    Case("random.mp4", FAILED, "", lambda _: _noise(50_000)),
    Case("zeros.mp4", FAILED, "", lambda _: bytes(50_000)),
    Case("ones.mp3", FAILED, "", lambda _: b"\xff" * 50_000),
    Case("text.mp4", FAILED, "text", lambda _: b"hello, this is text\n" * 50),
    Case("picture.mp4", FAILED, "picture", lambda _: _picture("PNG")),
    Case("jpeg.mp4", FAILED, "picture", lambda _: _picture("JPEG")),
    Case("gif.mp4", FAILED, "picture", lambda _: _picture("GIF")),
    Case("page.mp4", FAILED, "web page", lambda _: HTML),
    Case("svg.mp4", FAILED, "", lambda kit: f'<svg xmlns:x="x"><image x:href="{kit.url}"/></svg>'.encode()),
    Case("archive.mp4", FAILED, "zip", lambda _: _zip(media("mp4"))),
    Case("zip-bomb.mp4", FAILED, "zip", lambda _: _zip(bytes(50_000_000))),
    Case("gzip-bomb.mp4", FAILED, "", lambda _: gzip.compress(bytes(50_000_000))),
    Case("document.mp4", FAILED, "PDF", lambda _: b"%PDF-1.7\n" + _noise(500)),
    Case("program.mp4", FAILED, "", lambda _: b"MZ\x90\0" + _noise(4_000)),
    Case("elf.mp4", FAILED, "", lambda _: b"\x7fELF\x02\x01\x01" + _noise(4_000)),
    # Pointers to other files and servers.
    Case("ffconcat.mp4", FAILED, "playlist", _playlist("ffconcat version 1.0\nfile '{file}'\n")),
    Case("ffconcat-url.mp4", FAILED, "playlist", _playlist("ffconcat version 1.0\nfile '{url}/a.mp4'\n")),
    Case("hls-file.mp4", FAILED, "playlist", _playlist("#EXTM3U\n#EXTINF:1,\nfile://{file}\n#EXT-X-ENDLIST\n")),
    Case("hls-url.mp4", FAILED, "playlist", _playlist("#EXTM3U\n#EXTINF:1,\n{url}/a.ts\n#EXT-X-ENDLIST\n")),
    Case("hls-key.ts", FAILED, "playlist", _playlist('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}/k"\n')),
    Case("dash.mp4", FAILED, "playlist", _playlist("<?xml version='1.0'?><MPD><BaseURL>{url}/a</BaseURL></MPD>")),
    Case("sdp.mp4", FAILED, "playlist", _playlist("v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n")),
    Case("xspf.mp4", FAILED, "playlist", _playlist("<?xml version='1.0'?><playlist><track>{url}</track></playlist>")),
    Case("smil.mp4", FAILED, "playlist", _playlist("<smil><body><video src='{url}/a.mp4'/></body></smil>")),
    Case("asx.mp4", FAILED, "playlist", _playlist("<asx version='3.0'><entry><ref href='{url}'/></entry></asx>")),
    Case("pls.mp4", FAILED, "playlist", _playlist("[playlist]\nFile1={url}/a.mp3\nNumberOfEntries=1\n")),
    Case("m3u.mp3", FAILED, "playlist", _playlist("{url}/a.mp3\n{file}\n")),
    Case("quicktime-text.mov", FAILED, "playlist", _playlist("RTSPtext\r\nrtsp://127.0.0.1:9/{url}\r\n")),
    Case(
        "hidden-ffconcat.mp3",
        FAILED,
        "",
        lambda kit: b"\xff\xfb\x90\0\nffconcat version 1.0\nfile " + bytes(kit.canary),
    ),
    Case("bom-hls.mp4", FAILED, "playlist", lambda kit: f"\ufeff#EXTM3U\n{kit.url}/a.ts\n".encode()),
    Case("reference.mov", ANY, "", _reference),
    Case(
        "redirect.mov",
        FAILED,
        "",
        lambda kit: (
            box(b"ftyp", b"qt  \0\0\0\0qt  ")
            + box(
                b"moov",
                box(
                    b"rmra",
                    box(b"rmda", box(b"rdrf", b"\0\0\0\0url " + struct.pack(">I", len(kit.url)) + kit.url.encode())),
                ),
            )
        ),
    ),
    # Cut off.
    Case("no-moov.mp4", FAILED, "index", _cut("mp4", 0.5, faststart=False, sound="noise")),
    Case("truncated-faststart.mp4", PARTIAL, "ends after", _cut("mp4", 0.6, sound="noise")),
    Case("header-only.mp4", FAILED, "", lambda _: media("mp4")[: media("mp4").find(b"mdat") + 4]),
    Case("ftyp-only.mp4", FAILED, "", lambda _: box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")),
    Case("truncated.mkv", PARTIAL, "ends after", _cut("mkv", 0.6)),
    Case("truncated.mp3", PARTIAL, "ends after", _cut("mp3", 0.6)),
    Case("fragments.mp4", DONE, "", _mp4(fragments=True, options=GROUPS)),
    Case("truncated-fragments.mp4", PARTIAL, "end is missing", _cut("mp4", 0.6, fragments=True, options=GROUPS)),
    Case("truncated.wav", PARTIAL, "end is missing", _cut("wav", 0.6)),
    Case("truncated.ogg", PARTIAL, "end is missing", _cut("ogg", 0.6)),
    Case("truncated.avi", PARTIAL, "", _cut("avi", 0.6)),
    Case("last-bytes-gone.mp4", PARTIAL, "end is missing", _cut("mp4", 0.97, sound="noise")),
    Case("last-bytes-gone.mkv", PARTIAL, "end is missing", _cut("mkv", 0.9)),
    Case("only-header.mkv", FAILED, "", lambda _: media("mkv")[:300]),
    Case("only-header.wav", FAILED, "nothing in it", lambda _: wav()),
    # Damaged.
    *_flips(),
    *(Case(name, FAILED, "", _begins_like(head)) for name, head in HEADS.items()),
    # Too much.
    Case(
        "16000-squared.avi", FAILED, "points", lambda _: packets("avi", "mjpeg", (16_000, 16_000), [flat_jpeg(16_000)])
    ),
    Case(
        "16000-said-to-be-64.avi",
        FAILED,
        "points",
        lambda _: packets("avi", "mjpeg", (64, 64), [flat_jpeg(16_000)] * 2),
    ),
    Case("16000-squared.mov", FAILED, "points", lambda _: packets("mov", "png", (16_000, 16_000), [flat_png(16_000)])),
    Case("8192-squared.mp4", FAILED, "points", _mp4(seconds=0.1, size=(8192, 8192), sound=None, options=X264_SMALL)),
    Case("day-at-one-frame.mp4", FAILED, "longer than 4 hours", lambda _: _day_at_one_frame()),
    Case(
        "101-streams.mkv",
        DONE,
        "",
        lambda _: media("mkv", seconds=0.2, sounds=100, sound_codec="pcm_s16le", sound_rate=8_000),
    ),
    Case("1000-boxes.mp4", ANY, "", lambda _: ISOM + box(b"free") * 200_000),
    Case("nested.mp4", FAILED, "", lambda _: _nested(3_000)),
    Case("nested.mkv", ANY, "", lambda _: _mkv_nested(200)),
    Case("huge-tag.mp3", ANY, "", lambda _: _id3((1 << 28) - 1) + media("mp3")),
    Case("huge-cover.mp3", DONE, "", lambda _: _cover(2_000_000)),
    Case(
        "huge-element.mkv",
        ANY,
        "",
        lambda _: media("mkv")[:400] + ebml(b"\x1f\x43\xb6\x75", b"", size=ENDLESS) + media("mkv")[400:],
    ),
    Case("unknown-size.mkv", ANY, "", lambda _: put(media("mkv"), b"\x18\x53\x80\x67", 0, b"\x01" + b"\xff" * 7)),
    # Lies.
    Case("duration-negative.mp4", ANY, "", lambda _: _mov_lie(b"\xff\xff\xff\x9c")),
    Case("duration-huge.mp4", ANY, "", lambda _: _mov_lie(b"\x7f\xff\xff\xff")),
    Case("duration-zero.mp4", DONE, "", lambda _: _mov_lie(bytes(4))),
    Case("duration-nan.mkv", DONE, "", lambda _: _mkv_lie(float("nan"))),
    Case("duration-1e18.mkv", DONE, "", lambda _: _mkv_lie(1e18)),
    Case("duration-negative.mkv", DONE, "", lambda _: _mkv_lie(-1e9)),
    Case("duration-infinite.mkv", DONE, "", lambda _: _mkv_lie(float("inf"))),
    Case("wav-lying-small.wav", DONE, "", lambda _: wav(data=_noise(32_000), size=100)),
    Case("wav-lying-large.wav", PARTIAL, "end is missing", lambda _: wav(data=_noise(32_000), size=900_000)),
    Case("wav-still-written.wav", DONE, "", lambda _: wav(data=_noise(32_000), riff=0xFFFF_FFFF, size=0xFFFF_FFFF)),
    Case("wav-0-hz.wav", FAILED, "", _wav_format(1, 0)),
    Case("wav-1-hz.wav", FAILED, "longer than 4 hours", _wav_format(1, 1)),
    Case("wav-0-channels.wav", FAILED, "", _wav_format(0, 16_000)),
    Case("wav-255-channels.wav", FAILED, "nothing in it", _wav_format(255, 16_000)),
    Case("wav-65535-channels.wav", ANY, "", _wav_format(65_535, 44_100)),
    Case("wav-4-ghz.wav", ANY, "", _wav_format(1, 0xFFFF_FFFF)),
    Case("wav-768-khz.wav", DONE, "", _wav_format(2, 768_000)),
    Case("wav-nan.wav", DONE, "", lambda _: _floats([float("nan"), float("inf"), -1e38, 0.1])),
    Case("wav-codec-77.wav", FAILED, "", _wav_format(1, 16_000, code=0x7777)),
    Case("unknown-codec.mp4", FAILED, "decode", lambda _: put(media("mp4", sound=None), b"stsd", 12, b"zzzz")),
    # Two things at once.
    Case("html-and-mp4.mp4", FAILED, "web page", lambda _: HTML + media("mp4")),
    Case("mp4-and-html.mp4", DONE, "", lambda _: media("mp4") + HTML),
    Case("mp4-and-zip.mp4", DONE, "", lambda _: media("mp4") + _zip(b"x", "../../x")),
    Case("zip-and-mp4.mp4", FAILED, "zip", lambda _: _zip(b"x") + media("mp4")),
    Case("png-and-mp3.mp3", FAILED, "picture", lambda _: _picture("PNG") + media("mp3")),
    Case("mp3-as.mp4", DONE, "", lambda _: media("mp3")),
    Case("wav-as.txt", DONE, "", lambda _: media("wav")),
    Case("mkv-as.mp3", DONE, "", lambda _: media("mkv", seconds=1.0)),
    # Odd, but in order.
    Case("no-audio.mp4", DONE, "", _mp4(sound=None)),
    Case("audio-only.mp4", DONE, "", _mp4(video=None)),
    Case("silence.mp4", DONE, "", _mp4(sound="silence")),
    Case("noise.mp3", DONE, "", lambda _: media("mp3", sound="noise")),
    Case("one-frame.mp4", DONE, "", _mp4(seconds=0.1, sound=None)),
    Case("one-sample.wav", DONE, "", lambda _: wav(data=b"\1\0")),
    Case("1x1.avi", DONE, "", lambda _: media("avi", size=(1, 1), sound=None)),
    Case("3x5.avi", DONE, "", lambda _: media("avi", size=(3, 5), sound=None)),
    Case("1x4000.avi", DONE, "", lambda _: media("avi", size=(1, 4000), sound=None, seconds=0.5)),
    Case("4000x1.avi", DONE, "", lambda _: media("avi", size=(4000, 1), sound=None, seconds=0.5)),
    Case("ten-bit.mp4", DONE, "", _mp4(pix_fmt="yuv420p10le", size=(66, 50))),
    Case("four-four-four.mp4", DONE, "", _mp4(pix_fmt="yuv444p", sound=None)),
    Case("grey-ffv1.mkv", DONE, "", lambda _: media("mkv", video="ffv1", pix_fmt="gray16le", sound=None)),
    Case("alpha.mov", DONE, "", lambda _: media("mov", video="png", pix_fmt="rgba", sound=None)),
    Case("irregular.mp4", DONE, "", _mp4(sound=None, times=(0.0, 0.1, 0.9, 1.0, 5.0, 5.1))),
    Case("a-frame-an-hour-later.mp4", ANY, "", _mp4(sound=None, times=(0.0, 0.1, 3_600.0, 3_600.1))),
    Case("interlaced.ts", DONE, "", lambda _: media("mpegts", options=(("flags", "+ildct+ilme"),))),
    Case("changing-size.ts", DONE, "", lambda _: _changing_size()),
    Case("backwards.ts", ANY, "", lambda _: media("mpegts", seconds=3.0) + media("mpegts", seconds=1.0)),
    Case("twice.mp3", ANY, "", lambda _: media("mp3") * 2),
    Case("six-channels.wav", DONE, "", lambda _: media("wav", layout="5.1")),
    Case("rotated.mp4", DONE, "", lambda _: _rotated()),
    # Text that wants to be more than text.
    Case("markup-in-tags.mp4", DONE, "", _tagged("mp4", title=UNSAFE, artist=UNSAFE, comment=UNSAFE * 40)),
    Case("chapters-and-attachments.mkv", DONE, "", _mkv_texts),
    Case("long-tags.mkv", DONE, "", _tagged("mkv", title="x" * 4096, comment="\u202e" + "\U0001f600" * 2000)),
    Case("broken-tags.mp3", DONE, "", lambda _: _id3(29, _id3_frame(b"TIT2", BROKEN_TEXT)) + media("mp3")),
]


def write_corpus(folder: Path, url: str) -> Kit:
    """Write every case below `folder` / "files", and the canary file beside it."""
    kit = Kit(folder / "canary.mp4", url)
    (folder / "files").mkdir(parents=True)
    kit.canary.write_bytes(media("mp4", video="mpeg4", sound=None, faststart=False) + SECRET.encode())
    for case in CASES:
        (folder / "files" / case.name).write_bytes(case.make(kit))
    return kit


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:9")
