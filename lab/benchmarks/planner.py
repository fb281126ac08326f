"""What a plan of the fleet costs: time and memory by the number of sellers, beside sorting as many numbers. No server is asked."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from statistics import median

from domain.pacing import DEFAULT_CURVE, Curve, Facts, PacingSettings, Plan, PlannedQuota, SellerPace, demand, fleet_prior, plan
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, held

NOW, DAY = 1_799_136_000.0, 86_400.0
ZONES: dict[Hashable, tuple[float, Curve]] = {float(hours): (float(hours), DEFAULT_CURVE) for hours in range(-8, 8, 2)}
MEGABYTE = 1e6


@dataclass(frozen=True)
class Sizes:
    fleets: tuple[int, ...] = (3_000, 30_000, 100_000)
    rounds: int = 5


QUICK = Sizes((3_000, 30_000), 3)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    """A fleet whose demands are four times the quota, so that a level has to be found."""
    found = ResultTable(
        "a plan of the fleet, with every seller's demand", ["sellers", "seconds", "beside a sort", "peak memory", "promised to 3,000", ""]
    )
    ratios = []
    for number in sizes.fleets:
        paces = fleet(number)
        spent = usual(partial(planned, paces), sizes.rounds)
        sort = usual(partial(sorted, [pace.n14 for pace in paces]), sizes.rounds)
        megabytes = peak(partial(planned, paces)) / MEGABYTE
        ratios.append(spent / sort)
        fine = number > 3_000 or (spent < 1 and megabytes < 100)
        found.add(
            f"{number:,}",
            f"{spent:.3f}",
            f"{spent / sort:.0f} x",
            f"{megabytes:.1f} MB",
            "1 s, 100 MB" if number <= 3_000 else "-",
            held(fine),
        )
    grown = ratios[-1] / ratios[0]
    found.notes.append(
        f"against a sort, which is n log n, the largest costs {grown:.2f} times what the smallest does (promised: no more than 1.5)"
    )
    return [found]


def fleet(number: int) -> list[SellerPace]:
    dice = random.Random(number)
    sold = [dice.lognormvariate(1, 1.5) for _ in range(number)]
    return [SellerPace(last_change=NOW - DAY * dice.random(), seen_to=NOW - 300, n14=14 * orders, d14=14) for orders in sold]


def planned(paces: list[SellerPace]) -> Plan:
    settings, prior = PacingSettings(), fleet_prior(paces)
    zones = list(ZONES)
    asked = [demand(pace, Facts(), NOW, prior, settings, 1.0, zones[number % len(zones)]) for number, pace in enumerate(paces)]
    quota = PlannedQuota(len(paces) * 72, 0, NOW, NOW + DAY, 0)
    return plan([one for one in asked if one is not None], ZONES, NOW, quota, settings, None)


def usual(work: Callable[[], object], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return median(spent)


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most
