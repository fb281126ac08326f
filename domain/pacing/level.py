"""The level: the one number that makes everybody's polls for the rest of the quota day cost what is left of the quota.

A seller polls `k * weight * factor` times a day, clipped between their longest and their shortest interval; `factor` is the hour's (busy
hours get more). For all sellers of one time zone that is a line with two bends a seller. Sorted and summed up once, it is read in log n, so
that trying a level costs some microseconds however large the fleet: n log n altogether.
"""

import math
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from domain.pacing.cadence import bounds_s
from domain.pacing.curve import mean_power
from domain.pacing.estimate import base_rate
from domain.pacing.interval import weight
from domain.pacing.model import DAY, FULL, HOUR, Curve, Facts, Level, PacingSettings, Prior, SellerPace

SLOT_S = 2 * HOUR
SQUEEZE_MOST = 24.0  # an hour's promise becomes a day at most: nobody's timer may sleep through a reset
CLOSE = 1e-7  # share of the calls by which they may be missed
TRIES = 200
SOON = 1e-3


class Demand(NamedTuple):
    """What one seller asks for. A weight of 0 stays at the longest interval, `math.inf` at the shortest, whatever the level."""

    weight: float
    shortest_s: float
    longest_s: float
    calls_per_poll: float = 1.0
    zone: Hashable = 0


class Slot(NamedTuple):
    """A part of what is left of the quota day; `factors`: the hour's for each zone, 1 where a zone is missing."""

    seconds: float
    factors: Mapping[Hashable, float]


def demand(
    pace: SellerPace, facts: Facts, now: float, prior: Prior, settings: PacingSettings, effect: float = 1.0, zone: Hashable = 0
) -> Demand | None:
    """What a seller asks for; None while paused.

    Surges are left out, since they will be over before the day is. But timers do follow them; `effect` is how that changed the polls of the
    fleet over the last day (see `surge_effect`), and without it the plan misjudges the day by a tenth.
    """
    if facts.paused:
        return None
    bounds = bounds_s(pace, facts, now, settings)
    if not bounds.weighed:
        return Demand(math.inf if bounds.obeyed else 0.0, bounds.shortest_s, bounds.longest_s, pace.calls_per_poll, zone)
    share = weight(base_rate(pace, facts, prior, settings), pace.calls_per_poll, settings) * effect
    return Demand(share, bounds.shortest_s, bounds.longest_s, pace.calls_per_poll, zone)


def slots(now: float, reset_at: float, zones: Mapping[Hashable, tuple[float, Curve]], settings: PacingSettings) -> list[Slot]:
    """The time up to the reset in parts of two hours; `zones`: the UTC offset in hours, and the curve, of each."""
    cut: list[Slot] = []
    start = now
    while start < reset_at:
        end = min(start + SLOT_S, reset_at)
        factors = {zone: mean_power(start, end, offset, curve, settings.theta) for zone, (offset, curve) in zones.items()}
        cut.append(Slot(end - start, factors))
        start = end
    return cut


def surge_effect(sellers: Iterable[tuple[float, float]], level: Level, settings: PacingSettings) -> float:
    """How surges change the polls of those whom the level decides on, now. `sellers`: weight and surge of each."""
    plain = surging = 0.0
    for share, surge in sellers:
        plain += share
        surging += share * surge**settings.theta
    return surging / plain if plain > 0 and not level.full else 1.0


def level(demands: Sequence[Demand], slots: Sequence[Slot], calls: float, guess: float = 1.0) -> Level:
    """The level at which everybody's polls over all slots cost `calls`.

    Full where the shortest intervals cost no more; 0 with a squeeze where the longest cost more already.

    Args:
        guess: the last level; saves a few tries and changes nothing.
    """
    seconds = math.fsum(slot.seconds for slot in slots)
    if not demands or seconds <= 0:
        return FULL
    lines = [_Line(zone, group) for zone, group in _by_zone(demands).items()]
    if calls >= sum(line.most for line in lines) * seconds / DAY:
        return FULL
    least = sum(line.least for line in lines) * seconds / DAY
    if calls <= least:
        obeyed = sum(line.obeyed for line in lines) * seconds / DAY
        left = calls - obeyed
        return Level(0.0, min((least - obeyed) / left, SQUEEZE_MOST) if left > 0 else SQUEEZE_MOST)
    table = [(slot.seconds / DAY, line, slot.factors.get(line.zone, 1.0)) for slot in slots for line in lines]
    return Level(_solve(table, calls, guess), 1.0)


class _Line:
    """Calls a day that the sellers of one zone cost, for any `k * factor`."""

    def __init__(self, zone: Hashable, demands: Sequence[Demand]) -> None:
        self.zone = zone
        self.obeyed = self.least = self.most = 0.0
        self.bends: list[float] = []
        bends: list[tuple[float, float, float]] = []  # where, how the constant changes there, how the slope does
        for share, shortest_s, longest_s, calls, _ in demands:
            high = DAY / (shortest_s if shortest_s > SOON else SOON) * calls
            low = DAY / longest_s * calls if longest_s > shortest_s > SOON else high
            if math.isinf(share):
                self.obeyed += high
                self.least += high
                self.most += high
                continue
            self.least += low
            self.most += high
            slope = share * calls
            if slope > 0:
                bends.append((low / slope, -low, slope))
                bends.append((high / slope, high, -slope))
        bends.sort()
        self.bends = [bend[0] for bend in bends]
        self.constants = list(accumulate((bend[1] for bend in bends), initial=self.least))
        self.slopes = list(accumulate((bend[2] for bend in bends), initial=0.0))

    def calls(self, k: float) -> float:
        index = bisect_right(self.bends, k)
        return self.constants[index] + self.slopes[index] * k


def _by_zone(demands: Iterable[Demand]) -> dict[Hashable, list[Demand]]:
    zones: dict[Hashable, list[Demand]] = {}
    for asked in demands:
        zones.setdefault(asked.zone, []).append(asked)
    return zones


def _solve(table: Sequence[tuple[float, _Line, float]], calls: float, guess: float) -> float:
    """`k` with the cost `calls`, which is between the least and the most: bracket, then false position and halving in turn."""

    def over(k: float) -> float:
        return sum(days * line.calls(k * factor) for days, line, factor in table) - calls

    bends = [line.bends[end] / factor for _, line, factor in table if line.bends and factor > 0 for end in (0, -1)]
    if not bends:
        return 0.0  # nobody has a weight: more calls than the longest intervals cost cannot be spent
    floor, top = min(bends), max(bends)
    low = high = min(max(guess, floor), top) if guess > 0 else floor
    low_over = high_over = over(low)
    while low_over > 0 and low > floor:
        high, high_over = low, low_over
        low = max(low / 2, floor)
        low_over = over(low)
    while high_over < 0 and high < top:
        low, low_over = high, high_over
        high = min(high * 2, top)
        high_over = over(high)
    for turn in range(TRIES):
        if abs(low_over) <= CLOSE * calls:
            return low
        if abs(high_over) <= CLOSE * calls or high <= low * (1 + 1e-12):
            return high
        if turn % 2 == 0 and high_over > low_over:
            middle = low + (high - low) * -low_over / (high_over - low_over)
        else:
            middle = math.sqrt(low * high)
        middle_over = over(middle)
        if middle_over > 0:
            high, high_over = middle, middle_over
        else:
            low, low_over = middle, middle_over
    return high
