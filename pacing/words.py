"""Durations as an operator reads them."""

import math

UNITS = ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s"))


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
