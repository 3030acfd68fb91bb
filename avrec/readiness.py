"""Recommendations are made ready in the background after the library has changed: no click has to wait for it."""

import logging
import threading
import time
from collections.abc import Callable

from avrec.serving import Serving

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.3
# After a fit, while more clips come: fitting after each would take the interpreter from the pages again and again.
REST_SECONDS = 8.0
RESTS = 5  # times as long as the fit took: a large library is not fitted all the time


class Readiness:
    """Looks in a thread whether what was learned still holds.

    Args:
        more: Whether more clips are on their way.
    """

    def __init__(self, serving: Serving, more: Callable[[], bool]):
        self._serving, self._more = serving, more
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="avrec-readiness", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _run(self) -> None:
        self._serving.made_ready = True
        while not self._stop.wait(EVERY_SECONDS):
            started = time.monotonic()
            try:
                fitted = self._serving.keep_ready()
                self._serving.made_ready = True
                if fitted:
                    self._rest(RESTS * (time.monotonic() - started))
            except Exception:  # the page that asks next does it itself, gets the same error, and says it
                log.exception("recommendations could not be made ready")
                self._serving.made_ready = False
                self._stop.wait(5.0)
        self._serving.made_ready = False

    def _rest(self, least: float) -> None:
        """Rest for so long, and some seconds more while clips come in."""
        over = time.monotonic() + max(least, REST_SECONDS)
        self._stop.wait(least)
        while time.monotonic() < over and self._more() and not self._stop.wait(EVERY_SECONDS):
            pass
