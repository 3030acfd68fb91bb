"""Answers that are kept until what they were made from has changed: pages ask the same things again and again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 256


class Memo:
    """Keeps the newest answer under each name, with the stamp that it was made at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable, stamp: Hashable, make: Callable[[], T]) -> T:
        """The kept answer if it was made at this stamp; else a new one, which is kept.

        Args:
            stamp: Read before the call. What changes meanwhile gets a later stamp, so the answer is made once more.
        """
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        made = make()
        with self._lock:
            self._kept[name] = (stamp, made)
            self._kept.move_to_end(name)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return made
