"""Media as phones, recorders and editors make it: turned, odd, late, covered, deep-coloured, irregular."""

from fractions import Fraction

import av
import numpy as np
import pytest
from generate import make_sound

from avrec.media import decode, load_sound

RATE = 10


def halves(width, height):
    """Left half red, right half blue."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (250, 0, 0)
    pixels[:, width // 2 :] = (0, 0, 250)
    return pixels


def write(path, *, size=(160, 96), times=None, rotation=0, late_sound=None, codec="libx264", pix_fmt="yuv420p"):
    """A red and blue video; frames at `times` seconds; a tone that starts after `late_sound` seconds."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=RATE)
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        video.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            video.set_display_rotation(rotation)
        audio = container.add_stream("aac", rate=16_000, layout="mono") if late_sound is not None else None
        for time in times if times is not None else np.arange(20) / RATE:
            frame = av.VideoFrame.from_ndarray(halves(*size), format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(make_sound("tone", 1.0)[None], format="fltp", layout="mono")
            frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
            frame.pts = round(late_sound * 16_000)
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def test_a_turned_phone_video_comes_out_upright_everywhere(tmp_path):
    path = write(tmp_path / "a.mp4", rotation=90, late_sound=0.0)
    decoded = decode(path, tmp_path / "out", name="a.mp4")
    assert (decoded.info.width, decoded.info.height) == (96, 160)
    frame = np.load(tmp_path / "out" / "frames.npy")[0]
    assert frame.shape == (427, 256, 3)
    with av.open(str(path)) as container:
        turned = np.rot90(halves(160, 96), round(next(container.decode(video=0)).rotation / 90) % 4)
    with av.open(str(tmp_path / "out" / "proxy.mp4")) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert shown.shape == (160, 96, 3)
    top_is_red = turned[10, 48, 0] > 128
    for picture in (frame, shown):
        top, bottom = picture[10, picture.shape[1] // 2], picture[-10, picture.shape[1] // 2]
        assert (top[0] > 128) == top_is_red
        assert (bottom[0] > 128) != top_is_red


def test_sound_that_starts_late_keeps_its_place(tmp_path):
    decoded = decode(write(tmp_path / "a.mkv", late_sound=1.5), tmp_path / "out", name="a")
    sound = load_sound(tmp_path / "out")
    first = np.flatnonzero(np.abs(sound) > 0.1)[0] / 16_000
    assert first == pytest.approx(1.5, abs=0.1)
    assert decoded.info.duration == pytest.approx(2.5, abs=0.15)
    with av.open(str(tmp_path / "out" / "proxy.mp4")) as proxy:
        samples = np.concatenate([f.to_ndarray()[0] for f in proxy.decode(audio=0)])
    assert np.flatnonzero(np.abs(samples) > 0.1)[0] / 44_100 == pytest.approx(1.5, abs=0.15)


def test_irregular_and_deep_coloured_frames_decode_and_keep_their_times(tmp_path):
    times = [0.0, 0.1, 0.9, 1.0, 5.0, 5.1]
    path = write(tmp_path / "a.mkv", times=times, codec="libx264", pix_fmt="yuv420p10le", size=(98, 66))
    decoded = decode(path, tmp_path / "out", name="a", preset="thorough")
    assert decoded.info.duration == pytest.approx(5.2, abs=0.15)
    assert not decoded.info.partial
    assert set(np.round(decoded.frame_times, 1)) <= set(times)
    with av.open(str(tmp_path / "out" / "proxy.mp4")) as proxy:
        keys = [f.time for f in proxy.decode(video=0) if f.key_frame]
        assert proxy.streams.video[0].codec_context.pix_fmt == "yuv420p"
    assert len(keys) >= 3, "a player can jump about once a second"


def test_a_cover_picture_does_not_make_a_sound_a_video(tmp_path):
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w", format="mp3") as container:
        audio = container.add_stream("libmp3lame", rate=44_100, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(halves(64, 64), format="rgb24").reformat(format="yuvj420p")
        pictures = [*cover.encode(frame), *cover.encode(None)]
        sound = av.AudioFrame.from_ndarray(make_sound("tone", 3.0, 44_100)[None], format="fltp", layout="mono")
        sound.sample_rate, sound.pts = 44_100, 0
        for packet in [*pictures, *audio.encode(sound), *audio.encode(None)]:
            container.mux(packet)
    with av.open(str(path)) as container:
        assert container.streams.video, "the file does carry a cover"
    decoded = decode(path, tmp_path / "out", name="a.mp3")
    assert decoded.info.kind == "audio"
    assert decoded.frame_times == []
    assert not (tmp_path / "out" / "poster.jpg").exists()
