"""When to poll next, and why, in words. Pure: no I/O, no clock, standard library only; seconds as float, times as unix time."""

from domain.pacing.cadence import Bounds, bounds_s, desired_interval, tier
from domain.pacing.curve import DEFAULT_CURVE, curve_at, curve_days, learn_curve
from domain.pacing.estimate import base_rate, enrolled, fleet_prior, observe, rate_now, surge, unseen, unseen_share
from domain.pacing.forecast import Freshness, forecast, with_notifications
from domain.pacing.interval import interval, weight
from domain.pacing.level import Demand, Slot, demand, level, slots, surge_effect
from domain.pacing.model import FULL, Curve, Facts, Level, PacingSettings, Prior, SellerPace
from domain.pacing.planner import Plan, PlannedQuota, plan
from domain.pacing.reserve import reserve_calls
from domain.pacing.state import from_numbers, to_numbers
from domain.pacing.timer import Fleet, next_poll
from domain.pacing.words import words
from domain.streams import InventorySource, Stream

__all__ = [
    "DEFAULT_CURVE",
    "FULL",
    "Bounds",
    "Curve",
    "Demand",
    "Facts",
    "Fleet",
    "Freshness",
    "InventorySource",
    "Level",
    "PacingSettings",
    "Plan",
    "PlannedQuota",
    "Prior",
    "SellerPace",
    "Slot",
    "Stream",
    "base_rate",
    "bounds_s",
    "curve_at",
    "curve_days",
    "demand",
    "desired_interval",
    "enrolled",
    "fleet_prior",
    "forecast",
    "from_numbers",
    "interval",
    "learn_curve",
    "level",
    "next_poll",
    "observe",
    "plan",
    "rate_now",
    "reserve_calls",
    "slots",
    "surge",
    "surge_effect",
    "tier",
    "to_numbers",
    "unseen",
    "unseen_share",
    "weight",
    "with_notifications",
    "words",
]
