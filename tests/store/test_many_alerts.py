"""Alerts of thousands of sellers in some statements, told as each alone would be."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

from sqlalchemy import event, text

from store import Store
from store.events.many_alerts import CHUNK, SellersAlert
from store.schema.kinds import AlertKind
from tests.store.documents import enroll

ENROLL = text("""
    INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at)
    SELECT :name || n, gen_random_uuid(), now() FROM generate_series(1, :many) AS n
""")

numbers = count(1)  # the room's tests share a database


def fleet(store: Store, many: int) -> list[str]:
    name = f"fleet-{next(numbers)}-"
    with store.engine.begin() as connection:
        connection.execute(ENROLL, {"many": many, "name": name})
    return [f"{name}{number}" for number in range(1, many + 1)]


def late(sellers: list[str], *streams: str) -> list[SellersAlert]:
    return [SellersAlert(seller, f"late:{stream}", f"{stream}: no good poll") for seller in sellers for stream in streams or ("orders",)]


def test_many_alerts_are_told_as_one_alone_is(store: Store) -> None:
    for seller in ("one", "other"):
        enroll(store, seller)

    store.open_alert(AlertKind.LATE, "orders: no good poll", "one", "orders")
    store.many_alerts.open(late(["other"]))
    store.close_alert(AlertKind.LATE, "one", "orders")
    store.many_alerts.close(late(["other"]))

    def shape(seller: str) -> list[dict[str, Any]]:
        varying = ("position", "id", "seller_id", "occurred_at", "detected_at")
        found = [{name: value for name, value in one.items() if name not in varying} for one in store.feed.read(seller=seller)]
        return [{**one, "data": {**one["data"], "opened_at": None, "closed_at": None}} for one in found]

    assert len(shape("one")) == 2
    assert shape("other") == shape("one")


def test_sequences_positions_and_versions_go_on_without_a_gap(store: Store) -> None:
    sellers = fleet(store, 7)
    for _ in range(3):
        assert store.many_alerts.open(late(sellers, "orders", "inventory")) == 14
        assert store.many_alerts.open(late(sellers, "orders", "inventory")) == 0
        assert store.many_alerts.close(late(sellers, "orders", "inventory")) == 14
        assert store.many_alerts.close(late(sellers)) == 0

    events = [one for one in store.feed.read(limit=100_000) if one["seller_id"] in sellers]
    assert len(events) == 84
    assert len({one["id"] for one in events}) == 84
    assert [one["position"] for one in events] == sorted(one["position"] for one in events)
    for seller in sellers:
        mine = [one for one in events if one["seller_id"] == seller]
        assert [one["sequence"] for one in mine] == list(range(1, 13))
        assert [one["version"] for one in mine if one["entity_id"] == "alert:late:orders" and one["type"] == "alert.opened"] == [1, 2, 3]


def test_3000_late_sellers_with_four_streams_cost_some_statements_a_chunk(store: Store) -> None:
    alerts = late(fleet(store, 3_000), "orders", "fulfillment", "inventory", "listings")
    statements = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    began = time.monotonic()

    assert store.many_alerts.open(alerts) == 12_000

    assert len(statements) <= 3 * (len(alerts) // CHUNK + 1)
    assert time.monotonic() - began < 30  # a minute is what the watchdog has for all it does


def test_a_seller_whose_step_commits_just_now_is_left_for_the_next_look(store: Store) -> None:
    first, *others = fleet(store, 3)
    with store.engine.begin() as connection:
        connection.execute(text("SELECT FROM sellerbeat.sellers WHERE seller_id = :seller FOR UPDATE"), {"seller": first})
        assert store.many_alerts.open(late([first, *others])) == 2

    assert store.many_alerts.open(late([first, *others])) == 1


def test_sellers_who_are_gone_are_passed_over(store: Store) -> None:
    assert store.many_alerts.open(late(["nobody", *fleet(store, 1)])) == 1
