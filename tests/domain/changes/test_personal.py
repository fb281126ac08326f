"""A redacted order holds no word of its buyer, and all else as it was."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.changes.model import Kind
from domain.changes.normal import digest, normal
from domain.changes.personal import KNOWN, PERSONAL, buyer_of, redact_order, redact_parcel
from tests.domain.changes.documents import order
from tests.support.canary import BUYER, everything, put_buyer

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=6, max_size=24).map(lambda text: f"\N{SNOWMAN}{text}")
address = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("addressLine1", "addressLine2", "city", "county", "postalCode", "stateOrProvince"), words)
).map(lambda fields: fields | {"countryCode": "☃DE"})
contact = st.fixed_dictionaries(
    {},
    optional={
        "companyName": words,
        "contactAddress": address,
        "email": words,
        "fullName": words,
        "primaryPhone": st.fixed_dictionaries({"phoneNumber": words}),
    },
)
buyers = st.fixed_dictionaries(
    {"username": words},
    optional={
        "buyerRegistrationAddress": contact,
        "taxAddress": address,
        "taxIdentifier": st.fixed_dictionaries({"taxpayerId": words, "taxIdentifierType": words, "issuingCountry": words}),
    },
)
gifts = st.fixed_dictionaries({}, optional={"message": words, "recipientEmail": words, "senderName": words})
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abcdefgh", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(KNOWN)), inner, max_size=3),
    max_leaves=8,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(PERSONAL)) | st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def strings(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(strings(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(strings(inner) for inner in value))
    return {value} if isinstance(value, str) else set()


def without(value: Any) -> Any:
    """All but the fields of the buyer."""
    if isinstance(value, dict):
        return {name: without(inner) for name, inner in value.items() if name not in PERSONAL}
    return [without(inner) for inner in value] if isinstance(value, list) else value


@given(buyers, contact, address, gifts, words, st.dictionaries(st.sampled_from(sorted(KNOWN)), plain, max_size=6))
def test_no_word_of_the_buyer_is_left_and_all_else_is_as_it_was(
    buyer: Any, ship_to: Any, end: Any, gift: Any, notes: str, more: dict[str, Any]
) -> None:
    document = order() | more | {"buyer": buyer, "buyerCheckoutNotes": notes}
    document["fulfillmentStartInstructions"] = [
        {
            "fulfillmentInstructionsType": "SHIP_TO",
            "finalDestinationAddress": end,
            "shippingStep": {"shipTo": ship_to, "shipToReferenceId": notes},
        }
    ]
    document["lineItems"] = [{"lineItemId": "1", "sku": "A", "quantity": 2, "giftDetails": gift}]
    document["addedByEbay"] = {"note": f"for {buyer['username']}", "kept": "as it is", "lines": [f"to {buyer['username'].upper()}"]}
    before = copy.deepcopy(document)

    redacted = redact_order(document)

    personal = strings([buyer, ship_to, end, gift, notes])
    assert not [word for word in personal if json.dumps(word)[1:-1] in json.dumps(redacted)]
    assert buyer["username"].upper() not in json.dumps(redacted, ensure_ascii=False)
    assert document == before
    stored, was = without(redacted), without(before)
    assert stored.pop("addedByEbay") == {"note": "", "kept": "as it is", "lines": [""]}
    was.pop("addedByEbay")
    assert stored == was
    assert redact_order(redacted) == redacted


@given(st.dictionaries(st.sampled_from(sorted(PERSONAL)) | st.text(max_size=8), anything, max_size=5))
def test_whatever_shape_a_document_has_it_is_redacted(document: dict[str, Any]) -> None:
    redacted = redact_order(document)

    assert buyer_of(redacted) is None
    assert redacted.keys() <= document.keys()


def test_ebays_answer_without_the_buyer_is_no_change_to_the_redacted_one() -> None:
    document = order()
    put_buyer(document)
    redacted = redact_order(document)
    bare = without(document)

    assert digest(Kind.ORDER, redacted) == digest(Kind.ORDER, bare)
    assert normal(Kind.ORDER, redacted) == normal(Kind.ORDER, bare)


def test_a_deeply_nested_note_and_a_name_as_a_field_are_gone() -> None:
    document = order()
    put_buyer(document)
    document["deep"] = json.loads("[" * 300 + json.dumps(everything()) + "]" * 300)
    document[BUYER["username"]] = {"x": 1}
    document["buyer"][BUYER["fullName"]] = {"x": 1}

    text = json.dumps(redact_order(document))

    assert not [word for word in BUYER.values() if json.dumps(word)[1:-1] in text]


def test_the_name_that_the_deletion_tells_is_found_where_the_order_has_it_in_an_odd_place() -> None:
    assert redact_order({"orderId": "1", "x": ["paid by SomeBody"]}, "somebody") == {"orderId": "1", "x": [""]}


def test_a_parcel_keeps_its_number_and_loses_what_is_not_ebays() -> None:
    parcel = {
        "fulfillmentId": "9",
        "shipmentTrackingNumber": "9",
        "shippedDate": "2026-01-01T00:00:00.000Z",
        "lineItems": [{"lineItemId": "1"}],
    }

    assert redact_parcel(parcel | {"note": everything()}) == parcel


def test_every_field_of_ebays_orders_is_known_or_the_buyers() -> None:
    sample = order()
    put_buyer(sample)

    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(names(inner) for name, inner in value.items() if name not in PERSONAL))
        return set().union(*(names(inner) for inner in value)) if isinstance(value, list) else set()

    assert names(sample) - KNOWN - PERSONAL == set()
