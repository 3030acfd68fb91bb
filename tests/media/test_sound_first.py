"""The sound comes first: whole before the pictures are decoded, and the same as in one pass over everything."""

import av
import numpy as np
import pytest
from generate import make_sound, write_audio, write_video

from avrec.errors import JobCancelledError
from avrec.media import decode, load_sound
from avrec.media.clock import Clock
from avrec.media.opening import open_source
from avrec.media.sound import SoundFile


def cut(tmp_path, share=0.55):
    whole = write_video(tmp_path / "whole.mp4", 8.0, size=(320, 240), cuts=8).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: int(len(whole) * share)])
    return tmp_path / "cut.mp4"


def flipped(tmp_path):
    data = bytearray(write_video(tmp_path / "whole.mp4", 8.0, cuts=8).read_bytes())
    for place in np.random.default_rng(2).integers(len(data) // 4, len(data), 40):
        data[place] ^= 16
    (tmp_path / "flipped.mp4").write_bytes(data)
    return tmp_path / "flipped.mp4"


def late(tmp_path, seconds=1.5):
    """The same streams in Matroska, the sound later than the picture."""
    path = tmp_path / "late.mkv"
    with av.open(str(write_video(tmp_path / "whole.mp4", 4.0))) as source, av.open(str(path), "w") as target:
        streams = {stream: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                shift = int(seconds / packet.time_base) if packet.stream.type == "audio" else 0
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = streams[packet.stream]
                target.mux(packet)
    return path


FILES = {
    "video": lambda folder: write_video(folder / "a.mp4", 4.0),
    "late sound": late,
    "cut off": cut,
    "damaged": flipped,
    "sound only": lambda folder: write_audio(folder / "a.mp3", make_sound("beeps", 5.0)),
}


def decode_interleaved(path, target):
    """Sound as it comes when all streams are read together."""
    with open_source(path, "a") as source, target.open("wb") as file:
        clock, sound = Clock(source.start), SoundFile(file)
        packets = source.container.demux([s for s in (source.video, source.audio) if s is not None])
        while True:
            try:
                frames = next(packets).decode()
            except StopIteration:
                break
            except av.error.FFmpegError:
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    sound.add(frame, clock.place(frame.time, frame.samples / frame.sample_rate))
        sound.close()
    return target.read_bytes()


@pytest.mark.parametrize("kind", FILES)
def test_sound_is_the_same_first_and_interleaved(tmp_path, kind):
    path, first = FILES[kind](tmp_path), []
    decoded = decode(path, tmp_path / "out", name="a", on_sound=first.append)
    assert len(first) == 1
    assert len(first[0]) > 8_000
    assert first[0].tobytes() == load_sound(tmp_path / "out").tobytes()
    assert first[0].tobytes() == decode_interleaved(path, tmp_path / "interleaved")
    assert decoded.info.has_sound


def test_a_file_without_sound_says_so(tmp_path):
    path, first = write_video(tmp_path / "a.mp4", 1.0, sound=None), []
    decode(path, tmp_path / "out", name="a", on_sound=first.append)
    assert first == [None]


def test_sound_is_whole_while_pictures_are_still_to_come(tmp_path):
    """Cancelled as soon as the sound is there: the pictures never were, and the sound can still be read."""
    first = []
    path = write_video(tmp_path / "a.mp4", 20.0, size=(640, 480))
    with pytest.raises(JobCancelledError):
        decode(path, tmp_path / "out", name="a", on_sound=first.append, cancelled=lambda: bool(first))
    assert not (tmp_path / "out").exists()
    assert len(first[0]) == pytest.approx(20 * 16_000, rel=0.01)
    assert np.abs(first[0]).max() > 0.2
