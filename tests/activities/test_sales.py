"""A sold SKU is read at once, by one call of its own for 25 of them; who asks to cancel is read alone."""

from __future__ import annotations

import pytest

from domain.pacing import Stream
from simulator.judge import judge
from tests.support.rig import Rig


@pytest.fixture
def stocked(anna: Rig) -> Rig:
    """With 30 SKUs, scanned."""
    anna.world.preload_skus("anna", 30)
    anna.poll("anna", Stream.INVENTORY)
    return anna


def sell(it: Rig, *numbers: int) -> str:
    order = it.world.place_order("anna", lines=[(it.world.good("anna", number), 1) for number in numbers])
    it.world.take("anna", order)
    return order


def quantity(it: Rig, sku: str) -> int:
    return int(it.stored("anna", "inventory")[sku]["data"]["availability"]["shipToLocationAvailability"]["quantity"])


def verdict(it: Rig) -> tuple[int, int, int]:
    found = judge(it.world.rows(), it.events(), at=it.world.clock.now())
    return found.lost, found.twice, found.wrong


def test_a_sold_sku_is_read_at_once_with_one_call_more(stocked: Rig) -> None:
    sku = stocked.world.good("anna", 3).sku
    before = quantity(stocked, sku)
    sell(stocked, 3)
    stocked.advance(minutes=5)
    calls = stocked.calls("anna")

    announced = stocked.poll("anna")
    stocked.poll("anna", Stream.INVENTORY, announced=True)

    assert announced.due == (Stream.INVENTORY,)
    assert quantity(stocked, sku) == before - 1 == stocked.world.stock("anna", sku)
    assert stocked.stored("anna", "inventory")[sku]["read_from"] == "bulk"
    assert stocked.calls("anna") - calls == 2  # the poll of orders, and the sold SKU
    assert verdict(stocked) == (0, 0, 0)


def test_thirty_sold_skus_take_two_calls_and_a_second_poll_none(stocked: Rig) -> None:
    for number in range(30):
        sell(stocked, number)
    stocked.advance(minutes=5)
    stocked.poll("anna")
    calls = stocked.calls("anna")

    stocked.poll("anna", Stream.INVENTORY, announced=True)
    stocked.poll("anna", Stream.INVENTORY, announced=True)

    assert stocked.calls("anna") - calls == 2
    assert verdict(stocked) == (0, 0, 0)


def test_a_cancellation_puts_stock_back_and_shipping_asks_for_nothing(stocked: Rig) -> None:
    order, sku = sell(stocked, 0), stocked.world.good("anna", 0).sku
    stocked.advance(minutes=5)
    stocked.poll("anna")
    stocked.poll("anna", Stream.INVENTORY, announced=True)
    sold = quantity(stocked, sku)
    stocked.world.ship("anna", order)
    stocked.advance(minutes=5)
    shipped = stocked.poll("anna")

    stocked.world.cancel("anna", order, restock=True)
    stocked.advance(minutes=5)
    canceled = stocked.poll("anna")
    stocked.poll("anna", Stream.INVENTORY, announced=True)

    assert shipped.due == (Stream.FULFILLMENT,)
    assert Stream.INVENTORY in canceled.due
    assert quantity(stocked, sku) == sold + 1


def test_a_poll_that_dies_before_the_sold_stock_is_read_leaves_it_due(stocked: Rig) -> None:
    sku = stocked.world.good("anna", 0).sku
    sell(stocked, 0)
    stocked.advance(minutes=5)
    stocked.poll("anna")
    stocked.world.faults.force(503, "<html>", resource="inventory_item")

    with pytest.raises(Exception, match="eBay"):
        stocked.step("anna", Stream.INVENTORY, announced=True)
    stocked.poll("anna", Stream.INVENTORY)

    assert quantity(stocked, sku) == stocked.world.stock("anna", sku)
    assert stocked.store.skus_due("anna", 10) == []


def test_an_order_of_the_past_moves_no_stock(stocked: Rig) -> None:
    stocked.world.place_order("anna", lines=[(stocked.world.good("anna", 0), 1)], created_at=stocked.world.clock.now().replace(year=2025))
    stocked.advance(minutes=5)

    assert stocked.poll("anna").due == ()


def test_who_asks_to_cancel_is_read_alone_and_told(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.cancel("anna", order, state="IN_PROGRESS")
    anna.advance(minutes=5)
    calls = anna.calls("anna")

    announced = anna.poll("anna")
    anna.poll("anna", Stream.FULFILLMENT, announced=True)
    anna.advance(minutes=5)
    anna.poll("anna")  # the list, which never has it, takes nothing away

    assert announced.due == (Stream.FULFILLMENT,)
    assert anna.calls("anna") - calls == 3  # two polls and the order alone
    assert anna.stored("anna")[order]["data"]["cancelStatus"]["cancelRequests"]
    assert anna.types("anna") == ["order.created", "order.updated", "order.updated"]
    assert verdict(anna) == (0, 0, 0)
