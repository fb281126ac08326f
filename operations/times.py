"""Times in words, as a person looks at them."""

from datetime import datetime, timedelta

A_STEP = timedelta(seconds=15)
UNITS = (("h", 3600), ("min", 60), ("s", 1))


def due(moment: datetime, now: datetime) -> str:
    """`in 12 min`, `now`, `overdue by 7 min`: a step lasts some seconds, and so long nothing is overdue."""
    if now - moment < A_STEP:
        return age(max(moment, now), now)
    words = age(moment, now)
    return f"overdue by {words.removesuffix(' ago')}" if words.endswith(" ago") else f"overdue since {words}"


def age(moment: datetime, now: datetime) -> str:
    """`5 s ago`, `in 12 min`, and the date where it is more than two days away."""
    seconds = (moment - now).total_seconds()
    if abs(seconds) > 2 * 86_400:
        return f"{moment:%Y-%m-%d %H:%M}"
    if abs(seconds) < 0.5:
        return "now"
    unit, size = next((unit, size) for unit, size in UNITS if abs(seconds) >= 2 * size or size == 1)
    return f"in {round(seconds / size)} {unit}" if seconds > 0 else f"{round(-seconds / size)} {unit} ago"
