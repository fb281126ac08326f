"""What nothing happens to any more costs ever less: orders that were never marked as shipped, cancelled ones, cancellations of the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activities.polling import fulfillment, sweep
from domain.pacing import Stream
from simulator.judge import judge
from store.events import old_orders
from store.steps import scans
from tests.support.open_orders import open_orders
from tests.support.rig import Rig, rig

FAR = timedelta(days=700)
EVERY = {Stream.FULFILLMENT: timedelta(hours=1), Stream.SWEEP: None}


@pytest.fixture
def it(database: str) -> Iterator[Rig]:
    with rig(database, "anna") as one:
        yield one


def settle(it: Rig, count: int, oldest: float, newest: float, backfill: timedelta = FAR, cancelled: bool = False) -> list[str]:
    """A seller with so many open orders of so many days ago, enrolled, read, and with the first round behind them."""
    now = it.world.clock.now()
    ids = it.world.preload_orders("anna", count, now - timedelta(days=oldest), now - timedelta(days=newest))
    if cancelled:
        for number, order in enumerate(ids):
            if number % 3 == 0:  # sent in part before
                it.world.modify("anna", order, {"orderFulfillmentStatus": "IN_PROGRESS"})
            it.world.cancel("anna", order)
    it.enroll("anna", backfill=backfill)
    it.advance(minutes=5)
    it.poll("anna", Stream.SWEEP)
    it.poll("anna")
    it.poll("anna", Stream.BACKFILL)
    it.poll("anna", Stream.FULFILLMENT)
    assert len(it.stored("anna")) == count
    return ids


def live(it: Rig, days: float, *, sweeps: bool = False) -> int:
    """Rounds every hour, and sweeps if wanted, for so long; the calls that they made."""
    it.lasting_tokens()
    before, end = it.calls("anna"), it.world.clock.now() + timedelta(days=days)
    streams = [Stream.FULFILLMENT, Stream.SWEEP] if sweeps else [Stream.FULFILLMENT]
    due = dict.fromkeys(streams, it.world.clock.now())
    while (now := it.world.clock.now()) < end:
        for stream in streams:
            if due[stream] <= now:
                due[stream] = it.poll("anna", stream, cadence=EVERY[stream]).next_due
        it.advance(seconds=max(1.0, (min(due.values()) - it.world.clock.now()).total_seconds()))
    return it.calls("anna") - before


@pytest.mark.parametrize(
    ("oldest", "newest", "cancelled", "most"),
    [(600, 100, False, 0), (600, 100, True, 0), (88, 35, False, 4), (88, 35, True, 0), (600, 35, False, 4)],
    ids=["older than eBay's list", "all cancelled", "of the last three months", "of these, all cancelled", "of all ages"],
)
def test_many_old_open_orders_cost_the_rounds_next_to_nothing(it: Rig, oldest: int, newest: int, cancelled: bool, most: int) -> None:
    settle(it, 100, oldest, newest, cancelled=cancelled)

    assert live(it, 1.2) <= most


def test_2000_old_open_orders_cost_a_sweep_40_calls_a_day_and_more_of_them_no_more(it: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "OLD_A_SWEEP", 98)  # two calls
    settle(it, 250, 600, 100)
    it.advance(days=1)

    calls = [counted(it) for _ in range(4)]

    # one that finds the access token expired, one for the last week's orders, two for 98, 98, 54, and 98 old ones again
    assert calls == [4, 4, 4, 4]


def counted(it: Rig) -> int:
    before = it.calls("anna")
    it.poll("anna", Stream.SWEEP)
    it.advance(days=1)
    return it.calls("anna") - before


@pytest.mark.parametrize(("age", "by"), [(10, "poll"), (40, "poll"), (200, "sweep")])
def test_a_shipment_that_moved_no_date_is_told_within_a_day_however_old_its_order_is(it: Rig, age: int, by: str) -> None:
    [order, *_] = settle(it, 3, age, age - 1)
    live(it, 0.2, sweeps=True)
    it.world.modify("anna", order, {"orderFulfillmentStatus": "FULFILLED"}, bump=False)

    live(it, 1.01, sweeps=by == "sweep")

    assert it.stored("anna")[order]["data"]["orderFulfillmentStatus"] == "FULFILLED"
    assert order not in open_orders(it.store, "anna")
    found = judge(it.world.rows(), it.events(), at=it.world.clock.now(), kinds=["order"])
    assert (found.lost, found.twice, found.wrong) == (0, 0, 0)


def test_the_sweep_finds_what_was_shipped_long_ago_however_many_days_its_turn_takes(it: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "OLD_A_SWEEP", 49)
    ids = settle(it, 120, 600, 100)
    it.advance(days=1)
    for order in ids:
        it.world.modify("anna", order, {"orderFulfillmentStatus": "FULFILLED"}, bump=False)

    left = []
    for _ in range(3):
        it.poll("anna", Stream.SWEEP)
        it.advance(days=1)
        left.append(len(open_orders(it.store, "anna")))

    assert left == [71, 22, 0]


def test_an_old_open_order_that_ebay_shows_no_more_is_closed_by_the_second_sweep(it: Rig) -> None:
    ids = settle(it, 3, 200, 199)
    it.world.modify("anna", ids[1], {"orderFulfillmentStatus": "FULFILLED"})
    it.advance(days=1)
    it.poll("anna")
    it.world.pay_anew("anna", ids[0])

    for _ in range(2):
        it.poll("anna", Stream.SWEEP)
        it.advance(days=1)

    assert open_orders(it.store, "anna") == [ids[2]]


@pytest.mark.parametrize("stream", [Stream.FULFILLMENT, Stream.SWEEP])
def test_cancelled_orders_that_an_earlier_version_stored_as_open_are_closed_without_an_event(it: Rig, stream: Stream) -> None:
    settle(it, 5, 60, 50, cancelled=True)
    with it.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.orders SET is_open = true"))
    events = len(it.events())
    it.advance(days=1)

    it.poll("anna", stream)

    assert open_orders(it.store, "anna") == []
    assert len(it.events()) == events


def test_an_order_that_is_cancelled_after_it_was_sent_in_part_is_asked_for_no_more(it: Rig) -> None:
    [order] = settle(it, 1, 5, 4)
    it.world.modify("anna", order, {"orderFulfillmentStatus": "IN_PROGRESS"})
    it.world.cancel("anna", order)
    it.advance(minutes=5)
    it.poll("anna")
    it.poll("anna", Stream.FULFILLMENT)

    assert live(it, 1) == 0


def test_a_cancellation_that_is_only_asked_for_leaves_an_order_open(it: Rig) -> None:
    [order] = settle(it, 1, 5, 4)
    it.world.cancel("anna", order, "CANCEL_REQUESTED")
    it.advance(minutes=5)
    it.poll("anna")

    assert open_orders(it.store, "anna") == [order]


def test_cancellations_of_the_past_are_read_alone_some_a_round(it: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulfillment, "HISTORY_A_ROUND", 20)
    count = 26
    now = it.world.clock.now()
    ids = it.world.preload_orders("anna", count, now - timedelta(days=20), now - timedelta(days=3))
    for order in ids:
        it.world.cancel("anna", order)
    it.enroll("anna", backfill=timedelta(days=25))
    it.advance(minutes=5)
    it.poll("anna", Stream.BACKFILL)
    before = it.calls("anna")

    calls = []
    for _ in range(3):
        it.poll("anna", Stream.FULFILLMENT)
        calls.append(it.calls("anna") - before)
        it.advance(minutes=15)

    assert calls == [20, count, count]
    assert all(row["data"]["cancelStatus"]["cancelRequests"] for row in it.stored("anna").values())


def test_a_cancellation_of_now_waits_for_none_of_the_past(it: Rig) -> None:
    now = it.world.clock.now()
    old = it.world.preload_orders("anna", 5, now - timedelta(days=20), now - timedelta(days=3))
    for order in old[1:]:
        it.world.cancel("anna", order)
    it.enroll("anna", backfill=timedelta(days=25))
    it.advance(minutes=5)
    it.poll("anna", Stream.BACKFILL)
    it.world.cancel("anna", old[0], "CANCEL_REQUESTED")
    it.advance(minutes=5)

    announced = it.poll("anna")
    it.poll("anna", Stream.FULFILLMENT, announced=True)

    assert announced.due == (Stream.FULFILLMENT,)
    read = {order for order, row in it.stored("anna").items() if row["data"]["cancelStatus"]["cancelRequests"]}
    assert read == {old[0]}


def test_a_round_that_an_earlier_version_began_goes_on(it: Rig) -> None:
    orders = settle(it, 3, 20, 10)
    with it.store.engine.begin() as connection:
        reading = '{"scan": 1, "page": 0, "listed": false, "past": 7}'
        connection.execute(
            text("UPDATE sellerbeat.streams SET reading = CAST(:reading AS jsonb) WHERE stream = 'fulfillment'"), {"reading": reading}
        )
    it.world.modify("anna", orders[0], {"orderFulfillmentStatus": "FULFILLED"}, bump=False)

    it.poll("anna", Stream.FULFILLMENT)

    assert orders[0] not in open_orders(it.store, "anna")


def test_rounds_and_sweeps_look_at_no_old_order_that_they_do_not_ask_for(it: Rig) -> None:
    """By Postgres's own plan: 20,000 old open orders beside 20 of this week."""
    it.enroll("anna")
    insert = text("""
        INSERT INTO sellerbeat.orders (seller_id, entity_id, version, data, digest, as_of, read_from, created_at, is_open, parcels_due)
        SELECT 'anna', 'o-' || n, 1, '{}', '', now(), 'list',
            now() - CASE WHEN n <= 20 THEN interval '2 days' ELSE interval '200 days' END, true, false
        FROM generate_series(1, 20020) AS n
    """)
    with it.store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(insert)
        connection.exec_driver_sql("VACUUM ANALYZE sellerbeat.orders")
        month_ago = connection.execute(text("SELECT now() - interval '30 days'")).scalar()
        values = {"seller_id": "anna", "since": month_ago, "limit": 50, "stream": "fulfillment", "scan": 1, "after": ""}
        statements = {
            "any": old_orders.ANY_OPEN_ORDER_SINCE,
            "unlisted": scans.ENTITIES_NOT_SEEN_BY_SCAN[Stream.FULFILLMENT],
            "since": old_orders.OPEN_ORDERS_SINCE,
        }
        seen = {}
        for name, statement in statements.items():
            plan = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"), values).scalar_one()
            seen[name] = rows_read(plan[0]["Plan"])

    assert seen == {"any": 1, "unlisted": 20, "since": 20}


def rows_read(node: dict[str, Any]) -> int:
    """Rows of orders that a plan looked at."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if node.get("Relation Name") == "orders" else 0
    return int(own) + sum(map(rows_read, node.get("Plans", [])))
