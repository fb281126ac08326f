"""What people see of a message who need not know the buyer: no word of theirs is left, and all else is as it was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.personal import redact_order
from domain.delivery.hiding import HIDDEN, hide
from tests.domain.changes.documents import order
from tests.domain.changes.test_personal import address, buyers, contact, gifts, plain, words
from tests.support.canary import BUYER, everything, found, put_buyer

NUMBER = "1Z999AA10123456784"


def event(type_: str, data: Any, previous: Any = None, entity_id: str = "03-14798-00001") -> dict[str, Any]:
    names = sorted(previous or {})
    fixed = {"id": "e-1", "position": 7, "seller_id": "anna", "sequence": 7, "version": 2, "source": "poll", "entity_id": entity_id}
    times = dict.fromkeys(("occurred_at", "detected_at"), "2026-06-18T12:00:00.000Z")
    return {**fixed, **times, "type": type_, "changed": names, "previous": previous or {}, "data": data}


def as_bytes(value: Any) -> dict[str, bytes]:
    return {"the hidden form": json.dumps(value, ensure_ascii=False).encode()}


@given(buyers, contact, address, gifts, words, st.dictionaries(st.sampled_from(["memo", "note_to_x"]), plain, max_size=2))
def test_no_word_of_a_buyer_is_left_wherever_ebay_puts_one(
    buyer: Any, ship_to: Any, end: Any, gift: Any, notes: str, more: dict[str, Any]
) -> None:
    data = order() | more | {"buyer": buyer, "buyerCheckoutNotes": notes, "unannounced": f"for {buyer['username']}"}
    data["fulfillmentStartInstructions"] = [{"finalDestinationAddress": end, "shippingStep": {"shipTo": ship_to}}]
    data["lineItems"][0]["giftDetails"] = gift

    hidden = hide(event("order.updated", data, {"buyer": buyer, "unannounced": f"for {buyer['username']}", "buyerCheckoutNotes": notes}))

    assert "\N{SNOWMAN}" not in json.dumps(hidden.event, ensure_ascii=False)
    assert "data.buyer.username" in hidden.fields
    assert hidden.event["data"]["pricingSummary"] == data["pricingSummary"]
    assert hidden.event["data"]["lineItems"][0]["sku"] == data["lineItems"][0]["sku"]


@pytest.mark.parametrize("type_", ["order.created", "order.updated", "order.refunded", "inventory.sold", "a.type_to_come"])
def test_no_personal_field_of_a_canary_survives(type_: str) -> None:
    data, before = order(), order(orderPaymentStatus="PENDING")
    put_buyer(data)
    put_buyer(before)
    data["unannounced"] = {"deep": [everything()], BUYER["username"]: 1}

    hidden = hide(event(type_, data, before | {BUYER["fullName"]: 1}))

    assert found(BUYER.values(), as_bytes(hidden.event) | as_bytes(hidden.fields)) == []
    assert hidden.event["data"]["buyer"]["username"] == HIDDEN
    assert hidden.event["changed"].count(HIDDEN) == 1  # a field whose own name is the buyer's


def test_what_was_erased_is_empty_and_nothing_of_it_is_hidden() -> None:
    data = order()
    put_buyer(data)
    erased = event("order.created", redact_order(data))

    hidden = hide(erased)

    assert (hidden.event, hidden.fields) == (erased, ())


def test_of_a_parcels_number_its_end_is_left() -> None:
    parcel = {"fulfillmentId": NUMBER, "shipmentTrackingNumber": NUMBER, "shippingCarrierCode": "UPS", "lineItems": [], "to": "Kim"}
    links = [f"https://api.ebay.com/sell/fulfillment/v1/order/o-1/shipping_fulfillment/{one}" for one in (NUMBER, "9")]

    of_parcel = hide(event("fulfillment.updated", parcel, {"shipmentTrackingNumber": NUMBER}, f"o-1/{NUMBER}#2"))
    of_order = hide(event("order.updated", order(fulfillmentHrefs=links, legacyOrderId="1-9")))

    assert NUMBER not in json.dumps(of_parcel.event) + json.dumps(of_order.event)
    assert of_parcel.event["entity_id"] == "o-1/…6784#2"
    assert of_parcel.event["data"] == {
        "fulfillmentId": "…6784",
        "shipmentTrackingNumber": "…6784",
        "shippingCarrierCode": "UPS",
        "lineItems": [],
    }
    assert [link.rpartition("/")[2] for link in of_order.event["data"]["fulfillmentHrefs"]] == ["…6784", "…"]
    assert of_order.event["data"]["legacyOrderId"] == "1-9"


@pytest.mark.parametrize("data", [{"kind": "late", "text": "the orders of anna were polled 9 min ago"}, {"orderId": "o-1", "quantity": 9}])
def test_what_holds_no_buyer_is_as_it_was_sent(data: dict[str, Any]) -> None:
    sent = event("alert.opened", data)

    assert hide(sent) == hide(hide(sent).event)
    assert hide(sent).event == sent
