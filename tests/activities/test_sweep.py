"""The sweep counts what polling missed, and tells it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from simulator.hostility import Hostility
from simulator.judge import judge
from tests.support.rig import START, Rig


def test_a_new_sellers_first_sweep_waits_and_makes_no_call(anna: Rig) -> None:
    result = anna.poll("anna", Stream.SWEEP)

    assert anna.calls("anna") == 0
    assert timedelta(hours=12) <= result.next_due - anna.world.clock.now() <= timedelta(hours=24, seconds=10)


def test_a_sweep_after_good_polling_finds_nothing_missed(anna: Rig) -> None:
    anna.poll("anna", Stream.SWEEP)
    live_a_day(anna)
    events = len(anna.events())

    anna.poll("anna", Stream.SWEEP)

    assert counts(anna) == (0, 0)
    assert len(anna.events()) == events
    assert anna.store.alerts() == []


def test_an_order_that_polling_missed_is_recorded_counted_and_alerted_and_the_next_clean_sweep_closes_it(anna: Rig) -> None:
    anna.poll("anna", Stream.SWEEP)
    at = START + timedelta(hours=4)
    missed = anna.world.place_order("anna", at=at, visible_at=at + timedelta(hours=4))  # far later than the overlap covers
    live_a_day(anna)

    anna.poll("anna", Stream.SWEEP)

    [event] = [event for event in anna.events() if event["entity_id"] == missed]
    assert (event["type"], event["source"]) == ("order.created", "sweep")
    assert counts(anna) == (1, 0)
    assert [alert["kind"] for alert in anna.store.alerts()] == ["missed"]
    assert verdict(anna) == (0, 0, 0)

    live_a_day(anna)
    anna.poll("anna", Stream.SWEEP)
    assert anna.store.alerts() == []


def test_a_change_that_moved_no_date_is_counted_apart(anna: Rig) -> None:
    anna.poll("anna", Stream.SWEEP)
    order = anna.world.place_order("anna")
    live_a_day(anna)
    anna.world.modify("anna", order, {"salesRecordReference": "changed-silently"}, bump=False)
    anna.advance(minutes=5)
    anna.poll("anna")

    anna.poll("anna", Stream.SWEEP)

    assert counts(anna) == (0, 1)
    assert verdict(anna) == (0, 0, 0)


@pytest.mark.parametrize("seed", [3, 15])
def test_a_total_that_is_wrong_ends_no_sweep_early(anna: Rig, seed: int) -> None:
    """With 15 the first page says that there are none at all."""
    anna.poll("anna", Stream.SWEEP)
    anna.advance(hours=1)
    for _ in range(210):
        anna.world.place_order("anna", change={"orderFulfillmentStatus": "FULFILLED"})  # not to be read by number
    anna.advance(hours=1)
    anna.poll("anna")
    for order in anna.world.order_ids("anna")[::3]:  # on the second page too, which holds ten of them in no order
        anna.world.modify("anna", order, {"salesRecordReference": "changed-silently"}, bump=False)

    anna.world.hostility = Hostility(seed=seed, wrong_total=1.0)
    anna.poll("anna", Stream.SWEEP)

    assert verdict(anna) == (0, 0, 0)


def test_a_pause_is_no_miss(anna: Rig) -> None:
    anna.poll("anna", Stream.SWEEP)
    anna.poll("anna")
    anna.advance(hours=20)  # paused: nobody polled
    anna.world.place_order("anna")
    anna.advance(minutes=10)

    anna.poll("anna", Stream.SWEEP)
    anna.poll("anna")

    assert counts(anna) == (0, 0)
    assert anna.types("anna") == ["order.created"]
    assert {event["source"] for event in anna.events("anna")} == {"poll"}


def test_documents_set_aside_are_tried_again_after_a_sweep(anna: Rig) -> None:
    anna.poll("anna", Stream.SWEEP)
    order = anna.world.place_order("anna", raw=lambda text: text.replace('"orderId"', '"orderNumber"'))
    live_a_day(anna)
    anna.advance(days=8)  # out of reach of the sweep itself
    anna.poll("anna")
    aside = anna.store.set_aside()
    with anna.store.engine.begin() as connection:  # as if a newer version of the code could find the id
        connection.exec_driver_sql("UPDATE sellerbeat.set_aside SET raw = replace(raw, 'orderNumber', 'orderId')")

    anna.poll("anna", Stream.SWEEP)

    assert len(aside) == 1
    assert order in anna.stored("anna")
    assert anna.store.set_aside() == []
    assert anna.store.alerts() == []


@pytest.mark.parametrize("every", [2, 3])
def test_a_sweep_that_fails_on_the_way_goes_on_where_it_stopped(anna: Rig, every: int) -> None:
    anna.poll("anna", Stream.SWEEP)
    for number in range(300):
        anna.world.place_order("anna", at=START + timedelta(seconds=number))
    live_a_day(anna)
    before = anna.calls("anna")
    anna.world.faults.fail_every = every
    failures = 0
    while True:
        try:
            if not anna.step("anna", Stream.SWEEP).more:
                break
        except Exception:
            failures += 1

    assert failures > 0
    read = 3 + 7  # windows by creation, 308 open orders by 50
    assert anna.calls("anna") - before <= 6 * (read + failures)  # from the third failure on it is looked whether it is one record's
    assert counts(anna) == (0, 0)


def live_a_day(anna: Rig) -> None:
    """A few sales and polls, hours apart."""
    anna.lasting_tokens()
    for _ in range(8):
        anna.advance(hours=3)
        anna.world.place_order("anna")
        anna.advance(minutes=2)
        anna.poll("anna")


def counts(anna: Rig) -> tuple[int, int]:
    with anna.store.engine.connect() as connection:
        row = connection.execute(text("SELECT sum(missed) AS missed, sum(undated) AS undated FROM sellerbeat.poll_runs")).one()
    return int(row.missed), int(row.undated)


def verdict(it: Rig) -> tuple[int, int, int]:
    found = judge(it.world.rows(), it.events(), at=it.world.clock.now(), kinds=["order"])
    return found.lost, found.twice, found.wrong
