"""A quick pass over a file's sound, then one over everything: frames, shots, thumbnails and proxy.

Runs in the child process only.

Nothing the container says about itself is believed: times come from decoded frames, and what the container claims is
only compared with them.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from avrec.errors import CorruptMediaError
from avrec.media.candidates import Candidates
from avrec.media.clock import Clock
from avrec.media.decode_result import PROXY_AUDIO_FILE, PROXY_VIDEO_FILE, SOUND_FILE, SOUND_RATE, Decoded
from avrec.media.geometry import Geometry, read_geometry
from avrec.media.opening import Source, check_pixels, check_said_size, open_source
from avrec.media.proxy import Proxy
from avrec.media.reading import Reader
from avrec.media.segments import find_pauses, make_segments
from avrec.media.shots import Shots
from avrec.media.sound import SoundPieces
from avrec.media.sound_pass import Heard, within, write_sound
from avrec.media.whole import end_missing
from avrec.schemas import MediaInfo

MOST_WAITING = 1000  # frames of sound held back until the first picture shows its size
QUIET = 0.01  # -40 dBFS
PEAKS = 60
SHORT_OF_CLAIM = 0.5
SHORTEST_CLIP = 0.04


def decode_file(
    path: Path,
    folder: Path,
    name: str,
    preset: str,
    report: Callable[[float, float], None],
    on_sound: Callable[[bool], None] = lambda _: None,
) -> Decoded:
    """Decode a file into `folder`, which exists and is empty.

    Args:
        on_sound: Called once the sound is whole, with whether there is any.

    Raises:
        MediaError: It cannot be used; which kind says why.
    """
    heard = write_sound(path, folder, name, lambda seconds: report(0.0, seconds))
    on_sound(heard.present)
    with open_source(path, name) as source:
        run = Pass(source, folder, name)
        run.run(report)
    has_picture, has_sound = run.pictures > 0, heard.present
    if not has_sound and not has_picture:
        check_said_size(path, source.kind, name)
        raise CorruptMediaError(name, "nothing in it could be decoded")
    info = _describe(source, run, heard, end_missing(path, source.kind))
    pauses, peaks = _outline(folder / SOUND_FILE, find=not has_picture) if has_sound else ([], [])
    segments = make_segments(run.shots.cuts if has_picture else pauses, info.duration)
    times, owners = run.candidates.save(folder, segments, preset)
    decoded = Decoded(
        info=info,
        segments=segments,
        frame_times=times,
        frame_segments=owners,
        peaks=peaks,
        folder=folder,
    )
    decoded.save()
    return decoded


class Pass:
    """The state of the one pass.

    Attributes:
        pictures: Frames of the picture decoded so far.
        damaged: Packets that could not be decoded.
        geometry: Of the first frame.
    """

    def __init__(self, source: Source, folder: Path, name: str):
        self._source, self._folder, self._name = source, folder, name
        self.picture_clock, self._sound_clock = Clock(source.start), Clock(source.start)
        self.shots, self.candidates = Shots(), Candidates()
        self.pictures = self.damaged = 0
        self.geometry: Geometry | None = None
        self._proxy: Proxy | None = None
        self._waiting: list[tuple[Any, float]] = []

    def run(self, report: Callable[[float, float], None]) -> None:
        """Decode packet by packet; a damaged packet is counted and skipped."""
        import av

        streams = [stream for stream in (self._source.video, self._source.audio) if stream is not None]
        reader = Reader(self._source, streams, lambda share: report(share, self._end()))
        for frame, packet in reader.frames():
            if isinstance(frame, av.VideoFrame):
                self._take_picture(frame, packet)
            else:
                self._take_sound(frame)
        self.damaged += reader.damaged
        self._release_sound()
        if self._proxy is not None:
            self._proxy.close()

    def _end(self) -> float:
        return max(self.picture_clock.end, self._sound_clock.end)

    def _take_picture(self, frame: Any, packet: Any) -> None:
        check_pixels(frame.width, frame.height, self._name)
        if self.geometry is None:
            self.geometry = read_geometry(frame, self._source.video.sample_aspect_ratio)
        step = float(packet.duration * packet.time_base) if packet.duration and packet.time_base else SHORTEST_CLIP
        time = within(self.picture_clock.place(frame.time, min(max(step, 0.0), 1.0)), self._name)
        self.pictures += 1
        if self._proxy is None:
            self._open_proxy()
            self._release_sound()
        self.candidates.offer(frame, time, self.geometry)
        if (small := self._proxy.add_picture(frame, time)) is not None:
            self.shots.add(small, time)

    def _take_sound(self, frame: Any) -> None:
        time = self._sound_clock.place(frame.time, frame.samples / max(frame.sample_rate, 1))
        self._waiting.append((frame, time))
        if self._proxy is not None or self._source.video is None or len(self._waiting) > MOST_WAITING:
            self._release_sound()

    def _release_sound(self) -> None:
        """Hand on the sound that waited for the proxy."""
        import av

        if self._waiting and self._proxy is None:
            self._open_proxy()
        for frame, time in self._waiting:
            try:
                self._proxy.add_sound(frame, time)
            except MemoryError:
                raise
            except (av.error.FFmpegError, ValueError):  # more channels than anybody can mix down, for one
                self.damaged += 1
        self._waiting.clear()

    def _open_proxy(self) -> None:
        audio = self._source.audio
        channels = audio.codec_context.channels or 2 if audio is not None else 0
        path = self._folder / (PROXY_VIDEO_FILE if self.geometry else PROXY_AUDIO_FILE)
        self._proxy = Proxy(path, self.geometry, channels)


def _describe(source: Source, run: Pass, heard: Heard, cut: bool) -> MediaInfo:
    has_picture, has_sound = run.pictures > 0, heard.present
    picture_end = run.picture_clock.end if has_picture else 0.0
    duration = max(picture_end, heard.end, SHORTEST_CLIP)
    notes = _notes(duration, source, run, has_picture, has_sound, cut)
    return MediaInfo(
        kind="video" if has_picture else "audio",
        duration=duration,
        width=run.geometry.width if run.geometry else None,
        height=run.geometry.height if run.geometry else None,
        fps=run.pictures / picture_end if picture_end > 0 else None,
        has_sound=has_sound,
        container=source.kind.label,
        video_codec=source.video.codec_context.name if has_picture else None,
        audio_codec=source.audio.codec_context.name if has_sound else None,
        partial=bool(notes),
        notes=notes,
    )


def _notes(
    duration: float, source: Source, run: Pass, has_picture: bool, has_sound: bool, cut: bool
) -> tuple[str, ...]:
    """What is missing from the file, in sentences for users."""
    notes = []
    if source.claimed and duration < source.claimed - max(SHORT_OF_CLAIM, 0.1 * source.claimed):
        notes.append(f"It ends after {duration:.1f} of {source.claimed:.1f} s.")
    elif cut:
        notes.append("Its end is missing.")
    if source.video is not None and not has_picture:
        notes.append("Its picture could not be decoded.")
    if source.audio is not None and not has_sound:
        notes.append("Its sound could not be decoded.")
    if run.damaged > 1:
        notes.append(f"{run.damaged} damaged parts were skipped.")
    return tuple(notes)


def _outline(path: Path, *, find: bool) -> tuple[list[float], list[float]]:
    """The pauses of the sound, where they are wanted, and its peaks."""
    with path.open("rb") as file:
        samples = SoundPieces(file)
        return find_pauses(samples, SOUND_RATE) if find else [], _peaks(samples)


def _peaks(samples: SoundPieces) -> list[float]:
    """Outline of the sound: root mean square of 60 equal stretches, the loudest 1; near-silence stays low."""
    edges = np.linspace(0, len(samples), PEAKS + 1).astype(int)
    levels = np.zeros(PEAKS)
    for i, (a, b) in enumerate(itertools.pairwise(edges)):
        levels[i] = np.sqrt(np.mean(np.square(samples[min(a, len(samples) - 1) : max(b, a + 1)])))
    return np.round(levels / max(float(levels.max()), QUIET), 3).tolist()
