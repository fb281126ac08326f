"""Which stock a change of an order moved: sold when the order is new, moved in a way that must be read when a line or its end changes."""

from dataclasses import dataclass
from typing import Any

from changes.model import Change, Document

NO_ONE = "NONE_REQUESTED"  # cancelState of an order that nobody asked to cancel
RESTOCKS = frozenset({"order.cancelled", "order.refunded"})


@dataclass(frozen=True, slots=True)
class Sale:
    """A line of an order: what was bought. `item_id` is eBay's listing (`legacyItemId`), `aspects` its variation's specifics."""

    sku: str | None
    item_id: str | None
    aspects: tuple[tuple[str, str], ...]  # sorted; () for a listing without variations
    quantity: int  # 0: something else about the line changed, so the stock has to be read


def sales(change: Change) -> list[Sale]:
    """The lines of a new or changed order that moved stock. A canceled order that is seen for the first time moved nothing that stays."""
    created = change.types[0] == "order.created"
    if not created and not _restocks(change):
        return []
    sold = created and _state(change.data) != "CANCELED"
    lines = change.data.get("lineItems")
    return [_sale(line, sold) for line in lines if type(line) is dict] if type(lines) is list else []


def asks_to_cancel(change: Change) -> bool:
    """Somebody asked to cancel, or it is decided: only getOrder fills `cancelStatus.cancelRequests` (eBay docs: getOrders)."""
    if _state(change.data) in (None, NO_ONE):
        return False
    return change.types[0] == "order.created" or ("cancelStatus" in change.changed and _state(change.previous) != _state(change.data))


def listing_id(item_id: str) -> str:
    """The `entity_id` of a listing that the Inventory API does not see."""
    return f"listing:{item_id}"


def sold(listing: Document, sale: Sale) -> Document:
    """The listing after the sale: more sold, less available, never less than nothing; of its variations the one that was bought."""
    after = _less(listing, sale.quantity)
    variations = listing.get("variations")
    if type(variations) is list:
        place = _bought(variations, sale)
        after["variations"] = [_less(one, sale.quantity) if number == place else one for number, one in enumerate(variations)]
    return after


def _bought(variations: list[Any], sale: Sale) -> int | None:
    """By SKU, else by its specifics; None where none fits, and eBay's next answer tells."""
    for number, one in enumerate(variations):
        if type(one) is dict and sale.sku is not None and one.get("sku") == sale.sku:
            return number
    for number, one in enumerate(variations):
        specifics = one.get("specifics") if type(one) is dict else None
        if type(specifics) is dict and sale.aspects and tuple(sorted(specifics.items())) == sale.aspects:
            return number
    return None


def _less(stock: Document, quantity: int) -> Document:
    changed = dict(stock)
    if type(available := stock.get("available")) is int:
        changed["available"] = max(available - quantity, min(available, 0))
    if type(before := stock.get("quantitySold")) is int:
        changed["quantitySold"] = before + quantity
    return changed


def _restocks(change: Change) -> bool:
    """Shipping and paying move no stock: whoever reads it for these pays a call for nothing."""
    before, after = change.previous, change.data
    failed = "orderPaymentStatus" in before and after.get("orderPaymentStatus") == "FAILED"
    return failed or not RESTOCKS.isdisjoint(change.types) or ("lineItems" in before and _bought_lines(before) != _bought_lines(after))


def _bought_lines(order: Document) -> list[str]:
    lines = order.get("lineItems")
    names = ("lineItemId", "sku", "legacyItemId", "quantity")
    return sorted(repr([line.get(name) for name in names]) for line in lines if type(line) is dict) if type(lines) is list else []


def _state(order: Document) -> Any:
    status = order.get("cancelStatus")
    return status.get("cancelState") if type(status) is dict else None


def _sale(line: Document, sold: bool) -> Sale:
    quantity = line.get("quantity")
    aspects = line.get("variationAspects")
    pairs = [(one.get("name"), one.get("value")) for one in aspects if type(one) is dict] if type(aspects) is list else []
    return Sale(
        sku=_text(line.get("sku")),
        item_id=_text(line.get("legacyItemId")),
        aspects=tuple(sorted((name, value) for name, value in pairs if type(name) is str and type(value) is str)),
        quantity=quantity if sold and type(quantity) is int and quantity > 0 else 0,
    )


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None
