"""Shot boundaries while decoding: PySceneDetect's detector, fed frame by frame with small pictures."""

from typing import Any

WIDTH, TALLEST = 160, 320
APART = 1 / 15  # s; more frames a second cost time and find no more cuts


class Shots:
    """Collects cut times.

    `AdaptiveDetector` compares a frame's change of hue, saturation and brightness with its neighbours', so that a
    moving camera or a cartoon's fast motion is not taken for cuts.
    """

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self._timecode: Any = None
        self._detector: Any = None
        self._scaler = VideoReformatter()
        self._times: list[float] = []
        self.cuts: list[float] = []

    def add(self, frame: Any, time: float) -> None:
        """Take the next frame, of any size; `time` in seconds."""
        if self._times and time < self._times[-1] + 0.9 * APART:
            return
        if self._detector is None:
            self._load()
        height = min(TALLEST, max(2, round(frame.height * WIDTH / frame.width)))
        small = self._scaler.reformat(frame, WIDTH, height, "bgr24", interpolation="FAST_BILINEAR", threads=1)
        position = len(self._times)
        self._times.append(time)
        found = self._detector.process_frame(self._timecode(position, 25.0), small.to_ndarray())
        self.cuts += [self._times[cut.frame_num] for cut in found if cut.frame_num < len(self._times)]

    def _load(self) -> None:
        """Only with the first picture: importing this takes longer than decoding a short sound."""
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors import AdaptiveDetector

        self._timecode, self._detector = FrameTimecode, AdaptiveDetector(min_scene_len=5)
