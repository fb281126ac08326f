"""Dates that cannot be: of eBay's answers and in its documents. No change is lost for them, and none told twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.changes.dates import read_time
from domain.pacing import Stream
from simulator import Hostility
from tests.support.rig import Rig

ABSURD = ["2106-02-07T06:28:15.000Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"]
HALF_AN_HOUR = timedelta(minutes=30)


def dated_wrong(it: Rig, by: timedelta, answers: int = 1) -> None:
    """So many of the next answers have a Date of another time, and eBay's own clock goes right."""
    left = [answers]

    def before(request: Any) -> None:
        it.world.faults.after_answer = after if request.resource == "order" and left[0] else None

    def after(request: Any) -> None:
        left[0] -= 1
        true = it.world.clock.now()
        it.world.clock.set(true + by)
        back.append(true)

    back: list[Any] = []
    it.world.faults.before_answer = before
    try:
        it.poll("anna")
    finally:
        it.world.faults.before_answer = it.world.faults.after_answer = None
        if back:
            it.world.clock.set(back[0])


def run(it: Rig, statement: str) -> None:
    with it.store.engine.begin() as connection:
        connection.execute(text(statement))


def near(reported: str, time: datetime) -> bool:
    found = read_time(reported)
    return found is not None and abs(found - time) < timedelta(seconds=20)


@pytest.mark.parametrize("by", [timedelta(minutes=10), HALF_AN_HOUR, timedelta(days=400), -HALF_AN_HOUR, timedelta(days=-20_000)])
def test_an_order_changed_just_after_an_answer_with_another_date_is_told_by_the_next_polls(anna: Rig, by: timedelta) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.advance(minutes=5)
    dated_wrong(anna, by)
    anna.advance(minutes=1)
    anna.world.refund("anna", order)

    for _ in range(3):
        anna.advance(minutes=15)
        anna.poll("anna")

    assert anna.types("anna") == ["order.created", "order.updated", "order.refunded"]
    assert anna.store.cursor("anna", Stream.ORDERS) == anna.world.clock.now() - timedelta(seconds=1)


@pytest.mark.parametrize("by", [HALF_AN_HOUR, -HALF_AN_HOUR])
def test_the_rows_of_such_an_answer_are_as_of_the_time_that_the_clocks_agree_on(anna: Rig, by: timedelta) -> None:
    anna.poll("anna")
    anna.advance(minutes=5)
    order = anna.world.place_order("anna")
    true = anna.world.clock.now()

    dated_wrong(anna, by)

    assert near(anna.stored("anna")[order]["as_of"], true)


def test_a_restarted_worker_whose_first_answer_is_dated_ahead_loses_nothing(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    dated_wrong(anna, timedelta(hours=3))
    anna.advance(minutes=10)
    anna.world.refund("anna", order)
    anna.advance(minutes=5)

    anna.poll("anna")

    assert "order.refunded" in anna.types("anna")


def test_a_cursor_that_stands_ahead_of_ebays_clock_asks_for_no_time_to_come(anna: Rig) -> None:
    run(anna, "UPDATE sellerbeat.streams SET cursor = cursor + interval '3 hours' WHERE stream = 'orders'")
    order = anna.world.place_order("anna")
    anna.advance(minutes=1)

    anna.poll("anna")

    assert set(anna.stored("anna")) == {order}


def test_answers_without_a_date_tell_rows_by_our_clock_as_the_last_dates_put_it_right(anna: Rig) -> None:
    anna.behind = timedelta(minutes=7)
    anna.steps.ebay.offset = timedelta(minutes=7)
    anna.world.hostility = Hostility(dateless=1.0)
    order = anna.world.place_order("anna")

    anna.poll("anna")

    assert near(anna.stored("anna")[order]["as_of"], anna.world.clock.now())


def shows(it: Rig, order: str, date: str) -> None:
    """eBay's next answer has the stored order, changed, with this date."""
    document = {**it.stored("anna")[order]["data"], "lastModifiedDate": date, "buyerCheckoutNotes": "ring twice"}
    it.world.faults.force(200, {"total": 1, "limit": 200, "offset": 0, "orders": [document]}, resource="order")


@pytest.mark.parametrize("date", [*ABSURD, "2026-06-18T12:40:00.000Z", "in June"])
def test_an_order_shown_with_a_date_that_cannot_be_is_told_and_so_is_all_that_comes_after(anna: Rig, date: str) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    shows(anna, order, date)
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.refund("anna", order)
    anna.advance(minutes=5)

    anna.poll("anna")

    assert anna.types("anna") == ["order.created", "order.updated", "order.updated", "order.refunded"]


@pytest.mark.parametrize("date", ABSURD)
def test_such_an_order_that_comes_again_unchanged_writes_nothing(anna: Rig, date: str) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    shows(anna, order, date)
    anna.poll("anna")
    before = anna.stored("anna")
    shows(anna, order, date)
    anna.advance(minutes=5)

    result = anna.poll("anna")

    assert (result.changes, result.duplicates) == (0, 1)
    assert anna.stored("anna") == before


@pytest.mark.parametrize("date", ABSURD)
def test_an_order_whose_stored_date_cannot_be_is_told_of_again(anna: Rig, date: str) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    run(anna, f"UPDATE sellerbeat.orders SET modified_at = '{date[:10]}'")
    anna.world.refund("anna", order)
    anna.advance(minutes=5)

    anna.poll("anna")

    assert anna.types("anna") == ["order.created", "order.updated", "order.refunded"]


def test_the_sweep_takes_a_document_newer_than_a_stored_one_of_an_impossible_date(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.poll("anna", Stream.SWEEP)
    run(anna, "UPDATE sellerbeat.orders SET modified_at = as_of + interval '40 minutes'")  # as an answer of then had it
    anna.world.refund("anna", order)
    run(anna, "UPDATE sellerbeat.streams SET cursor = cursor + interval '15 minutes' WHERE stream = 'orders'")  # polling passed it by
    anna.advance(days=2)

    anna.poll("anna", Stream.SWEEP)

    assert [event["source"] for event in anna.events("anna") if event["type"] != "inventory.sold"] == ["poll", "sweep", "sweep"]
