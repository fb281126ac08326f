"""What the windows of one read give, and the one way to read a window that cannot be cut. See `windows.py`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.changes.moments import Moment
from ebay.cutting import PAGE, Window
from ebay.pages import OrderPage
from ebay.window_reading import READINGS, Fetch, keyed

MOST_BOUNDS = 50  # of pending windows that are stored beside a cursor


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What one window gave, to be stored in one transaction with its cursor."""

    orders: list[Any] = field(repr=False)  # as they came; may hold an id twice or a non-object
    cursor: datetime  # everything up to here is read once these are stored; eBay's clock; never behind the cursor at the start
    # bounds of the windows not read yet, oldest first, each from one to the next; one: what is newer is left; empty: the read is over
    pending_windows: tuple[datetime, ...] = ()
    complete: bool = True  # False: four readings never agreed with `total`; the union was given, an alert is due
    failed: bool = False  # True: eBay could not answer the first of the pending windows, which is narrower now
    mid_window: bool = False  # True: whoever stops here begins this window again, at its first page
    unreadable: Moment | None = None  # eBay cannot show what was modified then: to be set aside


def shortened(pending: list[datetime]) -> tuple[datetime, ...]:
    """The nearest bounds and the end; what lies between is one window, to be cut when its time comes."""
    if len(pending) < 2:
        return ()
    return tuple(pending) if len(pending) <= MOST_BOUNDS else (*pending[: MOST_BOUNDS - 1], pending[-1])


def by_offsets(
    fetch: Fetch, window: Window, first: OrderPage, cursor: datetime, pending: list[datetime], rest: list[datetime]
) -> Iterator[WindowResult]:
    """A window that cannot be cut: one date that fills pages, or answers that make no sense. Page by page, until a walk agrees with itself.

    Each page is given as it comes, so that memory holds ids only; the cursor moves with the last.
    """
    page = first
    for reading in range(1, READINGS + 1):
        keys: set[object] = set()
        totals: set[int] = set()
        offset = 0
        while True:
            known = len(keys)
            keys |= keyed(page.orders, offset).keys()
            totals.add(page.total)
            full = len(page.orders) >= PAGE and page.total > len(keys)
            if len(keys) == known or not (page.next is not None or full):
                break
            yield WindowResult(page.orders, cursor, shortened(pending), mid_window=True)
            offset += PAGE
            page = fetch(window, offset)
        agrees = page.next is None and totals == {len(keys)}
        if agrees or reading == READINGS:
            yield WindowResult(page.orders, max(cursor, window.end), shortened(rest), agrees)
            return
        yield WindowResult(page.orders, cursor, shortened(pending), mid_window=True)
        page = fetch(window, 0)
