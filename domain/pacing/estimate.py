"""How many orders a day a seller has, told from what polls find: three Gamma-Poisson means on top of each other, each forgetting faster.

    rate = base (weeks) * mid (days) * surge (hours) * curve (hour of the day) * share that no notification announces

`base` starts at the fleet's mean and believes 0.3 orders' worth of it; `mid` and `surge` are orders seen over orders expected and start
at 1. All of it may be lost: polls then come at the fleet's mean rate, and every order is still found.
"""

import math
from collections.abc import Iterable

from domain.pacing.curve import curve_at, curve_days
from domain.pacing.model import Curve, Facts, PacingSettings, Prior, SellerPace

HISTORY_DAYS = 18.0  # what 30 days of known sales count for
SALES_DAYS = 30.0
SHAPE = 0.3  # how much a new seller is like the others: little, as sellers differ by factors of a hundred
SOME_RATE, SOME_DAYS = 5.0, 1.0  # a fleet that has shown nothing yet is taken for one of 5 orders a day
FORGET_CALLS = 0.1


def enrolled(now: float, sales_30d: int = 0, has_history: bool = False) -> SellerPace:
    """A new seller; `has_history` says that `sales_30d` was looked up and is not just unknown."""
    if not has_history:
        return SellerPace(last_change=now, seen_to=now)
    return SellerPace(last_change=now, seen_to=now, n14=sales_30d * HISTORY_DAYS / SALES_DAYS, d14=HISTORY_DAYS)


def observe(
    pace: SellerPace, facts: Facts, seen_to: float, orders: int, calls: int, prior: Prior, settings: PacingSettings, curve: Curve
) -> SellerPace:
    """After a poll that reads up to `seen_to` (unix time) and found `orders` that make events; duplicates do not count.

    What came in the gap is taken as spread over it, so that an outage's worth of orders in one poll is no surge. A poll that reads nothing
    newer and finds nothing (a clock that went back, a window read twice) leaves the pace as it is.

    Args:
        calls: what this poll cost (pages), without calls that orders cause however often one polls.
    """
    start = pace.seen_to or seen_to
    gap = seen_to - start
    if gap <= 0:
        if orders <= 0:
            return pace
        gap, seen_to = 0.0, start
    area = curve_days(start, seen_to, facts.utc_offset_h, curve) if gap else 0.0

    keep, part = _forget(gap, settings.slow_s)
    n14 = pace.n14 * keep + orders * part
    d14 = pace.d14 * keep + area * part
    rate = (prior.shape + n14) / (prior.days + d14)

    keep, part = _forget(gap, settings.mid_s)
    n1 = pace.n1 * keep + orders * part
    x1 = pace.x1 * keep + rate * area * part
    rate *= (settings.mid_shape + n1) / (settings.mid_shape + x1)

    keep, part = _forget(gap, settings.fast_s)
    nf = pace.nf * keep + orders * part
    xf = pace.xf * keep + rate * area * part
    return SellerPace(
        seen_to if orders > 0 and seen_to > pace.last_change else pace.last_change,
        seen_to,
        n14,
        d14,
        n1,
        x1,
        nf,
        xf,
        pace.calls_per_poll + FORGET_CALLS * (max(calls, 1) - pace.calls_per_poll),
    )


def base_rate(pace: SellerPace, facts: Facts, prior: Prior, settings: PacingSettings) -> float:
    """Orders a day that polls are to find first, of this week: without the hour of the day and without surges, as plans need it."""
    return long_rate(pace, prior) * (settings.mid_shape + pace.n1) / (settings.mid_shape + pace.x1) * facts.unseen_share


def long_rate(pace: SellerPace, prior: Prior) -> float:
    """Orders a day over the last weeks, whoever finds them first."""
    return (prior.shape + pace.n14) / (prior.days + pace.d14)


def surge(pace: SellerPace, settings: PacingSettings) -> float:
    """How much more than that comes in these hours; below 1 in a lull."""
    return (settings.fast_shape + pace.nf) / (settings.fast_shape + pace.xf)


def rate_now(pace: SellerPace, facts: Facts, now: float, prior: Prior, settings: PacingSettings, curve: Curve) -> float:
    """Orders a day that polls are to find first, as of now; finite and above 0."""
    return base_rate(pace, facts, prior, settings) * surge(pace, settings) * curve_at(now, facts.utc_offset_h, curve)


def fleet_prior(paces: Iterable[SellerPace]) -> Prior:
    """What to take a new seller for: the mean of the fleet's sellers."""
    orders, days = SOME_RATE * SOME_DAYS, SOME_DAYS
    for pace in paces:
        orders += pace.n14
        days += pace.d14
    return Prior(shape=SHAPE, days=SHAPE * days / orders)


def unseen(polls_first: int, orders: int) -> float:
    """The share of 30 days' orders that polls found before a notification told of them; not to be asked where there are none."""
    return min(1.0, (polls_first + 2) / (orders + 4))


def unseen_share(polls_first: int, orders: int) -> float:
    """The same of a seller whose notifications are relied on; 1 where there were no orders to tell by."""
    return unseen(polls_first, orders) if orders else 1.0


def _forget(gap: float, memory: float) -> tuple[float, float]:
    """How much of the past is kept over `gap`, and of what came within it, evenly spread."""
    if gap <= 0:
        return 1.0, 1.0
    passed = gap / memory
    return math.exp(-passed), -math.expm1(-passed) / passed
