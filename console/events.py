"""A change event, or a stored entity, in one line, without the buyer."""

from __future__ import annotations

from typing import Any


def event_line(event: dict[str, Any]) -> str:
    """Position, time, seller, type, entity and the names of the fields that changed; of a sale how many pieces of which order."""
    who = event["seller_id"] or "-"
    return f"{event['position']:>8}  {event['detected_at']}  {who:<16} {event['type']:<22} {event['entity_id']}  {what(event)}".rstrip()


def what(event: dict[str, Any]) -> str:
    """The names of the fields that changed; of a sale how many pieces of which order."""
    return sale(event["data"]) if event["type"] == "inventory.sold" else ", ".join(event["changed"])


def sale(data: dict[str, Any]) -> str:
    """How many pieces were sold, by which order; eBay may not say how many."""
    count = "" if data["quantity"] is None else f"{data['quantity']} "
    return f"{count}sold in order {data['orderId']}"


def entity_line(row: dict[str, Any], figure: str | None = None) -> str:
    """Entity, version, the figure, when it was so, where that was read ("derived": told by an order, not read yet), and what is special.

    A document that was never stored may lack id, version and source.
    """
    special = "removed" if row["removed_at"] else ""
    if row["set_aside"]:
        special = f"set aside: {row['set_aside']}"
    version = f"version {row['version']}" if row["version"] else "not stored"
    figure_text = "" if figure is None else f"{figure:<14} "
    return f"{row['entity_id'] or '-':<32} {version:<12} {figure_text}{row['as_of']}  {row['read_from'] or '-':<8} {special}".rstrip()


def figure(document: Any) -> str:
    """How much of it there is, by an inventory item, a listing or an offer; an offer's price, marketplace and status too."""
    if not isinstance(document, dict):
        return "-"
    count = document.get(
        "available", document.get("availableQuantity", inside(document, "availability", "shipToLocationAvailability", "quantity"))
    )
    words = f"{count} available" if type(count) in (int, float) else "-"
    price = inside(document, "pricingSummary", "price")
    if isinstance(price, dict):
        words += f" at {price.get('value')} {price.get('currency')}"
    if "offerId" in document:
        words += f", {document.get('marketplaceId')}, {document.get('status')}, SKU {document.get('sku')}"
    return words


def difference_line(difference: dict[str, Any]) -> str:
    """Two stocks of one SKU that contradict each other, each with its source and its time: the newer one is the likelier."""
    item = f"the item has {difference['item_quantity']} ({difference['item_read_from']}, {difference['item_as_of']})"
    other = f"{difference['entity_id']} shows {difference['quantity']} ({difference['read_from']}, {difference['as_of']})"
    return f"two stocks of SKU {difference['sku']} differ: {item}, {other}"


def inside(document: Any, *names: str) -> Any:
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document
