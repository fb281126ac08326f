"""Moments that eBay could not show are asked for again, each by itself, when their time has come; see `ebay/isolating.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from activities.polling.listing_skus import inventory_items
from activities.polling.running import StepRun
from activities.polling.stepping_over import try_again
from domain.changes.moments import Moment
from domain.pacing import Stream
from ebay.cutting import Window
from ebay.window_reading import Fetch, read
from store.events.aside import SetAsideDue
from store.events.moments import moment_of, what_of


def read_orders(step: StepRun, stream: Stream, fetch: Fetch) -> None:
    """Those of a stream of orders: what they hold is told as found by a sweep, since the polls of their time could not see it."""

    def again(moment: Moment) -> None:
        reading = read(fetch, Window(moment.start, moment.end))
        with step.commit() as commit:
            step.count(commit, commit.store_orders(reading.orders or reading.page.orders, read_at=step.read_at(), source="sweep"))
            if reading.fits:
                commit.readable(moment, stream)

    _try(step, stream, again)


def read_listings(step: StepRun, too_old: datetime) -> None:
    """Those of GetSellerEvents. What is older than it looks back the daily report of all listings has told since."""

    def again(moment: Moment) -> None:
        if moment.start < too_old:
            with step.commit() as commit:
                commit.readable(moment, Stream.LISTINGS)
            return
        events = step.api.seller_events(moment.start, moment.end)
        items = inventory_items(step, events.listings)
        with step.commit() as commit:
            if items:
                step.count(commit, commit.store_inventory(items, events.date, read_from="bulk"))
            step.count(commit, commit.store_listings(events.listings, events.date, "sweep", without_id=events.without_id))
            commit.readable(moment, Stream.LISTINGS)

    _try(step, Stream.LISTINGS, again)


def _try(step: StepRun, stream: Stream, read_moment: Callable[[Moment], None]) -> None:
    def again(one: SetAsideDue) -> None:
        if moment := moment_of(one.key, ""):
            read_moment(moment)

    try_again(step, (what_of(stream),), again)
