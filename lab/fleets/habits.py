"""What applications do today: tiers by activity, intervals that adapt seller by seller, cadences without a ledger."""

from __future__ import annotations

import math

from domain.pacing import PacingSettings, SellerPace, desired_interval
from lab.fleets.fleet import DAY, SINCE, SyntheticFleet
from lab.fleets.ours import facts_of

FASTEST_S, SLOWEST_S = 60.0, 3600.0
TIERS = ((3600.0, 300.0), (6 * 3600.0, 900.0), (DAY, 3600.0), (7 * DAY, 4 * 3600.0), (math.inf, 12 * 3600.0))  # last order, interval


class _Habit:
    plan_every_s = math.inf

    def __init__(self, fleet: SyntheticFleet) -> None:
        self.fleet = fleet
        self.last = [0.0] * len(fleet.sellers)  # when a poll last found an order

    def enrol(self, number: int, now: float) -> None:
        seller = self.fleet.sellers[number]
        self.last[number] = now - 30 * DAY / (seller.sales_30d + 1)  # as their history has it, roughly

    def plan(self, now: float, used: int) -> None: ...

    def retry_at(self, now: float) -> float | None:
        return None

    def reserved(self, now: float, used: int) -> int:
        return 0

    def polled(self, number: int, now: float, orders: int) -> float:
        if orders:
            self.last[number] = now
        return now + self.interval(number, now, orders)

    def refused(self, number: int, now: float) -> float:
        return now + self.interval(number, now, 0)

    def interval(self, number: int, now: float, orders: int) -> float:
        raise NotImplementedError


class Tiers(_Habit):
    """The longer ago the last order, the slower the tier; until eBay refuses."""

    def interval(self, number: int, now: float, orders: int) -> float:
        return next(interval for age, interval in TIERS if now - self.last[number] <= age)


class Cadences(_Habit):
    """The rules' intervals (5 min, 15 when quiet, 2 when busy, 6 h when dormant) until eBay refuses."""

    def __init__(self, fleet: SyntheticFleet) -> None:
        super().__init__(fleet)
        self.settings = PacingSettings()
        self.facts = [facts_of(seller) for seller in fleet.sellers]

    def interval(self, number: int, now: float, orders: int) -> float:
        return desired_interval(SellerPace(self.last[number]), self.facts[number], now, self.settings)[0]


class Aimd(_Habit):
    """Half the interval after a hit, a minute more after a miss; all calls go through one token bucket that fills evenly over the day."""

    burst = 0.01  # of a day's calls

    def __init__(self, fleet: SyntheticFleet) -> None:
        super().__init__(fleet)
        self.intervals = [900.0] * len(fleet.sellers)
        self.capacity = fleet.shape.quota * self.burst
        self.tokens, self.filled_at, self.used = self.capacity, SINCE, 0
        self.turn = SINCE  # when the last of those who wait gets a token

    def retry_at(self, now: float) -> float | None:
        """First come, first served."""
        self.turn = max(self.turn, now) + DAY / (self.fleet.shape.quota * (1 - self.burst))
        return self.turn

    def reserved(self, now: float, used: int) -> int:
        """All but what the bucket holds."""
        spent = used - self.used if used >= self.used else used  # a new day began
        filled = (now - self.filled_at) * self.fleet.shape.quota * (1 - self.burst) / DAY
        self.tokens = min(self.tokens - spent + filled, self.capacity)
        self.filled_at, self.used = now, used
        return self.fleet.shape.quota - used - max(int(self.tokens), 0)

    def interval(self, number: int, now: float, orders: int) -> float:
        wait = self.intervals[number]
        self.intervals[number] = max(wait / 2, FASTEST_S) if orders else min(wait + 60, SLOWEST_S)
        return self.intervals[number]


class ScaledAimd(Aimd):
    """The same, all intervals times one factor, so that the quota is spent: how far seller-by-seller adapting can come."""

    plan_every_s = 1800.0
    factor = 1.0

    def retry_at(self, now: float) -> float | None:
        return now + 60

    def reserved(self, now: float, used: int) -> int:
        return round(self.fleet.shape.quota * 0.001)

    def plan(self, now: float, used: int) -> None:
        left = SINCE + ((now - SINCE) // DAY + 1) * DAY - now
        if left < 900:
            return
        orders = sum(seller.sales_30d for seller in self.fleet.sellers) / 30
        free = self.fleet.shape.quota * 0.999 - used - orders * left / DAY
        demands = [left / wait for wait in self.intervals]
        low, high = 0.01, 100.0
        for _ in range(30):
            middle = math.sqrt(low * high)
            if sum([min(each / middle, left / FASTEST_S) for each in demands]) > free:
                low = middle
            else:
                high = middle
        self.factor = high

    def interval(self, number: int, now: float, orders: int) -> float:
        return max(super().interval(number, now, orders) * self.factor, FASTEST_S)
