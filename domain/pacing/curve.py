"""The curve of the day: 24 values, one a local hour, mean 1. A step each: what lies between hours is worth less than 1 % of the delay."""

from collections.abc import Sequence
from functools import lru_cache

from domain.pacing.model import DAY, HOUR, Curve

DEFAULT_CURVE: Curve = (
    *(0.55, 0.32, 0.19, 0.13, 0.12, 0.18),  # night
    *(0.38, 0.65, 0.92, 1.08, 1.22, 1.30),  # morning
    *(1.32, 1.30, 1.25, 1.25, 1.32, 1.38),  # afternoon
    *(1.48, 1.66, 1.85, 1.80, 1.42, 0.93),  # evening
)
FLAT_CURVE: Curve = (1.0,) * 24
DOUBT = 300.0  # orders that the default counts for


def curve_at(at: float, utc_offset_h: float, curve: Curve) -> float:
    """`at` in unix time, UTC."""
    return curve[int((at / HOUR + utc_offset_h) % 24)]


def curve_days(start: float, end: float, utc_offset_h: float, curve: Curve) -> float:
    """How much of a day's orders the time between holds: 1 for a whole day, 0.05 for an hour of the day, 0.005 for one of the night."""
    here = (start / HOUR + utc_offset_h) % 24
    hours = (end - start) / HOUR
    if here % 1 + hours <= 1:  # the usual case, within one hour
        return curve[int(here)] * hours / 24
    days, left = divmod(hours, 24)
    area = 24.0 * days
    while left > 0:
        part = min(int(here) + 1 - here, left)
        area += curve[int(here) % 24] * part
        here = float(int(here) + 1)
        left -= part
    return area / 24


def local_hour(at: float, utc_offset_h: float) -> int:
    """The hour of the day, 0 to 23. `at`: unix time; `utc_offset_h`: hours, of the marketplace's clock."""
    return int((at / HOUR + utc_offset_h) % 24)


def learn_curve(counts: Sequence[float], default: Curve = DEFAULT_CURVE) -> Curve:
    """From orders by local hour of their creation, all sellers of a marketplace together: shrunk to the default, smoothed over neighbours.

    >>> learn_curve([0] * 24, FLAT_CURVE) == FLAT_CURVE
    True
    """
    mixed = [count + DOUBT * value / 24 for count, value in zip(counts, default, strict=True)]
    if sum(counts) > 0:  # the default is smooth already
        mixed = [(mixed[hour - 1] + 2 * mixed[hour] + mixed[(hour + 1) % 24]) / 4 for hour in range(24)]
    mean = sum(mixed) / 24
    return tuple(value / mean for value in mixed)


def mean_power(start: float, end: float, utc_offset_h: float, curve: Curve, theta: float) -> float:
    """The mean of the curve's `theta`th power between two times: how polls, not orders, lie in the day."""
    powers = _powers(curve, theta)
    return curve_days(start, end, utc_offset_h, powers) * DAY / (end - start) if end > start else curve_at(start, utc_offset_h, powers)


@lru_cache(maxsize=64)  # a plan asks for the same few zones' thousands of times
def _powers(curve: Curve, theta: float) -> Curve:
    return tuple(value**theta for value in curve)
