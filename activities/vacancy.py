"""Places for steps in a worker: none is free while this worker fails at eBay where others do not, so that the others take its polls.

Temporal's SDK asks for a place before it polls for a step. One place every half minute is given all the same: its step finds the return.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from temporalio.worker import (
    CustomSlotSupplier,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
)

TRY_S = 30.0
LOOK_S = 0.05


class Vacancies(CustomSlotSupplier):
    """Used from the worker's event loop and from threads of the SDK; counting is all that they share."""

    def __init__(self, places: int, is_ill: Callable[[], bool]) -> None:
        self.places, self.is_ill = places, is_ill
        self.taken = 0
        self.tried = -TRY_S

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        while (permit := self.try_reserve_slot(ctx)) is None:
            await asyncio.sleep(LOOK_S)
        return permit

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        if self.taken >= self.places:
            return None
        if self.is_ill():
            if time.monotonic() - self.tried < TRY_S:
                return None
            self.tried = time.monotonic()
        self.taken += 1
        return SlotPermit()

    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
        pass

    def release_slot(self, ctx: SlotReleaseContext) -> None:
        self.taken -= 1
