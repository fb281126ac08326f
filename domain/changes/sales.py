"""What an order says of the stock: its lines, each of which is a sale, and which of them a change moved in a way that has to be read.

A sale is a fact and is told from its order (`inventory.sold`). The stock is not: eBay alone knows what is left, so it is read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.changes.model import Change, Document

NO_ONE = "NONE_REQUESTED"  # cancelState of an order that nobody asked to cancel
RESTOCKS = frozenset({"order.cancelled", "order.refunded"})
SOLD = "inventory.sold"
LONGEST = 500  # characters of an id that an index takes
MOST = 2**31  # pieces
OLD = timedelta(days=30)  # of a cancelled order at the enrolment
UNKEPT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of an order: what was bought. What eBay does not say, or not in a usable form, is None."""

    line_item_id: str | None  # eBay's, the same in whatever order shows the line
    sku: str | None
    item_id: str | None  # eBay's listing (`legacyItemId`)
    aspects: tuple[tuple[str, str], ...]  # the variation's specifics, sorted; () for a listing without variations
    quantity: int | None  # pieces, above 0


def lines(order: Document) -> list[SoldLine]:
    """The lines of an order, as far as they are lines at all."""
    found = order.get("lineItems")
    return [_line(one) for one in found if type(one) is dict] if type(found) is list else []


def may_sell(change: Change) -> bool:
    """Whether lines may be in an order that were not in it before."""
    return change.types[0] == "order.created" or "lineItems" in change.changed


def moved(change: Change) -> list[SoldLine]:
    """The lines whose stock this change of an order may have moved, those that it lost too.

    Shipping and paying move no stock: whoever reads it for these pays a call for nothing.
    """
    if change.types[0] != "order.created" and not _restocks(change):
        return []
    before = lines({"lineItems": change.previous.get("lineItems")})
    return list(dict.fromkeys([*lines(change.data), *before]))


def asked_to_cancel(order: Document) -> bool:
    """Whether somebody asked to cancel an order, whatever came of it."""
    return _state(order) not in (None, NO_ONE)


def asks_to_cancel(change: Change) -> bool:
    """Somebody asked to cancel, or it is decided: only getOrder fills `cancelStatus.cancelRequests` (eBay docs: getOrders)."""
    if not asked_to_cancel(change.data):
        return False
    return change.types[0] == "order.created" or ("cancelStatus" in change.changed and _state(change.previous) != _state(change.data))


def is_old_history(change: Change, created_at: datetime | None, enrolled_at: datetime, now: datetime) -> bool:
    """An order of the past that nobody knew: who asked to cancel it weeks ago moves nobody, and would be a call for each of thousands."""
    past = change.types[0] == "order.created" and created_at is not None and created_at < enrolled_at
    return past and created_at is not None and created_at < now - OLD


def listing_id(item_id: str) -> str:
    """The `entity_id` of a listing that the Inventory API does not see."""
    return f"listing:{item_id}"


def names(sold: Iterable[SoldLine]) -> list[str]:
    """Every `entity_id` that these lines may be of."""
    skus = {line.sku for line in sold if line.sku}
    return sorted(skus | {listing_id(line.item_id) for line in sold if line.item_id})


def entity_of_sale(line: SoldLine, there: Iterable[str]) -> str | None:
    """The `entity_id` of a sale, given those that stand: its SKU if that stands, else its listing. None: it names nothing."""
    if line.sku and (line.sku in there or not line.item_id):
        return line.sku
    return listing_id(line.item_id) if line.item_id else None


def fact(order_id: str, line: SoldLine, sold_at: str) -> Document:
    """`data` of `inventory.sold`."""
    return {
        "orderId": order_id,
        "lineItemId": line.line_item_id,
        "sku": line.sku,
        "legacyItemId": line.item_id,
        "quantity": line.quantity,
        "soldAt": sold_at,
    }


def bought(variations: list[Any], sku: str | None, aspects: tuple[tuple[str, str], ...]) -> int | None:
    """The place of the variation that was bought, by SKU, else by its specifics; None where none fits."""
    for number, one in enumerate(variations):
        if type(one) is dict and sku is not None and one.get("sku") == sku:
            return number
    for number, one in enumerate(variations):
        specifics = one.get("specifics") if type(one) is dict else None
        if type(specifics) is dict and aspects and pairs(specifics.items()) == aspects:
            return number
    return None


def pairs(given: Iterable[tuple[Any, Any]]) -> tuple[tuple[str, str], ...]:
    """Names and values sorted, so that equal specifics are equal here; a pair that is not of two texts is left out."""
    return tuple(sorted((name, value) for name, value in given if type(name) is str and type(value) is str))


def _restocks(change: Change) -> bool:
    before, after = change.previous, change.data
    failed = "orderPaymentStatus" in before and after.get("orderPaymentStatus") == "FAILED"
    return failed or not RESTOCKS.isdisjoint(change.types) or ("lineItems" in before and _bought_lines(before) != _bought_lines(after))


def _bought_lines(order: Document) -> list[str]:
    found = order.get("lineItems")
    named = ("lineItemId", "sku", "legacyItemId", "quantity")
    return sorted(repr([line.get(name) for name in named]) for line in found if type(line) is dict) if type(found) is list else []


def _state(order: Document) -> Any:
    status = order.get("cancelStatus")
    return status.get("cancelState") if type(status) is dict else None


def _line(line: Document) -> SoldLine:
    quantity, number = line.get("quantity"), line.get("lineItemId")
    found = line.get("variationAspects")
    aspects = [(one.get("name"), one.get("value")) for one in found if type(one) is dict] if type(found) is list else []
    return SoldLine(
        line_item_id=str(number) if type(number) is int else _text(number),
        sku=_text(line.get("sku")),
        item_id=_text(line.get("legacyItemId")),
        aspects=pairs(aspects),
        quantity=quantity if type(quantity) is int and 0 < quantity < MOST else None,
    )


def _text(value: Any) -> str | None:
    """A name that can be kept: some text, but no novel, and nothing that no database holds."""
    return value if type(value) is str and 0 < len(value) <= LONGEST and not UNKEPT.search(value) else None
