"""One record that eBay cannot show, for ever, stops nothing behind it; it is set aside, told, tried again, and comes when it can."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from activities.polling import fulfillment
from domain.changes import unreadable
from domain.pacing import Stream
from ebay.errors import EbayError
from simulator.poison import How
from tests.activities.unreadable import accompanied, alerts, days, live, why
from tests.support.rig import START, Rig

PARCELS = "shipping_fulfillment"


def shipped(it: Rig, count: int) -> list[str]:
    orders = sorted(it.world.place_order("anna") for _ in range(count))
    for order in orders:
        it.world.ship("anna", order)
    it.advance(minutes=5)
    it.poll("anna")
    return orders


@pytest.mark.parametrize("how", [How.FAILS, How.SILENT, pytest.param(How.GATEWAY, marks=pytest.mark.repeats)])
def test_parcels_that_always_fail_hold_up_no_other_and_come_when_they_can(anna: Rig, how: How) -> None:
    orders = shipped(anna, 8)
    sick = orders[3]
    anna.world.lasting.poison("anna", sick, how=how, resources=[PARCELS])

    first = live(anna, 0.25)
    reported_at_once = len(anna.stored("anna", "fulfillments"))
    failed = first + live(anna, 2)
    [aside] = anna.store.set_aside("anna")
    [alert] = anna.store.alerts(seller_id="anna")
    said = why(anna, Stream.FULFILLMENT)
    calls = anna.calls("anna", PARCELS)
    days(anna, 5)
    daily = anna.calls("anna", PARCELS) - calls
    anna.world.lasting.cure(sick)
    days(anna, 2)

    assert (reported_at_once, failed) == (7, [])
    assert aside["reason"].startswith("unreadable at eBay")
    assert sick in alert["text"]
    assert said.endswith("; 1 order's parcels set aside")
    assert 4 <= daily <= 7
    assert len(anna.stored("anna", "fulfillments")) == 8
    assert (anna.store.set_aside("anna"), alerts(anna)) == ([], [])
    assert why(anna, Stream.FULFILLMENT).endswith("min")


def test_an_hour_without_parcels_of_anybody_sets_nothing_aside_and_all_come_then(anna: Rig) -> None:
    shipped(anna, 3)
    anna.poll("anna", Stream.FULFILLMENT)
    shipped(anna, 40)
    anna.world.lasting.stop(PARCELS)

    failed = live(anna, 1)
    aside, spent = list(anna.store.set_aside("anna")), anna.calls("anna", PARCELS)
    anna.world.lasting.start()
    anna.advance(minutes=1)
    anna.poll("anna", Stream.FULFILLMENT)

    assert len(failed) == 4
    assert aside == []
    assert spent <= 3 + 4 * 7
    assert len(anna.stored("anna", "fulfillments")) == 43


def test_without_any_connection_nothing_counts_against_a_record(anna: Rig) -> None:
    shipped(anna, 2)
    anna.poll("anna", Stream.FULFILLMENT)
    [order] = shipped(anna, 1)
    anna.world.lasting.stop("token", how=How.GATEWAY)
    anna.advance(hours=3)  # its access token ends meanwhile

    failed = live(anna, 3)
    anna.world.lasting.start()

    assert failed
    assert anna.store.set_aside("anna") == []
    with anna.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.rereads WHERE failures > 0").scalar() == 0
    live(anna, 0.5)
    assert len(anna.stored("anna", "fulfillments")) == 3
    assert order in anna.stored("anna")


def test_a_lone_order_whose_parcels_fail_counts_only_beside_good_polls_of_the_orders(anna: Rig) -> None:
    accompanied(anna)
    shipped(anna, 1)
    anna.world.lasting.poison("anna", *anna.world.order_ids("anna"), resources=[PARCELS])

    alone = live(anna, 2, [Stream.FULFILLMENT])
    before = list(anna.store.set_aside("anna"))
    beside = live(anna, 2)

    assert len(alone) == 8
    assert before == []
    assert beside == []
    assert len(anna.store.set_aside("anna")) == 1


def test_more_poison_parcels_than_a_step_tries_cost_three_calls_each_then_twenty_a_day(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "MOST_FAILED", 15)
    orders = shipped(anna, 40)
    good = orders[:3]
    anna.world.lasting.poison("anna", *orders[3:], resources=[PARCELS])

    live(anna, 3)
    aside, spent = len(anna.store.set_aside("anna")), anna.calls("anna", PARCELS)
    days(anna, 2)
    later = anna.calls("anna", PARCELS) - spent
    [alert] = anna.store.alerts(seller_id="anna")

    assert aside == 37
    assert spent <= 3 * 40 + 40
    assert later <= 20 * 3
    assert "32 more" in alert["text"]
    assert {
        row["data"]["orderId"] if "orderId" in (row["data"] or {}) else one.partition("/")[0]
        for one, row in anna.stored("anna", "fulfillments").items()
    } == set(good)


def test_of_a_past_that_is_mostly_poison_one_record_a_round_is_tried_and_new_parcels_are_read_meanwhile(
    anna: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreadable, "FLOOD", 20)
    monkeypatch.setattr(unreadable, "MOST_FAILED", 10)
    monkeypatch.setattr(fulfillment, "HISTORY_A_ROUND", 20)
    anna.world.add_seller("bert")
    old = anna.world.preload_orders("bert", 120, START - timedelta(days=5), START - timedelta(days=1), shipped=1.0)
    anna.world.lasting.poison("bert", *old[:110], resources=[PARCELS])  # the newest can be read
    anna.enroll("bert", backfill=timedelta(days=6))
    while anna.poll("bert", Stream.BACKFILL).more:
        pass
    rounds = []
    for _ in range(18):
        anna.advance(minutes=15)
        before = anna.calls("bert", PARCELS)
        with suppress(EbayError):
            while anna.poll("bert", Stream.FULFILLMENT).more:
                pass
        rounds.append(anna.calls("bert", PARCELS) - before)
    new = anna.world.place_order("bert")
    anna.world.ship("bert", new)
    anna.advance(minutes=5)
    anna.poll("bert")
    anna.poll("bert", Stream.FULFILLMENT)

    aside = len(anna.store.set_aside("bert"))
    assert 20 <= aside <= 80
    assert max(rounds[-5:]) <= 3  # with a record that can be read, which tells that eBay is well
    assert {one.partition("/")[0] for one in anna.stored("bert", "fulfillments")} == {*old[110:], new}


def test_what_is_set_aside_is_tried_at_once_when_somebody_asks(anna: Rig) -> None:
    [sick, *_] = shipped(anna, 5)
    anna.world.lasting.poison("anna", sick, resources=[PARCELS])
    live(anna, 3)
    [aside] = anna.store.set_aside("anna")
    anna.world.lasting.cure()

    assert anna.store.retry_set_aside(aside["id"]) is False
    anna.advance(minutes=1)
    anna.poll("anna", Stream.FULFILLMENT)

    assert anna.store.set_aside("anna") == []
    assert len(anna.stored("anna", "fulfillments")) == 5


def test_a_first_passing_failure_sets_nothing_aside(anna: Rig) -> None:
    orders = shipped(anna, 6)
    anna.world.lasting.poison("anna", *orders[:2], resources=[PARCELS])
    anna.poll("anna", Stream.FULFILLMENT)
    anna.world.lasting.cure()

    failed = live(anna, 1)

    assert failed == []
    assert len(anna.stored("anna", "fulfillments")) == 6
    assert "alert.opened" not in anna.types("anna")
