"""Which sellers use the app: told at every click, and worth a word to a workflow once an hour."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

AN_HOUR_S = 3602.0  # as `ONE_LOGIN` of the workflow, which counts from when it heard of it, so a moment later
MOST = 100_000  # sellers that are remembered


class RecentActivity:
    """In the memory of this process; `clock`: seconds. Lost with it, each seller costs a statement more, and no signal."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._reporting: dict[str, asyncio.Task[Mapping[str, bool]]] = {}  # by seller, while it is told: who comes meanwhile waits for that

    def due(self, sellers: Iterable[str]) -> list[str]:
        """Those of whom nothing is known in this hour, each once."""
        now = self._clock()
        return [one for one in dict.fromkeys(sellers) if self._until.get(one, now) <= now]

    async def tell(self, sellers: Iterable[str], tell: Callable[[list[str]], Coroutine[Any, Any, Mapping[str, bool]]]) -> dict[str, bool]:
        """Have `tell` tell those who are due, each by one caller at a time, however many come at once.

        Args:
            tell: gives those who are not enrolled, and whether they were removed. What it raises is raised for all who wait for it.
        Returns:
            the same of all these sellers, whoever told.
        """
        due = self.due(sellers)
        if fresh := [one for one in due if one not in self._reporting]:
            task = asyncio.create_task(tell(fresh))  # of its own: who asked first may leave
            self._reporting.update(dict.fromkeys(fresh, task))
            task.add_done_callback(lambda _: [self._reporting.pop(one) for one in fresh])
        if tasks := {self._reporting[one] for one in due}:
            await asyncio.wait(tasks)
        absent = {one: removed for task in tasks for one, removed in task.result().items()}
        return {one: absent[one] for one in due if one in absent}

    def note(self, seller_id: str, ago_s: float = 0.0) -> None:
        """Their workflow knows, since so many seconds."""
        if len(self._until) >= MOST:
            self._until.clear()
        self._until[seller_id] = self._clock() + AN_HOUR_S - ago_s

    def forget(self, seller_id: str) -> None:
        """They left, or began anew: the next word is for the workflow again."""
        self._until.pop(seller_id, None)
