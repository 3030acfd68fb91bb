"""Recommendations are made ready in the background after the library has changed: no click has to wait for it."""

import logging
import threading
import time

from avrec.serving import Serving

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.3
RESTS = 5  # times as long as the last fit took: a large library is not fitted all the time while clips come in


class Readiness:
    """Looks in a thread whether what was learned still holds."""

    def __init__(self, serving: Serving):
        self._serving = serving
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
        rest = EVERY_SECONDS
        self._serving.made_ready = True
        while not self._stop.wait(rest):
            started = time.monotonic()
            try:
                self._serving.keep_ready()
                self._serving.made_ready = True
                rest = EVERY_SECONDS + RESTS * (time.monotonic() - started)
            except Exception:  # the page that asks next does it itself, gets the same error, and says it
                log.exception("recommendations could not be made ready")
                self._serving.made_ready = False
                rest = 5.0
        self._serving.made_ready = False
