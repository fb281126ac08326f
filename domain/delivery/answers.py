"""What an endpoint's answer means. Its body is never looked at: the status says it all (Standard Webhooks)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum


class AttemptOutcome(StrEnum):
    """How an attempt ended; all but DELIVERED are failures."""

    DELIVERED = "delivered"  # 2xx
    REFUSED = "refused"  # 4xx and 5xx, and what is no status at all
    REDIRECTED = "redirected"  # 3xx: never followed, the endpoint has to be registered where it is
    GONE = "gone"  # 410: the receiver wants no more, so the endpoint is switched off
    UNANSWERED = "unanswered"  # no connection, no TLS, no answer in time
    FORBIDDEN = "forbidden"  # its name leads to an address that we do not connect to


def outcome_of(status: int) -> AttemptOutcome:
    """By the status alone; whatever is not 2xx, 3xx or 410 counts as refused, numbers below 200 too."""
    if 200 <= status <= 299:
        return AttemptOutcome.DELIVERED
    if status == 410:
        return AttemptOutcome.GONE
    return AttemptOutcome.REDIRECTED if 300 <= status <= 399 else AttemptOutcome.REFUSED


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer asks us to wait: RFC 9110 10.2.3, a number or a date. None: it does not say, or not readably.

    `now`: this machine's clock, UTC, which the date is compared with.
    """
    given = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        moment = parsedate_to_datetime(given)
        return max((moment - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):  # no date, or one without a zone
        return None
