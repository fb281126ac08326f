"""Two of eBay's answers disagree for a moment: what is to be read stays due until they agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.polling.poll import PollResult
from domain.pacing import Stream
from simulator.answers import fulfillment_error
from simulator.judge import judge
from simulator.ledger import dumps
from simulator.requests import Request
from tests.support.rig import Rig

HTML = "<html><body><h1>404 Not Found</h1></body></html>"
EMPTY = {"total": 0, "fulfillments": []}
PARCELS, ALONE = "shipping_fulfillment", "order"


@pytest.fixture
def shipped(anna: Rig) -> Rig:
    """With an order that is shipped, in one parcel, and told of; its parcels are not read yet."""
    anna.poll("anna", Stream.SWEEP)  # the first one is put off
    anna.world.ship("anna", anna.world.place_order("anna"))
    anna.advance(minutes=5)
    anna.poll("anna")
    return anna


def order_of(it: Rig) -> str:
    [order] = it.world.order_ids("anna")
    return order


def read(it: Rig, **request: Any) -> PollResult:
    return it.poll("anna", Stream.FULFILLMENT, **request)


def days(it: Rig, number: int) -> None:
    """Polls of so many days: orders and parcels every three hours, and a sweep a day."""
    it.lasting_tokens()
    for _ in range(number):
        for _ in range(8):
            it.advance(hours=3)
            it.poll("anna")
            read(it)
        it.poll("anna", Stream.SWEEP)


def answer(it: Rig, *, times: int = 1, status: int = 200, body: Any = None) -> None:
    it.world.faults.force(status, dumps(EMPTY) if body is None else body, times=times, resource=PARCELS)


def alerts(it: Rig) -> list[str]:
    return [alert["kind"] for alert in it.store.alerts(seller_id="anna")]


def test_a_list_that_is_a_moment_behind_is_asked_for_again_within_a_minute(shipped: Rig) -> None:
    answer(shipped)

    first = read(shipped, announced=True)
    again = first.due_at[Stream.FULFILLMENT]
    shipped.advance(seconds=(again - shipped.world.clock.now()).total_seconds() + 1)
    second = read(shipped, announced=True)

    assert timedelta() < again - first.next_due <= timedelta(minutes=1, seconds=5)
    assert shipped.types("anna").count("fulfillment.created") == 1
    assert Stream.FULFILLMENT not in second.due_at
    assert judge(shipped.world.rows(), shipped.events(), at=shipped.world.clock.now()).lost == 0


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_error_that_is_not_ebays_ends_nothing(shipped: Rig, status: int) -> None:
    answer(shipped, status=status, body=HTML, times=4)

    read(shipped)
    days(shipped, 1)

    assert shipped.types("anna").count("fulfillment.created") == 1
    assert alerts(shipped) == []


def test_what_ebay_refuses_twice_hours_apart_is_set_aside_with_its_reason(shipped: Rig) -> None:
    refused = fulfillment_error(32100, "Invalid order ID")
    body = refused.answer.body
    answer(shipped, status=404, body=body if isinstance(body, str) else body.decode(), times=2)

    read(shipped)
    shipped.advance(minutes=20)
    read(shipped)
    early = list(shipped.store.set_aside("anna"))
    shipped.advance(hours=4)
    read(shipped)

    assert early == []
    [aside] = shipped.store.set_aside("anna")
    assert "eBay refuses" in aside["reason"]
    assert alerts(shipped) == ["set_aside"]


def test_parcels_that_never_agree_cost_ten_calls_then_one_a_day_and_come_when_they_can(shipped: Rig) -> None:
    answer(shipped, times=100)
    before = shipped.calls("anna", PARCELS)

    read(shipped)
    days(shipped, 4)
    tries = shipped.calls("anna", PARCELS) - before
    aside = list(shipped.store.set_aside("anna"))
    days(shipped, 3)
    later = shipped.calls("anna", PARCELS) - before - tries
    shipped.world.faults.forced.clear()
    days(shipped, 2)

    assert tries <= 11
    assert ["fewer parcels" in one["reason"] for one in aside] == [True]
    assert later <= 3
    assert shipped.types("anna").count("fulfillment.created") == 1
    assert shipped.store.set_aside("anna") == []
    assert alerts(shipped) == []
    assert shipped.types("anna").count("alert.opened") == 1


def test_a_list_that_lost_a_parcel_for_a_moment_removes_none(shipped: Rig) -> None:
    read(shipped)
    answer(shipped)
    shipped.world.modify("anna", order_of(shipped), lambda order: order["lineItems"][0].update(quantity=9))
    shipped.advance(minutes=5)
    shipped.poll("anna")

    read(shipped)
    shipped.advance(minutes=2)
    read(shipped)

    assert "fulfillment.removed" not in shipped.types("anna")


def test_a_corrected_number_that_the_list_does_not_show_yet_is_read_again(shipped: Rig) -> None:
    read(shipped)
    [old] = shipped.world.parcels("anna", order_of(shipped)).values()
    [parcel] = shipped.world.parcels("anna", order_of(shipped))
    shipped.world.correct_tracking("anna", order_of(shipped), parcel, "CORRECTED-1")
    shipped.advance(minutes=5)
    shipped.poll("anna")
    answer(shipped, body=dumps({"total": 1, "fulfillments": [old]}))

    read(shipped)
    shipped.advance(minutes=2)
    read(shipped)

    assert sorted(shipped.types("anna")[-2:]) == ["fulfillment.created", "fulfillment.removed"]


def test_parcels_that_were_lost_before_are_found_by_the_sweep_and_counted(shipped: Rig) -> None:
    with shipped.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.orders SET parcels_due = false")  # as an earlier version left it
    shipped.advance(hours=20)

    result = shipped.poll("anna", Stream.SWEEP)
    shipped.advance(seconds=5)
    read(shipped, announced=True)

    assert Stream.FULFILLMENT in result.due + tuple(result.due_at)
    [event] = [one for one in shipped.events("anna") if one["type"] == "fulfillment.created"]
    assert event["source"] == "sweep"
    assert alerts(shipped) == ["missed"]


def test_a_cancellation_that_was_stored_without_its_requests_is_read_by_the_next_sweep(shipped: Rig) -> None:
    shipped.world.cancel("anna", order_of(shipped), "CANCEL_REQUESTED")
    shipped.advance(minutes=5)
    shipped.poll("anna")
    with shipped.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.orders SET single_due = false")  # as an earlier version left it

    shipped.poll("anna", Stream.SWEEP)
    shipped.advance(seconds=5)
    read(shipped)

    assert shipped.stored("anna")[order_of(shipped)]["data"]["cancelStatus"]["cancelRequests"]


def test_a_cancellation_whose_requests_come_later_is_told_once(shipped: Rig) -> None:
    read(shipped)
    shipped.world.cancel("anna", order_of(shipped), "CANCEL_REQUESTED")
    shipped.advance(minutes=5)
    shipped.poll("anna")
    bare = shipped.world.order("anna", order_of(shipped))
    shipped.world.faults.force(200, dumps(bare), times=2, resource=ALONE)

    read(shipped)
    without = shipped.stored("anna")[order_of(shipped)]["data"]["cancelStatus"]["cancelRequests"]
    shipped.world.faults.forced.clear()
    shipped.advance(minutes=20)
    read(shipped)

    assert without == []
    assert shipped.stored("anna")[order_of(shipped)]["data"]["cancelStatus"]["cancelRequests"]
    assert shipped.types("anna").count("order.updated") == 2  # asked to cancel, who asked


def test_an_order_that_is_shown_alone_without_its_id_is_asked_for_again_and_no_sweep_counts_it(shipped: Rig) -> None:
    read(shipped)
    order = order_of(shipped)
    shipped.world.cancel("anna", order, "CANCEL_REQUESTED")
    shipped.advance(minutes=5)
    shipped.poll("anna")
    nameless = {**shipped.world.order("anna", order), "orderId": 7}
    shipped.world.faults.force(200, dumps(nameless), times=1, resource=ALONE)

    read(shipped)
    shipped.advance(hours=20)
    shipped.poll("anna", Stream.SWEEP)
    counted = "missed" in alerts(shipped)
    read(shipped)

    assert not counted
    assert shipped.stored("anna")[order]["data"]["cancelStatus"]["cancelRequests"]


def test_ten_days_of_first_answers_that_are_no_good_lose_no_parcel(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list of parcels is empty when it is asked for first, and every other one of these is a gateway's 404."""
    asked: set[str] = set()
    anna.lasting_tokens()
    anna.world.faults.before_answer = first_is_no_good(anna, asked)
    anna.poll("anna", Stream.SWEEP)
    for day in range(10):
        for _ in range(2):
            anna.world.ship("anna", anna.world.place_order("anna"))
        for _ in range(4):
            anna.advance(hours=3)
            anna.poll("anna")
            read(anna)
            anna.advance(minutes=20)
            read(anna)
        if day % 5 == 4:
            anna.poll("anna", Stream.SWEEP)
        anna.advance(hours=10)
    anna.poll("anna")
    read(anna)

    assert len(asked) == 20
    assert anna.types("anna").count("fulfillment.created") == 20
    assert judge(anna.world.rows(), anna.events(), at=anna.world.clock.now()).lost == 0
    assert alerts(anna) == []


def first_is_no_good(it: Rig, asked: set[str]) -> Callable[[Request], None]:
    def before(request: Request) -> None:
        if request.resource == PARCELS and request.path not in asked:
            asked.add(request.path)
            status, body = (200, dumps(EMPTY)) if len(asked) % 2 else (404, HTML)
            it.world.faults.force(status, body, resource=PARCELS)

    return before
