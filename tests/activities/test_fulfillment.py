"""Parcels: read when an order announces them, and compared in rounds since eBay may move no date."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.polling import fulfillment
from domain.pacing import Stream
from ebay.errors import EbayUnavailableError
from simulator.judge import judge
from tests.support.rig import START, Rig


def test_a_shipment_makes_the_orders_poll_announce_parcels_and_they_are_read(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    quiet = anna.poll("anna")
    parcel = anna.world.ship("anna", order)
    anna.advance(minutes=5)

    announced = anna.poll("anna")
    anna.poll("anna", Stream.FULFILLMENT, announced=True)

    assert quiet.due == (Stream.LISTINGS,)  # nobody has read the listing that was sold
    assert announced.due == (Stream.FULFILLMENT,)
    assert set(anna.stored("anna", "fulfillments")) == {parcel}
    assert anna.types("anna") == ["order.created", "order.updated", "fulfillment.created"]
    assert anna.calls("anna") == 3  # two polls of orders and one of the parcels


def test_parcels_without_tracking_share_an_id_at_ebay_and_are_told_apart(anna: Rig) -> None:
    order = anna.world.place_order("anna", lines=[(anna.world.good("anna", 0), 2), (anna.world.good("anna", 1), 1)])
    lines = list(anna.world.unsent("anna", order))
    anna.world.ship("anna", order, lines={lines[0]: 1}, tracking=None)
    anna.world.ship("anna", order, lines={lines[0]: 1}, tracking=None)
    anna.world.ship("anna", order, lines={lines[1]: 1})
    poll_both(anna)

    assert {f"{order}/999", f"{order}/999#2"} < set(anna.stored("anna", "fulfillments"))
    assert len(anna.stored("anna", "fulfillments")) == 3
    assert verdict(anna) == (0, 0, 0)


def test_a_corrected_tracking_number_is_removed_and_created(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    parcel = anna.world.ship("anna", order)
    poll_both(anna)
    anna.world.correct_tracking("anna", order, parcel, "CORRECTED-1")
    poll_both(anna)

    assert sorted(anna.types("anna")[-2:]) == ["fulfillment.created", "fulfillment.removed"]
    assert anna.stored("anna", "fulfillments")[parcel]["removed_at"] is not None
    assert verdict(anna) == (0, 0, 0)


def test_a_shipment_that_moves_no_date_is_found_by_the_round(anna: Rig) -> None:
    orders = [anna.world.place_order("anna") for _ in range(3)]
    poll_both(anna)
    calls = anna.calls("anna")
    anna.world.ship("anna", orders[0])
    anna.world.modify("anna", orders[1], {"orderFulfillmentStatus": "FULFILLED"}, bump=False)
    anna.advance(minutes=15)

    anna.poll("anna", Stream.FULFILLMENT)

    assert anna.stored("anna")[orders[1]]["data"]["orderFulfillmentStatus"] == "FULFILLED"
    assert anna.calls("anna") - calls <= 3


def test_a_round_without_open_orders_makes_no_call(anna: Rig) -> None:
    anna.poll("anna")
    before = anna.calls("anna")

    result = anna.poll("anna", Stream.FULFILLMENT)

    assert anna.calls("anna") == before
    assert timedelta(minutes=14) < result.next_due - anna.world.clock.now() < timedelta(minutes=16)


def test_a_round_over_many_open_orders_reads_only_those_that_left_the_list(anna: Rig) -> None:
    orders = [anna.world.place_order("anna", at=anna.world.clock.now() + timedelta(milliseconds=number)) for number in range(270)]
    anna.advance(minutes=5)
    anna.poll("anna")
    for order in orders[:60]:
        anna.world.modify("anna", order, {"orderFulfillmentStatus": "FULFILLED"}, bump=False)
    before = anna.calls("anna")

    anna.poll("anna", Stream.FULFILLMENT)

    assert anna.calls("anna") - before == 2 + 2  # 210 open ones on two pages, 60 by number in two calls
    assert len([row for row in anna.stored("anna").values() if row["data"]["orderFulfillmentStatus"] == "FULFILLED"]) == 60


def test_a_failed_parcel_read_is_owed_until_it_is_done(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    parcel = anna.world.ship("anna", order)
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.faults.force(500, "{}", resource="shipping_fulfillment")

    with pytest.raises(EbayUnavailableError):
        anna.poll("anna", Stream.FULFILLMENT, announced=True)
    anna.poll("anna", Stream.FULFILLMENT)

    assert set(anna.stored("anna", "fulfillments")) == {parcel}


def test_parcels_of_the_past_are_read_a_hundred_a_round_and_new_ones_first(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fulfillment.HISTORY_A_ROUND == 100
    monkeypatch.setattr(fulfillment, "HISTORY_A_ROUND", 20)
    anna.world.add_seller("bert")
    old = anna.world.preload_orders("bert", 26, START - timedelta(days=5), START - timedelta(days=1), shipped=1.0)
    anna.enroll("bert", backfill=timedelta(days=10))
    anna.poll("bert", Stream.BACKFILL)
    new = anna.world.place_order("bert")
    parcel = anna.world.ship("bert", new)
    anna.advance(minutes=5)
    announced = anna.poll("bert")
    before = anna.calls("bert")

    anna.poll("bert", Stream.FULFILLMENT, announced=True)
    reported = set(anna.stored("bert", "fulfillments"))
    calls = anna.calls("bert") - before
    anna.poll("bert", Stream.FULFILLMENT)
    first_round = len(anna.stored("bert", "fulfillments"))
    anna.poll("bert", Stream.FULFILLMENT)

    assert announced.due == (Stream.FULFILLMENT, Stream.LISTINGS)  # nobody has read the listing that was sold
    assert (reported, calls) == ({parcel}, 1)
    assert first_round == 21
    assert {row.partition("/")[0] for row in anna.stored("bert", "fulfillments")} == {*old, new}


def poll_both(anna: Rig) -> None:
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.poll("anna", Stream.FULFILLMENT)


def verdict(it: Rig) -> tuple[int, int, int]:
    found = judge(it.world.rows(), it.events(), at=it.world.clock.now(), kinds=["order", "fulfillment"])
    return found.lost, found.twice, found.wrong


def test_an_order_whose_parcels_ebay_refuses_to_list_does_not_keep_the_others_waiting(anna: Rig) -> None:
    orders = [anna.world.place_order("anna") for _ in range(3)]
    parcels = [anna.world.ship("anna", order) for order in orders]
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.faults.force(404, '{"errors":[{"errorId":32100}]}', resource="shipping_fulfillment")
    anna.world.faults.force(404, '{"errors":[{"errorId":32100}]}', resource="order")

    anna.poll("anna", Stream.FULFILLMENT, announced=True)

    assert len(set(anna.stored("anna", "fulfillments")) & set(parcels)) == 2
