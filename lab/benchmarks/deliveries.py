"""Changes of many sellers to one endpoint that is well, and one change to an idle one, beside the same POSTs by bare httpx."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from demo_stack.demo.receiver import Receiver
from domain.pacing import Stream
from lab.benchmarks.process import worker
from lab.benchmarks.servers import HOUSE, BenchmarkServers, simulated_ebay
from lab.benchmarks.table import ResultTable, held, spread
from store import Store

FAST_S, SOON_S = 10.0, 1.0  # promised
THREADS = 16  # of the floor: as many messages at once as we send to one endpoint
MOST_S = 120.0
PAUSE_S = 0.002
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Sizes:
    sellers: int = 50
    changes: int = 20  # of each
    rounds: int = 3
    alone: int = 15  # changes that come one at a time


QUICK = Sizes(rounds=1, alone=5)


class Taken:
    """A receiver's memory: what came, and when."""

    def __init__(self) -> None:
        self.bodies: list[tuple[float, Mapping[str, str], bytes]] = []

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        self.bodies.append((time.monotonic(), headers, body))
        return 204

    def wait(self, number: int) -> float:
        """When so many had come."""
        deadline = time.monotonic() + MOST_S
        while len(self.bodies) < number:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(self.bodies)} of {number} changes arrived: see the worker's log")
            time.sleep(PAUSE_S)
        return self.bodies[number - 1][0]


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    sellers = [f"shop-{number}" for number in range(sizes.sellers)]
    total = sizes.sellers * sizes.changes
    taken = Taken()
    receiver = Receiver(taken.take)
    try:
        with simulated_ebay() as ebay, closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
            for seller in sellers:
                store.sellers.enroll(seller, "none", scopes=[], now_ebay=NOW)
            store.endpoints.add(receiver.url, ["order.*"])
            environment = servers.environment(ebay, "deliveries", delivery_loopback="true")
            with worker("deliveries", [str(HOUSE / "worker.py")], environment, servers.folder) as running:
                record_orders(store, sellers[0], ["warm"])
                taken.wait(1)
                many, floor, cpu = [], [], []
                for round_ in range(sizes.rounds):
                    before, spent = len(taken.bodies), running.cpu_s()
                    began = time.monotonic()
                    for seller in sellers:
                        record_orders(store, seller, [f"{round_}-{number}" for number in range(sizes.changes)])
                    many.append(taken.wait(before + total) - began)
                    cpu.append((running.cpu_s() - spent) * 1000 / total)
                    in_order(taken.bodies[before:])
                    floor.append(bare(receiver.url, taken.bodies[before : before + total]))
                alone, single = one_by_one(store, taken, sellers, sizes.alone), singles(receiver.url, taken.bodies[:1] * sizes.alone)
    finally:
        receiver.stop()
    table = ResultTable(
        f"changes delivered to one endpoint ({sizes.rounds} rounds)", ["", "Sellerbeat", "bare httpx", "ratio", "promised", ""]
    )
    table.add(
        f"{total:,} changes of {sizes.sellers} sellers, from their commits on, s",
        *(spread(many, 2), spread(floor, 2), f"{min(many) / min(floor):.1f} x", "under 10", held(max(many) < FAST_S)),
    )
    table.add("CPU of the worker, ms a change", spread(cpu), "", "", "", "")
    table.add(
        "one change to an idle endpoint, from its commit on, ms",
        *(spread(alone, 0), spread(single), f"{min(alone) / min(single):.0f} x", "under 1,000", held(max(alone) < SOON_S * 1000)),
    )
    table.notes.append(
        f"bare httpx: the same bodies and headers by {THREADS} threads, each with a client of its own; one thread for the single one"
    )
    return [table]


def record_orders(store: Store, seller: str, order_ids: Sequence[str]) -> None:
    with store.commit(store.begin(seller, Stream.ORDERS)) as commit:
        commit.store_orders([order(order_id) for order_id in order_ids], NOW)


def order(order_id: str) -> dict[str, Any]:
    lines = [{"lineItemId": str(number), "sku": f"SKU-{number}", "title": "x" * 60, "quantity": 1} for number in range(5)]
    return {"orderId": order_id, "creationDate": NOW.isoformat(), "lastModifiedDate": NOW.isoformat(), "lineItems": lines}


def in_order(came: Sequence[tuple[float, Mapping[str, str], bytes]]) -> None:
    """Raises RuntimeError: a seller's changes did not come one after another, each once."""
    last: dict[str, int] = {}
    for _, _, body in came:
        change = json.loads(body)["data"]
        if last.setdefault(change["seller_id"], change["sequence"] - 1) != change["sequence"] - 1:
            raise RuntimeError(f"changes of {change['seller_id']} are out of order")
        last[change["seller_id"]] = change["sequence"]


def one_by_one(store: Store, taken: Taken, sellers: Sequence[str], number: int) -> list[float]:
    """Milliseconds from a commit to the arrival; everything rests in between."""
    found = []
    for index in range(number):
        before = len(taken.bodies)
        time.sleep(0.3 + 0.037 * (index % 7))  # wherever the courier's clock may stand
        record_orders(store, sellers[index % len(sellers)], [f"alone-{index}"])
        began = time.monotonic()
        found.append((taken.wait(before + 1) - began) * 1000)
    return found


def bare(url: str, posts: Sequence[tuple[float, Mapping[str, str], bytes]]) -> float:
    """Seconds for the same POSTs, spread over threads."""

    def some(part: Sequence[tuple[float, Mapping[str, str], bytes]]) -> None:
        with httpx.Client() as client:
            for _, headers, body in part:
                post(client, url, headers, body)

    with ThreadPoolExecutor(THREADS) as threads:
        began = time.monotonic()
        for done in [threads.submit(some, posts[number::THREADS]) for number in range(THREADS)]:
            done.result()
        return time.monotonic() - began


def singles(url: str, posts: Sequence[tuple[float, Mapping[str, str], bytes]]) -> list[float]:
    with httpx.Client() as client:
        return [timed(lambda headers=headers, body=body: post(client, url, headers, body)) for _, headers, body in posts]  # type: ignore[misc]


def post(client: httpx.Client, url: str, headers: Mapping[str, str], body: bytes) -> None:
    ours = {name: value for name, value in headers.items() if name.startswith("webhook-") or name == "content-type"}
    client.post(url, content=body, headers=ours).raise_for_status()


def timed(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return (time.monotonic() - began) * 1000
