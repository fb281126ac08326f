"""What a reading of offers changed: content alone decides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.changes.model import Kind, Stored
from domain.changes.normal import digest
from domain.changes.offers import detect_offers, entity_id, gone

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
OFFER: dict[str, Any] = {
    "offerId": "77",
    "sku": "A/1",
    "marketplaceId": "EBAY_US",
    "availableQuantity": 3,
    "pricingSummary": {"price": {"value": "12.50", "currency": "USD"}},
    "status": "PUBLISHED",
    "listing": {"listingId": "110011", "listingStatus": "ACTIVE", "soldQuantity": 2},
}


def of(offer: dict[str, Any], version: int = 1, removed: bool = False) -> dict[str, Stored]:
    return {"offer:77": Stored("offer:77", version, offer, None, removed)}


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        ({"pricingSummary": {"price": {"value": "12.5", "currency": "USD"}}}, ()),
        ({"tax": None, "includeCatalogProductDetails": "", "availableQuantity": 3.0}, ()),
        ({"pricingSummary": {"price": {"value": "12.51", "currency": "USD"}}}, ("pricingSummary",)),
        ({"pricingSummary": {"price": {"value": "12.50", "currency": "EUR"}}}, ("pricingSummary",)),
        ({"availableQuantity": 0, "listing": {**OFFER["listing"], "listingStatus": "OUT_OF_STOCK"}}, ("availableQuantity", "listing")),
        ({"availableQuantity": None}, ("availableQuantity",)),
        ({"status": "UNPUBLISHED", "listing": {}}, ("listing", "status")),
    ],
)
def test_an_offer_changes_with_its_content(now: dict[str, Any], changed: tuple[str, ...]) -> None:
    detection = detect_offers([{**OFFER, **now}], of(OFFER), NOW)

    assert [one.changed for one in detection.changes] == ([changed] if changed else [])
    assert detection.duplicates == (0 if changed else 1)
    assert [one.previous for one in detection.changes] == ([{name: OFFER[name] for name in changed}] if changed else [])
    assert (digest(Kind.OFFER, {**OFFER, **now}) == digest(Kind.OFFER, OFFER)) is not bool(changed)


def test_a_new_offer_and_one_that_comes_back_are_created() -> None:
    new = detect_offers([OFFER], {}, NOW).changes
    back = detect_offers([OFFER], of(OFFER, 4, removed=True), NOW).changes

    assert [(one.types, one.version, one.changed, one.previous) for one in new + back] == [
        (("offer.created",), 1, (), {}),
        (("offer.created",), 5, (), {}),
    ]


def test_of_an_offer_that_is_given_twice_the_last_one_counts() -> None:
    detection = detect_offers([{**OFFER, "availableQuantity": 9}, OFFER], of(OFFER), NOW)

    assert (detection.changes, detection.duplicates) == ([], 2)


@pytest.mark.parametrize("malformed", [None, [], "77", {}, {"offerId": None}, {"offerId": ""}, {"offerId": 77}])
def test_what_has_no_id_cannot_be_compared(malformed: Any) -> None:
    assert entity_id(malformed) is None
    with pytest.raises(ValueError, match="set aside"):
        detect_offers([malformed], {}, NOW)


def test_an_offer_that_is_gone_carries_what_was_last_known() -> None:
    change = gone(of(OFFER, 2)["offer:77"], NOW)

    assert (change.types, change.version, change.data, change.removed) == (("offer.removed",), 3, OFFER, True)
    with pytest.raises(ValueError, match="last known"):
        gone(Stored("offer:77", 2, None, None), NOW)
