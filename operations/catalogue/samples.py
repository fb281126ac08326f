"""A true sample of each type of event: one shop's mug, sold, sent and refunded in part."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4, uuid5

from operations.catalogue.sample_documents import (
    CANCELLED_ORDER,
    CREATED,
    ITEM,
    ITEM_ID,
    LINE_ITEM_ID,
    LISTING,
    MODIFIED,
    OFFER,
    ORDER,
    ORDER_ID,
    PARCEL,
    REFUNDED_ORDER,
    SHIPPED,
    SHIPPED_ORDER,
    SKU,
    TRACKING,
    money,
)
from operations.catalogue.shapes import TEST_PREFIX

SELLER, ALERT = "s-17", "failing:orders"
SAMPLES = UUID("5a3c1d0e-7b42-4c55-9a51-3f6f0b8f2c11")
LATER = timedelta(seconds=40)  # so long after it happened a change is recorded here
STOCK_READ, FAILED, WELL = "2026-06-18T13:45:00.000Z", "2026-06-20T04:10:00.000Z", "2026-06-20T04:45:00.000Z"


def sample(type_: str) -> dict[str, Any]:
    """An event of this type, as the feed has it; the caller's own."""
    return copy.deepcopy(_events()[type_])


def other_samples(type_: str) -> list[dict[str, Any]]:
    """Of a type whose `data` has two shapes, one of the second: a listing."""
    return [copy.deepcopy(_of_listing(type_))] if type_ in LISTED else []


def trial_event(type_: str) -> dict[str, Any]:
    """The sample under an id of its own that no change has: `test-…`, as of now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return sample(type_) | {"id": f"{TEST_PREFIX}{uuid4()}", "occurred_at": now, "detected_at": now}


def _stock(quantity: int) -> dict[str, Any]:
    return {**ITEM, "availability": {"shipToLocationAvailability": {"quantity": quantity}}}


def _alert(closed_at: str | None) -> dict[str, Any]:
    return {
        "kind": ALERT,
        "text": "orders of s-17 could not be polled for half an hour: eBay answers 500",
        "runbook": "docs/runbooks/failing.md",
        "opened_at": FAILED,
        "closed_at": closed_at,
    }


def _listing(**fields: Any) -> dict[str, Any]:
    return {**LISTING, **fields}


_SOLD_OUT = _listing(
    available=0, quantitySold=9, variations=[{**one, "available": 0, "quantitySold": one["quantity"]} for one in LISTING["variations"]]
)
LISTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "inventory.created": (LISTING, []),
    "inventory.updated": (_listing(price=money("13.90")), ["price"]),
    "inventory.out_of_stock": (_SOLD_OUT, ["available", "quantitySold", "variations"]),
    "inventory.removed": (_listing(status="Ended"), []),
}
_SALE = {"orderId": ORDER_ID, "lineItemId": LINE_ITEM_ID, "sku": SKU, "legacyItemId": ITEM_ID, "quantity": 2, "soldAt": CREATED}
_CONSENT = {"seller_id": SELLER, "generation": 2}
_CONNECTED = {"seller_id": SELLER, "generation": 1, "enrolled_at": "2026-06-01T10:00:00.000Z", "inventory_source": "auto", "offers": True}
_REMOVED = {"seller_id": SELLER, "removed_at": "2026-07-30T10:00:00.000Z", "erased": False}


@cache
def _events() -> dict[str, dict[str, Any]]:
    parcel, offer, alert = f"{ORDER_ID}/{TRACKING}", f"offer:{OFFER['offerId']}", f"alert:{ALERT}"
    rows: list[tuple[str, str, int, str, dict[str, Any], dict[str, Any]]] = [
        # type, entity_id, version, occurred_at, data, the document before
        ("seller.connected", SELLER, 1, "2026-06-01T10:00:00.000Z", _CONNECTED, {}),
        ("inventory.created", SKU, 1, "2026-06-01T10:00:20.000Z", _stock(9), {}),
        ("offer.created", offer, 1, "2026-06-01T10:00:40.000Z", {**OFFER, "availableQuantity": 9}, {}),
        ("order.created", ORDER_ID, 1, CREATED, ORDER, {}),
        ("inventory.sold", SKU, 1, CREATED, _SALE, {}),
        ("inventory.updated", SKU, 2, STOCK_READ, _stock(7), _stock(9)),
        ("offer.updated", offer, 2, STOCK_READ, OFFER, {**OFFER, "availableQuantity": 9}),
        ("order.cancelled", ORDER_ID, 2, CANCELLED_ORDER["lastModifiedDate"], CANCELLED_ORDER, ORDER),
        ("order.updated", ORDER_ID, 2, SHIPPED_ORDER["lastModifiedDate"], SHIPPED_ORDER, ORDER),
        ("fulfillment.created", parcel, 1, SHIPPED, PARCEL, {}),
        ("fulfillment.updated", parcel, 2, SHIPPED, {**PARCEL, "shippingCarrierCode": "UPS"}, PARCEL),
        ("fulfillment.removed", parcel, 3, SHIPPED, {**PARCEL, "shippingCarrierCode": "UPS"}, {}),
        ("alert.opened", alert, 1, FAILED, _alert(None), {}),
        ("alert.closed", alert, 1, WELL, _alert(WELL), {}),
        ("order.refunded", ORDER_ID, 3, MODIFIED, REFUNDED_ORDER, SHIPPED_ORDER),
        ("inventory.out_of_stock", SKU, 3, "2026-06-23T07:15:00.000Z", _stock(0), _stock(7)),
        ("seller.needs_reauthorization", SELLER, 1, "2026-06-24T10:00:00.000Z", {**_CONSENT, "generation": 1}, {}),
        ("seller.reauthorized", SELLER, 2, "2026-06-24T16:30:00.000Z", _CONSENT, {}),
        ("offer.removed", offer, 3, "2026-07-01T10:00:00.000Z", OFFER, {}),
        ("inventory.removed", SKU, 4, "2026-07-01T10:00:00.000Z", _stock(0), {}),
        ("seller.removed", SELLER, 2, "2026-07-30T10:00:00.000Z", _REMOVED, {}),
    ]
    return {row[0]: _event(number, *row) for number, row in enumerate(rows, start=1)}


def _of_listing(type_: str) -> dict[str, Any]:
    (data, changed), event = LISTED[type_], sample(type_)
    own = f"listing:{data['itemId']}"
    before = {name: LISTING[name] for name in changed}
    return {**event, "id": _id(own, type_), "entity_id": own, "changed": changed, "previous": before, "data": data}


def _event(
    number: int, type_: str, entity_id: str, version: int, occurred_at: str, data: dict[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    changed = sorted(name for name in data if name != "lastModifiedDate" and data[name] != before[name]) if before else []
    found = datetime.fromisoformat(occurred_at) + LATER
    return {
        "id": _id(f"{entity_id}\n{version}", type_),
        "position": 1040 + number,
        "seller_id": SELLER,
        "sequence": number,
        "type": type_,
        "entity_id": entity_id,
        "version": version,
        "occurred_at": occurred_at,
        "detected_at": found.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "source": "poll",
        "changed": changed,
        "previous": {name: before[name] for name in changed},
        "data": data,
    }


def _id(entity_id: str, type_: str) -> str:
    return str(uuid5(SAMPLES, f"{entity_id}\n{type_}"))
