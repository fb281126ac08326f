"""Durations as an operator reads them."""

import math
from functools import lru_cache

UNITS = ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s"))
ROUND_TO = ((36_000.0, 3600.0), (3600.0, 600.0), (1200.0, 300.0), (180.0, 60.0), (60.0, 10.0))  # from so many seconds on, to so many


@lru_cache(maxsize=4096)  # a fleet has few different ones
def words(seconds: float) -> str:
    """750 as "12 min 30 s", 7200 as "2 h", 0.5 as "0.5 s": the two largest units, rounded down."""
    if math.isinf(seconds):
        return "never"
    if seconds < 60:
        return f"{max(seconds, 0):.3g} s"
    largest = next(index for index, (size, _) in enumerate(UNITS) if seconds >= size)
    parts = []
    left = int(seconds)
    for size, name in UNITS[largest : largest + 2]:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}s" if name == "day" and count > 1 else f"{count} {name}")
    return " ".join(parts)


def rounded(seconds: float) -> float:
    """257 as 240, 4000 as 4200: a reason need not change with every poll."""
    step = next((step for start, step in ROUND_TO if seconds >= start), 0.0)
    return round(seconds / step) * step if step else seconds
