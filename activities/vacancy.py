"""Places for steps in a worker: none is free while this worker fails at eBay where others do not, so that the others take its polls.

Temporal's SDK asks for a place before it polls for a step. One place every half minute is given all the same: its step finds the return.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from temporalio.worker import (
    CustomSlotSupplier,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
)

TRY_S = 30.0
LOOK_S = 1.0  # who waits for a place is woken when one is free; whether the worker is well again is looked at so often


class Vacancies(CustomSlotSupplier):
    """Asked from the worker's event loop and from threads of the SDK's own."""

    def __init__(self, slots: int, is_ill: Callable[[], bool]) -> None:
        self.slots, self.is_ill = slots, is_ill
        self.lock = threading.Lock()
        self.taken = 0
        self.tried = -TRY_S
        self.waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        mine = asyncio.get_running_loop(), asyncio.Event()
        with self.lock:
            self.waiting.add(mine)
        try:
            while (permit := self.try_reserve_slot(ctx)) is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(mine[1].wait(), LOOK_S)
                mine[1].clear()
            return permit
        finally:
            with self.lock:
                self.waiting.discard(mine)

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        with self.lock:
            if self.taken >= self.slots:
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
        with self.lock:
            self.taken -= 1
            for loop, freed in self.waiting:
                with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                    loop.call_soon_threadsafe(freed.set)
