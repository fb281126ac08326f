"""What tests of listings do again and again with a rig."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from activities.polling.poll import PollResult
from domain.pacing import Stream
from simulator.judge import judge
from tests.support.rig import Rig


def poll(it: Rig, **by: float) -> PollResult:
    """Half an hour later, the listings."""
    it.advance(**(by or {"minutes": 30}))
    return it.poll("anna", Stream.LISTINGS)


def report(it: Rig, seller: str = "anna") -> PollResult:
    """The whole report, as the workflow does it: again whenever the step asks to be called within the hour."""
    while (result := it.poll(seller, Stream.REPORT)).next_due - it.world.clock.now() < timedelta(hours=1):
        it.advance(seconds=(result.next_due - it.world.clock.now()).total_seconds() + 1)
    return result


def begin(it: Rig) -> None:
    """The Inventory API is scanned, then the first report read: the listings have a cursor."""
    it.poll("anna", Stream.INVENTORY)
    report(it)


def of(it: Rig, item_id: str) -> list[dict[str, Any]]:
    """The events about a listing."""
    return [event for event in it.events("anna") if event["entity_id"] == f"listing:{item_id}"]


def row(it: Rig, item_id: str) -> dict[str, Any]:
    return it.stored("anna", "inventory")[f"listing:{item_id}"]


def verdict(it: Rig, *kinds: str) -> tuple[int, int, int]:
    found = judge(it.world.rows(), it.events(), at=it.world.clock.now(), kinds=kinds or ("inventory",))
    return found.lost, found.twice, found.wrong


def missed(it: Rig) -> int:
    with it.store.engine.connect() as connection:
        return int(connection.execute(text("SELECT sum(missed) FROM sellerbeat.poll_runs")).scalar_one())
