"""Work stands back while somebody uses the pages, and goes on at its usual pace when nobody does.

Linux runs a thread of the "idle" class only where nothing else wants the processor, and takes the processor from it at
once; a high nice value alone lets it keep each turn for milliseconds, which a page pays dozens of times. When nobody
is there, the usual class lets the work compete with other programs.
"""

import contextlib
import os


def stand_back(pid: int, back: bool) -> None:
    """Put every thread of a process, and of those that it started, into the idle class, or into the usual one."""
    if not hasattr(os, "SCHED_IDLE"):  # pragma: no cover  (another system than Linux)
        return
    import psutil

    policy = os.SCHED_IDLE if back else os.SCHED_OTHER
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            for thread in one.threads():
                with contextlib.suppress(OSError):  # it ended, or the system does not allow it
                    os.sched_setscheduler(thread.id, policy, os.sched_param(0))
