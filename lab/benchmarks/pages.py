"""How long web.py takes for the pages of a fleet that was polled for a day, beside the least: an answer without content, and a SELECT of
one row a seller. A process as it is started for real; no Temporal, no worker."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import psutil
from sqlalchemy import text

from lab.benchmarks.fleet import settle
from lab.benchmarks.servers import BenchmarkServers, simulated_ebay
from lab.benchmarks.started import program
from lab.benchmarks.table import ResultTable, held, spread
from store import Store

PAGES = {
    "all sellers": "/",
    "a page in the middle": "/?after=polling:s-0450",
    "some by id": "/?find=s-03",
    "one seller": "/sellers/s-0007",
    "a SKU": "/find?q=SKU-7",
    "500 changes": "/v1/changes?limit=500",
}
PROMISED_MS = 100.0
START_S, PAUSE_S = 120.0, 0.05
BETWEEN_S = 0.1  # as people press, so that what is kept for two seconds is read anew in between
A_ROW = text("SELECT seller_id, last_good_at, next_poll_at, why FROM sellerbeat.streams WHERE stream = 'orders'")


@dataclass(frozen=True)
class Sizes:
    sellers: int = 3_000
    polls: int = 384
    times: int = 40


QUICK = Sizes(times=10)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    head = ["page", "ms", "CPU ms of web.py", "kB", "beside the least", "promised under 100 ms"]
    found = ResultTable(f"pages of {sizes.sellers:,} sellers", head)
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        settle(store, sizes.sellers, sizes.polls)
        with serving(servers) as (address, web), httpx.Client(base_url=address, timeout=START_S) as client:

            def read() -> None:
                with store.engine.connect() as connection:
                    connection.execute(A_ROW).all()

            empty, _ = took(lambda: client.get("/healthz").raise_for_status(), web, sizes.times)
            rows, _ = took(read, web, sizes.times)
            least = median(empty) + median(rows)
            found.add("the least: an empty answer and a row a seller", f"{least:.1f}", "", "", "1.0", "")
            for name, path in PAGES.items():
                size = len(client.get(path).raise_for_status().content) / 1000
                times, cpu = took(lambda path=path: client.get(path).raise_for_status(), web, sizes.times)  # type: ignore[misc]
                ratio = f"{median(times) / least:.1f}"
                found.add(name, spread(times), f"{cpu:.1f}", f"{size:,.0f}", ratio, held(median(times) < PROMISED_MS))
    found.notes.append(f"{sizes.polls} polls of each seller in 24 hours; CPU says more than the clock where others use the machine too")
    return [found]


def took(ask: Callable[[], object], web: psutil.Process, times: int) -> tuple[list[float], float]:
    """Milliseconds of each try, and of web.py's CPU a try."""
    found: list[float] = []
    before = web.cpu_times()
    for _ in range(times):
        began = time.perf_counter()
        ask()
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(BETWEEN_S)
    after = web.cpu_times()
    return found, (after.user + after.system - before.user - before.system) * 1000 / times


@contextmanager
def serving(servers: BenchmarkServers) -> Iterator[tuple[str, psutil.Process]]:
    """web.py and its address."""
    with simulated_ebay() as ebay:
        environment = servers.environment(ebay, "pages", web_bind="127.0.0.1:0") | {"TEMPORAL_ADDRESS": "127.0.0.1:1"}
        log = servers.folder / "web.log"
        with program("web.py", environment, log) as web:
            yield address(log, web), psutil.Process(web.pid)


def address(log: Path, web: subprocess.Popen[bytes]) -> str:
    """Raises RuntimeError: it ended, or said nothing within two minutes."""
    deadline = time.monotonic() + START_S
    while web.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"listens.*?(http://[\w.:]+)", log.read_text(errors="replace")):
            return found[1]
        time.sleep(PAUSE_S)
    raise RuntimeError(f"web.py does not listen:\n{log.read_text(errors='replace')}")
