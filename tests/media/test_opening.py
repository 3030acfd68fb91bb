"""No file may make avrec read another file, and the demuxer is the one that was sniffed."""

import contextlib
import struct

import av
import pytest
from generate import make_sound, write_audio, write_video
from hostile_bytes import with_external_reference

from avrec.errors import CorruptMediaError, MediaTooLargeError
from avrec.media.opening import open_guarded, open_source
from avrec.media.sniff import sniff

FORMATS = ("mov", "mp3", "matroska", "mpegts", "wav")


@pytest.fixture
def playlist(tmp_path):
    canary = write_video(tmp_path / "canary.mp4", 1.0, sound=None)
    path = tmp_path / "list.mp4"
    path.write_text(f"ffconcat version 1.0\nfile '{canary.name}'\n")
    return path


def test_libav_alone_would_follow_the_playlist(playlist):
    """The trap is real: without the guard the canary's picture comes out."""
    with av.open(str(playlist)) as container:
        assert container.streams.video[0].codec_context.name == "h264"


@pytest.mark.parametrize("container_format", [*FORMATS, "concat", "hls", "sdp", None])
def test_the_guard_never_follows_it(playlist, container_format):
    streams = []
    with (
        playlist.open("rb") as file,
        contextlib.suppress(av.error.FFmpegError, OSError, ValueError),
        open_guarded(file, container_format) as container,
    ):
        streams += container.streams
    assert not streams


def test_an_external_data_reference_is_not_followed(tmp_path):
    canary = write_video(tmp_path / "canary.mp4", 1.0, sound=None, cuts=1, faststart=False)
    reference = tmp_path / "reference.mov"
    data = bytearray(with_external_reference(canary.read_bytes(), canary))
    mdat = data.find(b"mdat") + 4
    data[mdat : data.find(b"moov") - 4] = bytes(data.find(b"moov") - 4 - mdat)  # its own samples are gone
    reference.write_bytes(data)
    with av.open(str(reference), options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
        assert list(container.decode(video=0)), "the trap is real: with references on, the canary is read"
    with reference.open("rb") as file, open_guarded(file, "mov") as container:
        frames = []
        for packet in container.demux(video=0):
            try:
                frames += packet.decode()
            except av.error.FFmpegError:
                continue
    assert not frames


@pytest.mark.parametrize(
    ("suffix", "label", "states"),
    [
        (".wav", "wav", True),
        (".mp3", "mp3", True),
        (".flac", "flac", True),
        (".ogg", "ogg", False),
        (".m4a", "mp4", True),
    ],
)
def test_containers_are_named_by_content(tmp_path, suffix, label, states):
    path = write_audio(tmp_path / f"a{suffix}", make_sound("tone", 0.5))
    found = sniff(path.rename(tmp_path / "renamed.txt"), "x")
    assert found.states_duration is states
    assert found.label in (label, "m4a")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(40), "picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "picture"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"%PDF-1.7\n", "PDF"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "playlist"),
    ],
)
def test_other_files_are_named(tmp_path, head, words):
    path = tmp_path / "x.mp4"
    path.write_bytes(head)
    with pytest.raises(Exception, match=words):
        sniff(path, "x.mp4")


def test_a_cut_file_without_its_index_says_so(tmp_path):
    path = write_video(tmp_path / "a.mp4", 2.0, faststart=False)
    data = path.read_bytes()
    path.write_bytes(data[: data.find(b"moov") - 100])
    with pytest.raises(CorruptMediaError, match="index is missing"), open_source(path, "a.mp4"):
        pass


def test_a_picture_said_to_be_huge_is_refused_before_decoding(tmp_path):
    path = write_video(tmp_path / "a.mp4", 0.5, size=(64, 48), sound=None)
    data = bytearray(path.read_bytes())
    entry = data.find(b"avc1", data.find(b"stsd"))
    sps = data.find(b"avcC")
    data[entry + 28 : entry + 32] = struct.pack(">HH", 16_000, 16_000)
    data[sps : sps + 4] = b"free"  # without the codec's own header the container's word is all there is
    path.write_bytes(data)
    with pytest.raises((MediaTooLargeError, CorruptMediaError)), open_source(path, "a.mp4"):
        pass
