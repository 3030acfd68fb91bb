"""What the worker hands to whoever runs a job, and the ways in which a job stops early."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Task:
    """A job that is no file's, while it runs.

    Attributes:
        key: What the work is known by (a job's `sha256`).
        folder: Where it may keep what it has so far; taken away when the job ends, kept while it is unfinished.
        announce: Takes the share done, in [0, 1], and what is being done, in words; raises when the job is cancelled
            or the worker stops.
        make_way: Call it where the work so far is kept: ends here, to go on later, when something more urgent waits
            or the queue is paused.
    """

    job_id: str
    kind: str
    key: str
    fields: dict[str, Any]
    folder: Path
    announce: Callable[[float, str], None]
    make_way: Callable[[], None]


Handler = Callable[[Task], str]


class Stopping(BaseException):
    """The worker ends; the job is queued again with its finished stages."""


class MadeWay(BaseException):
    """Something else goes first; the job is queued again with its finished stages."""
