"""The fleets: synthetic sellers with rates as sellers have them, and everything that happens to them in some days."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from functools import lru_cache

from lab.fleets.arrivals import CURVE, HOUR_DAYS, children, poisson, times_of_day

DAY, HOUR = 86_400.0, 3600.0
PACIFIC_H = -8.0  # the quota day starts at midnight there; every day of the simulation has 24 hours
OFFSETS = (-8.0, -7.0, -6.0, -5.0, 0.0, 1.0, 5.5, 10.0)
SINCE = 1_780_300_800.0  # unix time of the first day's start, Pacific midnight
BRANCHING = 0.45  # orders that one order of a self-exciting seller brings
STILL = 0.03  # of the rate, while a seller is quiet
FLASH = 20.0  # times the rate, for an hour


@dataclass(frozen=True, slots=True)
class Shape:
    """What a fleet is made of; shares of its sellers."""

    name: str
    sellers: int
    quota: int
    scored_days: int
    warm_days: int = 4
    bursting: float = 0.0
    switching: float = 0.0  # half go quiet, half wake
    new: float = 0.0  # enrolled on the way, without history
    flashing: float = 0.0  # one hour on the last day
    dormant: float = 0.15

    @property
    def start(self) -> float:
        return SINCE + self.warm_days * DAY

    @property
    def end(self) -> float:
        return SINCE + self.days * DAY

    @property
    def days(self) -> int:
        return self.warm_days + self.scored_days


@dataclass(slots=True)
class SyntheticSeller:
    number: int
    offset_h: float
    dormant: bool
    enrolled_at: float
    sales_30d: int
    has_history: bool
    hourly: list[float]  # true orders a day, hour by hour from `SINCE`; 0 before the enrolment
    orders: list[float] = field(default_factory=list)  # unix times, sorted
    asked: list[float] = field(default_factory=list)  # somebody presses "poll now"


@dataclass(slots=True)
class SyntheticFleet:
    shape: Shape
    sellers: list[SyntheticSeller]

    def orders_of_day(self, day: int) -> int:
        start = SINCE + day * DAY
        return sum(1 for seller in self.sellers for at in seller.orders if start <= at < start + DAY)


FLEETS = {
    shape.name: shape
    for shape in (
        Shape("50 sellers, 5,000 calls", 50, 5_000, 5),
        Shape("350, 100,000", 350, 100_000, 2),
        Shape("350, 40,000, bursts", 350, 40_000, 3, bursting=0.6),
        Shape("350, 40,000, churn", 350, 40_000, 3, switching=0.2, new=0.2),
        Shape("350, 40,000, flash sale", 350, 40_000, 3, flashing=0.06),
        Shape("3,000, 100,000", 3_000, 100_000, 2, bursting=0.2, switching=0.05, new=0.05, flashing=0.02),
    )
}


@lru_cache(maxsize=2)
def fleet(shape: Shape, seed: int) -> SyntheticFleet:
    """The same shape and seed give the same fleet, to the order."""
    dice = random.Random(f"{shape.name} {seed}")
    return SyntheticFleet(shape, [_seller(shape, number, dice) for number in range(shape.sellers)])


def _seller(shape: Shape, number: int, dice: random.Random) -> SyntheticSeller:
    rate = 1.5 * math.exp(1.6 * dice.gauss(0, 1))
    offset, dormant = dice.choice(OFFSETS), dice.random() < shape.dormant
    fate = dice.random()
    bursting, flashing = dice.random() < shape.bursting, dice.random() < shape.flashing
    turn = SINCE + HOUR * dice.randrange(int(shape.warm_days * 12), shape.days * 24)  # from the middle of the warm-up on
    new = fate < shape.new
    wakes = shape.new <= fate < shape.new + shape.switching / 2
    quiets = shape.new + shape.switching / 2 <= fate < shape.new + shape.switching
    noise = [math.exp(0.2 * dice.gauss(0, 1)) for _ in range(shape.days + 1)]

    def activity(at: float) -> float:
        if new and at < turn:
            return 0.0
        return STILL if (wakes and at < turn) or (quiets and at >= turn) else 1.0

    orders: list[float] = []
    for day, factor in enumerate(noise):
        start = SINCE + day * DAY
        times = times_of_day(start, rate * factor * (1 - BRANCHING if bursting else 1), offset, dice)
        orders += [at for at in times if dice.random() < activity(at)]
    flash = shape.end - DAY + HOUR * dice.randrange(24) if flashing else math.inf
    if flashing:
        usual = rate * noise[shape.days - 1] * CURVE[_local(flash, offset)] * activity(flash)
        orders += [flash + HOUR * dice.random() for _ in range(poisson(usual * (FLASH - 1) * HOUR_DAYS, dice))]
    if bursting:
        orders += children(orders, BRANCHING, dice)
    hourly = []
    for hour in range((shape.days + 1) * 24):
        at = SINCE + hour * HOUR
        true = rate * noise[hour // 24] * CURVE[_local(at, offset)] * activity(at)
        hourly.append(true * FLASH if flash <= at < flash + HOUR else true)
    return SyntheticSeller(
        number=number,
        offset_h=offset,
        dormant=dormant,
        enrolled_at=turn if new else SINCE,
        sales_30d=0 if new else poisson(rate * 30 * (STILL if wakes else 1.0), dice),
        has_history=not new,
        hourly=hourly,
        orders=sorted(at for at in orders if at < shape.end + DAY),
        asked=sorted(SINCE + DAY * shape.days * dice.random() for _ in range(poisson(0.2 * shape.days, dice))),
    )


def _local(at: float, offset: float) -> int:
    return int((at / HOUR + offset) % 24)
