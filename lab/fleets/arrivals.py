"""Orders in time: by the hour of the day, by chance, and in bursts."""

from __future__ import annotations

import random
from collections.abc import Sequence

HOUR, DAY = 3600.0, 86_400.0
HOUR_DAYS = HOUR / DAY
BURST_S = 600.0  # between an order and those that it brings, on average

_HOURS = (
    *(6, 4, 2, 1.5, 1.5, 2.5, 5, 9, 13, 16, 18, 21),
    *(23, 20, 18, 17, 17, 18, 20, 23, 25, 23, 17, 11),
)
CURVE = tuple(24 * value / sum(_HOURS) for value in _HOURS)
"""The sellers' true day: close to what pacing takes for granted, not the same. It has a noon of its own."""


def poisson(mean: float, dice: random.Random) -> int:
    """How many events of a kind that happens `mean` times."""
    count, left = -1, mean
    while left >= 0:
        left -= dice.expovariate(1.0)
        count += 1
    return count


def times_of_day(start: float, mean: float, offset_h: float, dice: random.Random) -> list[float]:
    """Orders of the 24 hours from `start` (unix time, a full hour), `mean` of them on average."""
    first = (start / HOUR + offset_h) % 24
    hours = dice.choices(range(24), CURVE, k=poisson(mean, dice))
    return [start + HOUR * ((hour + dice.random() - first) % 24) for hour in hours]


def children(orders: Sequence[float], branching: float, dice: random.Random) -> list[float]:
    """What these orders bring, and what that brings again."""
    brought: list[float] = []
    parents = list(orders)
    while parents:
        parents = [at + dice.expovariate(1 / BURST_S) for at in parents for _ in range(poisson(branching, dice))]
        brought += parents
    return brought
