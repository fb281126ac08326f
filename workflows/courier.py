"""Begins the workflow of every lane that has something to deliver, and wakes those whose waiting somebody ended.

The transaction that keeps a change knows nothing of endpoints. Four times a second one courier of all workers looks what is new in the
feed; every ten seconds each of them looks for lanes that are behind and not at work, whatever crashed in between. Both tell the workflow by
signal-with-start, so that it does not matter whether it runs, has just ended, or was told already.
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

from activities.deliver import Delivering, Lane
from activities.heartbeat import Heartbeats
from activities.signing import Poster
from activities.steps import _place
from metering.meters import SILENT, Meters
from store import Store, StoreError
from store.lookout import Lane as Place
from workflows.delivery import Delivery, delivery_id

LOOK_S, SCAN_S, FORGET_S = 0.25, 10.0, 3600.0
LEAD_S = 2.0  # who does not lead asks again after this
TOLD_S = 5.0  # a lane whose time has come is told again after this, if its run has not begun
AT_ONCE = 20  # calls to Temporal
THREADS = 64  # messages at once, of all endpoints
CONNECTIONS = 12  # to Postgres: one for the courier that leads, the others for the moments between messages
GRACE = timedelta(seconds=20)
# As the polling's: loaded anew for each lane, `workflows/` would cost more than its messages.
RUNNER = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("workflows"))
End = Callable[[], Awaitable[None]]
logger = logging.getLogger("sellerbeat.courier")


def delivery_queue(task_queue: str) -> str:
    """Of its own, with its own threads: receivers that hang never hold up a poll."""
    return f"{task_queue}-delivery"


class DeliveryDispatcher:
    def __init__(self, store: Store, client: Client, queue: str) -> None:
        self.store, self.client, self.queue = store, client, queue
        self.stop = threading.Event()
        self.told: dict[Place, float] = {}  # lanes whose time has come, by when they were told; of the leader's thread alone

    async def run(self) -> None:
        """Until `stop` is set."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(asyncio.to_thread(self.lead, loop), asyncio.to_thread(self.scan, loop))

    def lead(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look, while no other worker's courier does; else see every two seconds whether it is gone."""
        while not self.stop.is_set():
            with self.outliving("the courier cannot look for changes"):
                self.look(loop)
            self.stop.wait(LEAD_S)

    def look(self, loop: asyncio.AbstractEventLoop) -> None:
        known: int | None = None
        with self.store.lookout.leading() as connection:
            while connection is not None and not self.stop.is_set():
                news = self.store.lookout.new(connection, known)
                self.tell(loop, news.lanes | self.not_told(news.due))
                if known is None and news.known is not None:  # what came before the first look
                    self.tell(loop, self.store.lookout.behind())
                known = news.known
                self.stop.wait(LOOK_S)

    def not_told(self, due: frozenset[Place]) -> frozenset[Place]:
        now = time.monotonic()
        self.told = {lane: at for lane, at in self.told.items() if now - at < TOLD_S}
        fresh = due - self.told.keys()
        self.told.update(dict.fromkeys(fresh, now))
        return fresh

    def scan(self, loop: asyncio.AbstractEventLoop) -> None:
        forgot = time.monotonic()
        while not self.stop.is_set():
            with self.outliving("the courier cannot scan for changes"):
                self.tell(loop, self.store.lookout.behind())
                if time.monotonic() - forgot > FORGET_S and not self.store.lookout.forget():
                    forgot = time.monotonic()  # none left; else some more at the next scan
            self.stop.wait(SCAN_S * random.uniform(0.9, 1.1))

    @contextmanager
    def outliving(self, what: str) -> Iterator[None]:
        """Whatever goes wrong is told, and tried again: without a courier nobody would be told of anything."""
        try:
            yield
        except StoreError as error:
            logger.warning(what, extra={"error": str(error)})
        except Exception as error:
            logger.error(what, extra={"place": _place(error)})

    def tell(self, loop: asyncio.AbstractEventLoop, lanes: Iterable[Place]) -> None:
        if lanes:
            asyncio.run_coroutine_threadsafe(self.wake(lanes), loop).result()

    async def wake(self, lanes: Iterable[Place]) -> None:
        """Whom Temporal does not take now, the next scan finds again."""
        few = asyncio.Semaphore(AT_ONCE)

        async def one(endpoint: str, seller: str) -> None:
            lane = Lane(endpoint=endpoint, seller=seller)
            async with few:
                await self.client.start_workflow(
                    Delivery.run,
                    lane,
                    id=delivery_id(lane),
                    task_queue=self.queue,
                    static_summary=f"changes of {seller or 'the fleet'} to {endpoint}",
                    start_signal="look",
                )

        try:
            await asyncio.gather(*(one(*lane) for lane in lanes))
        except RPCError as error:
            logger.warning("the courier cannot tell Temporal", extra={"error": error.message})


@asynccontextmanager
async def delivering(client: Client, task_queue: str, store: Store, poster: Poster, meters: Meters = SILENT) -> AsyncIterator[End]:
    """A worker for deliveries and its courier. Both end with the `with`, or when what it gives is called, once the messages in hand are
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
        courier = DeliveryDispatcher(store, client, queue)
        async with worker:
            looking = asyncio.create_task(courier.run())

            async def end() -> None:
                courier.stop.set()
                await looking
                await worker.shutdown()

            try:
                yield end
            finally:
                await end()
