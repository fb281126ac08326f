"""Process: the peer's worker, with the settings of worker.py: `python -m lab.benchmarks.peer`. It imports nothing of the product.

Two activities: `one_call_one_commit` is the least that a poller does, the request of a quiet poll with plain httpx and one upsert with
SQLAlchemy Core; `nothing` is the floor. The number of polls stands in the file BENCHMARK_TALLY, eight bytes, in this machine's order.
"""

from __future__ import annotations

import asyncio
import json
import logging
import mmap
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from lab.benchmarks.loop import PeerLoop
from lab.benchmarks.messages import LoopAnswer, LoopRequest

THREADS = 20
CACHED_WORKFLOWS = 2000
OVERLAP = timedelta(minutes=5)
metadata = sa.MetaData()
POLLS = sa.Table(
    "peer_polls",
    metadata,
    sa.Column("seller_id", sa.Text, primary_key=True),
    sa.Column("cursor", sa.DateTime(timezone=True), nullable=False),
    sa.Column("polls", sa.BigInteger, nullable=False),
)


class Tally:
    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 8)
        self.lock, self.count = threading.Lock(), 0

    def add(self) -> None:
        with self.lock:
            self.count += 1
            self.bytes[:8] = self.count.to_bytes(8, sys.byteorder)


class PeerActivities:
    def __init__(self, tally: Tally, engine: sa.Engine, http: httpx.Client, tokens: dict[str, str]) -> None:
        self.tally, self.engine, self.http, self.tokens = tally, engine, http, tokens

    @activity.defn
    def one_call_one_commit(self, ask: LoopRequest) -> LoopAnswer:
        since = datetime.now(UTC) - OVERLAP
        response = self.http.get(
            "/sell/fulfillment/v1/order",
            params={"filter": f"lastmodifieddate:[{since:%Y-%m-%dT%H:%M:%S}.000Z..]", "limit": "200"},
            headers={"Authorization": f"Bearer {self.tokens[ask.seller_id]}"},
        )
        response.raise_for_status()
        orders = response.json()["orders"]
        new = insert(POLLS).values(seller_id=ask.seller_id, cursor=since, polls=1)
        with self.engine.begin() as connection:
            connection.execute(new.on_conflict_do_update(index_elements=["seller_id"], set_={"cursor": since, "polls": POLLS.c.polls + 1}))
        self.tally.add()
        return LoopAnswer(changes=len(orders), next_due=datetime.now(UTC) + ask.every, why="every so often")

    @activity.defn
    def nothing(self, ask: LoopRequest) -> LoopAnswer:
        self.tally.add()
        return LoopAnswer(next_due=datetime.now(UTC) + ask.every, why="every so often")


async def work() -> None:
    url = sa.make_url(os.environ["SELLERBEAT_DATABASE_URL"]).set(drivername="postgresql+psycopg2")
    engine = sa.create_engine(url, pool_size=THREADS + 1, max_overflow=0)
    limits = httpx.Limits(max_connections=THREADS, max_keepalive_connections=THREADS, keepalive_expiry=30)
    http = httpx.Client(base_url=os.environ["SELLERBEAT_EBAY_API_URL"], limits=limits, timeout=20)
    tokens = json.loads(Path(os.environ["BENCHMARK_TOKENS"]).read_text())
    peer = PeerActivities(Tally(os.environ["BENCHMARK_TALLY"]), engine, http, tokens)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], data_converter=pydantic_data_converter)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    with ThreadPoolExecutor(THREADS) as threads:
        async with Worker(
            client,
            task_queue=os.environ["SELLERBEAT_TASK_QUEUE"],
            workflows=[PeerLoop],
            activities=[peer.one_call_one_commit, peer.nothing],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            max_cached_workflows=CACHED_WORKFLOWS,
            graceful_shutdown_timeout=timedelta(seconds=20),
        ):
            logging.info("worker runs on task queue")
            await stop.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr)
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    asyncio.run(work())
    os._exit(0)  # the SDK's threads sometimes crash an interpreter that shuts down
