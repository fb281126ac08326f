"""What of the quota is kept from polls, for the planner; the ledger (`store/quota/permits.py`) says the same in SQL."""

from domain.pacing.model import DAY, PacingSettings

LAST = 0.001  # share of the limit that stays to the end, for people
SINGLY = 1000  # permits left, below which they are given one at a time
LEASE = 10


def reserve_calls(now: float, day_start: float, reset_at: float, limit: int, other_calls_per_day: float, settings: PacingSettings) -> int:
    """Calls that polls leave alone, as of now.

    Freed as the quota day goes by, whose length is as the reset says (23, 24 or 25 hours).

    Args:
        other_calls_per_day: what orders cause however often one polls (`shipping_fulfillment`, reading by id), of the last days.
    """
    length = reset_at - day_start
    left = min(max(reset_at - now, 0.0) / length, 1.0) if length > 0 else 0.0
    whole = settings.reserve * limit + max(other_calls_per_day, 0.0) * length / DAY
    return min(max(limit, 0), round(left * whole + LAST * max(limit, 0)))
