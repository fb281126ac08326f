"""Whether a listing that is new or changed belongs to the Inventory API: it is asked, 25 SKUs a call, so that no stock is told of twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver, refused
from domain.changes.model import Document, Kind
from domain.pacing import InventorySource
from ebay.errors import AccessDeniedError, NotFoundError, RejectedError
from store.events.rereads import KEYS, What

SKUS_A_CALL = 25  # eBay's most


def inventory_items(step: StepRun, listings: Sequence[Document]) -> list[Any]:
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


def _read(step: StepRun, skus: Sequence[str]) -> dict[str, Any]:
    """Those of these that the Inventory API has. One that it cannot show, such as one that it could never hold, spoils no other's."""
    found: dict[str, Any] = {}
    asked = list(dict.fromkeys(skus))
    over = SteppingOver(step, What.SKU, lambda sku: step.api.inventory_items([sku]), refusals=False)
    try:
        for start in range(0, len(asked), SKUS_A_CALL):
            for part, answer in over.lists(asked[start : start + SKUS_A_CALL], step.api.inventory_items):
                found |= {sku: item for sku, item in answer.items() if item is not None}
                records_read(step, part)
        over.settle()
    except AccessDeniedError:  # the consent does not cover the Inventory API: what it has is not seen here
        return found
    except (RejectedError, NotFoundError):  # no list of these tells anything
        return found
    if broken := {sku: error for sku, error in over.failing.items() if not refused(error)}:
        aside = set_aside(step, list(broken))
        for sku, error in broken.items():
            if sku not in aside:
                raise error  # what belongs to the Inventory API must not be told of as a listing for a moment's failure
    return found


def records_read(step: StepRun, skus: Sequence[str]) -> None:
    if step.step.failing:
        with step.commit() as commit:
            commit.records_read(What.SKU, skus)


def set_aside(step: StepRun, asked: Sequence[str]) -> set[str]:
    """Those of these SKUs that are set aside: they have a time of their own."""
    if not step.step.set_aside and not step.aside_moved:
        return set()
    own = {one(sku): sku for sku in asked for one in KEYS[What.SKU]}
    return {own[key] for key in step.steps.store.aside_of(step.request.seller_id, Kind.INVENTORY, list(own))}
