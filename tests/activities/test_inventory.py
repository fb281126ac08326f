"""The inventory scan: every SKU by 200 a call, interrupted and resumed, and gone only when eBay says so twice."""

from __future__ import annotations

from datetime import timedelta

from domain.pacing import Stream
from ebay.errors import EbayUnavailableError
from simulator.judge import judge
from tests.support.rig import Rig


def test_the_first_scan_tells_of_stock_as_backfill_and_later_ones_of_changes(anna: Rig) -> None:
    anna.world.preload_skus("anna", 30)
    scan(anna)
    sku, other = anna.world.skus("anna")[:2]
    anna.world.set_stock("anna", sku, 0)
    anna.world.set_stock("anna", other, 77)
    scan(anna)

    events = anna.events("anna")
    assert [event["source"] for event in events[:30]] == ["backfill"] * 30
    assert sorted((event["type"], event["entity_id"], event["source"]) for event in events[30:]) == sorted(
        [("inventory.updated", sku, "poll"), ("inventory.out_of_stock", sku, "poll"), ("inventory.updated", other, "poll")]
    )
    assert verdict(anna) == (0, 0, 0)


def test_a_sku_that_is_gone_is_removed_after_a_direct_read_and_one_that_comes_back_is_created(anna: Rig) -> None:
    anna.world.preload_skus("anna", 250)
    scan(anna)
    gone = anna.world.skus("anna")[0]
    anna.world.remove_sku("anna", gone)
    calls = anna.calls("anna")
    scan(anna)
    removed = anna.stored("anna", "inventory")[gone]
    anna.world.add_sku("anna", gone, 5)
    scan(anna)

    assert removed["removed_at"] is not None
    assert removed["data"]["sku"] == gone
    assert [event["type"] for event in anna.events("anna") if event["entity_id"] == gone] == [
        "inventory.created",
        "inventory.removed",
        "inventory.created",
    ]
    assert anna.calls("anna") - calls == 2 + 1 + 2  # two pages, one direct read, two pages
    assert verdict(anna) == (0, 0, 0)


def test_a_sku_that_only_slipped_through_the_scan_is_not_removed(anna: Rig) -> None:
    anna.world.preload_skus("anna", 450)
    scan(anna)
    victims = iter(anna.world.skus("anna")[:20])

    def move(_: object) -> None:
        if (sku := next(victims, None)) is not None:
            anna.world.remove_sku("anna", sku)  # all behind it move up a row while the scan turns its pages

    anna.world.faults.before_answer = move
    scan(anna)
    anna.world.faults.before_answer = None
    scan(anna)

    removed = {sku for sku, row in anna.stored("anna", "inventory").items() if row["removed_at"]}
    assert removed == set(anna.stored("anna", "inventory")) - set(anna.world.skus("anna"))
    assert verdict(anna) == (0, 0, 0)


def test_four_thousand_skus_take_21_calls_and_two_more_when_every_eighth_fails(anna: Rig) -> None:
    anna.world.preload_skus("anna", 4_000)
    scan(anna)
    first = anna.calls("anna")
    anna.world.faults.fail_every = 8

    failures = 0
    while True:
        try:
            if not anna.step("anna", Stream.INVENTORY).more:
                break
        except EbayUnavailableError:
            failures += 1

    assert first <= 21
    assert failures == 2
    assert anna.calls("anna") - first == 20 + failures
    assert len(anna.stored("anna", "inventory")) == 4_000


def test_an_empty_inventory_is_one_call_and_looked_at_once_a_day(anna: Rig) -> None:
    before = anna.calls("anna")

    result = anna.poll("anna", Stream.INVENTORY)

    assert (result.changes, anna.calls("anna") - before) == (0, 1)
    assert timedelta(hours=23) < result.next_due - anna.world.clock.now() < timedelta(hours=25)
    assert timedelta(seconds=29) < anna.poll("anna", Stream.INVENTORY, speed_up=timedelta(seconds=30)).next_due - anna.world.clock.now()


def scan(anna: Rig) -> None:
    anna.advance(minutes=30)
    anna.poll("anna", Stream.INVENTORY)


def verdict(it: Rig) -> tuple[int, int, int]:
    found = judge(it.world.rows(), it.events(), at=it.world.clock.now(), kinds=["inventory"])
    return found.lost, found.twice, found.wrong
