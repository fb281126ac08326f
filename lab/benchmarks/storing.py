"""What storing costs without eBay and Temporal: statements, CPU and time of a quiet poll's two transactions, and of pages of 200 orders."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event

from domain.changes.model import Document
from domain.pacing import Stream
from lab.benchmarks.direct import START
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, spread
from simulator import World
from store import Store

SELLER = "storing"


@dataclass(frozen=True)
class Sizes:
    rounds: int = 15
    polls: int = 50  # quiet ones in a round
    orders: int = 200  # of a page


QUICK = Sizes(rounds=3, polls=10)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    table = ResultTable("the store alone", ["", "statements", "CPU here, ms", "time, ms"])
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        store.sellers.enroll(SELLER, "no token", scopes=[], now_ebay=START)
        page = Pages(store, sizes.orders)
        scenes: dict[str, tuple[int, Callable[[], Sequence[Document]]]] = {
            "a quiet poll: begin and commit": (sizes.polls, lambda: []),
            f"a page of {sizes.orders} orders, new": (1, page.new),
            f"a page of {sizes.orders} orders, unchanged": (1, page.same),
            f"a page of {sizes.orders} orders, changed": (1, page.changed),
        }
        for words, (times, documents) in scenes.items():
            table.add(words, *_measured(store, sizes.rounds, times, documents))
    table.notes.append("BEGIN and COMMIT are not counted; what is sent in one round trip counts once")
    return [table]


class Pages:
    """Orders of a simulated seller in getOrders' view."""

    def __init__(self, store: Store, count: int) -> None:
        self.count, self.turn = count, 0
        self.world = World(seed=3, now=START)
        self.world.add_seller(SELLER)
        self.ids: list[str] = []
        self.page: list[Document] = []

    def new(self) -> list[Document]:
        self.ids = [self.world.place_order(SELLER, paid=False) for _ in range(self.count)]
        return self.same()

    def same(self) -> list[Document]:
        self.page = [self.world.order(SELLER, order_id) for order_id in self.ids]
        return self.page

    def changed(self) -> list[Document]:
        self.world.clock.advance(minutes=1)  # type: ignore[attr-defined]
        self.turn += 1
        for order_id in self.ids:
            self.world.modify(SELLER, order_id, {"salesRecordReference": str(self.turn)})
        return self.same()


def _measured(store: Store, rounds: int, times: int, documents: Callable[[], Sequence[Document]]) -> list[str]:
    cpu, took, sent = [], [], []
    for _ in range(rounds + 1):
        given = documents()
        with _statements(store.engine) as seen:
            cpu_began, began = time.process_time(), time.perf_counter()
            for _ in range(times):
                _poll(store, given, START + timedelta(minutes=1))
            took.append((time.perf_counter() - began) * 1000 / times)
            cpu.append((time.process_time() - cpu_began) * 1000 / times)
        sent.append(len(seen) / times)
    return [f"{max(sent[1:]):g}", spread(cpu[1:], 2), spread(took[1:], 2)]  # the first warms up


def _poll(store: Store, documents: Sequence[Document], read_at: datetime) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.count(calls=1)
        commit.store_orders(documents, read_at)
        commit.advance(cursor=read_at)
        commit.complete(next_poll_at=read_at + timedelta(minutes=5), why="every 5 min")


@contextmanager
def _statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
