"""How far the feed has come, as Temporal remembers it: a restored database knows less.

It stands in the memo of what the watchdog's schedule starts: there without a worker, longer than any run is kept, and older workers pass
it over. It holds a position and a generation, nothing of anybody.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleUpdate, ScheduleUpdateInput
from temporalio.service import RPCError, RPCStatusCode

from store import Store
from store.events.restores import FeedStanding

MEMO = "feed"


class FeedMemory(BaseModel, frozen=True):
    """What Temporal remembers of the feed."""

    position: int = 0  # the highest that was drawn
    generation: str = "0"

    def is_of(self, standing: FeedStanding) -> bool:
        """Whether this feed is the one remembered, as far as it had come or further."""
        return self.generation == standing.generation and self.position <= standing.position


def watchdog_id(task_queue: str) -> str:
    """Of the schedule. Of this queue alone: one that belonged to another queue would be left as it is, and its runs find no worker."""
    return f"sellerbeat-watchdog:{task_queue}"


async def compare_feed(client: Client, store: Store, task_queue: str) -> FeedStanding:
    """Compare the feed with what Temporal remembers of it, make good a database that knows less, and remember how far it is now.

    Raises:
        RPCError, StoreError: Temporal or Postgres does not answer.
    """
    memory = await recalled(client, task_queue)
    standing = await asyncio.to_thread(store.restores.settle, memory.position if memory else 0)
    if memory is None or memory.position != standing.position or memory.generation != standing.generation:
        await remember(client, task_queue, standing)
    return standing


async def recalled(client: Client, task_queue: str) -> FeedMemory | None:
    """None: Temporal remembers nothing. Raises RPCError."""
    try:
        found = await client.get_schedule_handle(watchdog_id(task_queue)).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return await _memory(client, found.schedule.action)


async def remember(client: Client, task_queue: str, standing: FeedStanding) -> None:
    """The highest position stays, whoever comes last: a restore leads beyond it. Without a schedule nothing is kept. Raises RPCError."""

    async def updated(now: ScheduleUpdateInput) -> ScheduleUpdate | None:
        schedule = now.description.schedule
        before = await _memory(client, schedule.action)
        if not isinstance(schedule.action, ScheduleActionStartWorkflow) or (before and before.position >= standing.position):
            return None
        memory = FeedMemory(position=standing.position, generation=standing.generation)
        schedule.action.memo = {**(schedule.action.memo or {}), MEMO: memory}
        return ScheduleUpdate(schedule=schedule)

    try:
        await client.get_schedule_handle(watchdog_id(task_queue)).update(updated)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _memory(client: Client, action: Any) -> FeedMemory | None:
    payload = (getattr(action, "memo", None) or {}).get(MEMO)
    if payload is None:
        return None
    (memory,) = await client.data_converter.decode([payload], [FeedMemory])
    return memory if isinstance(memory, FeedMemory) else None
