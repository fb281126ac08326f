"""A user who left eBay is nobody in what is stored, stays nobody whatever eBay shows, and the feed misses nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.changes.personal import redact_order
from domain.pacing import Stream
from store import Store, StoreUnavailableError
from store.erasure.deletions import Deletion
from tests.store.documents import LATER, SELLER, enroll, order, parcel, reported, someone_waits, store_orders
from tests.store.forgetting import NAME, NEVER
from tests.support.canary import BUYER, everything, found, put_buyer
from tests.support.dumps import postgres_columns
from tests.support.waiting import eventually_here


def bought(order_id: str = "o-1", **fields: Any) -> dict[str, Any]:
    document = order(order_id, fulfillmentStartInstructions=[{"shippingStep": {}}], **fields)
    put_buyer(document)
    return document


def dumped(store: Store) -> dict[str, bytes]:
    return postgres_columns(store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False))


def forget(store: Store, name: str = NAME, user_id: str = "u-1") -> Deletion:
    """As eBay's word comes, and both looks."""
    store.deletions.take(name, user_id, "n-1")
    for _ in range(2):
        (deletion,) = store.deletions.due()
        counted = store.erasing.buyer(deletion.username, deletion.id)
        store.deletions.looked(deletion, counted, again=NEVER)
    return deletion


def snapshot(store: Store, kind: str = "orders") -> dict[str, dict[str, Any]]:
    return {row["entity_id"]: row for row in store.snapshot(SELLER, kind)}


def fill(store: Store) -> None:
    """A buyer in every table that can hold one."""
    store_orders(store, bought(), bought("o-2"), order("other", buyer={"username": "somebody"}))
    store_orders(store, {**bought(modified=LATER + timedelta(hours=1)), "buyerCheckoutNotes": f"not {everything()}"})
    without_id = [[everything()], {**bought("o-3"), "x": "\0"}, {"orderNumber": "1", "buyer": {"username": NAME}, "note": everything()}]
    store_orders(store, *without_id)
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("1", note=everything()), {**parcel("2"), "fulfillmentId": None, "note": everything()}], LATER)


def test_no_table_holds_a_word_of_who_was_forgotten(store: Store) -> None:
    fill(store)
    places = {place for _, place in found(BUYER.values(), dumped(store))}

    forget(store)

    assert places == {"orders.data", "fulfillments.data", "change_events.data", "change_events.previous", "set_aside.raw"}
    assert found([*BUYER.values(), "u-1"], dumped(store)) == []


def test_the_feed_keeps_ids_positions_and_all_that_is_not_the_buyers(store: Store) -> None:
    fill(store)
    before = store.feed.read(limit=1000)

    forget(store)

    after = store.feed.read(limit=1000)
    for was, now in zip(before, after, strict=True):
        assert {name: value for name, value in was.items() if name not in ("data", "previous")} == {
            name: value for name, value in now.items() if name not in ("data", "previous")
        }
        if was["entity_id"] in ("o-1", "o-2"):
            assert now["data"] == redact_order(was["data"])
            assert now["data"]["lineItems"] == [
                {**line, **now_line} for line, now_line in zip(was["data"]["lineItems"], now["data"]["lineItems"], strict=True)
            ]
        elif was["entity_id"] == "other":
            assert now == was


@pytest.mark.parametrize("as_ebay_shows_it", ["as before", "without the buyer", "under another name"])
def test_polls_bring_nobody_back_and_tell_no_change(store: Store, as_ebay_shows_it: str) -> None:
    fill(store)
    forget(store)
    before, stored = reported(store), snapshot(store)
    documents = [bought(modified=LATER + timedelta(days=1)), bought("o-2")]
    for document in documents:
        if as_ebay_shows_it == "without the buyer":
            document["buyer"] = {}
            document["fulfillmentStartInstructions"] = [{"shippingStep": {}}]
            del document["buyerCheckoutNotes"], document["lineItems"][0]["giftDetails"]
        elif as_ebay_shows_it == "under another name":
            document["buyer"]["username"] = "deleted-4711"

    result = store_orders(store, *documents)
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("1", note=everything())], LATER)

    assert (result.changes, result.duplicates) == (0, 2)
    assert reported(store) == before
    assert snapshot(store)["o-2"]["version"] == stored["o-2"]["version"]
    assert found(BUYER.values(), dumped(store)) == []


def test_what_changes_in_a_forgotten_buyers_order_is_told_without_them(store: Store) -> None:
    fill(store)
    forget(store)

    store_orders(store, bought(modified=LATER + timedelta(days=1), orderPaymentStatus="PAID"))

    (event,) = store.feed.read(limit=1000)[-1:]
    assert (event["type"], event["changed"], event["version"]) == ("order.updated", ["orderPaymentStatus"], 3)
    assert found(BUYER.values(), dumped(store)) == []


def test_an_order_that_is_first_seen_after_the_deletion_is_kept_without_its_buyer(store: Store) -> None:
    forget(store)
    enroll(store, "seller-2")

    store_orders(store, bought("late"), seller_id="seller-2")
    shouted = bought("shouted")
    shouted["buyer"]["username"] = NAME.upper()
    store_orders(store, shouted, seller_id="seller-2")

    assert found([*BUYER.values(), NAME.upper()], dumped(store)) == []
    assert [kind for kind, _, _ in reported(store, "seller-2")] == ["order.created", "order.created"]


def test_set_aside_documents_of_a_forgotten_buyer_can_still_be_tried_again(store: Store) -> None:
    store_orders(store, {**bought("o-3"), "x": "\0"})
    forget(store)
    (aside,) = store.set_aside(SELLER)

    assert store.retry_set_aside(aside["id"]) is False
    assert found(BUYER.values(), dumped(store)) == []


def test_broken_off_after_any_order_it_goes_on_and_counts_each_once(store: Store) -> None:
    store_orders(store, *(bought(f"o-{number}") for number in range(5)))
    store.deletions.take(NAME, "u-1", "n-1")
    (deletion,) = store.deletions.due()

    def dies() -> None:
        raise StoreUnavailableError("killed")

    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            store.erasing.buyer(NAME, "n-1", going_on=dies)
    left = dumped(store)["orders.data"].count(NAME.encode())
    last = store.erasing.buyer(NAME, "n-1")

    assert left == 2
    assert last == {"orders": 2, "change_events": 2}
    assert store.deletions.rows()[0]["counts"] == {"orders": 5, "change_events": 5}
    assert store.deletions.looked(deletion, last) is False


def test_a_commit_that_overtook_the_list_is_found_by_the_second_look(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    with ThreadPoolExecutor(1) as pool:
        with store.commit(step) as commit:
            commit.store_orders([bought()], LATER)  # the list was read before the user was on it
            store.deletions.take(NAME, "u-1", "n-1")
            (first,) = store.deletions.due()
            early = pool.submit(store.erasing.buyer, NAME, "n-1").result()
            done = store.deletions.looked(first, early, again=NEVER)
        (second,) = store.deletions.due()
        counted = store.erasing.buyer(NAME, "n-1")

    assert (early, done) == ({}, False)
    assert counted == {"orders": 1, "change_events": 1}
    assert store.deletions.looked(second, counted, again=NEVER) is False
    assert store.deletions.looked(store.deletions.due()[0], {}) is True


def test_erasing_waits_for_a_commit_of_the_same_seller(store: Store) -> None:
    store_orders(store, bought())
    with ThreadPoolExecutor(1) as pool:
        with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
            commit.store_orders([bought(orderPaymentStatus="PAID")], LATER)
            erasing = pool.submit(store.erasing.buyer, NAME)
            eventually_here(lambda: someone_waits(store))
        assert erasing.result() == {"orders": 1, "change_events": 2}
    assert snapshot(store)["o-1"]["data"]["orderPaymentStatus"] == "PAID"
    assert found(BUYER.values(), dumped(store)) == []


def test_the_proof_names_nobody_and_the_same_word_of_ebays_is_one_deletion(store: Store) -> None:
    fill(store)
    news = [store.deletions.take(NAME, "u-1", "n-1") for _ in range(2)]
    forget(store)

    (row,) = store.deletions.rows()

    assert news == [True, False]
    assert (row["state"], row["looks"], store.deletions.due()) == ("done", 2, [])
    assert row["counts"] == {"orders": 2, "fulfillments": 1, "change_events": 4, "set_aside": 4}
    assert row["done_at"] > row["asked_at"]
    assert found([NAME, "u-1"], {"row": json.dumps(row).encode()}) == []
    assert dumped(store)["deletions.sealed"] == b""  # encrypted, and forgotten all the same


def test_after_a_restore_what_came_back_is_found_by_the_list_alone(store: Store) -> None:
    forget(store)
    rows = json.loads(json.dumps(store.deletions.rows()))
    with store.engine.begin() as connection:  # the backup was older than the deletion, and has the key
        connection.execute(text("DELETE FROM sellerbeat.deletions"))
    fill(store)

    taken = store.deletions.know(rows), store.deletions.know(rows)
    counted = [dict(page) for page in store.erasing.all()]

    assert taken == (1, 0)
    assert counted == [{"orders": 2, "fulfillments": 1, "change_events": 4, "set_aside": 4}]
    assert found(BUYER.values(), dumped(store)) == []


def test_who_is_shown_by_their_user_id_is_nobody_on_the_way_in_and_after_a_restore(store: Store) -> None:
    shown = {"username": "ma8vp1jySJC"}
    store.deletions.take("their-name", "ma8vp1jySJC", "n-1")
    store_orders(store, order("o-1", buyer=shown))
    with store.engine.begin() as connection:  # as a backup of before has it
        connection.exec_driver_sql("DELETE FROM sellerbeat.erased_orders")
        connection.exec_driver_sql("""UPDATE sellerbeat.orders SET data = jsonb_set(data, '{buyer}', '{"username": "ma8vp1jySJC"}')""")
    again = [dict(page) for page in store.erasing.all()]

    assert [event["data"]["buyer"] for event in store.feed.read()] == [{"username": ""}]
    assert again == [{"orders": 1}]
    assert snapshot(store)["o-1"]["data"]["buyer"] == {"username": ""}


def test_an_order_that_came_without_its_buyer_stays_so_under_another_name_and_so_do_its_parcels(store: Store) -> None:
    store.deletions.take(NAME, "u-1", "n-1")
    store_orders(store, bought())

    store_orders(store, {**bought(modified=LATER + timedelta(hours=1)), "buyer": {"username": "deleted-4711"}})
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("1", note=everything())], LATER)

    assert found([*BUYER.values(), "deleted-4711"], dumped(store)) == []
