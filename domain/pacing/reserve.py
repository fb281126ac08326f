"""What of the quota is kept from polls, and whether a call may be made: the rules of the ledger, without the ledger."""

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


def permits(used: int, limit: int, reserve: int, *, urgent: bool = False, batch_size: int = LEASE) -> int:
    """How many permits a worker gets: tens, singly when few are left, 0 where there are none.

    Permits are never given back; `used` counts them when they are given.

    Args:
        urgent: somebody asked for it (`poll_now`, a notification): the reserve is for them.
    """
    left = limit - used - (0 if urgent else reserve)
    if left <= 0:
        return 0
    return 1 if left < SINGLY else max(1, min(batch_size, left))


def believed(ledger: int, ebay: int | None) -> int:
    """Calls used: eBay's count where it is higher (others use the keys too), else the ledger's (permits that are not yet calls)."""
    return ledger if ebay is None else max(ledger, ebay)


def assumed_used(now: float, day_start: float, reset_at: float, limit: int) -> int:
    """Calls used while neither ledger nor eBay says it: as much of the limit as of the day."""
    length = reset_at - day_start
    gone = min(max(now - day_start, 0.0) / length, 1.0) if length > 0 else 1.0
    return round(limit * gone)
