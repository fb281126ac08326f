"""The worker's memory: with many sellers in its cache, while it reads a history of 100,000 orders or a first report of 100,000 listings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client

from domain.pacing import Stream
from lab.benchmarks.columns import Column, connect, enroll, peer, sellerbeat
from lab.benchmarks.servers import BenchmarkServers, calls, simulated_ebay
from lab.benchmarks.table import ResultTable, held
from store import Store

PAUSE_S = 0.1
MOST_S = 600.0
HISTORY = timedelta(days=30)
PAGE = 200


@dataclass(frozen=True)
class Sizes:
    sellers: int = 1_000
    orders: int = 100_000
    listings: int = 100_000


QUICK = Sizes(sellers=200, orders=10_000, listings=10_000)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    return asyncio.run(_measure(servers, sizes))


async def _measure(servers: BenchmarkServers, sizes: Sizes) -> list[ResultTable]:
    client = await connect(servers)
    many = ResultTable(
        f"{sizes.sellers:,} sellers enrolled, polled and cached", ["worker's memory, MB", "at start", "now", "at most", "promised", ""]
    )
    await _many(servers, client, sizes.sellers, many)
    history = ResultTable(f"a new seller's history of {sizes.orders:,} orders", ["", "measured", "least possible", "promised", ""])
    await _history(servers, client, sizes.orders, history)
    first = ResultTable(f"a new seller's first report: {sizes.listings:,} listings", ["", "measured", "least possible", "promised", ""])
    await _listings(servers, client, sizes.listings, first)
    return [many, history, first]


async def _many(servers: BenchmarkServers, client: Client, count: int, table: ResultTable) -> None:
    sellers = [f"cached-{number}" for number in range(count)]
    with simulated_ebay(*sellers) as ebay:
        with peer(servers, client, ebay, sellers, name="an empty loop", activity="nothing") as loop:
            start, now, most = await _cached(loop, count)
        table.add(loop.name, f"{start:.0f}", f"{now:.0f}", f"{most:.0f}", "", "")
        enroll(servers, ebay, sellers)
        with sellerbeat(servers, client, ebay, sellers, streams=(Stream.ORDERS, Stream.FULFILLMENT, Stream.INVENTORY)) as column:
            start, now, most = await _cached(column, 2 * count)  # a first round over no open orders needs no call
        table.add(column.name, f"{start:.0f}", f"{now:.0f}", f"{most:.0f}", "under 250", held(most < 250))


async def _cached(column: Column, polls: int) -> tuple[float, float, float]:
    start = column.worker.rss_mb()
    await column.start()
    await _until(lambda: column.polls() >= polls)
    await column.settled()
    now, most = column.worker.rss_mb(), column.worker.peak_mb()
    await column.end()
    return start, now, most


async def _history(servers: BenchmarkServers, client: Client, count: int, table: ResultTable) -> None:
    seller = "history"
    with simulated_ebay(seller) as ebay:
        now = ebay.world.clock.now()
        ebay.world.preload_orders(seller, count, now - HISTORY + timedelta(hours=1), now - timedelta(hours=1), shipped=0.95)
        enroll(servers, ebay, [seller], backfill=HISTORY)
        with sellerbeat(servers, client, ebay, [seller], streams=(Stream.ORDERS, Stream.BACKFILL)) as column:
            began = time.monotonic()
            await column.start()
            status = column.handle(seller)
            while Stream.BACKFILL in (await status.query("status"))["streams"]:
                if time.monotonic() - began > MOST_S:
                    raise RuntimeError("the history is not read in time")
                await asyncio.sleep(PAUSE_S)
            took, made = time.monotonic() - began, calls(ebay.world)
            most, cpu = column.worker.peak_mb(), column.worker.cpu_s()
            await column.end()
    table.add("worker's memory at most, MB", f"{most:.0f}", "", "under 350", held(most < 350))
    table.add("calls to eBay", f"{made:,}", f"{-(-count // PAGE):,}", "", "")
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        parcels = len(store.parcels_due(seller, count))
    table.add("calls still to come, one for each shipped order's parcels", f"{parcels:,}", "", "", "")
    table.add("time, s", f"{took:.1f}", "", "", "")
    table.add("orders a second", f"{count / took:,.0f}", "", "", "")
    table.add("worker CPU, ms an order", f"{cpu * 1000 / count:.2f}", "", "", "")


async def _listings(servers: BenchmarkServers, client: Client, count: int, table: ResultTable) -> None:
    """From the enrolment to the first poll that begins where the report ends."""
    seller = "listings"
    with simulated_ebay() as ebay, closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        ebay.world.add_seller(seller, listings=count)
        ebay.world.preload_listings(seller)
        enroll(servers, ebay, [seller])
        with sellerbeat(servers, client, ebay, [seller], streams=(Stream.INVENTORY, Stream.LISTINGS, Stream.REPORT)) as column:
            began, before = time.monotonic(), column.worker.rss_mb()
            await column.start()
            await _until(lambda: store.cursor(seller, Stream.LISTINGS) is not None)
            took, most, cpu = time.monotonic() - began, column.worker.peak_mb(), column.worker.cpu_s()
            made = {resource: calls(ebay.world, resource) for resource in ("trading", "feed", "inventory_item")}
            await column.end()
        stored = sum(1 for _ in store.snapshot(seller, "inventory"))
    assert stored == count
    table.add("worker's memory at most, MB", f"{most:.0f}", f"{before:.0f} at start", "under 200", held(most < 200))
    table.add("calls to eBay: Trading", f"{made['trading']:,}", f"{-(-count // PAGE):,}", "", "")
    table.add("calls to eBay: Feed", f"{made['feed']:,}", "3", "", "")
    table.add("calls to eBay: Inventory API", f"{made['inventory_item']:,}", "1", "", "")
    table.add("time, s", f"{took:.1f}", "", "", "")
    table.add("worker CPU, ms a listing", f"{cpu * 1000 / count:.2f}", "", "", "")


async def _until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MOST_S
    while not seen():
        if time.monotonic() > deadline:
            raise RuntimeError("not in time: see the worker's log")
        await asyncio.sleep(PAUSE_S)
