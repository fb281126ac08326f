"""Policies that fix everybody's polls beforehand, hour by hour, so that each order's delay can be calculated without playing the days.

`polls` says what share of the polls each seller gets; one factor a day makes them cost what the quota leaves, which these policies
are taken to know: calls that orders cause, calls that people ask for, and four polls a day of dormant sellers.
"""

from __future__ import annotations

import math
import random
from collections import Counter as Tally
from collections.abc import Callable

from lab.fleets.fleet import DAY, HOUR, SINCE, SyntheticFleet, SyntheticSeller
from lab.fleets.score import Counter, Score

FASTEST = 1440.0  # polls a day: one a minute
SLOWEST = 2.0
DORMANT = 4.0

Share = Callable[
    [SyntheticSeller, int, float], float
]  # the seller, the hour since the start, sales of the last 30 days -> polls a day, but for a factor


def least_possible(seller: SyntheticSeller, hour: int, sales: float) -> float:
    """The square root of the true rate of this very hour, which nobody knows."""
    return math.sqrt(seller.hourly[hour])


def alike(seller: SyntheticSeller, hour: int, sales: float) -> float:
    return 1.0


def proportional(seller: SyntheticSeller, hour: int, sales: float) -> float:
    """Poll when one order is due."""
    return sales + 0.5


def root_of_sales(seller: SyntheticSeller, hour: int, sales: float) -> float:
    return math.sqrt(sales + 0.5)


def play(fleet: SyntheticFleet, share: Share, slowest: float = SLOWEST, fastest: float = FASTEST) -> Score:
    counter = Counter(fleet)
    shape = fleet.shape
    hours = (shape.days + 1) * 24
    awake = [seller for seller in fleet.sellers if not seller.dormant]
    polls: dict[int, list[float]] = {seller.number: [] for seller in awake}
    sales = [float(seller.sales_30d) for seller in fleet.sellers]
    for day in range(shape.days + 1):
        shares = {s.number: [_enrolled(s, h) * share(s, h, sales[s.number]) for h in range(day * 24, day * 24 + 24)] for s in awake}
        others = fleet.orders_of_day(day) + DORMANT * (len(fleet.sellers) - len(awake)) + 0.2 * len(fleet.sellers)
        budget = shape.quota - others
        factor = _factor(Tally(value for row in shares.values() for value in row if value > 0), budget * 24, slowest, fastest)
        for number, row in shares.items():
            polls[number] += [min(max(factor * value, slowest), fastest) if value > 0 else 0.0 for value in row]
        spent = sum(sum(row[day * 24 : day * 24 + 24]) for row in polls.values()) / 24
        counter.used[day] = round(spent + others)
        for seller in fleet.sellers:
            start = SINCE + day * DAY
            sales[seller.number] += sum(1 for at in seller.orders if start <= at < start + DAY) - sales[seller.number] / 30
    dice = random.Random(shape.name)
    for seller in awake:
        _delays(seller, polls[seller.number], hours, dice.random(), counter)
    return counter.score()


def _enrolled(seller: SyntheticSeller, hour: int) -> bool:
    return SINCE + (hour + 1) * HOUR > seller.enrolled_at


def _factor(shares: Tally[float], budget: float, slowest: float, fastest: float) -> float:
    """Water-filling: halving until the clipped shares cost the budget."""
    low, high = 1e-4, 1e6
    for _ in range(36):
        factor = math.sqrt(low * high)
        if sum([hours * min(max(factor * share, slowest), fastest) for share, hours in shares.items()]) > budget:
            high = factor
        else:
            low = factor
    return low


def _delays(seller: SyntheticSeller, polls: list[float], hours: int, phase: float, counter: Counter) -> None:
    """A poll is where the polls due since the start, summed up, pass a whole number."""
    shape = counter.fleet.shape
    due = [phase]
    for rate in polls:
        due.append(due[-1] + rate / 24)
    for at in seller.orders:
        if not shape.start <= at < shape.end:
            continue
        hour = int((at - SINCE) // HOUR)
        here = due[hour] + polls[hour] * (at - SINCE - hour * HOUR) / DAY
        goal = math.floor(here) + 1
        while hour < hours - 1 and due[hour + 1] < goal:
            hour += 1
        found = max(at, SINCE + hour * HOUR + (goal - due[hour]) / max(polls[hour], 1e-9) * DAY)
        counter.found(seller.number, found - at)
