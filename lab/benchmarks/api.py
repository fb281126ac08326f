"""The API of web.py beside a polled fleet: what a read costs, a page of the feed beside a SELECT, and 200 `active` a second."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import httpx
import psutil
from sqlalchemy import text

from domain.scopes import Scope
from lab.benchmarks.columns import enroll
from lab.benchmarks.fleet import settle
from lab.benchmarks.pages import START_S, address, took
from lab.benchmarks.process import worker
from lab.benchmarks.servers import HOUSE, BenchmarkServers, simulated_ebay
from lab.benchmarks.started import program
from lab.benchmarks.table import ResultTable, held, spread
from simulator.server import Simulator
from store import Store

PAGE = 500
PAGE_BARE = text(f"SELECT * FROM sellerbeat.change_events WHERE position > :after ORDER BY position LIMIT {PAGE}")
# How long the fleet's most overdue poll of orders waits already.
OVERDUE_S = text("""
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(t.next_poll_at)), 0)
    FROM sellerbeat.streams t JOIN sellerbeat.sellers s USING (seller_id) WHERE t.stream = 'orders' AND s.removed_at IS NULL
""")
A_SECOND = 200
EVERY = "10s"
LOOK_S = 0.1


@dataclass(frozen=True)
class Sizes:
    sellers: int = 50
    times: int = 200
    seconds: float = 20.0


QUICK = Sizes(sellers=10, times=20, seconds=4.0)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    with ExitStack() as running:
        store = running.enter_context(closing(Store.connect(servers.database_url, [servers.secret_key])))
        settle(store, 20, 1)  # a thousand changes, of sellers whom nobody polls
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE sellerbeat.sellers SET removed_at = clock_timestamp()"))
        sellers = [f"seller-{number}" for number in range(sizes.sellers)]
        ebay = running.enter_context(simulated_ebay(*sellers))
        enroll(servers, ebay, sellers)
        environment = servers.environment(ebay, "api", orders_every=EVERY)
        running.enter_context(worker("api", [str(HOUSE / "worker.py")], environment, servers.folder))
        url, web = running.enter_context(_web(servers, ebay))
        token = store.api_tokens.create("benchmark", Scope.ADMIN, by="os:bench", ebay=False, sellers=[]).token
        client = running.enter_context(httpx.Client(base_url=url, timeout=START_S, headers={"Authorization": f"Bearer {token}"}))
        return [_reads(client, web, sizes), _feed(client, web, store, sizes), _active(client, web, store, sellers, sizes)]


@contextmanager
def _web(servers: BenchmarkServers, ebay: Simulator) -> Iterator[tuple[str, psutil.Process]]:
    environment = servers.environment(ebay, "api", web_bind="127.0.0.1:0")
    with program("web.py", environment, servers.folder / "web.log") as process:
        yield address(servers.folder / "web.log", process), psutil.Process(process.pid)


def _reads(client: httpx.Client, web: psutil.Process, sizes: Sizes) -> ResultTable:
    found = ResultTable("reads of the API", ["route", "ms", "CPU ms of web.py", "promised under 10 ms of CPU"])
    for path in ("/v1/sellers/seller-3", "/v1/sellers/seller-3/snapshot/orders", "/v1/sellers/seller-3/polls", "/v1/sellers?limit=50"):
        times, cpu = took(lambda path=path: client.get(path).raise_for_status(), web, sizes.times)  # type: ignore[misc]
        found.add(path, spread(times), f"{cpu:.1f}", held(cpu < 10) if "seller-3" in path else "")
    found.notes.append("with a worker and Temporal: the state is the running workflow's")
    return found


def _feed(client: httpx.Client, web: psutil.Process, store: Store, sizes: Sizes) -> ResultTable:
    found = ResultTable(f"a page of {PAGE} changes", ["", "ms", "beside the SELECT", "promised at most 1.5"])

    def bare() -> None:
        with store.engine.connect() as connection:
            json.dumps([dict(row) for row in connection.execute(PAGE_BARE, {"after": 0}).mappings()], default=str)

    least, _ = took(bare, web, sizes.times)
    found.add("SELECT and JSON, in a process of its own", spread(least), "1.0", "")
    times, _ = took(lambda: client.get(f"/v1/changes?limit={PAGE}").raise_for_status(), web, sizes.times)
    ratio = median(times) / median(least)
    found.add("GET /v1/changes", spread(times), f"{ratio:.2f}", held(ratio <= 1.5))
    return found


def _active(client: httpx.Client, web: psutil.Process, store: Store, sellers: list[str], sizes: Sizes) -> ResultTable:
    head = ["", "most overdue poll, s", "active a second", "took ms, p95", "CPU ms of web.py"]
    found = ResultTable(f"{A_SECOND} `active` a second beside {len(sellers)} sellers, orders every {EVERY}", head)
    with _watched(store) as quiet:
        time.sleep(sizes.seconds)
    found.add("nobody asks", f"{max(quiet):.1f}", "", "", "")
    took_ms: list[float] = []
    before, began = web.cpu_times(), time.monotonic()
    with _watched(store) as loud:
        for number in range(int(A_SECOND * sizes.seconds)):
            wait = began + number / A_SECOND - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            asked = time.perf_counter()
            client.post(f"/v1/sellers/{sellers[number % len(sellers)]}/active").raise_for_status()
            took_ms.append((time.perf_counter() - asked) * 1000)
    spent, after = time.monotonic() - began, web.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) * 1000 / len(took_ms)
    found.add("asked", f"{max(loud):.1f}", f"{len(took_ms) / spent:.0f}", f"{quantiles(took_ms, n=20)[-1]:.1f}", f"{cpu:.1f}")
    return found


@contextmanager
def _watched(store: Store) -> Iterator[list[float]]:
    """How overdue the fleet was, looked at ten times a second."""
    seen: list[float] = [0.0]
    over = threading.Event()

    def look() -> None:
        with store.engine.connect() as connection:
            while not over.wait(LOOK_S):
                overdue: Any = connection.execute(OVERDUE_S).scalar_one()
                connection.rollback()
                seen.append(float(overdue))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
