"""Where eBay's documents leave open what it does: plain attributes, to be set at any time."""

import math
from dataclasses import dataclass, field
from typing import Any

INDEX_MOST_S = 240.0  # windows that end 2 minutes before now, and overlap by as much, see a version that shows by then


@dataclass
class Switches:
    """What production does where we know it, else what eBay's documents say."""

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
