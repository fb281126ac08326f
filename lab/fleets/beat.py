"""Everybody every five minutes, as a scheduler that fans out one task a seller does it: until eBay refuses, and after that too."""

from __future__ import annotations

import bisect
from collections.abc import Callable

from lab.fleets.fleet import DAY, SINCE, SyntheticFleet
from lab.fleets.score import Counter, Score

TICK_S = 300.0
TICKS = int(DAY / TICK_S)


def even(tick: int) -> int:
    """Calls a seller costs at a tick: one."""
    return 1


def fixed_5_10_15(tick: int) -> int:
    """New orders every 5 minutes, changed ones every 10, open ones every 15; stock, every 30, has a quota of its own."""
    return 1 + (tick % 2 == 0) + (tick % 3 == 0)


def play(fleet: SyntheticFleet, calls: Callable[[int], int]) -> Score:
    counter = Counter(fleet)
    shape, sellers = fleet.shape, fleet.sellers
    ends = [SINCE + (tick + 1) * TICK_S for tick in range((shape.days + 1) * TICKS)]
    served: list[int] = []  # by tick: how many sellers, from the first on, were polled
    arrivals = sorted(at for seller in sellers for at in seller.orders if at >= seller.enrolled_at)
    for day in range(shape.days + 1):
        used = 0
        for tick in range(TICKS):
            now = ends[day * TICKS + tick]
            demanded = sum(1 for seller in sellers if seller.enrolled_at < now) * calls(tick)
            demanded += bisect.bisect(arrivals, now) - bisect.bisect(arrivals, now - TICK_S)  # parcels of new orders
            given = min(demanded, shape.quota - used)
            used += given
            counter.refused += demanded - given if day < shape.days else 0
            served.append(len(sellers) if given == demanded else len(sellers) * given // max(demanded, 1))
        counter.used[day] = used
    for seller in sellers:
        if not seller.dormant:
            _delays(seller.number, [at for at in seller.orders if shape.start <= at < shape.end], ends, served, counter)
    return counter.score()


def _delays(number: int, orders: list[float], ends: list[float], served: list[int], counter: Counter) -> None:
    for at in orders:
        tick = bisect.bisect_left(ends, at)
        while tick < len(ends) - 1 and served[tick] <= number:
            tick += 1
        counter.found(number, ends[tick] - at)
