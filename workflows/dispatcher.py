"""Begins the workflow of every delivery cursor that is behind, and wakes those whose wait somebody ended.

The transaction that keeps a change knows nothing of endpoints. Four times a second one dispatcher of all workers looks what is new in the
feed; every ten seconds each of them looks for cursors that are behind and not at work, whatever crashed in between. Both use
signal-with-start, so that it does not matter whether it runs, has just ended, or was woken already.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.deliver import Delivering, DeliveryCursor
from activities.heartbeat import Heartbeats
from activities.signing import Poster
from activities.steps import frame_of
from metering.meters import SILENT, Meters
from store import Store, StoreError
from store.backlog import CursorKey
from workflows.delivery import Delivery, delivery_id

LOOK_S, SCAN_S, FORGET_S = 0.25, 10.0, 3600.0
LEAD_S = 2.0  # who does not lead asks again after this
WAKE_AGAIN_S = 5.0  # a cursor whose time has come is woken again after this, if its run has not begun
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


class DeliveryDispatcher:
    def __init__(self, store: Store, client: Client, queue: str) -> None:
        self.store, self.client, self.queue = store, client, queue
        self.stop = threading.Event()
        self.woken_at: dict[CursorKey, float] = {}  # cursors whose time has come, by when they were woken; of the leader's thread alone

    async def run(self) -> None:
        """Until `stop` is set."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(asyncio.to_thread(self.lead, loop), asyncio.to_thread(self.scan, loop))

    def lead(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look, while no other worker's dispatcher does; else see every two seconds whether it is gone."""
        while not self.stop.is_set():
            with self.outliving("the dispatcher cannot look for changes"):
                self.look(loop)
            self.stop.wait(LEAD_S)

    def look(self, loop: asyncio.AbstractEventLoop) -> None:
        known: int | None = None
        with self.store.backlog.leading() as connection:
            while connection is not None and not self.stop.is_set():
                news = self.store.backlog.new(connection, known)
                self.wake(loop, news.cursors | self.not_woken(news.due))
                if known is None and news.known is not None:  # what came before the first look
                    self.wake(loop, self.store.backlog.behind())
                known = news.known
                self.stop.wait(LOOK_S)

    def not_woken(self, due: frozenset[CursorKey]) -> frozenset[CursorKey]:
        now = time.monotonic()
        self.woken_at = {cursor: at for cursor, at in self.woken_at.items() if now - at < WAKE_AGAIN_S}
        fresh = due - self.woken_at.keys()
        self.woken_at.update(dict.fromkeys(fresh, now))
        return fresh

    def scan(self, loop: asyncio.AbstractEventLoop) -> None:
        forgot = time.monotonic()
        while not self.stop.is_set():
            with self.outliving("the dispatcher cannot scan for changes"):
                self.wake(loop, self.store.backlog.behind())
                if time.monotonic() - forgot > FORGET_S and not self.store.backlog.forget():
                    forgot = time.monotonic()  # none left; else some more at the next scan
            self.stop.wait(SCAN_S * random.uniform(0.9, 1.1))

    @contextmanager
    def outliving(self, what: str) -> Iterator[None]:
        """Whatever goes wrong is logged, and tried again: without a dispatcher nothing would be delivered."""
        try:
            yield
        except StoreError as error:
            logger.warning(what, extra={"error": str(error)})
        except Exception as error:
            logger.error(what, extra={"place": frame_of(error)})

    def wake(self, loop: asyncio.AbstractEventLoop, cursors: Iterable[CursorKey]) -> None:
        if cursors:
            asyncio.run_coroutine_threadsafe(self.wake_workflows(cursors), loop).result()

    async def wake_workflows(self, cursors: Iterable[CursorKey]) -> None:
        """Whom Temporal does not take now, the next scan finds again."""
        few = asyncio.Semaphore(AT_ONCE)

        async def one(endpoint: str, seller: str) -> None:
            cursor = DeliveryCursor(endpoint=endpoint, seller=seller)
            async with few:
                await self.client.start_workflow(
                    Delivery.run,
                    cursor,
                    id=delivery_id(cursor),
                    task_queue=self.queue,
                    static_summary=f"changes of {seller or 'the fleet'} to {endpoint}",
                    start_signal="look",
                )

        try:
            await asyncio.gather(*(one(*cursor) for cursor in cursors))
        except RPCError as error:
            logger.warning("the dispatcher cannot tell Temporal", extra={"error": error.message})


@asynccontextmanager
async def delivering(client: Client, task_queue: str, store: Store, poster: Poster, meters: Meters = SILENT) -> AsyncIterator[End]:
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
        )
        dispatcher = DeliveryDispatcher(store, client, queue)
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
