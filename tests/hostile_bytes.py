"""Small media of every container, made here, and the surgery that turns them into hostile files."""

import contextlib
import struct
import tempfile
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from generate import make_sound

VIDEO = {"mp4": "libx264", "mov": "mpeg4", "mkv": "mpeg4", "avi": "mjpeg", "mpegts": "mpeg2video", "webm": "libvpx"}
SOUND = {
    "mp4": "aac", "mov": "aac", "mkv": "libmp3lame", "avi": "pcm_s16le", "mpegts": "mp2", "webm": "libopus",
    "mp3": "libmp3lame", "wav": "pcm_s16le", "flac": "flac", "ogg": "libopus", "adts": "aac",
}  # fmt: skip
MUXER = {"mkv": "matroska"}
LARGE = 1_000_000
CONTAINERS = tuple(SOUND)


@cache
def media(
    container: str,
    *,
    seconds: float = 2.0,
    size: tuple[int, int] = (64, 48),
    rate: int = 10,
    video: str | None = "",
    sound: str | None = "tone",
    pix_fmt: str = "",
    options: tuple[tuple[str, str], ...] = (),
    times: tuple[float, ...] = (),
    tags: tuple[tuple[str, str], ...] = (),
    sounds: int = 1,
    sound_rate: int = 48_000,
    layout: str = "mono",
    sound_codec: str = "",
    faststart: bool = True,
    fragments: bool = False,
) -> bytes:
    """A valid file; `video` is a codec, "" for the container's usual one, None for no picture."""
    movflags = {"movflags": "+faststart+use_metadata_tags"} if container in ("mp4", "mov") and faststart else {}
    movflags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if fragments else movflags
    codec = VIDEO.get(container) if video == "" else video
    with _written(container, movflags) as (out, path):
        out.metadata.update(dict(tags))
        picture = out.add_stream(codec, rate=rate) if codec else None
        if picture is not None:
            picture.width, picture.height = size
            picture.pix_fmt = pix_fmt or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
            picture.options = {"strict": "unofficial", **dict(options)}
            if times:
                picture.codec_context.time_base = Fraction(1, 1000)
        names = [sound_codec or SOUND[container]] * (sounds if sound else 0)
        streams = [out.add_stream(name, rate=sound_rate, layout=layout) for name in names]
        if picture is not None:
            _draw(out, picture, times or [i / rate for i in range(max(1, round(seconds * rate)))], size)
        for stream in streams:
            _play(out, stream, make_sound(sound, seconds, sound_rate), sound_rate, layout)
        out.close()
        return path.read_bytes()


@contextlib.contextmanager
def _written(container: str, options: dict[str, str]) -> Iterator[tuple[Any, Path]]:
    """A muxer onto a file of its own, since an index in front needs to read back."""
    import av

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made"
        with av.open(str(path), "w", format=MUXER.get(container, container), options=options) as out:
            yield out, path


def _draw(out, stream, times, size) -> None:
    import av

    for i, time in enumerate(times):
        if size[0] * size[1] > LARGE:  # grey planes, since colours would take seconds
            frame = av.VideoFrame.from_ndarray(np.full((size[1] * 3 // 2, size[0]), 90, np.uint8), format="yuv420p")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
            continue
        pixels = np.full((size[1], size[0], 3), (40 + i * 5 % 200, 90, 200 - i * 7 % 200), np.uint8)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _play(out, stream, samples, rate, layout) -> None:
    import av

    channels = av.AudioLayout(layout).nb_channels
    frame = av.AudioFrame.from_ndarray(np.tile(samples, (channels, 1)), format="fltp", layout=layout)
    frame.sample_rate, frame.pts = rate, 0
    context = stream.codec_context
    resampler = av.AudioResampler(context.format, layout, rate, stream.frame_size or None)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        out.mux(stream.encode(piece))
    out.mux(stream.encode(None))


def flipped(data: bytes, seed: int, flips: int) -> bytes:
    """The same bytes with `flips` bits turned, the first dozen bytes left alone so that it still is what it was."""
    out, rng = bytearray(data), np.random.default_rng(seed)
    for place in rng.integers(12, len(out), flips):
        out[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(out)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def put(data: bytes, mark: bytes, offset: int, new: bytes, *, every: bool = False) -> bytes:
    """Overwrite bytes at `offset` from the end of `mark`."""
    out, at = bytearray(data), data.find(mark)
    assert at >= 0, mark
    while at >= 0:
        place = at + len(mark) + offset
        out[place : place + len(new)] = new
        at = data.find(mark, at + 1) if every else -1
    return bytes(out)


def wav(fmt: bytes = b"", data: bytes = b"", *, riff: int | None = None, size: int | None = None) -> bytes:
    """A WAV file whose chunk sizes say what they like."""
    fmt = fmt or struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data"
    body += struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", len(body) if riff is None else riff) + body


def flat_png(side: int) -> bytes:
    """A grey picture that is small on disk and huge in memory."""
    packer, rows = zlib.compressobj(1), bytes((side + 1) * 100)
    packed = b"".join([*(packer.compress(rows) for _ in range(side // 100)), packer.flush()])

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def flat_jpeg(side: int) -> bytes:
    """The same as a JPEG: two code words of one bit each a block, so 256 million points in 1 MB."""

    def part(mark: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body

    quantise = part(0xDB, b"\0" + b"\x10" * 64)
    frame = part(0xC0, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0))
    codes = b"".join(part(0xC4, bytes([kind, 1]) + bytes(15) + b"\0") for kind in (0x00, 0x10))
    scan = part(0xDA, bytes([1, 1, 0x00, 0, 63, 0]))
    blocks = (side // 8) ** 2
    return b"\xff\xd8" + quantise + frame + codes + scan + bytes(blocks * 2 // 8) + b"\xff\xd9"


def packets(container: str, codec: str, size: tuple[int, int], packed: list[bytes], *, step: int = 1) -> bytes:
    """A file around ready-made packets, `step` seconds apart; nothing is encoded."""
    import av

    with _written(container, {}) as (out, path):
        stream = out.add_stream(codec, rate=1)
        stream.width, stream.height = size
        stream.pix_fmt = {"png": "gray", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        stream.time_base = Fraction(1, 1)
        for i, data in enumerate(packed):
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, i * step, i * step, Fraction(1, 1)
            packet.is_keyframe = True
            out.mux(packet)
        out.close()
        return path.read_bytes()


def ebml(identifier: bytes, body: bytes, *, size: bytes = b"") -> bytes:
    """A Matroska element; `size` replaces its true length."""
    return identifier + (size or (len(body) | 1 << 56).to_bytes(8, "big")) + body


def _boxes(data: bytes, names: list[bytes]) -> list[int]:
    """Places of nested boxes, each inside the one before it."""
    start, end, places = 0, len(data), []
    for name in names:
        position = start
        while position < end:
            size = int.from_bytes(data[position : position + 4], "big")
            if data[position + 4 : position + 8] == name:
                break
            position += size
        assert data[position + 4 : position + 8] == name
        places.append(position)
        start, end = position + 8, position + size
    return places


def with_external_reference(mov: bytes, target: Path) -> bytes:
    """The same mp4, its samples said to lie in another file (an alias record in `dref`)."""
    data = bytearray(mov)
    places = _boxes(data, [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"])
    name = str(target).encode()
    record = bytes(10) + bytes([3]) + b"vol".ljust(27, b"\0") + bytes(12) + bytes([len(target.name)])
    record += target.name.encode().ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    record += struct.pack(">hh", 2, len(name)) + name + b"\0" * (len(name) % 2) + struct.pack(">hh", -1, 0)
    alias = struct.pack(">I4sI", len(record) + 12, b"alis", 0) + record
    dref = places[-1]
    old = int.from_bytes(data[dref : dref + 4], "big")
    data[dref : dref + old] = struct.pack(">I4sII", 16 + len(alias), b"dref", 0, 1) + alias
    for place in places[:-1]:
        size = int.from_bytes(data[place : place + 4], "big") + 16 + len(alias) - old
        data[place : place + 4] = size.to_bytes(4, "big")
    return bytes(data)
