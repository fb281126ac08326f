"""Inventory items: the list view, quantities, and items that go and come back."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from domain.changes.inventory import detect_inventory, entity_id, gone
from domain.changes.model import Change, Detection, Document, Kind, Stored
from tests.domain.changes.documents import NOW, OBJECTS, held, item, spoiled


def detect(fetched: Document, stored: Stored | None = None) -> Detection:
    return detect_inventory([fetched], {stored.entity_id: stored} if stored else {}, NOW)


def from_single_read(quantity: int = 3, **fields: Any) -> Document:
    document = copy.deepcopy(item(quantity, **fields))
    document["availability"]["shipToLocationAvailability"]["allocationByFormat"] = {"auction": 0, "fixedPrice": quantity}
    document["packageWeightAndSize"] |= {"packageType": "LETTER", "shippingIrregular": False}
    return document


def test_an_unknown_item_is_created_in_its_list_view() -> None:
    assert detect(from_single_read()).changes == [Change(Kind.INVENTORY, "LAMP-1", 1, ("inventory.created",), item(), (), {}, NOW)]


def test_a_changed_quantity_is_an_update_at_the_time_of_the_answer() -> None:
    assert detect(from_single_read(2), held(item(3), version=4)).changes == [
        Change(
            Kind.INVENTORY,
            "LAMP-1",
            5,
            ("inventory.updated",),
            item(2),
            ("availability",),
            {"availability": {"shipToLocationAvailability": {"quantity": 3}}},
            NOW,
        )
    ]


@pytest.mark.parametrize("again", [item(), from_single_read(), item(3.0)], ids=["list", "single", "float"])
@pytest.mark.parametrize("known", [item(), None], ids=["compared", "equal digest"])
def test_an_item_that_comes_again_is_a_duplicate(again: Document, known: Document | None) -> None:
    assert detect(again, replace(held(item()), data=known)) == Detection(duplicates=1)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (3, 0, True),
        (1, -1, True),
        (0.5, 0, True),
        (3, 1, False),
        (0, -1, False),
        (0, 3, False),
        (None, 0, False),
        (3, None, False),
        ("3", 0, False),
        (True, 0, False),
        (3, False, False),
    ],
)
def test_out_of_stock_is_a_quantity_that_falls_to_nothing(before: Any, after: Any, expected: bool) -> None:
    [change] = detect(item(after), held(item(before))).changes

    assert change.types == ("inventory.updated", "inventory.out_of_stock")[: 1 + expected]


def test_a_gone_item_carries_the_last_known_document() -> None:
    assert gone(held(item(), version=3), NOW) == Change(
        Kind.INVENTORY, "LAMP-1", 4, ("inventory.removed",), item(), (), {}, NOW, removed=True
    )


def test_a_gone_item_without_its_document_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="last known document"):
        gone(Stored("LAMP-1", 1, None, None), NOW)


@pytest.mark.parametrize("known", [item(), None], ids=["compared", "equal digest"])
def test_a_gone_item_that_comes_back_is_created_with_the_next_version(known: Document | None) -> None:
    [change] = detect(item(), replace(held(item(), version=4, removed=True), data=known)).changes

    assert (change.types, change.version, change.removed) == (("inventory.created",), 5, False)


def test_groups_that_bulk_reads_do_not_show_are_kept() -> None:
    listed = item(groupIds=["g-1"], inventoryItemGroupKeys=["k-1"])

    [change] = detect(item(2, inventoryItemGroupKeys=["k-1"]), held(listed)).changes

    assert (change.changed, change.data) == (("availability",), item(2, groupIds=["g-1"], inventoryItemGroupKeys=["k-1"]))


def test_an_item_that_left_its_group_is_changed() -> None:
    [change] = detect(item(), held(item(groupIds=["g-1"], inventoryItemGroupKeys=["k-1"]))).changes

    assert change.changed == ("groupIds", "inventoryItemGroupKeys")


def test_of_an_item_given_twice_the_last_counts() -> None:
    detection = detect_inventory([item(5), item(4)], {}, NOW)

    assert ([change.data for change in detection.changes], detection.duplicates) == ([item(4)], 1)


@pytest.mark.parametrize("document", [None, [], {}, {"sku": ""}, {"sku": 7}])
def test_what_has_no_sku_has_no_entity_id(document: Any) -> None:
    assert entity_id(document) is None


FETCHED = (OBJECTS | spoiled(item())).map(lambda document: {**document, "sku": "LAMP-1"})


@given(FETCHED, FETCHED)
def test_any_item_is_compared_with_any_other_and_equals_itself(old: Document, new: Document) -> None:
    stored = {"LAMP-1": held(old)}

    changes = detect_inventory([new], stored, NOW).changes

    assert len(changes) <= 1
    assert detect_inventory([copy.deepcopy(old)], stored, NOW) == Detection(duplicates=1)
    for change in changes:
        assert detect_inventory([new], {"LAMP-1": held(change.data)}, NOW).changes == []
