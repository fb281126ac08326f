from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from simulator.ledger import dumps, loads
from simulator.state.orders import EMAIL, without_email, without_personal_data
from tests.simulator.conftest import Client, Code
from tests.support.manual_world import ManualWorld

PATH = "/sell/fulfillment/v1/order"


def parcels(anna: Client, order_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = anna.get(f"{PATH}/{order_id}/shipping_fulfillment").json()["fulfillments"]
    return found


def test_an_order_sent_in_parts_goes_from_not_started_over_in_progress_to_fulfilled(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna", lines=[(world.good("anna", 1), 1), (world.good("anna", 2), 3)])
    first, second = (line["lineItemId"] for line in world.order("anna", order_id)["lineItems"])
    states = []
    for lines in ({first: 1}, {second: 1}, {second: 2}):
        world.ship("anna", order_id, lines=lines)
        order = anna.get(f"{PATH}/{order_id}").json()
        states.append((order["orderFulfillmentStatus"], *(line["lineItemFulfillmentStatus"] for line in order["lineItems"])))

    assert states == [
        ("IN_PROGRESS", "FULFILLED", "NOT_STARTED"),
        ("IN_PROGRESS", "FULFILLED", "IN_PROGRESS"),
        ("FULFILLED",) + ("FULFILLED",) * 2,
    ]
    assert sorted(one["lineItems"][0]["quantity"] for one in parcels(anna, order_id)) == [1, 1, 2]


def test_a_parcels_id_is_its_tracking_number_and_ends_its_href(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    entity_id = world.ship("anna", order_id, tracking="1Z77", carrier="UPS")

    (parcel,) = parcels(anna, order_id)
    hrefs = anna.get(f"{PATH}/{order_id}").json()["fulfillmentHrefs"]

    assert entity_id == f"{order_id}/1Z77"
    assert (parcel["fulfillmentId"], parcel["shipmentTrackingNumber"], parcel["shippingCarrierCode"]) == ("1Z77", "1Z77", "UPS")
    assert [href.rsplit("/", 1)[1] for href in hrefs] == ["1Z77"]


def test_parcels_without_tracking_share_the_id_999_and_the_ledger_tells_them_apart(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna", lines=[(world.good("anna", 1), 2)])
    line = world.order("anna", order_id)["lineItems"][0]["lineItemId"]

    ids = [world.ship("anna", order_id, lines={line: 1}, tracking=None) for _ in range(2)]

    assert ids == [f"{order_id}/999", f"{order_id}/999#2"]
    assert [one["fulfillmentId"] for one in parcels(anna, order_id)] == ["999", "999"]
    assert len(anna.get(f"{PATH}/{order_id}").json()["fulfillmentHrefs"]) == 2


def test_a_corrected_tracking_number_is_a_parcel_gone_and_another_there(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    old = world.ship("anna", order_id, tracking="A1")
    new = world.correct_tracking("anna", order_id, old, "B2")

    removed = [(row["entity_id"], row["removed"]) for row in world.rows() if row["kind"] == "fulfillment"]

    assert [one["fulfillmentId"] for one in parcels(anna, order_id)] == ["B2"]
    assert removed == [(old, False), (old, True), (new, False)]


def test_only_the_single_call_shows_cancel_requests(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    world.cancel("anna", order_id, "IN_PROGRESS")

    listed, single = anna.orders().json()["orders"][0], anna.get(f"{PATH}/{order_id}").json()

    assert listed["cancelStatus"]["cancelRequests"] == []
    assert len(single["cancelStatus"]["cancelRequests"]) == 1


def test_some_buyers_tax_ids_are_shown_by_the_single_call_alone(anna: Client, world: ManualWorld) -> None:
    ids = [world.place_order("anna") for _ in range(20)]

    shown = ["taxIdentifier" in anna.get(f"{PATH}/{order_id}").json()["buyer"] for order_id in ids]

    assert any(shown)
    assert not any("taxIdentifier" in order["buyer"] for order in anna.orders().json()["orders"])


def test_a_refund_is_added_to_the_payment_summary(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    world.refund("anna", order_id, "1.50")
    part = anna.get(f"{PATH}/{order_id}").json()
    world.refund("anna", order_id)
    full = anna.get(f"{PATH}/{order_id}").json()

    assert (part["orderPaymentStatus"], part["paymentSummary"]["refunds"][0]["amount"]["value"]) == ("PARTIALLY_REFUNDED", "1.5")
    assert (full["orderPaymentStatus"], len(full["paymentSummary"]["refunds"])) == ("FULLY_REFUNDED", 2)


def test_names_and_streets_vanish_after_90_days(anna: Client, world: ManualWorld) -> None:
    world.place_order("anna", created_at=world.clock.now() - timedelta(days=91))

    order = anna.orders(filter="lastmodifieddate:[2026-06-18T00:00:00.000Z..]").json()["orders"][0]

    contact = order["buyer"]["buyerRegistrationAddress"]
    assert set(contact) == {"contactAddress"}
    assert set(contact["contactAddress"]) == {"city", "stateOrProvince", "postalCode", "countryCode"}


def test_unknown_and_foreign_orders_are_not_found_and_malformed_ids_refused(anna: Client, world: ManualWorld, code: Code) -> None:
    foreign = world.place_order("bert")

    assert anna.get(f"{PATH}/{foreign}").status_code == 404
    assert anna.get(f"{PATH}/{foreign}/shipping_fulfillment").status_code == 404
    assert code(anna.get(f"{PATH}/%20%20%20")) == (400, 32100)
    assert code(anna.get(f"{PATH}/{foreign}", fieldGroups="X")) == (400, 32800)


def test_the_buyers_mail_address_vanishes_after_14_days_and_nothing_else(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna", created_at=world.clock.now() - timedelta(days=14))
    reads: tuple[Callable[[], str], ...] = (
        lambda: anna.get(f"{PATH}/{order_id}").text,
        lambda: anna.orders(orderIds=order_id).text,
        lambda: anna.orders().text,
    )
    before = [read() for read in reads]

    world.clock.advance(seconds=1)
    after = [read() for read in reads]

    assert all('"email":' in text for text in before)
    assert not any('"email":' in text for text in after)
    assert [text.count('"fullName"') for text in after] == [text.count('"fullName"') for text in before]
    assert all(text.count('"primaryPhone"') for text in after)


@pytest.mark.parametrize(
    "document",
    [
        {"email": "a@b.c"},
        {"email": "a@b.c", "a": 1},
        {"a": [{"email": 'a"b\\'}, {"b": 1, "email": "\x00\ud800", "c": {"email": ""}}], "d": '"email":"x"'},
    ],
)
def test_text_without_mail_addresses_is_what_the_document_is_without_them(document: dict[str, object]) -> None:
    assert loads(without_email(dumps(document))) == without_personal_data(document, EMAIL)
