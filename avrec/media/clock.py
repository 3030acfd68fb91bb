"""Times of frames, repaired: a container's timestamps may be absent, jump by years or run backwards."""

import math

LONGEST_STEP = 120.0  # a longer silence between two frames is a broken timestamp, not a slow slide show
BACK_STEP = 1.0


class Clock:
    """Turns one stream's timestamps into seconds from the clip's start that never run backwards.

    A jump of more than two minutes ahead or one second back is taken as a broken clock: time goes on from where it
    was, and later timestamps are read relative to that.

    Args:
        start: Seconds of the container's clock at the clip's start.
    """

    def __init__(self, start: float):
        self._offset = start if math.isfinite(start) else 0.0
        self._end = 0.0

    def place(self, stamp: float | None, step: float) -> float:
        """Say when a frame starts, >= 0.

        Args:
            stamp: Its timestamp in seconds, or None.
            step: How long it lasts, in seconds.
        """
        time = self._end if stamp is None or not math.isfinite(stamp) else stamp - self._offset
        if not -BACK_STEP <= time - self._end <= LONGEST_STEP:
            self._offset += time - self._end
            time = self._end
        time = max(0.0, time)
        self._end = max(self._end, time + step)
        return time

    @property
    def end(self) -> float:
        """Where the last frame ends."""
        return self._end
