"""What a comparison goes by."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of comparisons and verdicts. `RULES` are those of production."""

    grace: timedelta = timedelta(minutes=15)  # so old a change must be before a side that has not told it has missed it
    shadow: timedelta = timedelta(days=7)  # so long a seller is compared before being called ready
    few: int = 5  # fewer announced changes than these say nothing of how well they are announced
    silence: timedelta = timedelta(days=1)  # shorter silences are a night's
    expected: float = 8.0  # so many orders must have been due in a silence before it means that notifications stopped


RULES = Rules()
