"""The worker of deliveries: a task queue of its own, with its own threads, and the dispatcher that begins its workflows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.delivering.deliver import Delivering, DeliveryCursor
from activities.delivering.dispatcher import DeliveryDispatcher, WakeCursors
from activities.delivering.signing import Poster
from activities.heartbeat import Heartbeats
from activities.polling.tokens import VERSION
from domain.retention import Retention
from runtime.metering.meters import SILENT, Meters
from store import Store
from store.delivery.backlog import CursorKey
from workflows.delivery import Delivery, delivery_id

AT_ONCE = 20  # calls to Temporal
THREADS = 64  # messages at once, of all endpoints
CONNECTIONS = 12  # to Postgres: one for the dispatcher that leads, the others for the moments between messages
GRACE = timedelta(seconds=20)
# As the polling's: loaded anew for each cursor, `workflows/` would cost more than its messages.
RUNNER = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("workflows"))
End = Callable[[], Awaitable[None]]
logger = logging.getLogger("sellerbeat.dispatcher")


def delivery_queue(task_queue: str) -> str:
    """Of its own, with its own threads: receivers that hang never hold up a poll."""
    return f"{task_queue}-delivery"


def waking(client: Client, queue: str) -> WakeCursors:
    """Begins or signals the workflows of cursors. Whom Temporal does not take now, the next scan finds again."""

    async def wake(cursors: Iterable[CursorKey]) -> None:
        few = asyncio.Semaphore(AT_ONCE)

        async def one(endpoint: str, seller: str) -> None:
            cursor = DeliveryCursor(endpoint=endpoint, seller=seller)
            async with few:
                await client.start_workflow(
                    Delivery.run,
                    cursor,
                    id=delivery_id(cursor),
                    task_queue=queue,
                    static_summary=f"changes of {seller or 'the fleet'} to {endpoint}",
                    start_signal="look",
                )

        try:
            await asyncio.gather(*(one(*cursor) for cursor in cursors))
        except RPCError as error:
            logger.warning("the dispatcher cannot tell Temporal", extra={"error": error.message})

    return wake


@asynccontextmanager
async def delivering(
    client: Client, task_queue: str, store: Store, poster: Poster, meters: Meters = SILENT, keep: Retention = Retention()
) -> AsyncIterator[End]:
    """A worker for deliveries and its dispatcher. Both end with the `with`, or when what it gives is called, once the messages in hand are
    done (20 s at most)."""
    queue = delivery_queue(task_queue)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="delivery") as threads:
        worker = Worker(
            client,
            task_queue=queue,
            workflows=[Delivery],
            activities=[Delivering(store, poster, meters=meters).deliver_changes],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            graceful_shutdown_timeout=GRACE,
            interceptors=[Heartbeats()],
            workflow_runner=RUNNER,
            build_id=VERSION,
        )
        dispatcher = DeliveryDispatcher(store, waking(client, queue), keep)
        async with worker:
            looking = asyncio.create_task(dispatcher.run())

            async def end() -> None:
                dispatcher.stop.set()
                await looking
                await worker.shutdown()

            try:
                yield end
            finally:
                await end()
