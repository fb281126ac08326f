from datetime import datetime, timedelta
from typing import Any

from domain.pacing import Stream
from store import Store, StoreResult
from tests.store.documents import ENROLLED, LATER, SELLER, item, order, parcel, reported, store_inventory, store_orders

MUCH_LATER = LATER + timedelta(hours=1)
NIGHT = LATER + timedelta(hours=9)


def store_parcels(store: Store, *parcels: dict[str, Any], order_id: str = "o-1") -> StoreResult:
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        return commit.store_parcels(order_id, parcels, MUCH_LATER)


def scan(store: Store, *pages: list[dict[str, Any]], read_at: datetime = LATER) -> int:
    """A complete scan; what it did not list is gone."""
    step = store.begin(SELLER, Stream.INVENTORY)
    for number, page in enumerate(pages):
        with store.commit(step) as commit:
            commit.store_inventory(page, read_at + timedelta(seconds=number))
            commit.scan_page(step.epoch, number, [one["sku"] for one in page])
    absent = store.unlisted_skus(SELLER, step.epoch, limit=1000)
    with store.commit(step) as commit:
        seen = commit.scanned(step.epoch)
        commit.remove_inventory(absent, read_at)
        commit.end_scan(step.epoch)
        return seen


def test_parcels_come_change_and_go(store: Store) -> None:
    store_parcels(store, parcel("1"), parcel("2"))

    store_parcels(store, parcel("1", shippingCarrierCode="DHL"))

    assert reported(store) == [
        ("fulfillment.created", "o-1/1", 1),
        ("fulfillment.created", "o-1/2", 1),
        ("fulfillment.removed", "o-1/2", 2),
        ("fulfillment.updated", "o-1/1", 2),
    ]
    assert [(row["entity_id"], row["removed_at"]) for row in store.snapshot(SELLER, "fulfillments")] == [
        ("o-1/1", None),
        ("o-1/2", "2026-03-01T14:00:00.000Z"),
    ]


def test_the_number_of_a_removed_parcel_is_never_given_again(store: Store) -> None:
    store_parcels(store, parcel("999", weight=1), parcel("999", weight=2))
    store_parcels(store)

    store_parcels(store, parcel("999", weight=3))

    assert reported(store)[-1] == ("fulfillment.created", "o-1/999#3", 1)


def test_a_parcel_shipped_before_the_enrolment_is_backfill(store: Store) -> None:
    store_parcels(store, parcel("old", shippedDate=(ENROLLED - timedelta(days=1)).isoformat()), parcel("new"))

    assert [event["source"] for event in store.feed.read()] == ["backfill", "poll"]


def test_stock_is_backfill_until_the_first_scan_is_complete(store: Store) -> None:
    scan(store, [item("a")], [item("b")])

    scan(store, [item("a", 0), item("b"), item("c")])

    assert [(event["type"], event["entity_id"], event["source"]) for event in store.feed.read()] == [
        ("inventory.created", "a", "backfill"),
        ("inventory.created", "b", "backfill"),
        ("inventory.updated", "a", "poll"),
        ("inventory.out_of_stock", "a", "poll"),
        ("inventory.created", "c", "poll"),
    ]


def test_what_a_complete_scan_did_not_list_is_removed_and_keeps_its_last_document(store: Store) -> None:
    scan(store, [item("a"), item("b", 5)])

    scan(store, [item("a")])

    event = store.feed.read()[-1]
    assert (event["type"], event["entity_id"], event["version"], event["data"]) == ("inventory.removed", "b", 2, item("b", 5))
    assert (event["changed"], event["previous"]) == ([], {})


def test_a_removed_item_is_removed_once(store: Store) -> None:
    store_inventory(store, item("a"))
    with store.commit(store.begin(SELLER, Stream.INVENTORY)) as commit:
        first = commit.remove_inventory(["a", "never seen"], LATER)
        again = commit.remove_inventory(["a"], LATER)

    assert (first.changes, again.changes) == (1, 0)


def test_a_removed_item_that_comes_back_goes_on_with_its_versions(store: Store) -> None:
    scan(store, [item("a")])
    scan(store, [])

    scan(store, [item("a")])

    assert reported(store)[-1] == ("inventory.created", "a", 3)
    assert next(iter(store.snapshot(SELLER, "inventory")))["removed_at"] is None


def test_a_sku_on_two_pages_counts_once(store: Store) -> None:
    assert scan(store, [item("a"), item("b")], [item("b"), item("c")]) == 3


def test_a_page_read_again_replaces_itself(store: Store) -> None:
    step = store.begin(SELLER, Stream.INVENTORY)
    with store.commit(step) as commit:
        commit.scan_page(1, 0, ["a", "b"])
        commit.scan_page(1, 0, ["a"])

        assert (commit.scanned(1), commit.scanned(2)) == (1, 0)


def test_listings_are_not_missed_by_scans_of_the_inventory(store: Store) -> None:
    store_inventory(store, item("listing:1"), item("a"))

    assert store.unlisted_skus(SELLER, scan=1, limit=10) == ["a"]


def test_open_orders_that_a_round_did_not_list_are_told(store: Store) -> None:
    store_orders(store, order("a"), order("b"), order("done", orderFulfillmentStatus="FULFILLED"))
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.scan_page(1, 0, ["a"])

    assert store.unlisted_orders(SELLER, scan=1, limit=10) == ["b"]


def test_the_pages_of_a_scan_that_was_given_up_go_with_the_next_one(store: Store) -> None:
    with store.commit(store.begin(SELLER, Stream.INVENTORY)) as commit:
        commit.scan_page(1, 0, ["a"])
        commit.scan_page(2, 0, ["a"])
        commit.end_scan(2)

        assert (commit.scanned(1), commit.scanned(2)) == (0, 0)


def test_a_scan_vouches_for_what_it_left_unchanged_without_writing_it(store: Store) -> None:
    scan(store, [item("a"), item("b")], read_at=LATER)

    scan(store, [item("a")], [item("b", 7)], read_at=NIGHT)

    rows = {row["entity_id"]: row for row in store.snapshot(SELLER, "inventory")}
    assert (rows["a"]["as_of"], rows["a"]["version"]) == ("2026-03-01T22:00:00.000Z", 1)
    assert (rows["b"]["as_of"], rows["b"]["version"]) == ("2026-03-01T22:00:01.000Z", 2)


def test_a_scan_does_not_vouch_for_removed_items(store: Store) -> None:
    scan(store, [item("a")], read_at=LATER)
    scan(store, [], read_at=LATER)

    scan(store, [], read_at=NIGHT)

    assert next(iter(store.snapshot(SELLER, "inventory")))["as_of"] == "2026-03-01T13:00:00.000Z"


def test_a_scan_does_not_vouch_for_what_a_set_aside_document_hides(store: Store) -> None:
    scan(store, [item("a")], read_at=LATER)

    scan(store, [item("a", title="\0")], read_at=NIGHT)

    [row] = store.snapshot(SELLER, "inventory")
    assert (row["as_of"], row["set_aside"]) == ("2026-03-01T13:00:00.000Z", "refused by Postgres (SQLSTATE 22P05)")
