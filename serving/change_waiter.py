"""Who waits for changes is told when some arrive: one look at Postgres for all, so that a waiter holds no connection and no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from store import StoreError
from store.reading.news import NewChanges

EVERY_S = 0.25
AFTER_FAILURE_S = 1.0


class ChangeWaiter:
    """Nobody looks while nobody waits.

    A waiter clears its bell, reads, and waits for the bell only where it read nothing. Positions appear in their order, so what a waiter
    did not see lies behind what the watch knows, and rings the bell. The first look rings all: what came before it may be unread.
    """

    def __init__(
        self, look: Callable[[int | None], Awaitable[NewChanges]], every_s: float = EVERY_S, after_failure_s: float = AFTER_FAILURE_S
    ) -> None:
        self._look, self._every_s, self._after_failure_s = look, every_s, after_failure_s
        self._bells: dict[str | None, set[asyncio.Event]] = {}
        self._watch: asyncio.Task[None] | None = None
        self.closed = False

    @contextmanager
    def awaited(self, sellers: Sequence[str] | None) -> Iterator[asyncio.Event]:
        """A bell that rings when changes of one of the sellers arrive; None: of anybody."""
        bell = asyncio.Event()
        names: Sequence[str | None] = [None] if sellers is None else sellers
        for name in names:
            self._bells.setdefault(name, set()).add(bell)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_out())
        try:
            yield bell
        finally:
            for name in names:
                self._bells[name].discard(bell)
                if not self._bells[name]:
                    del self._bells[name]

    def close(self) -> None:
        """Nobody waits any longer: the process ends."""
        self.closed = True
        self.ring_all()

    def ring_all(self) -> None:
        """Have all who wait look anew."""
        self._ring(self._bells.keys())

    async def _look_out(self) -> None:
        known: int | None = None
        while self._bells and not self.closed:
            try:
                found = await self._look(known)
            except StoreError:  # whoever waits meets it at their own next read
                await asyncio.sleep(self._after_failure_s)
                continue
            if known is None:
                self._ring(self._bells.keys())
            elif found.sellers:
                self._ring({None, *found.sellers})
            known = found.position
            await asyncio.sleep(self._every_s)

    def _ring(self, sellers: Iterable[str | None]) -> None:
        for seller in sellers:
            for bell in self._bells.get(seller, ()):
                bell.set()
