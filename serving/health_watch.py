"""What is wrong, as pages and `/readyz` say it: looked up every few seconds at most, for all who ask, and never waited for long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from domain.health import Finding

EVERY_S, AWAITED_S = 3.0, 0.05
logger = logging.getLogger("sellerbeat.web")


class HealthWatch:
    """One look at a time; who comes meanwhile gets the one before."""

    def __init__(self, diagnose: Callable[[], Awaitable[list[Finding]]]) -> None:
        self._diagnose = diagnose
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._latest: list[Finding] | None = None

    async def findings(self, within_s: float | None = None) -> list[Finding]:
        """The newest that are known within so many seconds (None: a moment); none where none were looked up yet."""
        now = asyncio.get_running_loop().time()
        if (self._looking is None or self._looking.done()) and now >= self._looked_at + EVERY_S:
            self._looked_at, self._looking = now, asyncio.create_task(self._look())
        if self._looking is not None:
            await asyncio.wait({self._looking}, timeout=AWAITED_S if within_s is None else within_s)
        return self._latest or []

    async def _look(self) -> None:
        try:
            self._latest = await self._diagnose()
        except Exception:  # a fault of ours: the page has more to show than this
            logger.exception("health cannot be looked up")
