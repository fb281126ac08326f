from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, text

from domain.changes.rereads import Doubt
from domain.comparison import Mode
from domain.pacing import Stream
from store import Store, UnknownSellerError
from store.delivery.claims import Attempt
from store.schema.every_table import metadata
from store.schema.kinds import AlertKind
from tests.deliveries.hand import replay
from tests.store.documents import (
    ENROLLED,
    LATER,
    SELLER,
    enroll,
    item,
    order,
    parcel,
    refused_title,
    reported,
    store_inventory,
    store_orders,
)

NEXT_YEAR = ENROLLED + timedelta(days=365)
SALE: dict[str, Any] = {"lineItems": [{"lineItemId": "1", "sku": "A", "quantity": 1}]}


def test_enrolling_twice_replaces_the_token_and_keeps_the_settings(store: Store) -> None:
    enroll(store, "seller-2", orders_every="5m")
    first = store.begin("seller-2", Stream.ORDERS)

    again = store.sellers.enroll("seller-2", "refresh-2", scopes=["stock"], now_ebay=NEXT_YEAR, options={"orders_every": "1m"})

    step = store.begin("seller-2", Stream.ORDERS)
    assert (again.new, again.generation, again.enrollment) == (False, 2, first.enrollment)
    assert (step.options, step.cursor, step.enrolled_at) == ({"orders_every": "5m"}, ENROLLED, ENROLLED)
    with store.tokens.locked("seller-2") as row:
        assert (row.refresh_token, row.scopes) == ("refresh-2", ("stock",))


def test_many_who_enroll_the_same_seller_at_once_enroll_them_once(store: Store) -> None:
    def enroll_one(number: int) -> bool:
        return store.sellers.enroll("seller-2", f"refresh-{number}", scopes=[], now_ebay=ENROLLED).new

    with ThreadPoolExecutor(6) as pool:
        new = list(pool.map(enroll_one, range(6)))

    assert sorted(new) == [False] * 5 + [True]


def test_an_access_token_may_come_with_the_enrolment(store: Store) -> None:
    store.sellers.enroll("s-2", "refresh", scopes=[], now_ebay=ENROLLED, access_token="access", access_expires_at=LATER)

    with store.tokens.locked("s-2") as row:
        assert (row.access_token, row.expires_at) == ("access", LATER)


def test_a_removed_seller_who_comes_back_goes_on_with_numbers_and_documents(store: Store) -> None:
    store_orders(store, order("a"))
    before = store.begin(SELLER, Stream.ORDERS)
    store.sellers.remove(SELLER)

    back = store.sellers.enroll(SELLER, "refresh-2", scopes=[], now_ebay=NEXT_YEAR, options={"orders_every": "1m"})

    step = store.begin(SELLER, Stream.ORDERS)
    store_orders(store, order("a"), order("b", created=NEXT_YEAR))
    assert back.new
    assert back.enrollment != before.enrollment
    assert step.epoch > before.epoch
    assert (step.cursor, step.options) == (NEXT_YEAR, {"orders_every": "1m"})
    heard = [(1, "a"), (2, SELLER), (3, SELLER), (4, "b")]  # removed and connected, between the two
    assert [(event["sequence"], event["entity_id"]) for event in store.feed.read()] == heard


def test_a_removed_seller_is_polled_no_more_and_keeps_what_was_recorded(store: Store) -> None:
    store_orders(store, order("a"))
    enroll(store, "seller-2")

    store.sellers.remove(SELLER)
    store.sellers.remove(SELLER)

    assert store.enrolled() == ["seller-2"]
    assert reported(store) == [("order.created", "a", 1), ("seller.removed", SELLER, 1)]
    assert len(list(store.snapshot(SELLER, "orders"))) == 1


def test_removing_a_seller_closes_their_alerts_and_tells_so(store: Store) -> None:
    store.open_alert(AlertKind.LATE, "late", SELLER)

    store.sellers.remove(SELLER)

    assert store.alerts() == []
    assert [type_ for type_, _, _ in reported(store)] == ["alert.opened", "alert.closed", "seller.removed"]


def test_a_seller_who_never_enrolled_cannot_be_removed(store: Store) -> None:
    with pytest.raises(UnknownSellerError):
        store.sellers.remove("nobody")


def test_erasing_leaves_no_row_of_the_seller_and_every_row_of_the_others(store: Store) -> None:
    enroll(store, "seller-2")
    store_inventory(store, item("A"))  # which the orders sell
    for seller_id in (SELLER, "seller-2"):
        store.modes.set(seller_id, Mode.SHADOW)
        store_orders(store, order(**SALE), refused_title("o-2"), seller_id=seller_id)
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("1")], LATER)
        commit.doubt_single("o-1", Doubt.NO_WORD)
        commit.scan_page(1, 0, ["o-1"])
    with store.commit(store.begin(SELLER, Stream.OFFERS)) as commit:
        commit.store_offers("A", [{"offerId": "77"}], LATER)
    for number, seller_id in enumerate((SELLER, "seller-2")):
        store.accounts.bind(seller_id, f"user-{number}")
        store.consents.issue(seller_id, timedelta(hours=1))
        store.erasing.order(seller_id, "o-1")
        deliver(store, seller_id)
        store.notifications.save(f"of {seller_id}", "ORDER_CONFIRMATION", seller_id=seller_id, orders=["o-1"])
        with store.engine.begin() as connection:
            connection.execute(text("INSERT INTO sellerbeat.poll_hours VALUES (now(), :seller, 'orders', 1, 1, 1)"), {"seller": seller_id})
    tables = [table for table in metadata.tables.values() if "seller_id" in table.c and table.name != "audit"]  # who erased them stays
    before = rows_of(store, tables, SELLER), rows_of(store, tables, "seller-2")

    store.sellers.erase(SELLER)

    assert all(before[0].values())  # there was something to erase in every table
    assert not any(rows_of(store, tables, SELLER).values())
    assert rows_of(store, tables, "seller-2") == before[1]
    assert [one.seller_id for one in store.endpoints.all()] == ["seller-2"]


def deliver(store: Store, seller_id: str) -> None:
    """An endpoint of this seller alone that took a change, which is to be sent again."""
    endpoint, _ = store.endpoints.add("https://shop.example.com/", ["*"], seller_id)
    store_orders(store, order("o-3"), seller_id=seller_id)
    run = store.delivery_cursors.begin(endpoint, seller_id, LATER)
    assert run
    (event,) = store.delivery_cursors.next(run, run.sequence, limit=10)
    store.delivery_cursors.delivered(run, Attempt(event, 1, False, "delivered", 200, None, 5), LATER)
    assert replay(store, seller=seller_id, ids=(event["id"],)) == 1


def rows_of(store: Store, tables: list[Table], seller_id: str) -> dict[str, int]:
    with store.engine.begin() as connection:
        return {table.name: len(connection.execute(table.select().where(table.c.seller_id == seller_id)).all()) for table in tables}


def test_erasing_twice_or_somebody_unknown_is_fine(store: Store) -> None:
    store.sellers.erase(SELLER)
    store.sellers.erase(SELLER)

    assert store.enrolled() == []


def test_overrides_are_stored_as_given(store: Store) -> None:
    store.save_overrides(SELLER, {"paused": "holiday", "cadence": {"orders": 60}})

    assert store.sellers.overrides(SELLER) == {"paused": "holiday", "cadence": {"orders": 60}}


def test_overrides_of_somebody_unknown_are_refused(store: Store) -> None:
    for attempt in (lambda: store.save_overrides("nobody", {}), lambda: store.sellers.overrides("nobody")):
        with pytest.raises(UnknownSellerError):
            attempt()
