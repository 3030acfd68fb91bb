"""Fault injection for tests: `AVREC_FAULT=stage:n:kill|raise|enospc` strikes when a stage starts for the n-th time."""

import errno
import os
import signal
from collections import Counter


class Faults:
    """Counts the starts of each stage and strikes at the named one.

    Args:
        plan: "stage:n:kind", or "" for none.
    """

    def __init__(self, plan: str):
        self._stage, self._n, self._kind = ("", 0, "")
        if plan:
            stage, n, self._kind = plan.split(":")
            self._stage, self._n = stage, int(n)
        self._starts: Counter[str] = Counter()

    def strike(self, stage: str) -> None:
        self._starts[stage] += 1
        if stage != self._stage or self._starts[stage] != self._n:
            return
        if self._kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._kind == "enospc":
            raise OSError(errno.ENOSPC, "No space left on device")
        raise RuntimeError(f"fault injected at {stage}")
