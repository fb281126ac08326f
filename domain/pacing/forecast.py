"""The answer before the next seller: how fresh the orders of so many sellers like these would be, and what would make them fresher.

Every seller is taken as their pace has them, hour by hour of a whole day, in every state of quiet that their rate leads to. An order comes
at any moment of an interval alike, so it waits half of it on average. Surges cost no calls; but what follows chance is a little less even.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.pacing.cadence import QUIET_STEPS, Bounds, bounds_s
from domain.pacing.curve import DEFAULT_CURVE, curve_at, curve_days
from domain.pacing.estimate import long_rate
from domain.pacing.interval import interval, weight
from domain.pacing.level import Demand, Slot, level
from domain.pacing.model import DAY, HOUR, Curve, Facts, Level, PacingSettings, Prior, SellerPace
from domain.pacing.reserve import LAST

HOURS = 24
UNEVEN = 1.025  # measured: what surges that are none add to the delay of those whom the level decides on
BIN = 1.01  # delays are sorted into bins of a hundredth
SOME = Prior()
RULES = PacingSettings()


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of awake sellers' orders, in seconds from when an order can be seen to when it is; orders that are announced count as 0."""

    sellers: int
    quota: int
    level: Level
    mean_s: float
    p95_s: float
    worst_seller_s: float  # the mean of the seller who fares worst
    longest_s: float  # that anybody awake waits, jitter included
    calls_desired: float  # a day, for everybody's shortest interval; beside `calls` it says how short the quota is
    calls_promised: float  # for everybody's longest
    calls: float  # that the quota leaves for polls


@dataclass(slots=True)
class _State:
    """A seller for the share of a day that they are in this state of quiet."""

    number: int
    share: float
    hour: int
    orders: float  # a day, of this hour, that polls are to find first
    unseen: float
    calls_per_poll: float
    bounds: Bounds


def forecast(
    sellers: Sequence[tuple[SellerPace, Facts]],
    count: int,
    quota: int,
    now: float,
    settings: PacingSettings = RULES,
    prior: Prior = SOME,
    curve: Curve = DEFAULT_CURVE,
    other_calls_per_day: float = 0.0,
) -> Freshness:
    """What `count` sellers like these get out of a quota of so many calls a day.

    Args:
        sellers: the fleet, or a sample of it; paused sellers are left out.
        now: unix time; who is dormant is as of now.
        other_calls_per_day: that the sample's orders and people cause, however often one polls.
    """
    here = [(pace, facts) for pace, facts in sellers if not facts.paused]
    times = count / len(here) if here else 0.0
    calls = quota * (1 - LAST) - other_calls_per_day * times
    states = [state for number, (pace, facts) in enumerate(here) for state in _states(number, pace, facts, now, settings, prior, curve)]
    demands = [_demand(state, settings) for state in states]
    found = level(demands, [Slot(DAY, {})], calls / times if times else 0.0)
    delays = _Delays()
    for state in states:
        if state.bounds.weighed or state.bounds.obeyed:
            delays.add(state.number, state.orders * state.share, state.unseen, _interval(state, found, settings))
    return Freshness(
        sellers=count,
        quota=quota,
        level=found,
        mean_s=delays.mean(),
        p95_s=delays.quantile(0.95),
        worst_seller_s=delays.worst(),
        longest_s=delays.longest * (1 + settings.jitter),
        calls_desired=times * sum(DAY / demand.shortest_s * demand.calls_per_poll for demand in demands),
        calls_promised=times * sum(DAY / demand.longest_s * demand.calls_per_poll for demand in demands),
        calls=calls,
    )


def with_notifications(sellers: Sequence[tuple[SellerPace, Facts]], unseen_share: float = 0.02) -> list[tuple[SellerPace, Facts]]:
    """The same sellers, if notifications announced all but this share of everybody's orders."""
    return [(pace, replace(facts, unseen_share=min(facts.unseen_share, unseen_share))) for pace, facts in sellers]


def _states(number: int, pace: SellerPace, facts: Facts, now: float, settings: PacingSettings, prior: Prior, curve: Curve) -> list[_State]:
    """24 hours times how long ago the last change may be; orders come by chance, so an age has the share that its rate gives it."""
    rate = long_rate(pace, prior) * facts.unseen_share
    ages = [0.0, *(times * settings.quiet_after_s for times, _ in reversed(QUIET_STEPS)), math.inf]
    bounds = [bounds_s(replace(pace, last_change=now - age), facts, now, settings) for age in ages[:-1]]
    if all(each == bounds[0] for each in bounds):
        ages, bounds = [0.0, math.inf], bounds[:1]
    lates = [0.0, *(each.shortest_s for each in bounds)]  # half of it until a change is found, half until quiet is
    states = []
    for hour in range(HOURS):
        middle = now + (hour + 0.5) * HOUR
        orders = rate * curve_at(middle, facts.utc_offset_h, curve)
        chance = [_none_for(age + late, rate / facts.unseen_share, middle, facts, curve) for age, late in zip(ages, lates, strict=True)]
        for index, each in enumerate(bounds):
            if share := (chance[index] - chance[index + 1]) / HOURS:
                states.append(_State(number, share, hour, orders, facts.unseen_share, pace.calls_per_poll, each))
    return states


def _none_for(age: float, orders_a_day: float, now: float, facts: Facts, curve: Curve) -> float:
    """The chance that the last order is longer ago."""
    if age <= 0:
        return 1.0
    return math.exp(-orders_a_day * curve_days(now - age, now, facts.utc_offset_h, curve)) if math.isfinite(age) else 0.0


def _demand(state: _State, settings: PacingSettings) -> Demand:
    """Costs as much as its share of the day."""
    bounds = state.bounds
    share = weight(state.orders, state.calls_per_poll, settings) if bounds.weighed else 0.0
    return Demand(math.inf if bounds.obeyed else share, bounds.shortest_s, bounds.longest_s, state.calls_per_poll * state.share)


def _interval(state: _State, level: Level, settings: PacingSettings) -> float:
    shortest, longest = state.bounds.shortest_s, state.bounds.longest_s
    if state.bounds.obeyed:
        return shortest
    given = interval(state.orders, state.calls_per_poll, shortest, longest, level, settings)
    return min(given * UNEVEN, longest) if shortest < given < longest else given


class _Delays:
    """Orders that come at any moment of intervals alike."""

    def __init__(self) -> None:
        self.bins: dict[int, float] = {}  # orders a day by the interval that they come in, in steps of a hundredth
        self.announced = self.orders = self.sum = self.longest = 0.0
        self.sellers: dict[int, tuple[float, float]] = {}  # orders a day, and seconds that they wait

    def add(self, number: int, orders: float, unseen: float, interval: float) -> None:
        index = math.ceil(math.log(interval, BIN))
        self.bins[index] = self.bins.get(index, 0.0) + orders
        self.orders += orders
        self.announced += orders / unseen - orders
        self.sum += orders * interval / 2
        self.longest = max(self.longest, interval)
        of_seller, waited = self.sellers.get(number, (0.0, 0.0))
        self.sellers[number] = (of_seller + orders / unseen, waited + orders * interval / 2)

    def mean(self) -> float:
        return self.sum / (self.orders + self.announced) if self.orders else 0.0

    def worst(self) -> float:
        return max((waited / orders for orders, waited in self.sellers.values() if orders > 0), default=0.0)

    def quantile(self, share: float) -> float:
        """The delay that this share of the orders stays below."""
        later = (1 - share) * (self.orders + self.announced)
        low, high = 0.0, self.longest * BIN
        for _ in range(50):
            middle = (low + high) / 2
            if sum(orders * max(0.0, 1 - middle / BIN**index) for index, orders in self.bins.items()) > later:
                low = middle
            else:
                high = middle
        return high
