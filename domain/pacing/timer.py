"""When the next poll is due, and why then, in words.

Where no fleet is given (streams whose quota nobody has to share), a poll follows the rules' interval. With one, the level decides between
the shortest and the longest: the poll is where the polls that fall due from now on sum up to 1. So a night's long interval ends early when
the morning comes.
"""

import math
from dataclasses import dataclass

from domain.pacing.cadence import Bounds, bounds_s, desired_interval
from domain.pacing.curve import DEFAULT_CURVE, curve_at
from domain.pacing.estimate import base_rate, surge
from domain.pacing.interval import interval
from domain.pacing.model import Curve, Facts, Level, PacingSettings, Prior, SellerPace
from domain.pacing.planner import Plan
from domain.pacing.words import rounded, words

STEP_S = 900.0
PLAN_NOTHING = Plan()
SOME = Prior()


@dataclass(frozen=True, slots=True)
class Fleet:
    """What holds for everybody: the last plan, what a new seller is taken for, and the day's curve where this seller sells."""

    plan: Plan = PLAN_NOTHING
    prior: Prior = SOME
    curve: Curve = DEFAULT_CURVE
    even_s: float = 0.0  # there is no plan yet: nobody's interval is shorter than an even share of the quota


def next_poll(
    pace: SellerPace, facts: Facts, now: float, settings: PacingSettings, fleet: Fleet | None = None, unit: float = 0.5
) -> tuple[float, str]:
    """Unix time of the poll after the one that ends `now`, and the reason; `math.inf` while paused.

    Args:
        unit: in [0, 1), from a hash of the seller and the poll's number: jitter, so that sellers do not fall into step. Only with a fleet.
    """
    if fleet is None or facts.paused:
        desired, reason = desired_interval(pace, facts, now, settings)
        return now + desired, reason
    bounds = bounds_s(pace, facts, now, settings)
    jitter = 1 + settings.jitter * (2 * unit - 1)
    level = fleet.plan.level
    wait = bounds.shortest_s if bounds.obeyed or level.full else _wait(pace, facts, bounds, now, settings, fleet)
    if not bounds.obeyed and fleet.even_s > wait:
        return now + fleet.even_s * jitter, f"no plan yet: an even share, every {words(rounded(fleet.even_s))}"
    return now + max(wait * jitter, 1e-3), why(bounds, wait, level)


def _wait(pace: SellerPace, facts: Facts, bounds: Bounds, now: float, settings: PacingSettings, fleet: Fleet) -> float:
    """Seconds until the integral of 1/interval is 1."""
    plan, calls = fleet.plan, pace.calls_per_poll
    rate = base_rate(pace, facts, fleet.prior, settings) * surge(pace, settings) if bounds.weighed else 0.0
    wait, due = 0.0, 1.0
    while True:
        at = now + wait
        step, level = (min(STEP_S, plan.reset_at - at), plan.level) if at < plan.reset_at else (STEP_S, plan.after)
        hours = rate * curve_at(at, facts.utc_offset_h, fleet.curve)
        here = interval(hours, calls, bounds.shortest_s, bounds.longest_s, level, settings)
        if due * here <= step:
            return wait + due * here
        due -= step / here
        wait += max(step, 1e-3)


def why(bounds: Bounds, wait: float, level: Level) -> str:
    """`busy: 2 min wished, 4 min at level 13.9`."""
    label = f"{bounds.why}: " if bounds.why else ""
    if math.isinf(wait):
        return bounds.why
    desired, given = words(bounds.shortest_s), words(rounded(wait))
    if level.squeeze > 1 and not bounds.obeyed and wait > bounds.longest_s:
        return f"{label}{words(bounds.longest_s)} promised, {given} as the quota does not reach"
    if wait <= bounds.shortest_s * 1.01:
        return f"{label}every {desired}"
    if wait >= bounds.longest_s * 0.99:
        return f"{label}{desired} wished, {words(bounds.longest_s)} promised at level {level.k:.3g}"
    return f"{label}{desired} wished, {given} at level {level.k:.3g}"
