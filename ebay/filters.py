"""The filters of getOrders, readable; the client percent-encodes them.

There is none with two dates: with `creationdate` beside it eBay silently ignores `lastmodifieddate`.
"""

from datetime import datetime

from ebay.clock import stamp

OPEN_ORDERS = "orderfulfillmentstatus:{NOT_STARTED|IN_PROGRESS}"


def open_filter(start: datetime) -> str:
    """Open orders created since then: eBay looks back two years by this, and 90 days without it."""
    return f"creationdate:[{stamp(start)}..],{OPEN_ORDERS}"


def created_filter(start: datetime, end: datetime) -> str:
    """Orders created from `start` to `end`, both included, to the millisecond."""
    return f"creationdate:[{stamp(start)}..{stamp(end)}]"


def modified_filter(start: datetime, end: datetime | None = None) -> str:
    """Orders modified from `start` to `end`, both included, to the millisecond; without `end`, until now.

    A time in the future is an error for eBay (30850): the caller stays behind eBay's clock.
    """
    return f"lastmodifieddate:[{stamp(start)}..{stamp(end) if end else ''}]"
