"""What a piece of work takes: wall seconds, and CPU seconds of this process and of the children that have ended."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Spent:
    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def metered(spent: Spent) -> Iterator[Spent]:
    """Add what is spent inside to `spent`."""
    wall, cpu = time.monotonic(), cpu_seconds()
    yield spent
    spent.wall, spent.cpu = spent.wall + time.monotonic() - wall, spent.cpu + cpu_seconds() - cpu


def cpu_seconds() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def peak_mb(children: bool = False) -> int:
    """Most memory resident so far, of this process or of the largest child that has ended, in MB.

    Linux counts what the parent held when it started a child as the child's: ask for children in a small process.
    """
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    return round(resource.getrusage(who).ru_maxrss / 1000)
