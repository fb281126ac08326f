"""Whether a seller is ready to rely on notifications, and why, in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.comparison.compare import Comparison
from domain.comparison.model import Mode
from domain.comparison.rules import RULES, Rules


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `verdict` says; `why` is for people."""

    ready: bool
    why: str


def verdict(mode: Mode, since: datetime, now: datetime, week: Comparison, rules: Rules = RULES) -> Readiness:
    """
    Args:
        since: when the mode began.
        week: the comparison of the last `rules.shadow`.
    """
    if mode is Mode.POLLING:
        return Readiness(False, "in mode polling nothing is compared: begin with mode shadow")
    if week.only_polling or week.late:
        return Readiness(False, _failures(len(week.only_polling), week, rules))
    if mode is Mode.SHADOW and now - since < rules.shadow:
        return Readiness(False, f"compared for {_days(now - since)} of {_days(rules.shadow)}; so far no notification was lost")
    announced = week.announced
    if announced < rules.few:
        return Readiness(
            False, f"only {announced} changes were announced within {_days(rules.shadow)}: at least {rules.few} are needed to tell"
        )
    return Readiness(True, f"each of {announced} changes of the last {_days(rules.shadow)} was told by a notification")


def _failures(lost: int, week: Comparison, rules: Rules) -> str:
    parts = []
    if lost:
        parts.append(f"{lost} {_changes(lost)} told by no notification within {_days(rules.shadow)}")
    if week.late:
        minutes = int(rules.grace.total_seconds() // 60)
        parts.append(f"{week.late} {_changes(week.late)} told only after more than {minutes} min")
    return f"{' and '.join(parts)}, of {week.announced} to be told"


def _changes(count: int) -> str:
    return "change was" if count == 1 else "changes were"


def _days(span: timedelta) -> str:
    if span < timedelta(days=2) and span != timedelta(days=1):
        return f"{int(span.total_seconds() // 3600)} h"
    days = span // timedelta(days=1)
    return f"{days} day" if days == 1 else f"{days} days"
