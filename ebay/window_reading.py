"""One window of orders, read until it agrees with eBay's count."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.changes.dates import read_time
from ebay.cutting import PAGE, Span
from ebay.pages import OrderPage

MODIFIED, CREATED = "lastModifiedDate", "creationDate"  # what a window's dates are of
READINGS = 4  # of one window that does not agree with eBay's count

Fetch = Callable[[Span, int], OrderPage]  # getOrders with the span's filter from a row offset, 200 rows


@dataclass(frozen=True, slots=True)
class WindowPage:
    """What reading a window came to. `orders` are all of it only where `complete`; where it does not fit, only `page` says anything."""

    page: OrderPage
    fits: bool  # all on one page
    orders: list[Any] = field(default_factory=list)
    complete: bool = False


def read(fetch: Fetch, span: Span) -> WindowPage:
    """The span's first page, read up to four times until it agrees with eBay's count."""
    union: dict[object, Any] = {}
    for _ in range(READINGS):
        page = fetch(span, 0)
        by_key = keyed(page.orders)
        agrees = len(by_key) == page.total
        if page.next is not None or page.total > PAGE or (len(page.orders) >= PAGE and not agrees):
            return WindowPage(page, fits=False)
        if agrees and not union:
            return WindowPage(page, True, page.orders, True)
        for key, order in by_key.items():
            if key not in union or not _older(order, union[key]):
                union[key] = order
        if agrees:
            return WindowPage(page, True, list(union.values()), True)
    return WindowPage(page, True, list(union.values()), False)


def keyed(orders: list[Any], offset: int = 0) -> dict[object, Any]:
    """The distinct orders by id. What has no id counts as itself: eBay counted it in `total` too."""
    return {_id(order) or offset + index: order for index, order in enumerate(orders)}


def _id(order: Any) -> str | None:
    found = order.get("orderId") if isinstance(order, dict) else None
    return found if isinstance(found, str) else None


def dates(orders: list[Any], by: str = MODIFIED) -> list[datetime]:
    """Their dates of one kind, MODIFIED or CREATED, in UTC; an order without a readable one is left out."""
    found = (read_time(order.get(by)) for order in orders if isinstance(order, dict))
    return [date for date in found if date is not None]


def _older(order: Any, older: Any) -> bool:
    mine, its = dates([order]), dates([older])
    return bool(mine and its and mine < its)
