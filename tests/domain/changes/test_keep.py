"""What outlives an answer that has it no more: personal fields of old orders, and what single reads alone fill."""

import copy
from collections.abc import Set
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from domain.changes.keep import FORGOTTEN_AFTER, MAIL, MAIL_FORGOTTEN_AFTER, PERSONAL
from domain.changes.model import Detection, Document
from domain.changes.orders import detect_orders
from tests.domain.changes.documents import held, line, order, spoiled

CREATED = datetime(2026, 6, 18, 13, 27, 24, tzinfo=UTC)


def detect(fetched: Document, stored: Document, days: float) -> Detection:
    return detect_orders([fetched], {stored["orderId"]: held(stored)}, CREATED + timedelta(days=days))


def forgotten(value: Any, names: Set[str] = PERSONAL) -> Any:
    """The document as eBay gives it after 90 days; with MAIL, after 14."""
    if isinstance(value, dict):
        return {name: forgotten(inner, names) for name, inner in value.items() if name not in names}
    return [forgotten(inner, names) for inner in value] if isinstance(value, list) else value


def stored_mail() -> Document:
    """The fields of the sample with a mail address, with nothing else that is personal."""
    found: Document = forgotten({name: order()[name] for name in ("buyer", "fulfillmentStartInstructions")}, PERSONAL - MAIL)
    return found


def test_the_sample_has_every_personal_field_and_loses_them_all() -> None:
    assert all(f"'{name}'" in str(order()) for name in PERSONAL)
    assert not any(f"'{name}'" in str(forgotten(order())) for name in PERSONAL)


def test_personal_fields_that_vanish_at_90_days_are_no_change() -> None:
    assert detect(forgotten(order()), order(), days=90) == Detection(duplicates=1)


@pytest.mark.parametrize("days", [14, 88])
def test_personal_fields_that_vanish_before_89_days_are_a_change_but_for_the_mail_address(days: float) -> None:
    [change] = detect(forgotten(order()), order(), days=days).changes

    assert change.changed == ("buyer", "fulfillmentStartInstructions", "lineItems")
    assert change.data == {**forgotten(order()), **stored_mail()}
    assert change.previous["buyer"] == order()["buyer"]


def test_the_rule_begins_at_89_days_to_the_second() -> None:
    days = FORGOTTEN_AFTER / timedelta(days=1)

    assert detect(forgotten(order()), order(), days=days).changes == []
    assert detect(forgotten(order()), order(), days=days - 1 / 86_400).changes != []


def test_another_change_of_an_old_order_keeps_its_personal_fields() -> None:
    new = forgotten(order(lineItems=[line(2, quantity=7), line(1)], orderPaymentStatus="FULLY_REFUNDED"))

    [change] = detect(new, order(), days=200).changes

    assert change.changed == ("lineItems", "orderPaymentStatus")
    assert change.data == order(lineItems=[line(2, quantity=7), line(1)], orderPaymentStatus="FULLY_REFUNDED")


def test_an_old_order_whose_date_moved_is_refreshed_with_its_personal_fields() -> None:
    bumped = forgotten(order(lastModifiedDate="2026-12-01T00:00:00.000Z"))

    detection = detect(bumped, order(), days=200)

    assert detection.changes == []
    assert detection.refreshed == {bumped["orderId"]: order(lastModifiedDate="2026-12-01T00:00:00.000Z")}


def test_an_old_order_without_its_creation_date_is_as_old_as_the_stored_one() -> None:
    [change] = detect(forgotten(order(creationDate=None)), order(), days=200).changes

    assert change.changed == ("creationDate",)
    assert change.data == order(creationDate=None)


def test_a_personal_field_with_another_value_is_a_change_at_any_age() -> None:
    moved = order()
    moved["buyer"]["buyerRegistrationAddress"]["fullName"] = "Kim Other"

    assert [change.data for change in detect(moved, order(), days=200).changes] == [moved]


def test_other_fields_that_vanish_from_an_old_order_are_a_change() -> None:
    [change] = detect(forgotten(order(buyer={})), order(), days=200).changes

    assert change.changed == ("buyer",)
    assert "username" not in change.data["buyer"]


@given(spoiled(order()))
def test_whatever_an_old_order_holds_its_forgetting_is_no_change(document: Document) -> None:
    document = {**document, "orderId": "o-1", "creationDate": "2026-06-18T13:27:24.000Z"}

    assert detect(forgotten(copy.deepcopy(document)), document, days=90).changes == []


@pytest.mark.parametrize("days", [14, 15, 88, 89, 200])
def test_the_mail_address_that_vanishes_at_14_days_is_no_change_wherever_it_stands(days: float) -> None:
    assert detect(forgotten(order(), MAIL), order(), days=days) == Detection(duplicates=1)


@pytest.mark.parametrize("days", [0, 1, 13])
def test_the_mail_address_that_vanishes_earlier_is_a_change(days: float) -> None:
    [change] = detect(forgotten(order(), MAIL), order(), days=days).changes

    assert change.changed == ("buyer", "fulfillmentStartInstructions")
    assert change.data == forgotten(order(), MAIL)


def test_the_rule_for_mail_addresses_begins_half_a_day_early_to_the_second() -> None:
    days = MAIL_FORGOTTEN_AFTER / timedelta(days=1)

    assert detect(forgotten(order(), MAIL), order(), days=days).changes == []
    assert detect(forgotten(order(), MAIL), order(), days=days - 1 / 86_400).changes != []


@pytest.mark.parametrize("days", [1, 15, 200])
def test_another_mail_address_is_a_change_at_any_age(days: float) -> None:
    relayed = order()
    relayed["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"]["email"] = "7f31c2@members.ebay.com"

    [change] = detect(relayed, order(), days=days).changes

    assert (change.changed, change.data) == (("buyer", "fulfillmentStartInstructions"), relayed)


def test_another_change_after_14_days_keeps_the_mail_address_in_the_document_and_out_of_what_changed() -> None:
    [change] = detect(forgotten(order(orderPaymentStatus="FULLY_REFUNDED"), MAIL), order(), days=30).changes

    assert change.changed == ("orderPaymentStatus",)
    assert change.data == order(orderPaymentStatus="FULLY_REFUNDED")


@pytest.mark.parametrize("created", ["2106-02-07T06:28:15.000Z", "in June", None])
def test_an_order_whose_creation_date_tells_no_age_is_as_old_as_the_stored_one(created: str | None) -> None:
    [change] = detect(forgotten(order(creationDate=created), MAIL), order(), days=20).changes

    assert (change.changed, change.data) == (("creationDate",), order(creationDate=created))


@given(spoiled(order()))
def test_whatever_an_order_of_14_days_holds_its_mail_address_leaving_is_no_change(document: Document) -> None:
    document = {**document, "orderId": "o-1", "creationDate": "2026-06-18T13:27:24.000Z"}

    assert detect(forgotten(copy.deepcopy(document), MAIL), document, days=14).changes == []


REQUESTS = [{"cancelRequestId": "c-1", "cancelRequestState": "REQUESTED"}]


def single_read(**cancel: Any) -> Document:
    document = order(cancelStatus={"cancelState": "IN_PROGRESS", "cancelRequests": REQUESTS, **cancel})
    document["buyer"]["taxIdentifier"] = {"taxpayerId": "X-1"}
    return document


def list_read(**fields: Any) -> Document:
    return order(**{"cancelStatus": {"cancelState": "IN_PROGRESS", "cancelRequests": []}, **fields})


def test_what_single_reads_fill_is_kept_when_the_list_has_it_not() -> None:
    assert detect(list_read(), single_read(), days=1) == Detection(duplicates=1)


def test_what_single_reads_fill_stays_in_the_document_of_a_change() -> None:
    [change] = detect(list_read(cancelStatus={"cancelState": "CANCELED"}), single_read(), days=1).changes

    assert change.changed == ("cancelStatus",)
    assert change.data == single_read(cancelState="CANCELED")


def test_another_single_read_is_compared() -> None:
    accepted = [{"cancelRequestId": "c-1", "cancelRequestState": "ACCEPTED"}]

    [first] = detect(single_read(), list_read(), days=1).changes
    [second] = detect(single_read(cancelRequests=accepted), single_read(), days=1).changes

    assert (first.changed, second.changed) == (("buyer", "cancelStatus"), ("cancelStatus",))
    assert second.data["cancelStatus"]["cancelRequests"] == accepted


@pytest.mark.parametrize("malformed", [7, "x", [1], True])
def test_what_is_no_object_any_more_stays_as_ebay_gave_it(malformed: Any) -> None:
    [change] = detect(list_read(cancelStatus=malformed), single_read(), days=1).changes

    assert change.data["cancelStatus"] == malformed
