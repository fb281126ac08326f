"""What is polled of a seller: one row a stream. Whatever lists streams is derived from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stream(StrEnum):
    """In the order in which people read of them."""

    ORDERS = "orders"
    FULFILLMENT = "fulfillment"
    INVENTORY = "inventory"
    LISTINGS = "listings"  # stock that the Inventory API does not see
    OFFERS = "offers"  # prices and quantities by marketplace, where a seller asks for them
    BACKFILL = "backfill"
    SWEEP = "sweep"
    REPORT = "report"  # all active listings, once a day


class InventorySource(StrEnum):
    """Where a seller's stock is read."""

    AUTO = "auto"  # both; where one of them has nothing, it is looked at once a day
    INVENTORY_API = "inventory_api"
    TRADING = "trading"  # every listing is told of as a listing, whatever its SKUs
    BOTH = "both"


class Purpose(StrEnum):
    """What calls are for. It says how much of the rest of the day has to be left to others."""

    URGENT = "urgent"  # people, notifications, sweeps: to the last call
    POLL = "poll"  # but for the reserve
    BACKFILL = "backfill"  # half of what is left for the rest of the day, so that no flood starves the polls
    SPREAD = "spread"  # what may be used by now, where calls are to come evenly through the day


BY_INVENTORY_API = (InventorySource.AUTO, InventorySource.INVENTORY_API, InventorySource.BOTH)
BY_TRADING = (InventorySource.AUTO, InventorySource.TRADING, InventorySource.BOTH)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream.

    Attributes:
        step: the name of its activity.
        resource: whose daily quota at eBay its calls come from.
        fails_with: the resource that is down when it fails; empty: the same.
        purpose: of its calls, where nobody asked for them.
        every: the setting of its base interval; empty: it says itself when it comes again.
        polled_by_people: what people mean by "poll"; the others keep their own time.
        shares_quota: the fleet's plan stretches its interval.
        in_background: another stream that falls due does not wait for the end of its step.
        sources: of the stock, with which it is read; None: whatever the source.
        option: of the enrolment, without which it is not read.
        aside: what of the seller's set-aside records it tells of: labels of `store/events/aside.py`.
        alerts: kinds that nothing else would close once it ends.
        retries: the kind of set-aside documents that it reads again.
    """

    step: str
    resource: str
    fails_with: str = ""
    purpose: Purpose = Purpose.POLL
    every: str = ""
    polled_by_people: bool = False
    shares_quota: bool = False
    in_background: bool = False
    sources: tuple[InventorySource, ...] | None = None
    option: str = ""
    aside: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    retries: str = ""


STREAMS: dict[Stream, StreamSpec] = {
    Stream.ORDERS: StreamSpec(
        step="poll_orders",
        resource="orders",
        every="orders_every",
        polled_by_people=True,
        shares_quota=True,
        aside=("order", "window:orders"),
        retries="order",
    ),
    Stream.FULFILLMENT: StreamSpec(
        step="poll_fulfillment",
        resource="orders",
        every="fulfillment_every",
        polled_by_people=True,
        aside=("fulfillment", "order"),
        retries="fulfillment",
    ),
    Stream.INVENTORY: StreamSpec(
        step="poll_inventory",
        resource="inventory",
        every="inventory_every",
        polled_by_people=True,
        shares_quota=True,
        sources=BY_INVENTORY_API,
        aside=("inventory", "page:SKUs"),
        alerts=("inventory_incomplete",),
        retries="inventory",
    ),
    Stream.LISTINGS: StreamSpec(
        step="poll_listings",
        resource="trading",
        every="inventory_every",
        polled_by_people=True,
        shares_quota=True,
        sources=BY_TRADING,
        aside=("listing", "window:listings"),
        alerts=("listings_incomplete",),
    ),
    Stream.SWEEP: StreamSpec(step="sweep_orders", resource="orders", purpose=Purpose.URGENT),
    Stream.REPORT: StreamSpec(
        step="read_report",
        resource="feed",
        fails_with="trading",
        purpose=Purpose.URGENT,
        sources=BY_TRADING,
        aside=("listing", "page:active listings"),
        alerts=("missed_listings", "no_report"),
    ),
    Stream.OFFERS: StreamSpec(
        step="read_offers",
        resource="inventory",
        purpose=Purpose.BACKFILL,
        in_background=True,
        sources=BY_INVENTORY_API,
        option="offers",
        aside=("offer",),
        alerts=("offers_unread",),
        retries="offer",
    ),
    Stream.BACKFILL: StreamSpec(
        step="backfill_orders", resource="orders", purpose=Purpose.BACKFILL, every="orders_every", in_background=True
    ),
}
"""In the order in which they go where several are due together."""

RESOURCES = {stream: spec.resource for stream, spec in STREAMS.items()}
"""Whose daily quota at eBay a stream's calls come from."""
POLLED = tuple(stream for stream, spec in STREAMS.items() if spec.polled_by_people)
SHARED = tuple(stream for stream, spec in STREAMS.items() if spec.shares_quota)
"""Each of another resource. They have a pace."""
IN_BACKGROUND = tuple(stream for stream, spec in STREAMS.items() if spec.in_background)
DAILY = tuple(stream for stream, spec in STREAMS.items() if spec.purpose is Purpose.URGENT)
"""What looks for what polling missed."""
BY_SOURCE = frozenset(stream for stream, spec in STREAMS.items() if spec.sources)
"""Those that not every seller needs."""
BY_STEP = {spec.step: stream for stream, spec in STREAMS.items()}


def used(source: InventorySource, options: frozenset[str]) -> set[Stream]:
    """The streams that a seller needs, of those that not every seller does.

    Args:
        options: of the enrolment, those that are set.
    """
    return {
        stream
        for stream in BY_SOURCE
        if source in (STREAMS[stream].sources or ()) and (not STREAMS[stream].option or STREAMS[stream].option in options)
    }
