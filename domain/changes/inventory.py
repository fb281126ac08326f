"""What a reading of inventory items changed. eBay gives no date of modification here: content is all there is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.changes.compare import changed_fields
from domain.changes.model import Change, Detection, Document, Kind, Stored
from domain.changes.normal import is_empty, list_view


def entity_id(document: Any) -> str | None:
    """The SKU; None for what cannot be kept as an inventory item."""
    value = document.get("sku") if type(document) is dict else None
    return value if type(value) is str and value else None


def detect_inventory(fetched: Sequence[Document], stored: Mapping[str, Stored], now: datetime) -> Detection:
    """Compare inventory items, from list, bulk or single reads, with the stored ones, by SKU.

    Args:
        fetched: items that have an `entity_id`; of an item given twice the last one counts.
        now: UTC, the time of eBay's answer.
    """
    changes: list[Change] = []
    newest = {item["sku"]: item for item in fetched}
    duplicates = len(fetched) - len(newest)
    for sku, item in newest.items():
        item = list_view(item)
        known = stored.get(sku)
        if known is None or known.removed:
            version = known.version + 1 if known else 1
            changes.append(Change(Kind.INVENTORY, sku, version, ("inventory.created",), item, (), {}, now))
        elif known.data is None:
            duplicates += 1
        else:
            item = _with_groups(known.data, item)
            if changed := changed_fields(Kind.INVENTORY, known.data, item):
                previous = {name: known.data.get(name) for name in changed}
                types = tuple(_types(known.data, item))
                changes.append(Change(Kind.INVENTORY, sku, known.version + 1, types, item, changed, previous, now))
            else:
                duplicates += 1
    return Detection(changes, {}, duplicates, stale=0)


def gone(stored: Stored, now: datetime) -> Change:
    """eBay has an item no more: it is absent from a complete scan, and a direct read says so too.

    `stored.data` must be there: the removal carries the last known document.
    """
    if stored.data is None:
        raise ValueError("a removal carries the last known document")
    return Change(
        Kind.INVENTORY, stored.entity_id, stored.version + 1, ("inventory.removed",), stored.data, (), {}, occurred_at=now, removed=True
    )


def _with_groups(old: Document, new: Document) -> Document:
    """Bulk reads have an item's `inventoryItemGroupKeys` but not its `groupIds` (eBay docs: bulkGetInventoryItem), lists have both."""
    if is_empty(new.get("groupIds")) and not is_empty(old.get("groupIds")) and not is_empty(new.get("inventoryItemGroupKeys")):
        return {**new, "groupIds": old["groupIds"]}
    return new


def _types(old: Document, new: Document) -> Iterator[str]:
    yield "inventory.updated"
    before, after = _quantity(old), _quantity(new)
    if before is not None and after is not None and before > 0 >= after:
        yield "inventory.out_of_stock"


def _quantity(item: Document) -> int | float | None:
    value: Any = item
    for name in ("availability", "shipToLocationAvailability", "quantity"):
        value = value.get(name) if type(value) is dict else None
    return value if type(value) in (int, float) else None
