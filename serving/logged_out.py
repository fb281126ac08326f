"""Sessions that were logged out: asked for every two seconds while people look at pages, and known at once where it was done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

KNOWN_FOR_S = 2.0  # so long a copied cookie opens another process after its session was logged out


class LoggedOut:
    """`read`: ids of all of them whose cookies would still be good, from Postgres. `clock`: seconds."""

    def __init__(self, read: Callable[[], Awaitable[frozenset[str]]], clock: Callable[[], float]) -> None:
        self._read, self._clock = read, clock
        self._ids: frozenset[str] = frozenset()
        self._added: frozenset[str] = frozenset()  # here, since the last reading began
        self._known_until = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._ids

    async def refresh(self) -> None:
        """Raises StoreError: nobody knows who was logged out, so nobody is let in."""
        async with self._one_at_a_time:
            now = self._clock()
            if now >= self._known_until:
                before = self._added
                found = await self._read()
                self._added -= before  # they are among those that were read
                self._ids, self._known_until = found | self._added, now + KNOWN_FOR_S

    def add(self, session_id: str) -> None:
        """One was logged out here, and stands in Postgres."""
        self._ids |= {session_id}
        self._added |= {session_id}
