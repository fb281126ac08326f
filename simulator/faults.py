"""How eBay misbehaves, and where its documents leave open what it does: plain attributes, to be set at any time."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.answers import Answer
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.wire import Wire

INDEX_MOST_S = 240.0  # windows that end 2 minutes before now, and overlap by as much, see a version that shows by then


@dataclass
class Forced:
    """An answer to be given instead of the true one."""

    status: int
    body: str | bytes
    headers: dict[str, str] = field(default_factory=dict)
    resource: str | None = None  # None: whatever is asked next, tokens too

    def answer(self) -> Answer:
        return Answer(self.status, self.body, self.headers)


@dataclass
class Faults:
    fail_every: int = 0  # every Nth API call is answered 500; token calls are spared
    fail_resource: str | None = None  # only calls of this resource count and fail
    latency_s: float | Callable[[Request], float] = 0.0
    before_answer: Callable[[Request], object] | None = None  # called for each call before its rows are read: change the world here
    after_answer: Callable[[Request], object] | None = None  # called when the answer stands, just before it leaves
    retry_after_s: int | None = None  # eBay is not known to send Retry-After with its 429
    forced: list[Forced] = field(default_factory=list)
    wires: list[tuple[Wire, str | None]] = field(default_factory=list)  # see `break_off`
    leaps: list[tuple[float, str | None]] = field(default_factory=list)  # see `leap`
    counted: int = 0

    def force(self, status: int, body: str | bytes | dict[str, Any], times: int = 1, resource: str | None = None, **headers: str) -> None:
        """The next `times` answers (of this resource) are these."""
        text = dumps(body) if isinstance(body, dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.forced.extend(Forced(status, text, named, resource) for _ in range(times))

    def break_off(self, wire: Wire, times: int = 1, resource: str | None = None) -> None:
        """The next `times` answers (of this resource) travel like this."""
        self.wires.extend((wire, resource) for _ in range(times))

    def leap(self, seconds: float, times: int = 1, resource: str | None = None) -> None:
        """The Date header of the next `times` answers (of this resource) is off by so much: ahead, or behind where it is less than 0."""
        self.leaps.extend((seconds, resource) for _ in range(times))

    def take_leap(self, resource: str) -> float:
        for seconds, only in self.leaps:
            if only in (None, resource):
                self.leaps.remove((seconds, only))
                return seconds
        return 0.0

    def take_wire(self, resource: str) -> Wire | None:
        for wire, only in self.wires:
            if only in (None, resource):
                self.wires.remove((wire, only))
                return wire
        return None

    def take(self, resource: str) -> Forced | None:
        for forced in self.forced:
            if forced.resource in (None, resource):
                self.forced.remove(forced)
                return forced
        return None

    def fails(self, resource: str) -> bool:
        """Whether this call is the Nth."""
        if not self.fail_every or self.fail_resource not in (None, resource):
            return False
        self.counted += 1
        return self.counted % self.fail_every == 0


@dataclass
class Switches:
    inventory_offset: str = "pages"  # getInventoryItems' offset: "pages" as eBay's documents say, "rows" as most clients believe
    absolute_next: bool = False  # getInventoryItems' href and next: a path as production showed, or a full URI as documented
    whole_seconds: bool = False  # dates of modification without milliseconds, as production's orders have them
    email_days: int = 14  # after this age, orders come without the buyer's mail address
    personal_data_days: int = 90  # after this one, without names, streets and phones too
    dotted_names: bool = True  # getRateLimits' resources: "sell.fulfillment.order", or "order"
    parcels_quota: str = "order"  # the resource whose quota shipping_fulfillment uses: "order" or "shipping_fulfillment"
    offers_quota: str = "inventory_item"  # the resource whose quota getOffers uses: that, or "offer"
    listing_late: float = 0.3  # of versions of listings: they show up to `listing_late_s` after their date
    listing_late_s: float = 90.0
    index_late: float = 0.0  # of versions of listings: GetSellerEvents, and it alone, shows the one before for up to `index_late_s` longer
    index_late_s: float = 100.0  # but at most until INDEX_MOST_S after the new one's date
    events_hours: float = 48.0  # how far back GetSellerEvents looks, and how wide
    widest_h: float = math.inf  # windows of change that are wider fail: GetSellerEvents with 10007, getOrders with 500
    events_limit: int = 3000  # items of one GetSellerEvents answer; with DetailLevel ReturnAll two thirds of it
    has_more_items: bool = True  # whether an answer that leaves items out says so
    report_s: float = 3.0  # from the order of a report to its end; the first third of it is spent in the queue
    report_format: str = "zip"  # or "gzip", or "xml"
    reports_at_once: int = 10
    reports_a_day: int = 48
    warnings: list[dict[str, Any]] = field(default_factory=list)  # `warnings` of every getOrders answer
