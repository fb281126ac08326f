"""Every statement that the product runs, at the size of years: what people and the planner wait for, and each statement's plan.

Times are the database's answers to this process, without pages drawn around them. A statement that is asked here is planned with the
values that it was asked with, the others without any, for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import event, text

from domain.comparison.model import Mode
from domain.pacing import Stream
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.statements import StatementPlan, plan, statements
from lab.benchmarks.table import ResultTable, held, spread
from lab.benchmarks.years import fill
from store import Store
from store.reading.day import Day
from store.reading.news import news
from store.reading.overview import Overview

BIG_ROWS = 20_000  # a table of more rows is not to be read from one end to the other
PROMISED_MS = 100.0
LEAD_S = 15.0  # longer than a lease lasts
SELLER = "s-0007"
BIG_TABLES = text("""
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'sellerbeat'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.reltuples + (SELECT coalesce(sum(p.reltuples), 0) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
            WHERE i.inhparent = c.oid) > :rows
    UNION SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE p.reltuples > :rows
""")


@dataclass
class RanStatement:
    query: str = ""  # the last, with its values
    times: list[float] = field(default_factory=list)  # milliseconds


@dataclass(frozen=True)
class Sizes:
    sellers: int = 3_000
    events: int = 1_000_000
    times: int = 5


QUICK = Sizes(sellers=500, events=100_000, times=3)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        began = time.monotonic()
        fill(store, sizes.sellers, sizes.events)
        took = time.monotonic() - began
        ran: dict[str, RanStatement] = {}
        _watch(store, ran)
        waited = _waited(store, sizes, ran)
        waited.notes.append(f"{sizes.sellers:,} sellers, {sizes.events:,} changes of 30 days, written in {took:.0f} s")
        return [waited, _plans(store, ran)]


def _waited(store: Store, sizes: Sizes, ran: dict[str, RanStatement]) -> ResultTable:
    """The promise is the database's: that no statement takes longer."""
    table = ResultTable("what is waited for, at size", ["what", "ms in all", "statements", "ms of the slowest", "promised under 100 ms"])
    for what, ask, promised in _questions(store, sizes.events):
        before = {statement: len(its.times) for statement, its in ran.items()}
        times: list[float] = []
        for _ in range(sizes.times):
            began = time.perf_counter()
            ask()
            times.append((time.perf_counter() - began) * 1000)
        taken = [its.times[before.get(statement, 0) :] for statement, its in ran.items()]
        slowest = max((spent for spent in taken if spent), key=median)
        number = sum(len(spent) for spent in taken) // sizes.times
        table.add(what, spread(times), str(number), spread(slowest), held(median(slowest) < PROMISED_MS) if promised else "-")
    return table


def _questions(store: Store, events: int) -> list[tuple[str, Callable[[], Any], bool]]:
    """What, how it is asked, and whether under 100 ms is promised."""
    overview = Overview(store.engine)
    cursors = store.backlog
    end = store.feed.last()

    def dispatcher(known: int) -> None:
        end = time.monotonic() + LEAD_S
        while time.monotonic() < end:
            with cursors.leading() as connection:
                if connection is not None:
                    cursors.new(connection, known)
                    return
        raise RuntimeError("another dispatcher has the lead in the benchmark's database")

    streams = [Stream.ORDERS, Stream.FULFILLMENT, Stream.INVENTORY, Stream.LISTINGS]
    month = datetime.now(UTC) - timedelta(days=30)
    return [
        ("page: all sellers", overview.fleet, True),
        ("page: the day's sums, first look", lambda: Day(store.engine).sums([SELLER]), True),
        ("page: streams of 50 sellers", lambda: overview.streams([f"s-{n:04}" for n in range(1, 51)]), True),
        ("page: polls of a seller", lambda: overview.polls(SELLER, 50), True),
        ("page: a seller's day", lambda: store.seller_day.read(SELLER).buckets, True),
        ("page: changes of a seller", lambda: overview.changes(SELLER, 50).rows, True),
        ("page: rare changes of a seller", lambda: overview.changes(SELLER, 50, begins="offer.").rows, True),
        ("page: parcels of a seller", lambda: overview.parcels(SELLER, 50), True),
        ("page: stock of a seller", lambda: overview.stock(SELLER, 50), True),
        ("list", store.status.all, True),
        ("status", lambda: store.status.seller(SELLER), True),
        ("alerts", store.status.alerts, True),
        ("alerts, closed ones too", lambda: store.status.alerts(closed=True), True),
        ("set-aside", store.status.set_aside, True),
        ("snapshot of a seller's stock", lambda: list(store.snapshot(SELLER, "inventory")), True),
        ("quota", store.quota_use, True),
        ("planner: the fleet", lambda: store.levels.fleet([*streams]), True),
        ("planner: orders by hour of 30 days, once a day", lambda: store.levels.hours(timedelta(days=30)), False),
        ("planner: calls that orders cause", store.levels.caused, True),
        ("late polls", store.lateness.late, True),
        ("dispatcher: nothing new", lambda: dispatcher(end), True),
        ("dispatcher: 1,000 new changes", lambda: dispatcher(end - 1000), True),
        ("dispatcher: its scan", cursors.behind, True),
        ("deliveries: the log", store.deliveries.log, True),
        ("deliveries: the log of a seller", lambda: store.deliveries.log(seller=SELLER), True),
        ("deliveries: failed ones", lambda: store.deliveries.log(failed=True), True),
        ("endpoints: how each does", store.delivery_figures.of, True),
        ("deliveries: what waits for an endpoint", lambda: store.deliveries.waiting("ep-1"), True),
        ("deliveries: the oldest that waits", store.deliveries.oldest, True),
        ("feed: from the beginning", store.feed.page, True),
        ("feed: from the middle", lambda: store.feed.page(end - events // 2), True),
        ("feed: the end", lambda: store.feed.page(end - 100), True),
        ("feed: one seller, from the beginning", lambda: store.feed.page(seller=SELLER), True),
        ("feed: one seller, from the middle", lambda: store.feed.page(end - events // 2, seller=SELLER), True),
        ("feed: what is new", lambda: news(store.engine, end - 100), True),
        ("notifications: whom to wake", store.notifications.to_wake, True),
        ("notifications: their counts", store.notifications.counts, True),
        ("comparison: whose is due", lambda: store.modes.due(timedelta(days=1), 10), True),
        ("comparison: a seller's month", lambda: store.modes.seen(SELLER, month, datetime.now(UTC)), True),
        ("comparison: its sums", store.modes.sums, True),
        ("mode: one seller", lambda: store.modes.set(SELLER, Mode.SHADOW), True),
        ("erasure: find a buyer's orders", lambda: store.erasing.buyer("buyer-7926"), True),
        ("erasure: which are asked for", store.deletions.oldest, True),
    ]


def _watch(store: Store, ran: dict[str, RanStatement]) -> None:
    """Remembers each statement that is run from now on, by its text as the driver gets it."""

    def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def after(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        its = ran.setdefault(statement, RanStatement())
        its.times.append((time.perf_counter() - connection.info["began"]) * 1000)
        its.query = cursor.query.decode()

    event.listen(store.engine, "before_cursor_execute", before)
    event.listen(store.engine, "after_cursor_execute", after)


def _plans(store: Store, ran: dict[str, RanStatement]) -> ResultTable:
    """All of them, the dearest first."""
    table = ResultTable("every statement of the product", ["statement", "cost", "ms", "reads whole"])
    rows: list[tuple[StatementPlan, RanStatement]] = []
    with store.engine.connect() as connection:
        big = set(connection.execute(BIG_TABLES, {"rows": BIG_ROWS}).scalars())
        for one in statements():
            its = ran.get(one.as_sent(connection), RanStatement())
            rows.append((plan(connection, one, big, its.query or None), its))
    for planned, its in sorted(rows, key=lambda pair: -pair[0].cost):
        table.add(planned.name, f"{planned.cost:,.0f}", f"{median(its.times):.1f}" if its.times else "-", _scans(planned))
    scanning = [planned for planned, _ in rows if planned.scans]
    table.notes.append(f"{len(rows)} statements; {len(scanning)} read a table of more than {BIG_ROWS:,} rows from one end to the other")
    table.notes.append("ms: the median of those that were asked above")
    return table


def _scans(its: StatementPlan) -> str:
    return its.error or ", ".join(sorted(its.scans))
