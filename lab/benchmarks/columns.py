"""What is compared, each with a worker process of its own: Sellerbeat itself, its peer, and the floor."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.pacing import Stream
from lab.benchmarks.loop import PeerLoop
from lab.benchmarks.messages import LoopState
from lab.benchmarks.peer import metadata
from lab.benchmarks.process import MeasuredWorker, worker
from lab.benchmarks.servers import HOUSE, BenchmarkServers, calls
from simulator.server import Simulator
from store import Store
from workflows.messages import Pause, workflow_id
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState

SETTLED_S = 0.3
AT_ONCE = 50  # requests to Temporal in flight
FOREVER = timedelta(minutes=5)  # SellerPolling's usual cadence; longer than any benchmark


async def connect(servers: BenchmarkServers) -> Client:
    return await Client.connect(servers.temporal_address, data_converter=pydantic_data_converter)


async def together(jobs: Sequence[Callable[[], Awaitable[Any]]]) -> None:
    free = asyncio.Semaphore(AT_ONCE)

    async def one(job: Callable[[], Awaitable[Any]]) -> None:
        async with free:
            await job()

    await asyncio.gather(*map(one, jobs))


class Column:
    """A worker, its sellers' workflows, and how to let them begin and rest."""

    def __init__(self, name: str, client: Client, running: MeasuredWorker, sellers: Sequence[str]) -> None:
        self.name, self.client, self.worker, self.sellers = name, client, running, sellers

    def workflow_id(self, seller: str) -> str:
        raise NotImplementedError

    def polls(self) -> int:
        """So far, all sellers together."""
        raise NotImplementedError

    async def start(self) -> None:
        raise NotImplementedError

    async def pause(self) -> None:
        raise NotImplementedError

    async def resume(self) -> None:
        raise NotImplementedError

    async def settled(self) -> None:
        """Until its polls in hand are over."""
        polls = -1
        while polls != (polls := self.polls()):
            await asyncio.sleep(SETTLED_S)

    async def end(self) -> None:
        await together([lambda seller=seller: self.handle(seller).terminate() for seller in self.sellers])  # type: ignore[misc]

    def handle(self, seller: str) -> Any:
        return self.client.get_workflow_handle(self.workflow_id(seller))

    async def signal(self, signal: Any, *messages: Any) -> None:
        await together([lambda seller=seller: self.handle(seller).signal(signal, *messages) for seller in self.sellers])  # type: ignore[misc]


class Sellerbeat(Column):
    """worker.py as it is, with its own workflow and steps."""

    def __init__(
        self,
        name: str,
        client: Client,
        running: MeasuredWorker,
        sellers: Sequence[str],
        ebay: Simulator,
        queue: str,
        streams: tuple[Stream, ...],
    ) -> None:
        super().__init__(name, client, running, sellers)
        self.ebay, self.queue, self.streams = ebay, queue, streams

    def workflow_id(self, seller: str) -> str:
        return workflow_id(seller)

    def polls(self) -> int:
        return calls(self.ebay.world)  # a quiet poll is one call

    async def start(self) -> None:
        await together([lambda seller=seller: self.begin(seller) for seller in self.sellers])  # type: ignore[misc]

    async def begin(self, seller: str) -> None:
        state = PollingState.new(seller, datetime.now(UTC), self.streams)
        await self.client.start_workflow(
            SellerPolling.run,
            state,
            id=workflow_id(seller),
            task_queue=self.queue,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,  # the watchdog was first: it finds whoever is not polled
        )

    async def pause(self) -> None:
        await self.signal(SellerPolling.pause, Pause(reason="another column's turn"))

    async def resume(self) -> None:
        await self.signal(SellerPolling.resume)


class PeerColumn(Column):
    def __init__(
        self,
        name: str,
        client: Client,
        running: MeasuredWorker,
        sellers: Sequence[str],
        activity: str,
        queue: str,
        every: timedelta,
        tally: Path,
    ) -> None:
        super().__init__(name, client, running, sellers)
        self.activity, self.queue, self.every, self.tally = activity, queue, every, tally

    def workflow_id(self, seller: str) -> str:
        return f"{self.activity}:{seller}"

    def polls(self) -> int:
        return int.from_bytes(self.tally.read_bytes(), sys.byteorder)

    async def start(self) -> None:
        await together([lambda seller=seller: self.begin(seller) for seller in self.sellers])  # type: ignore[misc]

    async def begin(self, seller: str) -> None:
        state = LoopState(seller_id=seller, activity=self.activity, every=self.every, next_due=datetime.now(UTC))
        await self.client.start_workflow(PeerLoop.run, state, id=self.workflow_id(seller), task_queue=self.queue)

    async def pause(self) -> None:
        await self.signal(PeerLoop.pause)

    async def resume(self) -> None:
        await self.signal(PeerLoop.resume)


def enroll(servers: BenchmarkServers, ebay: Simulator, sellers: Sequence[str], backfill: timedelta | None = None) -> None:
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        now = ebay.world.clock.now()
        since = now - backfill if backfill else None
        for seller in sellers:
            store.sellers.enroll(seller, ebay.world.refresh_token(seller), scopes=[], now_ebay=now, backfill_from=since)


@contextmanager
def sellerbeat(
    servers: BenchmarkServers,
    client: Client,
    ebay: Simulator,
    sellers: Sequence[str],
    *,
    streams: tuple[Stream, ...] = (Stream.ORDERS,),
    **settings: str,
) -> Iterator[Sellerbeat]:
    """The sellers must be enrolled, and are removed when it is over: the next worker's watchdog would poll them again, at an eBay that does
    not know them, and three refused consents are a doubt about the keys, for which everybody waits.

    `settings` of the worker, such as `orders_every="0.5s"`.
    """
    queue = f"sellerbeat-{servers.folder.name}"
    environment = servers.environment(ebay, queue, **settings)
    with worker("sellerbeat", [str(HOUSE / "worker.py")], environment, servers.folder) as running:
        yield Sellerbeat("Sellerbeat", client, running, sellers, ebay, queue, streams)
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        for seller in sellers:
            store.sellers.remove(seller)


@contextmanager
def peer(
    servers: BenchmarkServers,
    client: Client,
    ebay: Simulator,
    sellers: Sequence[str],
    *,
    name: str,
    activity: str,
    every: timedelta = FOREVER,
) -> Iterator[PeerColumn]:
    """The peer's worker with one of its two activities."""
    queue = f"{activity}-{servers.folder.name}"
    engine = sa.create_engine(sa.make_url(servers.database_url).set(drivername="postgresql+psycopg2"))
    metadata.create_all(engine)
    engine.dispose()
    tally, tokens = servers.folder / f"{activity}.tally", servers.folder / "tokens.json"
    tally.write_bytes(bytes(8))
    world = ebay.world
    with world.lock:
        tokens.write_text(json.dumps({seller: world.accounts.refresh(world.refresh_token(seller), ())[0] for seller in sellers}))
    environment = servers.environment(ebay, queue) | {"BENCHMARK_TALLY": str(tally), "BENCHMARK_TOKENS": str(tokens)}
    with worker(activity, ["-m", "lab.benchmarks.peer"], environment, servers.folder) as running:
        yield PeerColumn(name, client, running, sellers, activity, queue, every, tally)
