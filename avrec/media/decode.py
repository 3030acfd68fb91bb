"""One sequential pass over a file: frames, shots, thumbnails, proxy and sound. Runs in the child process only.

Nothing the container says about itself is believed: times come from decoded frames, and what the container claims is
only compared with them.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avrec.errors import CorruptMediaError, MediaTooLargeError, UnsupportedMediaError
from avrec.media.candidates import Candidates
from avrec.media.decode_result import PROXY_AUDIO_FILE, PROXY_VIDEO_FILE, SOUND_FILE, SOUND_RATE, Decoded
from avrec.media.proxy import Proxy, upright
from avrec.media.segments import find_pauses, make_segments
from avrec.media.sniff import FORMATS, sniff
from avrec.schemas import MediaInfo

MAX_PIXELS = 40_000_000
MAX_SECONDS = 4 * 3600.0
MAX_DAMAGED = 200
SHOT_WIDTH = 160
PEAKS = 60
SHORT_OF_CLAIM = 0.5


@dataclass
class _Found:
    """Running totals of the pass."""

    video_end: float = 0.0
    audio_end: float = 0.0
    pictures: int = 0
    damaged: int = 0
    size: tuple[int, int] | None = None


def decode_file(path: Path, folder: Path, name: str, preset: str, report: Callable[[float], None]) -> Decoded:
    """Decode a file into `folder`, which exists and is empty.

    Raises:
        MediaError: It cannot be used; which kind says why.
    """
    import av

    sniff(path, name)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    with av.open(str(path), options=options, metadata_errors="replace") as container:
        video, audio = _streams(container, name)
        claimed = _claimed_seconds(container, video, audio)
        shots, candidates, found = _Shots(), Candidates(), _Found()
        with (folder / SOUND_FILE).open("wb") as sound:
            _run(container, video, audio, claimed, shots, candidates, found, folder, sound, name, report)
        codecs = [stream.codec_context.name if stream is not None else None for stream in (video, audio)]
        container_name = container.format.name.split(",")[0]

    sound_samples = (folder / SOUND_FILE).stat().st_size // 4
    has_sound, has_picture = sound_samples > 0, found.pictures > 0
    if not has_sound:
        (folder / SOUND_FILE).unlink()
    if not has_sound and not has_picture:
        raise CorruptMediaError(name, "nothing in it could be decoded")
    duration = max(found.video_end, found.audio_end, 0.04)
    samples = np.memmap(folder / SOUND_FILE, np.float32, "r") if has_sound else None
    boundaries = shots.cuts if has_picture else find_pauses(samples, SOUND_RATE)
    segments = make_segments(boundaries, duration)
    times, owners = candidates.save(folder, segments, preset)
    notes = _notes(duration, claimed, found)
    decoded = Decoded(
        info=MediaInfo(
            kind="video" if has_picture else "audio",
            duration=duration,
            width=found.size[0] if found.size else None,
            height=found.size[1] if found.size else None,
            fps=found.pictures / found.video_end if found.video_end > 0 else None,
            has_sound=has_sound,
            container=container_name,
            video_codec=codecs[0] if has_picture else None,
            audio_codec=codecs[1] if has_sound else None,
            partial=bool(notes),
            notes=notes,
        ),
        segments=segments,
        frame_times=times,
        frame_segments=owners,
        peaks=_peaks(samples),
        folder=folder,
    )
    decoded.save()
    return decoded


def _streams(container: Any, name: str) -> tuple[Any, Any]:
    import av

    pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    video = next((s for s in pictures if s.codec_context is not None), None)
    audio = next((s for s in container.streams.audio if s.codec_context is not None), None)
    if video is None and audio is None:
        raise UnsupportedMediaError(name, "there is neither a picture nor a sound that avrec can decode in it")
    if video is not None:
        context = video.codec_context
        if context.width * context.height > MAX_PIXELS:
            raise MediaTooLargeError(name, f"its picture has {context.width} × {context.height} points")
        video.thread_type, context.thread_count = "AUTO", 2
    return video, audio


def _claimed_seconds(container: Any, video: Any, audio: Any) -> float | None:
    values = [container.duration / 1e6] if container.duration else []
    values += [float(s.duration * s.time_base) for s in (video, audio) if s is not None and s.duration and s.time_base]
    sensible = [v for v in values if math.isfinite(v) and 0 < v < 1e7]
    return max(sensible, default=None)


def _run(
    container: Any,
    video: Any,
    audio: Any,
    claimed: float | None,
    shots: "_Shots",
    candidates: Candidates,
    found: _Found,
    folder: Path,
    sound: Any,
    name: str,
    report: Callable[[float], None],
) -> None:
    """Decode packet by packet; a damaged packet is counted and skipped."""
    import av

    mono = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE)
    proxy: Proxy | None = None
    start: float | None = None
    reported = 0.0
    for packet in _packets(container, [s for s in (video, audio) if s is not None], found):
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            found.damaged += 1
            if found.damaged > MAX_DAMAGED:
                break
            continue
        for frame in frames:
            is_picture = isinstance(frame, av.VideoFrame)
            time = frame.time
            if time is None or not math.isfinite(time):
                time = (found.video_end if is_picture else found.audio_end) + (start or 0.0)
            start = time if start is None else start
            time = max(0.0, time - start)
            if time > MAX_SECONDS:
                raise MediaTooLargeError(name, f"it is longer than {MAX_SECONDS / 3600:.0f} hours")
            if is_picture:
                if frame.width * frame.height > MAX_PIXELS:
                    raise MediaTooLargeError(name, f"its picture has {frame.width} × {frame.height} points")
                if found.pictures and time < found.video_end - 5:
                    continue  # a jump back in time: a broken timestamp
                frame = upright(frame, frame.rotation)
                found.size = found.size or (frame.width, frame.height)
            if proxy is None:
                proxy = _open_proxy(folder, frame if is_picture else None, video, audio)
            if is_picture:
                _take_picture(frame, time, packet, shots, candidates, proxy, found)
            else:
                for piece in mono.resample(frame):
                    sound.write(piece.to_ndarray().astype(np.float32).tobytes())
                found.audio_end = max(found.audio_end, time + frame.samples / frame.sample_rate)
                proxy.add_sound(frame, time)
            share = min(1.0, time / claimed) if claimed else 0.0
            if share > reported + 0.02:
                reported = share
                report(share)
    for piece in mono.resample(None) if found.audio_end else ():
        sound.write(piece.to_ndarray().astype(np.float32).tobytes())
    if proxy is not None:
        proxy.close()


def _open_proxy(folder: Path, picture: Any, video: Any, audio: Any) -> Proxy:
    """The size of the picture must be known first; sound may come before it, so the container's size stands in."""
    size = None
    if picture is not None:
        size = (picture.width, picture.height)
    elif video is not None and video.codec_context.width and video.codec_context.height:
        size = (video.codec_context.width, video.codec_context.height)
    path = folder / (PROXY_VIDEO_FILE if size else PROXY_AUDIO_FILE)
    return Proxy(path, size, audio is not None)


def _take_picture(
    frame: Any, time: float, packet: Any, shots: "_Shots", candidates: Candidates, proxy: Proxy, found: _Found
) -> None:
    step = float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.04
    found.pictures += 1
    found.video_end = max(found.video_end, time + min(step, 1.0))
    shots.add(frame, time)
    candidates.offer(frame, time)
    proxy.add_picture(frame, time)


def _packets(container: Any, streams: list[Any], found: _Found) -> Any:
    """Packets until the end or until the container itself is broken."""
    import av

    packets = container.demux(streams)
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError:
            found.damaged += 1
            return


def _notes(duration: float, claimed: float | None, found: _Found) -> tuple[str, ...]:
    notes = []
    if claimed and duration < claimed - max(SHORT_OF_CLAIM, 0.1 * claimed):
        notes.append(f"It ends after {duration:.1f} of {claimed:.1f} s.")
    if found.damaged > 1:
        notes.append(f"{found.damaged} damaged parts were skipped.")
    return tuple(notes)


def _peaks(samples: np.ndarray | None) -> list[float]:
    if samples is None:
        return []
    edges = np.linspace(0, len(samples), PEAKS + 1).astype(int)
    levels = np.array(
        [float(np.sqrt(np.mean(np.square(samples[a : max(b, a + 1)])))) for a, b in itertools.pairwise(edges)]
    )
    top = levels.max()
    return np.round(levels / top, 3).tolist() if top > 0 else [0.0] * PEAKS


class _Shots:
    """PySceneDetect's content detector, fed frame by frame on a 160-point-wide picture."""

    def __init__(self) -> None:
        from scenedetect import FrameTimecode
        from scenedetect.detectors import ContentDetector

        self._timecode, self._detector = FrameTimecode, ContentDetector(min_scene_len=10)
        self._times: list[float] = []
        self.cuts: list[float] = []

    def add(self, frame: Any, time: float) -> None:
        height = max(2, round(frame.height * SHOT_WIDTH / frame.width))
        small = frame.reformat(width=SHOT_WIDTH, height=min(height, 640), format="bgr24", interpolation="FAST_BILINEAR")
        position = len(self._times)
        self._times.append(time)
        found = self._detector.process_frame(self._timecode(position, 25.0), small.to_ndarray())
        self.cuts += [self._times[cut.frame_num] for cut in found if cut.frame_num < len(self._times)]
