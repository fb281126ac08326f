from datetime import timedelta

import pytest

from domain.pacing import Stream
from store import Store, StoreResult
from tests.store.documents import ENROLLED, LATER, SELLER, enroll, order, parcel, reported, store_orders
from tests.support.open_orders import open_orders

MUCH_LATER = LATER + timedelta(hours=1)


def test_a_new_order_is_an_event_in_the_shape_of_the_contract(store: Store) -> None:
    document = order()

    store_orders(store, document)

    [event] = store.feed.read()
    names = "id position seller_id sequence type entity_id version occurred_at detected_at source changed previous data"
    assert list(event) == names.split()
    assert event["id"]
    assert event["detected_at"].endswith("Z")
    assert event | {"id": "", "position": 0, "detected_at": ""} == {
        "id": "",
        "position": 0,
        "seller_id": SELLER,
        "sequence": 1,
        "type": "order.created",
        "entity_id": "o-1",
        "version": 1,
        "occurred_at": "2026-03-01T13:00:00.000Z",
        "detected_at": "",
        "source": "poll",
        "changed": [],
        "previous": {},
        "data": document,
    }


def test_a_changed_order_tells_what_changed_and_what_was_there_before(store: Store) -> None:
    store_orders(store, order())

    stored = store_orders(store, order(modified=MUCH_LATER, orderPaymentStatus="PAID"), read_at=MUCH_LATER)

    event = store.feed.read()[-1]
    assert stored == StoreResult(changes=1, changed=("o-1",))
    assert (event["type"], event["version"], event["changed"]) == ("order.updated", 2, ["orderPaymentStatus"])
    assert event["previous"] == {"orderPaymentStatus": "PENDING"}
    assert event["occurred_at"] == "2026-03-01T14:00:00.000Z"


def test_a_cancelled_order_is_two_events_of_one_version(store: Store) -> None:
    store_orders(store, order())

    store_orders(store, order(modified=MUCH_LATER, cancelStatus={"cancelState": "CANCELED"}))

    assert reported(store)[1:] == [("order.updated", "o-1", 2), ("order.cancelled", "o-1", 2)]


def test_an_order_that_comes_again_is_a_duplicate_and_no_event(store: Store) -> None:
    store_orders(store, order("a"), order("b"))

    stored = store_orders(store, order("a"), order("b"))

    assert stored == StoreResult(duplicates=2)
    assert len(reported(store)) == 2


def test_a_bumped_date_alone_is_kept_silently(store: Store) -> None:
    store_orders(store, order())

    stored = store_orders(store, order(modified=MUCH_LATER), read_at=MUCH_LATER)

    [row] = store.snapshot(SELLER, "orders")
    assert stored == StoreResult(duplicates=1)
    assert (row["version"], row["data"], row["as_of"]) == (1, order(modified=MUCH_LATER), "2026-03-01T14:00:00.000Z")
    assert len(reported(store)) == 1


def test_an_older_document_never_overwrites_a_newer_one(store: Store) -> None:
    store_orders(store, order(modified=MUCH_LATER, orderPaymentStatus="PAID"))

    stored = store_orders(store, order(modified=LATER))

    assert stored == StoreResult(stale=1)
    assert next(iter(store.snapshot(SELLER, "orders")))["data"]["orderPaymentStatus"] == "PAID"


def test_of_an_order_given_twice_in_one_answer_the_newest_counts(store: Store) -> None:
    store_orders(store, order())

    store_orders(store, order(modified=MUCH_LATER, orderPaymentStatus="PAID"), order())

    assert reported(store) == [("order.created", "o-1", 1), ("order.updated", "o-1", 2)]


@pytest.mark.parametrize("source", ["poll", "sweep", "notification"])
def test_orders_from_before_the_enrolment_are_backfill_whoever_finds_them(store: Store, source: str) -> None:
    store_orders(store, order("old", created=ENROLLED - timedelta(seconds=1)), order("new", created=ENROLLED), source=source)

    assert {event["entity_id"]: event["source"] for event in store.feed.read()} == {"old": "backfill", "new": source}


def test_orders_with_parcels_to_read_are_due_until_they_are_read(store: Store) -> None:
    stored = store_orders(store, order("with", fulfillmentHrefs=["https://api/x/1"]), order("without"))
    due = store.parcels_due(SELLER, 10)

    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("with", [parcel("1")], LATER)

    assert (stored.parcels_due, due, store.parcels_due(SELLER, 10)) == (1, ["with"], [])


def test_what_made_parcels_due_is_not_forgotten_by_a_later_change(store: Store) -> None:
    store_orders(store, order(fulfillmentHrefs=["https://api/x/1"]))

    store_orders(store, order(fulfillmentHrefs=["https://api/x/1"], modified=MUCH_LATER, orderPaymentStatus="PAID"))

    assert store.parcels_due(SELLER, 10) == ["o-1"]


def test_open_orders_are_those_not_wholly_fulfilled(store: Store) -> None:
    store_orders(store, order("a"), order("b", orderFulfillmentStatus="IN_PROGRESS"), order("c", orderFulfillmentStatus="FULFILLED"))

    assert (open_orders(store, SELLER), store.has_open_orders(SELLER)) == (["a", "b"], True)


def test_sellers_do_not_see_each_others_orders(store: Store) -> None:
    enroll(store, "seller-2")
    store_orders(store, order())

    stored = store_orders(store, order(), seller_id="seller-2")

    assert stored.changes == 1
    assert len({event["id"] for event in store.feed.read()}) == 2
