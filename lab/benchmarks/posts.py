"""Posts to an endpoint by the guarded client beside plain httpx, over kept connections, to the same receiver."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from statistics import median

import httpx

from lab.benchmarks.receiver import receiver
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, held, spread
from outbound import Client, Policy

BODY = b'{"data": "' + b"x" * 2000 + b'"}'  # about an order
HEADERS = {
    "content-type": "application/json",
    "webhook-id": "evt_1",
    "webhook-timestamp": "1767225600",
    "webhook-signature": "v1," + "x" * 44,
}
ENOUGH = 100  # posts a second on one core
HEAD = ["", "posts a second", "CPU ms a post", "beside httpx", "promised", ""]


@dataclass(frozen=True)
class Sizes:
    rounds: int = 5
    posts: int = 2000


QUICK = Sizes(rounds=3, posts=300)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    table = ResultTable(f"{sizes.posts:,} posts one after another, {sizes.rounds} rounds in turn", HEAD)
    with receiver() as port, httpx.Client(trust_env=False) as plain, closing(Client(Policy(loopback=True))) as guarded:
        address, name = f"http://127.0.0.1:{port}/hook", f"http://localhost:{port}/hook"
        ways: dict[str, Callable[[], object]] = {
            "httpx": lambda: plain.post(address, content=BODY, headers=HEADERS),
            "guarded, to an address": lambda: guarded.post(address, BODY, HEADERS),
            "guarded, to a name": lambda: guarded.post(name, BODY, HEADERS),
        }
        rounds = [{way: timed(post, sizes.posts) for way, post in ways.items()} for _ in range(sizes.rounds)]
    for way in ways:
        a_second = [sizes.posts / one[way][0] for one in rounds]
        cpu_ms = [one[way][1] * 1000 / sizes.posts for one in rounds]
        beside = spread([one[way][1] / one["httpx"][1] for one in rounds], 2)
        promise = "" if way == "httpx" else f"over {ENOUGH} a second"
        fine = "" if way == "httpx" else held(median(a_second) > ENOUGH)
        table.add(way, spread(a_second, 0), spread(cpu_ms, 3), beside, promise, fine)
    table.notes.append("beside httpx: CPU of this process; a name is asked for and judged anew with every post, by the system's resolver")
    return [table]


def timed(post: Callable[[], object], posts: int) -> tuple[float, float]:
    """Seconds by the clock and of this process's CPU; the connection is there before."""
    post()
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(posts):
        post()
    return time.perf_counter() - began, time.process_time() - cpu
