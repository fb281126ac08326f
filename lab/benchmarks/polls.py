"""Polls a second and worker CPU a poll: Sellerbeat, a peer of the same shape with one call and one commit, and the floor, side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from math import nan
from statistics import median

from lab.benchmarks.columns import Column, connect, enroll, peer, sellerbeat
from lab.benchmarks.histories import cost
from lab.benchmarks.servers import BenchmarkServers, simulated_ebay
from lab.benchmarks.table import ResultTable, held, spread

EVERY = timedelta(seconds=0.5)  # the shortest that Sellerbeat takes; the dev server's timers add up to half a second
PAUSE_S = 0.02
LOOKED_AT = 3  # histories of each column


@dataclass(frozen=True)
class Sizes:
    sellers: int = 100  # more than the server can serve in time: it is never idle
    rounds: int = 5
    seconds: float = 4.0  # of each column in each round, once its sellers have polled


QUICK = Sizes(sellers=60, rounds=2, seconds=3)


@dataclass
class Result:
    polls_a_second: list[float]
    cpu_ms: list[float]  # of the worker, a poll
    events: float = 0.0


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    return [table(asyncio.run(_measure(servers, sizes)), sizes)]


async def _measure(servers: BenchmarkServers, sizes: Sizes) -> dict[str, Result]:
    sellers = [f"seller-{number}" for number in range(sizes.sellers)]
    client = await connect(servers)
    with ExitStack() as running:
        ebay = running.enter_context(simulated_ebay(*sellers))
        enroll(servers, ebay, sellers)
        columns: Sequence[Column] = [
            running.enter_context(sellerbeat(servers, client, ebay, sellers, orders_every=f"{EVERY.total_seconds():g}s")),
            running.enter_context(peer(servers, client, ebay, sellers, name="peer", activity="one_call_one_commit", every=EVERY)),
            running.enter_context(peer(servers, client, ebay, sellers, name="floor", activity="nothing", every=EVERY)),
        ]
        results = {column.name: Result([], []) for column in columns}
        for number in range(sizes.rounds):
            for column in columns:
                await _turn(column, sizes, results[column.name], first=number == 0)
        for column in columns:
            histories = [await column.handle(seller).fetch_history() for seller in sellers[:LOOKED_AT]]
            results[column.name].events = cost(histories).usual_events()
            await column.end()
    return results


async def _turn(column: Column, sizes: Sizes, result: Result, first: bool) -> None:
    """One column's turn of one round; the others rest."""
    before = column.polls()
    await (column.start() if first else column.resume())
    while column.polls() < before + sizes.sellers:
        await asyncio.sleep(PAUSE_S)
    polls, cpu, began = column.polls(), column.worker.cpu_s(), time.monotonic()
    await asyncio.sleep(sizes.seconds)
    polls, cpu, took = column.polls() - polls, column.worker.cpu_s() - cpu, time.monotonic() - began
    await column.pause()
    await column.settled()  # so that the next column has the machine to itself
    result.polls_a_second.append(polls / took)
    result.cpu_ms.append(cpu * 1000 / max(polls, 1))


def table(results: dict[str, Result], sizes: Sizes) -> ResultTable:
    ours, theirs, floor = (results[name] for name in ("Sellerbeat", "peer", "floor"))
    filled = ResultTable(
        f"{sizes.sellers} sellers polling as fast as one Temporal dev server lets them",
        ["", "Sellerbeat", "peer", "floor", "Sellerbeat / peer", "promised", ""],
    )
    speed = _ratios(ours.polls_a_second, theirs.polls_a_second)
    cpu = _ratios(ours.cpu_ms, theirs.cpu_ms)
    speeds = [spread(one.polls_a_second) for one in (ours, theirs, floor)]
    filled.add("polls a second", *speeds, spread(speed, 2), "at least 0.75", held(median(speed) >= 0.75))
    cpus = [spread(one.cpu_ms) for one in (ours, theirs, floor)]
    filled.add("worker CPU, ms a poll", *cpus, spread(cpu, 2), "at most 1.5", held(median(cpu) <= 1.5))
    filled.add("history events a poll", *(f"{one.events:g}" for one in (ours, theirs, floor)), f"{ours.events / theirs.events:.2f}", "", "")
    filled.notes += [
        f"median (least..most) of {sizes.rounds} rounds in turn, {sizes.seconds:g} s each; a worker process a column, same settings",
        "peer: the same loop, whose activity does one getOrders with plain httpx and one upsert with SQLAlchemy Core",
        "floor: the same loop, whose activity does nothing",
    ]
    return filled


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round: what else the machine did then, it did to both."""
    return [mine / its if its else nan for mine, its in zip(ours, theirs, strict=True)]
