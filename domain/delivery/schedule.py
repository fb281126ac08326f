"""When a delivery that failed is tried again. All times in seconds."""

from __future__ import annotations

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# Standard Webhooks, "Deliverability and reliability": an example schedule of 75 h 35 min 5 s.
STEPS = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
TRIES = len(STEPS) + 1  # within some 75 hours; after them the slowest step is repeated, since nothing may be dropped
JITTER = 0.05  # of a step, both ways: many sellers who failed together do not come again together
TRIED_FOR = sum(STEPS) * (1 - JITTER)  # the last of them fails no earlier than this after the first
LONGEST = STEPS[-1]  # no receiver puts us off for longer
OFF_AFTER = 5 * DAY  # of failure without a break an endpoint is switched off


def nominal(tries: int) -> float:
    """The step after so many failed tries, without jitter. `tries`: 1 or more; more than there are steps means the slowest."""
    return STEPS[min(max(tries, 1), len(STEPS)) - 1]


def wait(tries: int, chance: float, asked: float | None = None) -> float:
    """How long to wait after so many failed tries.

    Args:
        chance: 0 to 1, evenly spread: what the jitter is made of.
        asked: `Retry-After` of the answer; obeyed where it is longer than our step, and bounded by a day.
    """
    step = nominal(tries) * (1 + JITTER * (2 * min(max(chance, 0.0), 1.0) - 1))
    return max(step, min(max(asked or 0.0, 0.0), LONGEST))
