"""eBay's calls: how many it takes to read much, and how many are the least possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from domain.pacing import Stream
from lab.benchmarks.direct import START, direct
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, held

PAGE = 200
HEAPS = ("spread", "half on one date", "all on one date")
HEAD = ["", "calls answered", "calls failed", "least possible", "promised", ""]


@dataclass(frozen=True)
class Sizes:
    skus: int = 10_000
    orders: int = 1_500


QUICK = Sizes(skus=2_000, orders=600)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    skus = ResultTable(f"a scan of {sizes.skus:,} SKUs", HEAD)
    least = ceil(sizes.skus / PAGE)
    for words, every in (("all goes well", 0), ("every twentieth call fails", 20)):
        good, bad, stored = _scan(servers, sizes.skus, every)
        assert stored == sizes.skus
        skus.add(words, f"{good}", f"{bad}", f"{least}", f"at most {least + 1} answered", held(good <= least + 1))
    skus.notes.append("a failed call is made again, and no other: pages that were read stay read")

    orders = ResultTable(f"{sizes.orders:,} orders modified in one second", HEAD)
    least = ceil(sizes.orders / PAGE)
    for heap in HEAPS:
        good, bad, stored = _second(servers, sizes.orders, heap)
        assert stored == sizes.orders
        orders.add(heap, f"{good}", f"{bad}", f"{least}", "at most 20", held(good <= 20))
    return [skus, orders]


def _scan(servers: BenchmarkServers, skus: int, fail_every: int) -> tuple[int, int, int]:
    seller = f"skus-{fail_every}"
    with direct(servers, seller, skus=skus) as it:
        it.world.preload_skus(seller)
        it.world.faults.fail_every = fail_every
        it.poll(seller, Stream.INVENTORY)
        stored = sum(1 for _ in it.store.snapshot(seller, "inventory"))
        return *it.answered(), stored


def _second(servers: BenchmarkServers, orders: int, heap: str) -> tuple[int, int, int]:
    seller = heap.replace(" ", "-")
    with direct(servers, seller) as it:
        for number in range(orders):
            on_one_date = heap == "all on one date" or (heap == "half on one date" and number % 2)
            at = START + timedelta(minutes=1, milliseconds=500 if on_one_date else number * 1000 // orders)
            it.world.place_order(seller, at=at, visible_at=at)
        it.advance(minutes=5)
        it.poll(seller, Stream.ORDERS)
        stored = sum(1 for _ in it.store.snapshot(seller, "orders"))
        return *it.answered(), stored
