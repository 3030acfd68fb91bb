"""How often recommendations are made ready."""

import time

from avrec.readiness import Readiness


class Serving:
    """Counts, and always had something to do."""

    made_ready = False
    fits = 0

    def keep_ready(self):
        self.fits += 1
        return True


def fits_within(seconds, more):
    serving = Serving()
    readiness = Readiness(serving, lambda: more)
    readiness.start()
    time.sleep(seconds)
    readiness.stop()
    assert not serving.made_ready, "once stopped, nobody may rely on it"
    return serving.fits


def test_while_clips_come_in_it_rests_and_afterwards_it_is_quick():
    assert fits_within(1.5, more=True) == 1
    assert fits_within(1.5, more=False) > 1
