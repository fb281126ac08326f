"""One seller's interval at a level: `1 day / (level * sqrt(orders a day / calls per poll))`, between the shortest and the longest."""

import math

from domain.pacing.model import DAY, Level, PacingSettings


def weight(rate: float, calls_per_poll: float, settings: PacingSettings) -> float:
    """Polls a day at level 1. The square root gives the least mean delay for all orders together: four times as many, twice the polls."""
    ratio: float = max(rate, 0.0) / max(calls_per_poll, 1.0)
    return math.sqrt(ratio) if settings.theta == 0.5 else ratio**settings.theta


def interval(rate: float, calls_per_poll: float, shortest_s: float, longest_s: float, level: Level, settings: PacingSettings) -> float:
    """Seconds between polls of a seller with `rate` orders a day; `longest_s * squeeze` at most."""
    if level.full:
        return shortest_s
    polls = level.k * weight(rate, calls_per_poll, settings)
    longest = max(longest_s, shortest_s) * level.squeeze
    return min(max(DAY / polls, shortest_s), longest) if polls > 0 else longest
