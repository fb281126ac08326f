"""What a quiet poll costs: eBay's calls, timers, activities, history events; and how often streams share a wake-up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.client import Client

from domain.pacing import Stream
from lab.benchmarks.columns import connect, enroll, sellerbeat
from lab.benchmarks.histories import Cost, cost, steps
from lab.benchmarks.servers import BenchmarkServers, calls, simulated_ebay
from lab.benchmarks.table import ResultTable, held

PAUSE_S = 0.05
ALL = (Stream.ORDERS, Stream.FULFILLMENT, Stream.INVENTORY)


@dataclass(frozen=True)
class Sizes:
    sellers: int = 8
    polls: int = 8  # of each seller's orders
    cadences: tuple[tuple[str, str, str], ...] = (("1s", "1s", "1s"), ("0.5s", "1.5s", "3s"))  # the last: 5/15/30 min, 600 times faster


QUICK = Sizes(sellers=3, polls=5)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    return asyncio.run(_measure(servers, sizes))


async def _measure(servers: BenchmarkServers, sizes: Sizes) -> list[ResultTable]:
    client = await connect(servers)
    alone = ResultTable("a quiet poll of orders", ["of one poll", "measured", "promised", ""])
    per_poll, found = await _run(servers, client, "alone", sizes, (Stream.ORDERS,), orders_every="0.5s")
    timers = found.timers / max(found.polls, 1)
    alone.add("calls to eBay", f"{per_poll:.2f}", "1", held(per_poll <= 1))
    alone.add("timers", f"{timers:.2f}", "1", held(timers <= 1))
    alone.add("activities a wake-up", found.polls_a_timer(), "1", held(timers >= 1))
    alone.add("history events, usually", f"{found.usual_events():g}", "11", held(found.usual_events() <= 11))
    alone.add("history events, at most", f"{max(found.events)}", "11", held(max(found.events) <= 11))
    alone.notes.append(f"{found.polls} polls of {sizes.sellers} sellers, every 0.5 s")

    shared = ResultTable(
        "all three streams of a seller, due together", ["polls", "timers", "a timer serves", "events a poll", "promised", ""]
    )
    for number, every in enumerate(sizes.cadences):
        settings = dict(zip(("orders_every", "fulfillment_every", "inventory_every"), every, strict=True))
        _, found = await _run(servers, client, f"shared-{number}", sizes, ALL, **settings)
        events = sum(found.events) / max(found.polls, 1)
        row = (f"{found.polls} ({'/'.join(every)})", f"{found.timers}", f"{found.polls_a_timer()} polls", f"{events:.1f}")
        shared.add(*row, "timers < polls", held(found.timers < found.polls))
    return [alone, shared]


async def _run(
    servers: BenchmarkServers, client: Client, name: str, sizes: Sizes, streams: tuple[Stream, ...], **settings: str
) -> tuple[float, Cost]:
    """Calls a poll, and what the histories say, once each seller's orders were polled often enough."""
    sellers: Sequence[str] = [f"{name}-{number}" for number in range(sizes.sellers)]
    with simulated_ebay(*sellers) as ebay:
        enroll(servers, ebay, sellers)
        with sellerbeat(servers, client, ebay, sellers, streams=streams, **settings) as column:
            await column.start()
            while calls(ebay.world, "order") < sizes.polls * sizes.sellers:
                await asyncio.sleep(PAUSE_S)
            await column.pause()
            await column.settled()
            histories = [await column.handle(seller).fetch_history() for seller in sellers]
            await column.end()
            made = calls(ebay.world) - calls(ebay.world, "rate_limit")  # eBay's own count: asked for by the process, once an hour
    return made / steps(histories), cost(histories)
