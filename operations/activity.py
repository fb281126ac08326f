"""Which sellers use the app: told at every click, and worth a word to a workflow once an hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

AN_HOUR_S = 3602.0  # as `ONE_LOGIN` of the workflow, which counts from when it heard of it, so a moment later
MOST = 100_000  # sellers that are remembered


class RecentActivity:
    """In the memory of this process; `clock`: seconds. Lost with it, each seller costs a statement more, and no signal."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def due(self, sellers: Iterable[str]) -> list[str]:
        """Those of whom nothing is known in this hour, each once."""
        now = self._clock()
        return [one for one in dict.fromkeys(sellers) if self._until.get(one, now) <= now]

    def note(self, seller_id: str, ago_s: float = 0.0) -> None:
        """Their workflow knows, since so many seconds."""
        if len(self._until) >= MOST:
            self._until.clear()
        self._until[seller_id] = self._clock() + AN_HOUR_S - ago_s

    def forget(self, seller_id: str) -> None:
        """They left, or began anew: the next word is for the workflow again."""
        self._until.pop(seller_id, None)
