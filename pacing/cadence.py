"""The cadences: one seller's interval for one stream, and why, in words. The first line that applies holds.

| when | interval |
|---|---|
| paused | none |
| speeded up | that of the speed-up, unless the seller would be polled more often anyway |
| no login for 7 days, where logins are reported | 6 h (dormant: slow, never off) |
| cadence set by hand | that, slower when quiet |
| more than 100 sales in 30 days | 2 min, or the base where that is shorter |
| else | the base (orders 5 min), slower when quiet |

Quiet: no change for 1 h: twice the interval; for 2 h: 2.5 times; for 3 h: 3 times. The first change brings it back at once.
"""

import math

from pacing.model import Facts, SellerPace, Settings
from pacing.words import words

QUIET_STEPS = ((3, 1.0), (2, 0.75), (1, 0.5))  # after so many times `quiet_after_s`, so much of the way to `quiet_factor`


def wish(pace: SellerPace, facts: Facts, now: float, settings: Settings) -> tuple[float, str]:
    """Seconds between polls as the rules want them, and the reason; `math.inf` when there is to be no poll."""
    if facts.paused:
        return math.inf, "paused"
    interval, reason = _unhurried(pace, facts, now, settings)
    if facts.speed_up_s is not None and facts.speed_up_s <= interval:
        return facts.speed_up_s, f"speeded up: every {words(facts.speed_up_s)}"
    return interval, reason


def next_poll(pace: SellerPace, facts: Facts, now: float, settings: Settings) -> tuple[float, str]:
    """Unix time of the poll after the one that ends `now`, and the reason."""
    interval, reason = wish(pace, facts, now, settings)
    return now + interval, reason


def _unhurried(pace: SellerPace, facts: Facts, now: float, settings: Settings) -> tuple[float, str]:
    set_s = settings.base_s if facts.cadence_s is None else facts.cadence_s
    if facts.last_login is not None and (away := now - facts.last_login) >= settings.dormant_after_s:
        interval = max(settings.dormant_s, set_s)  # dormant never means more often
        return interval, f"no login for {_roughly(away)}: every {words(interval)}"
    if facts.cadence_s is None and facts.sales_30d > settings.busy_sales:
        interval = min(settings.busy_s, settings.base_s)
        return interval, f"busy (more than {settings.busy_sales:g} sales in 30 days): every {words(interval)}"
    quiet = now - pace.last_change
    factor = _quiet_factor(quiet, settings)
    reasons = ["cadence set by hand"] if facts.cadence_s is not None else []
    if factor > 1:
        reasons.append(f"quiet for {_roughly(quiet)}")
    every = f"every {words(set_s * factor)}"
    return set_s * factor, f"{', '.join(reasons)}: {every}" if reasons else every


def _quiet_factor(quiet: float, settings: Settings) -> float:
    for times, share in QUIET_STEPS:
        if quiet >= times * settings.quiet_after_s:
            return 1 + (settings.quiet_factor - 1) * share
    return 1.0


def _roughly(seconds: float) -> str:
    """In one unit, hours up to two days: a reason that changed with every poll would have to be written with every poll."""
    if seconds >= 2 * 86_400:
        return f"{int(seconds // 86_400)} days"
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 60)} min" if seconds >= 60 else words(seconds)
