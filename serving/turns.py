"""One at a time of the same name: the others wait in the event loop, without a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock a name, for as long as somebody has it or waits for it. Of one event loop."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}  # with how many have it or wait

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """First come, first served."""
        lock, others = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = lock, others + 1
        try:
            async with lock:
                yield
        finally:
            _, count = self._locks[name]
            if count > 1:
                self._locks[name] = lock, count - 1
            else:
                del self._locks[name]

    def waiting(self) -> int:
        """How many have a turn or wait for one."""
        return sum(count for _, count in self._locks.values())
