"""How many posts to one endpoint may be under way: one that hangs must not take the threads of all others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 16
PATIENCE_S = 1.0  # so long one waits for a place, where posts come back quickly
SLOW_S = 1.0  # an endpoint with a post under way for longer makes nobody wait


class Slots:
    """Of one process; shared by all threads."""

    def __init__(self, most: int = MOST, patience_s: float = PATIENCE_S, slow_s: float = SLOW_S) -> None:
        self._most, self._patience_s, self._slow_s = most, patience_s, slow_s
        self._freed = threading.Condition()
        self._begun: dict[str, list[float]] = {}

    @contextmanager
    def slot(self, endpoint: str) -> Iterator[bool]:
        """A place among the posts to an endpoint. False: there is none, come again in some seconds."""
        began = time.monotonic()
        with self._freed:
            while len(under_way := self._begun.setdefault(endpoint, [])) >= self._most:
                left = began + self._patience_s - time.monotonic()
                if left <= 0 or time.monotonic() - min(under_way) > self._slow_s:
                    break
                self._freed.wait(left)
            free = len(under_way) < self._most
            mine = time.monotonic()
            if free:
                under_way.append(mine)
        try:
            yield free
        finally:
            if free:
                with self._freed:
                    self._begun[endpoint].remove(mine)
                    if not self._begun[endpoint]:
                        del self._begun[endpoint]
                    self._freed.notify_all()
