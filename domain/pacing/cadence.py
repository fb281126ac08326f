"""The cadences: how often a seller is to be polled by the rules, why, and how long they may have to wait. The first line that fits holds.

| when | interval |
|---|---|
| paused | none |
| speeded up | that of the speed-up, unless the seller would be polled more often anyway |
| no login for 7 days, where logins are reported | 6 h (dormant: slow, never off) |
| notifications announce more than half of the orders | 30 min (a safety net) |
| cadence set by hand | that, slower when quiet |
| more than 100 sales in 30 days | 2 min, or the base where that is shorter |
| else | the base (orders 5 min), slower when quiet |

Quiet: no change for 1 h: twice the interval; for 2 h: 2.5 times; for 3 h: 3 times. The first change brings it back at once.
"""

import math
from typing import NamedTuple

from domain.pacing.model import DAY, HOUR, Facts, PacingSettings, SellerPace
from domain.pacing.words import words

QUIET_STEPS = ((3, 1.0), (2, 0.75), (1, 0.5))  # after so many times `quiet_after_s`, so much of the way to `quiet_factor`
WEBHOOKS_WORK = 0.5  # below this share of orders that no notification announced first, polling is the safety net


class Bounds(NamedTuple):
    """Between which two intervals the quota decides, in seconds."""

    shortest_s: float
    longest_s: float
    why: str  # a few words without an interval, "" for the base
    weighed: bool = True  # no: `shortest_s` = `longest_s`, and the seller takes no part in the sharing
    obeyed: bool = False  # a speed-up: stays as it is even where everybody else is stretched


def desired_interval(pace: SellerPace, facts: Facts, now: float, settings: PacingSettings) -> tuple[float, str]:
    """Seconds between polls as the rules want them, and the reason; `math.inf` when there is to be no poll."""
    if facts.paused:
        return math.inf, "paused"
    interval, reason = _unhurried(pace, facts, now, settings)
    if facts.speed_up_s is not None and facts.speed_up_s <= interval:
        return facts.speed_up_s, f"speeded up: every {words(facts.speed_up_s)}"
    if reason == "busy":
        reason = f"busy (more than {settings.busy_sales:g} sales in 30 days)"
    every = f"every {words(interval)}"
    return interval, f"{reason}: {every}" if reason else every


def tier(facts: Facts, now: float, settings: PacingSettings) -> str:
    """Whose line of the table it is, in a word; quiet hours change no tier."""
    if facts.speed_up_s is not None:
        return "speeded_up"
    if _dormant(facts, now, settings):
        return "dormant"
    if facts.unseen_share < WEBHOOKS_WORK:
        return "notified"
    if facts.cadence_s is not None:
        return "by_hand"
    return "busy" if facts.sales_30d > settings.busy_sales else "normal"


def bounds_s(pace: SellerPace, facts: Facts, now: float, settings: PacingSettings) -> Bounds:
    """Shortest: what the rules want (with `use_spare` the fastest of all). Longest: that or the promise, whichever is more."""
    if facts.paused:
        return Bounds(math.inf, math.inf, "paused", weighed=False)
    desired, why = _unhurried(pace, facts, now, settings)
    weighed = not _dormant(facts, now, settings)
    shortest = longest = desired
    if weighed:
        longest = max(desired, settings.promise_s)
        if settings.use_spare and settings.fastest_s < desired:
            shortest = settings.fastest_s
    if facts.speed_up_s is None:
        return Bounds(shortest, longest, why, weighed)
    if facts.speed_up_s <= shortest:
        return Bounds(facts.speed_up_s, facts.speed_up_s, "speeded up", weighed=False, obeyed=True)
    return Bounds(shortest, min(longest, facts.speed_up_s), why if longest <= facts.speed_up_s else "speeded up", weighed)


def _unhurried(pace: SellerPace, facts: Facts, now: float, settings: PacingSettings) -> tuple[float, str]:
    """The interval but for speed-ups and pauses, and its reason but for the interval."""
    set_s = settings.base_s if facts.cadence_s is None else facts.cadence_s
    if facts.last_login is not None and _dormant(facts, now, settings):
        return max(settings.dormant_s, set_s), f"no login for {_roughly(now - facts.last_login)}"  # never means more often
    if facts.unseen_share < WEBHOOKS_WORK and settings.webhook_s > set_s:
        return settings.webhook_s, "notifications work"
    if facts.cadence_s is None and facts.sales_30d > settings.busy_sales:
        return min(settings.busy_s, settings.base_s), "busy"
    quiet = now - pace.last_change
    factor = _quiet_factor(quiet, settings)
    reasons = ["cadence set by hand"] if facts.cadence_s is not None else []
    if factor > 1:
        reasons.append(f"quiet for {_roughly(quiet)}")
    return set_s * factor, ", ".join(reasons)


def _dormant(facts: Facts, now: float, settings: PacingSettings) -> bool:
    return facts.last_login is not None and now - facts.last_login >= settings.dormant_after_s


def _quiet_factor(quiet: float, settings: PacingSettings) -> float:
    if quiet < settings.quiet_after_s:
        return 1.0
    for times, share in QUIET_STEPS:
        if quiet >= times * settings.quiet_after_s:
            return 1 + (settings.quiet_factor - 1) * share
    return 1.0


def _roughly(seconds: float) -> str:
    """In one unit, hours up to two days: a reason that changed with every poll would have to be written with every poll."""
    if seconds >= 2 * DAY:
        return f"{int(seconds // DAY)} days"
    if seconds >= HOUR:
        return f"{int(seconds // HOUR)} h"
    return f"{int(seconds // 60)} min" if seconds >= 60 else words(seconds)
