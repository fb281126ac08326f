"""Waits that eBay's slowness asks for, made short for a simulated eBay whose world is quicker. No settings: at eBay they must hold."""

from __future__ import annotations

from datetime import timedelta

import activities.listing_windows
import activities.listings
import activities.report
import activities.report_place
import activities.sooner
import changes.expected
import changes.rereads
import store.listing_reading
import store.sales
import store.stock

LAG = store.stock.LAG  # eBay's own
LAGGING = activities.listing_windows, activities.listings, activities.report, store.sales, store.stock


def use_fast_waits(lag: timedelta, patience: timedelta | None = None) -> None:
    """For the life of this process.

    Args:
        lag: in place of the two minutes by which eBay shows some changes of listings late.
        patience: in place of the six hours in which a report must be made.
    """
    for module in LAGGING:
        _put(module, "LAG", lag)
    for module in (activities.sooner, store.sales, store.stock):
        _put(module, "SHARE", 2 * lag)
    for module in (changes.expected, store.listing_reading, store.sales, store.stock):
        _put(module, "INDEX_LAG", 2 * lag)
    _put(activities.report, "A_MOMENT", lag / 10)
    _put(activities.report_place, "FIRST_WAIT", lag / 3)
    if patience:
        _put(activities.report, "PATIENCE", patience)
    # two answers that disagree are asked for again for some 20 lags; what eBay itself refuses is believed after 3
    changes.rereads.WAITS = tuple(min(wait * (lag / LAG), 2 * lag) for wait in changes.rereads.WAITS)
    _put(changes.rereads, "SAID_AGAIN", 3 * lag)
    _put(changes.rereads, "HOURS_APART", 2 * lag)


def _put(module: object, name: str, value: timedelta) -> None:
    assert isinstance(getattr(module, name), timedelta)  # a name that the product has no more would change nothing
    setattr(module, name, value)
