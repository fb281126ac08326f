"""What a planner says every few minutes: the level for the rest of the quota day, and the one to expect after the reset."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from domain.pacing.level import Demand, level, slots
from domain.pacing.model import DAY, FULL, Curve, Level, PacingSettings
from domain.pacing.reserve import reserve_calls

KEEP_S = 900.0  # the last minutes of a quota day keep their level: what is left of the calls is chance by then
NEAR = 2.0  # promises before the reset, from where timers may reach beyond it


@dataclass(frozen=True, slots=True)
class PlannedQuota:
    """One resource's quota day, as the ledger has it. Times are unix times."""

    limit: int
    used: int
    day_start: float
    reset_at: float
    other_calls_per_day: float = 0.0  # that orders cause, however often one polls


@dataclass(frozen=True, slots=True)
class Plan:
    """For everybody, until the next plan."""

    level: Level = FULL
    after: Level = FULL  # holds from `reset_at` on: timers that are set late in the day run into the next one
    reset_at: float = float("inf")


def plan(
    demands: Sequence[Demand],
    zones: Mapping[Hashable, tuple[float, Curve]],
    now: float,
    quota: PlannedQuota,
    settings: PacingSettings,
    last: Plan | None = None,
) -> Plan:
    """Spend what is left of the quota by its reset, and nothing of the reserve.

    Args:
        zones: the UTC offset in hours, and the curve of the day, of each zone in `demands`.
        last: the plan before.
    """
    left = quota.reset_at - now
    if last and last.reset_at == quota.reset_at and left < KEEP_S:
        return last
    free = quota.limit - quota.used - _held_back(now, quota, settings)
    guess = last.level.k if last and not last.level.full else 1.0
    today = level(demands, slots(now, quota.reset_at, zones, settings), free, guess)
    after = last.after if last and last.reset_at == quota.reset_at else today
    if today.squeeze > 1 or today.full or left < NEAR * settings.promise_s:
        tomorrow = slots(quota.reset_at, quota.reset_at + DAY, zones, settings)
        after = level(demands, tomorrow, quota.limit - _held_back(quota.day_start, quota, settings), guess)
    return Plan(today, after, quota.reset_at)


def _held_back(now: float, quota: PlannedQuota, settings: PacingSettings) -> int:
    return reserve_calls(now, quota.day_start, quota.reset_at, quota.limit, quota.other_calls_per_day, settings)
