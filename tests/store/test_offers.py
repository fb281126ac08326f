"""Offers in the store: all of a SKU's at a time, and SKUs in the order of a round."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.pacing import Stream
from store import Store, StoreResult
from tests.store.documents import LATER, SELLER, item, store_inventory

MUCH_LATER = LATER + timedelta(hours=9)


def offer(number: str, **fields: Any) -> dict[str, Any]:
    return {"offerId": number, "availableQuantity": 5, **fields}


def keep(store: Store, sku: str, *offers: Any, at: Any = LATER, whole: bool = True) -> StoreResult:
    with store.commit(store.begin(SELLER, Stream.OFFERS)) as commit:
        return commit.store_offers(sku, offers, at, whole=whole)


def rows(store: Store) -> dict[str, Any]:
    return {row["entity_id"]: row for row in store.snapshot(SELLER, "offers")}


def types(store: Store) -> list[str]:
    return [event["type"] for event in store.feed.read()]


def test_what_a_sku_no_longer_has_is_removed_and_what_others_have_is_not(store: Store) -> None:
    keep(store, "A", offer("1"), offer("2"))
    keep(store, "B", offer("3"))

    assert keep(store, "A", offer("2")) == StoreResult(changes=1, duplicates=1, changed=("offer:1",))
    assert [row["removed_at"] is not None for row in rows(store).values()] == [True, False, False]
    assert types(store) == ["offer.created"] * 3 + ["offer.removed"]


def test_an_answer_that_is_not_whole_or_holds_what_has_no_id_removes_nothing(store: Store) -> None:
    keep(store, "A", offer("1"))

    keep(store, "A", whole=False)
    stored = keep(store, "A", {"sku": "A"}, None)

    assert stored.set_aside == 2
    assert rows(store)["offer:1"]["removed_at"] is None


def test_an_unchanged_offer_is_as_old_as_its_last_reading(store: Store) -> None:
    keep(store, "A", offer("1"), offer("2"))

    keep(store, "A", offer("1", availableQuantity=5.0), offer("2"), at=MUCH_LATER)
    keep(store, "A", offer("1"), offer("2"), at=LATER)

    assert {row["as_of"] for row in rows(store).values()} == {MUCH_LATER.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    assert len(types(store)) == 2


def test_an_offer_that_two_skus_show_is_one_and_stays(store: Store) -> None:
    for _ in range(2):
        for sku in ("A", "a"):
            keep(store, sku, offer("1"))

    assert types(store) == ["offer.created"]
    keep(store, "A")
    assert types(store) == ["offer.created"]  # it is the other one's by now
    keep(store, "a")
    assert types(store) == ["offer.created", "offer.removed"]


def test_a_round_goes_over_the_skus_there_are_and_those_whose_offers_are_left(store: Store) -> None:
    store_inventory(store, item("A"), item("C/1 x"), item("\N{GRINNING FACE}"))
    keep(store, "B", offer("1"))
    keep(store, "D", offer("2"))
    keep(store, "D")

    found: list[str] = []
    while skus := store.offers.skus(SELLER, found[-1] if found else "", 2):
        found += skus

    assert sorted(found) == sorted(["A", "B", "C/1 x", "\N{GRINNING FACE}"])
    assert store.offers.count(SELLER) == 4


def test_an_offer_that_was_set_aside_is_tried_again_and_removes_nothing(store: Store) -> None:
    keep(store, "A", offer("1"))
    keep(store, "A", offer("1"), {"offerId": "x" * 600, "sku": "A"})
    (aside,) = store.set_aside(SELLER)

    assert store.retry_set_aside(aside["id"]) is False
    assert rows(store)["offer:1"]["removed_at"] is None
    assert store.offers.count("nobody") == 0
