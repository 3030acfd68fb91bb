import contextlib

import numpy as np
import pytest
from generate import make_sound, write_audio, write_video

from avrec.errors import CorruptMediaError, JobCancelledError, MediaError, MediaTooLargeError, UnsupportedMediaError
from avrec.media import decode, load_decoded, load_sound


def decode_bytes(tmp_path, data, name="clip.mp4"):
    path = tmp_path / "input"
    path.write_bytes(data)
    return decode(path, tmp_path / "out", name=name)


def test_video_with_sound_gives_frames_shots_thumbnails_proxy_and_sound(tmp_path):
    shares = []
    decoded = decode(write_video(tmp_path / "a.mp4", 6.0), tmp_path / "out", name="a.mp4", progress=shares.append)
    assert decoded.info.kind == "video"
    assert abs(decoded.info.duration - 6.0) < 0.3
    assert not decoded.info.partial
    assert len(decoded.segments) == 2, "the colour changes once"
    frames = np.load(tmp_path / "out" / "frames.npy")
    assert frames.dtype == np.uint8
    assert len(frames) == len(decoded.frame_times) == 4, "balanced takes two frames a segment"
    assert len(load_sound(tmp_path / "out")) == pytest.approx(6 * 16_000, rel=0.05)
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"proxy.mp4", "poster.jpg", "thumb-000.jpg", "thumb-001.jpg"} <= names
    assert load_decoded(tmp_path / "out") == decoded
    assert shares == sorted(shares)


def test_proxy_is_small_h264_and_aac(tmp_path):
    import av

    decode(write_video(tmp_path / "a.mp4", 1.0, size=(1280, 720)), tmp_path / "out", name="a.mp4")
    with av.open(str(tmp_path / "out" / "proxy.mp4")) as proxy:
        assert proxy.streams.video[0].codec_context.name == "h264"
        assert proxy.streams.video[0].height == 480
        assert proxy.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert proxy.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg", ".m4a"])
def test_sound_only_files_are_normal(tmp_path, suffix):
    path = write_audio(tmp_path / f"a{suffix}", make_sound("beeps", 5.0))
    decoded = decode(path, tmp_path / "out", name=path.name)
    assert decoded.info.kind == "audio"
    assert decoded.frame_times == []
    assert len(decoded.peaks) == 60
    assert abs(decoded.info.duration - 5.0) < 0.3
    assert (tmp_path / "out" / "proxy.m4a").exists()


def test_silent_video_and_one_frame_are_normal(tmp_path):
    decoded = decode(write_video(tmp_path / "a.mp4", 0.1, sound=None, cuts=1), tmp_path / "out", name="a.mp4")
    assert not decoded.info.has_sound
    assert decoded.peaks == []
    assert len(decoded.segments) == 1


@pytest.mark.parametrize("size", [(161, 121), (50, 400)])
def test_odd_sizes_decode(tmp_path, size):
    even = (size[0] // 2 * 2, size[1] // 2 * 2)
    decoded = decode(write_video(tmp_path / "a.mp4", 1.0, size=even), tmp_path / "out", name="a.mp4")
    assert (decoded.info.width, decoded.info.height) == even


def test_presets_choose_more_or_fewer_frames(tmp_path):
    path = write_video(tmp_path / "a.mp4", 6.0, cuts=1)
    counts = {
        preset: len(decode(path, tmp_path / preset, name="a", preset=preset).frame_times)
        for preset in ("fast", "balanced", "thorough")
    }
    assert counts["fast"] == 1
    assert counts["balanced"] == 2
    assert counts["thorough"] == 6


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", CorruptMediaError, "empty"),
        (b"hello, this is text\n" * 50, UnsupportedMediaError, "text file"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, UnsupportedMediaError, "picture"),
        (b"PK\x03\x04" + b"\0" * 100, UnsupportedMediaError, "zip"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", UnsupportedMediaError, "playlist"),
        (b"<?xml version='1.0'?><MPD></MPD>", UnsupportedMediaError, "playlist"),
        (bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)), MediaError, ""),
    ],
)
def test_what_is_no_media_is_refused_in_one_sentence(tmp_path, data, kind, words):
    with pytest.raises(kind) as caught:
        decode_bytes(tmp_path, data, "holiday.mp4")
    text = str(caught.value)
    assert text.startswith("holiday.mp4: ")
    assert words in text
    assert str(tmp_path) not in text, "no path of the server is shown"
    assert not (tmp_path / "out").exists(), "nothing half-written"
    assert [p.name for p in tmp_path.iterdir()] == ["input"]


def test_a_playlist_renamed_mp4_reads_no_other_file(tmp_path):
    canary = write_video(tmp_path / "canary.mp4", 2.0)
    with pytest.raises(UnsupportedMediaError, match="playlist"):
        decode_bytes(tmp_path, f"ffconcat version 1.0\nfile '{canary}'\n".encode())


def test_a_playlist_that_hides_behind_other_bytes_is_not_opened_either(tmp_path):
    canary = write_video(tmp_path / "canary.mp4", 2.0)
    data = b"\xff\xfb\x90\x00" + f"\nffconcat version 1.0\nfile '{canary}'\n".encode()
    with pytest.raises(MediaError):
        decode_bytes(tmp_path, data, "x.mp3")


def test_a_truncated_file_with_its_index_in_front_is_partial(tmp_path):
    whole = write_video(tmp_path / "a.mp4", 8.0, size=(320, 240), cuts=8).read_bytes()
    decoded = decode_bytes(tmp_path, whole[: int(len(whole) * 0.55)])
    assert decoded.info.partial
    assert "It ends after" in decoded.info.notes[0]
    assert 1 < decoded.info.duration < 7.5


def test_a_truncated_file_without_its_index_is_corrupt(tmp_path):
    whole = write_video(tmp_path / "a.mp4", 4.0, faststart=False).read_bytes()
    with pytest.raises(CorruptMediaError):
        decode_bytes(tmp_path, whole[: len(whole) // 2])


def test_a_lying_duration_is_not_believed(tmp_path):
    data = bytearray(write_video(tmp_path / "a.mp4", 2.0, sound=None).read_bytes())
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):  # the duration fields
        place = data.find(box) - 4 + at + 4
        data[place : place + 4] = b"\x7f\xff\xff\xff"
    decoded = decode_bytes(tmp_path, bytes(data))
    assert decoded.info.duration < 3


def test_a_nan_duration_in_matroska_is_not_believed(tmp_path):
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for i in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), i * 10, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    place = data.find(b"\x44\x89\x88")
    assert place > 0, "the Duration element is where the format puts it"
    data[place + 3 : place + 11] = b"\x7f\xf8\0\0\0\0\0\0"
    decoded = decode_bytes(tmp_path, bytes(data), "nan.mkv")
    assert 1.5 < decoded.info.duration < 2.5


def test_a_huge_picture_is_refused(tmp_path):
    with pytest.raises(MediaTooLargeError, match="points"):
        decode(write_video(tmp_path / "a.mp4", 0.1, size=(8192, 5120), sound=None), tmp_path / "out", name="a")


@pytest.mark.parametrize("count", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_flipped_bits_only_raise_media_errors(tmp_path, count):
    sources = [
        write_video(tmp_path / "a.mp4", 1.0, size=(64, 48)).read_bytes(),
        write_video(tmp_path / "b.mp4", 1.0, size=(64, 48), sound=None, faststart=False).read_bytes(),
        write_audio(tmp_path / "c.mp3", make_sound("noise", 1.0)).read_bytes(),
    ]
    rng = np.random.default_rng(4)
    for turn in range(count):
        data = bytearray(sources[turn % len(sources)])
        for place in rng.integers(0, len(data), 30):
            data[place] ^= 1 << int(rng.integers(0, 8))
        with contextlib.suppress(MediaError):
            decoded = decode_bytes(tmp_path, bytes(data))
            assert 0 < decoded.info.duration < 600


def test_cancelling_stops_the_child(tmp_path):
    with pytest.raises(JobCancelledError):
        decode(write_video(tmp_path / "a.mp4", 8.0), tmp_path / "out", name="a", cancelled=lambda: True)
    assert not (tmp_path / "out").exists()


def test_a_hanging_decoder_is_stopped(tmp_path, monkeypatch):
    from avrec.media import process

    path = tmp_path / "input"
    path.write_bytes(b"\0\0\0\x18ftypisom")
    monkeypatch.setattr(
        process.subprocess,
        "Popen",
        lambda _command, _popen=process.subprocess.Popen, **k: _popen(["/bin/sleep", "30"], **k),
    )
    with pytest.raises(MediaTooLargeError, match="too long"):
        decode(path, tmp_path / "out", name="a", quiet_seconds=0.5)
