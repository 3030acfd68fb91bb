"""A lock file that says who works: released by the kernel when its holder dies."""

import fcntl
import os
from pathlib import Path


class WorkerLock:
    """An advisory lock on a file."""

    def __init__(self, path: Path):
        self._path = path
        self._file = None

    def acquire(self) -> bool:
        if self._file is not None:
            return True
        file = self._path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._file is not None

    @property
    def taken(self) -> bool:
        """Whether anybody, in any process, holds it."""
        if self.held:
            return True
        free = self.acquire()
        self.release()
        return not free

    def keep_over_exec(self) -> None:
        """Hand the lock on to the program that replaces this one."""
        if self._file is not None:
            os.set_inheritable(self._file.fileno(), True)

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
