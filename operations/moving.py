"""A seller whom another poller read until now: how far back their orders are read here. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FURTHER = timedelta(days=1)  # it may have moved on without having read, and a local time may be taken for UTC
AHEAD = timedelta(hours=14)  # no zone is further: a local time that is taken for UTC seems to be yet to come
LONGEST = timedelta(days=729)
EXPECTED = "a time of the last 728 days in UTC, such as 2026-11-24T09:00:00Z"


def reaching_back(last_poll: str, now: datetime) -> timedelta:
    """How far back to read: to the other poller's last poll, and a day further.

    Args:
        last_poll: an ISO 8601 time. Without a zone it is UTC; if it was another zone's, the day that is added is more than the difference.
    Raises:
        ValueError: it is no such time, is further back than eBay shows, or is to come in every zone.
    """
    moment = datetime.fromisoformat(last_poll)
    far = now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) + FURTHER
    if not FURTHER - AHEAD <= far <= LONGEST:
        raise ValueError
    return far
