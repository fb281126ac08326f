"""A seller whose listings sell, and what is recorded of their stock."""

from __future__ import annotations

from typing import Any

from activities.polling.poll import PollResult
from domain.pacing import Stream
from tests.support.listed import begin, poll, row
from tests.support.rig import Rig

SIZES = [{"sku": f"SIZE-{size}", "specifics": {"Size": size}, "quantity": 4} for size in "SML"]


def selling_hub(anna: Rig) -> Rig:
    """With listings of Seller Hub, all read: 110011 with forty on sale, 330033 with one, 220022 with three sizes; nothing shows late."""
    anna.world.switches.listing_late = 0
    anna.world.list_item("anna", item_id="110011", quantity=40, sku="OWN-1", price="20.0")
    anna.world.list_item("anna", item_id="330033", quantity=1)
    anna.world.list_item("anna", item_id="220022", variations=SIZES)
    begin(anna)
    poll(anna)
    anna.advance(minutes=10)
    return anna


def orders(it: Rig, **by: float) -> PollResult:
    it.advance(**(by or {"minutes": 5}))
    return it.poll("anna")


def announced(it: Rig, result: PollResult, **request: Any) -> PollResult | None:
    """The poll of the listings that an order announced, at its time; None: it announced none."""
    due = it.world.clock.now() if Stream.LISTINGS in result.due else result.due_at.get(Stream.LISTINGS)
    if due is None:
        return None
    it.advance(seconds=max((due - it.world.clock.now()).total_seconds(), 0))
    return it.poll("anna", Stream.LISTINGS, announced=True, **request)


def figures(it: Rig, item_id: str) -> tuple[Any, Any]:
    data = row(it, item_id)["data"]
    return data["available"], data["quantitySold"]
