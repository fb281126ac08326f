"""How fast an endpoint answers, of attempts that are counted by the time they took: a tenth wide, each bucket, from 1 ms on."""

from __future__ import annotations

import math
from collections.abc import Mapping

WIDTH = 1.1  # each bucket ends so many times later than it begins: what is told is off by 5 % at most
UNANSWERED = -1  # the bucket of attempts that nobody answered, which have no time


def bucket_of(took_ms: int) -> int:
    """Where an answer after so many milliseconds is counted; 0 and 1 together."""
    return math.floor(math.log(max(took_ms, 1)) / math.log(WIDTH))


def quantile(counts: Mapping[int, int], share: float) -> int | None:
    """Within how many milliseconds this share of the answers came, about. None: there was no answer.

    Args:
        counts: attempts by their bucket; those of `UNANSWERED` are left out.
        share: 0.5 for the median.
    """
    answered = sorted((bucket, count) for bucket, count in counts.items() if bucket != UNANSWERED and count > 0)
    left = max(math.ceil(share * sum(count for _, count in answered)), 1)
    for bucket, count in answered:
        left -= count
        if left <= 0:
            middle: float = WIDTH ** (bucket + 0.5)
            return round(middle)
    return None


def failure_rate(delivered: int, failed: int) -> float | None:
    """Which share of the attempts failed, 0 to 1. None: there was no attempt."""
    return failed / (delivered + failed) if delivered + failed else None
