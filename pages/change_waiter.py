"""Who waits for changes is told when some arrive: one look at Postgres for all, so that a waiter holds no connection and no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, text

from store import StoreError
from store.errors import translated

EVERY_S = 0.25
AFTER_FAILURE_S = 1.0
LAST = text("SELECT coalesce(max(position), 0) FROM change_events")
NEWER = text("SELECT seller_id, max(position) AS position FROM change_events WHERE position > :position GROUP BY seller_id")


@dataclass(frozen=True, slots=True)
class NewChanges:
    position: int  # the newest
    sellers: frozenset[str | None]  # whose changes are newer than what was known; None: alerts of the fleet


def news(engine: Engine, known: int | None) -> NewChanges:
    """What arrived behind a position; None: where the feed stands."""
    with translated(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if known is None:
            return NewChanges(connection.execute(LAST).scalar_one(), frozenset())
        rows = connection.execute(NEWER, {"position": known}).all()
    return NewChanges(max((row.position for row in rows), default=known), frozenset(row.seller_id for row in rows))


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
    def awaited(self, seller: str | None) -> Iterator[asyncio.Event]:
        """A bell that rings when changes of the seller arrive; None: of anybody."""
        bell = asyncio.Event()
        self._bells.setdefault(seller, set()).add(bell)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_out())
        try:
            yield bell
        finally:
            self._bells[seller].discard(bell)
            if not self._bells[seller]:
                del self._bells[seller]

    def close(self) -> None:
        """Nobody waits any longer: the process ends."""
        self.closed = True
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
