"""Whether a listing that is new or changed belongs to the Inventory API: it is asked, 25 SKUs a call, so that no stock is told of twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from activities.steps import RunningStep
from changes.model import Document
from ebay.errors import AccessDeniedError, RejectedError
from pacing import InventorySource

SKUS_A_CALL = 25  # eBay's most


def inventory_items(step: RunningStep, listings: Sequence[Document]) -> list[Any]:
    """Items of the Inventory API that these listings are made of and that no scan has told of yet.

    A scan is up to 30 minutes old. Without this, a listing that was just made by the Inventory API would be told of as a listing, and
    then once more as its SKU. These calls come from the Inventory API's quota, 400 times Trading's.
    """
    if not listings or step.step.inventory_source is InventorySource.TRADING:
        return []
    groups = step.steps.store.listings.unasked(step.request.seller_id, listings)
    found = _read(step, [group[0] for group in groups])  # one SKU that it has not is enough: then the listing is none of its own
    rest = [sku for group in groups if group[0] in found for sku in group[1:]]
    return list((found | _read(step, rest)).values())


def _read(step: RunningStep, skus: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    asked = list(dict.fromkeys(skus))
    for start in range(0, len(asked), SKUS_A_CALL):
        try:
            answer = step.api.inventory_items(asked[start : start + SKUS_A_CALL])
        except AccessDeniedError:  # the consent does not cover the Inventory API: what it has is not seen here
            return found
        except RejectedError:  # a SKU that it could never hold
            continue
        found |= {sku: item for sku, item in answer.items() if item is not None}
    return found
