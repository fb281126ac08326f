"""Cancellations and refunds of orders: events beside the update, each told once, whatever states eBay shows between."""

import itertools

import pytest

from domain.changes.model import Document
from tests.domain.changes.comparing import LATER, detect, update
from tests.domain.changes.documents import amount, held, line, order


def test_a_cancelled_order_says_so_beside_the_update_and_once() -> None:
    cancelled = {"cancelState": "CANCELED", "cancelledDate": LATER}

    assert update(cancelStatus=cancelled).types == ("order.updated", "order.cancelled")
    assert update(cancelStatus={"cancelState": "IN_PROGRESS"}).types == ("order.updated",)
    [again] = detect(order(cancelStatus=cancelled, buyerCheckoutNotes="?"), held(order(cancelStatus=cancelled))).changes
    assert again.types == ("order.updated",)


REFUND = {"refundId": "r-1", "amount": amount("5.0")}
DONE = {**REFUND, "refundStatus": "REFUNDED"}
PENDING = {**REFUND, "refundStatus": "PENDING"}
FAILED = {**REFUND, "refundStatus": "FAILED"}
ISSUED = {**REFUND, "refundDate": "2026-06-18T19:09:02.768Z"}


@pytest.mark.parametrize(
    "fields",
    [
        {"paymentSummary": {"refunds": [DONE]}},
        {"paymentSummary": {"refunds": [FAILED, PENDING, DONE]}},
        {"paymentSummary": {"refunds": [REFUND]}, "orderPaymentStatus": "FULLY_REFUNDED"},
        {"lineItems": [line(1, refunds=[ISSUED]), line(2)]},
        {
            "lineItems": [line(1, refunds=[{**REFUND, "refundStatus": "AS_EBAY_WILL_SAY_ONE_DAY"}]), line(2)],
            "orderPaymentStatus": "PARTIALLY_REFUNDED",
        },
        {"orderPaymentStatus": "PARTIALLY_REFUNDED"},
        {"orderPaymentStatus": "FULLY_REFUNDED"},
    ],
)
def test_a_refunded_order_says_so_beside_the_update_and_once(fields: Document) -> None:
    assert update(**fields).types == ("order.updated", "order.refunded")
    [again] = detect(order(**fields, buyerCheckoutNotes="?"), held(order(**fields))).changes
    assert again.types == ("order.updated",)


def test_a_second_refund_and_the_full_one_are_refunds_again() -> None:
    part = held(order(orderPaymentStatus="PARTIALLY_REFUNDED", paymentSummary={"refunds": [REFUND]}))

    [second] = detect(order(orderPaymentStatus="PARTIALLY_REFUNDED", paymentSummary={"refunds": [REFUND, REFUND]}), part).changes
    [full] = detect(order(orderPaymentStatus="FULLY_REFUNDED", paymentSummary={"refunds": [REFUND]}), part).changes
    [less] = detect(order(orderPaymentStatus="PAID"), part).changes

    assert (second.types[1:], full.types[1:], less.types[1:]) == (("order.refunded",), ("order.refunded",), ())


@pytest.mark.parametrize(
    "fields",
    [
        {"paymentSummary": {"refunds": [PENDING]}},
        {"paymentSummary": {"refunds": [PENDING]}, "orderPaymentStatus": "FULLY_REFUNDED"},
        {"paymentSummary": {"refunds": [FAILED]}, "orderPaymentStatus": "PARTIALLY_REFUNDED"},
        {"paymentSummary": {"refunds": [REFUND]}},
        {"paymentSummary": {"refunds": [{**REFUND, "refundDate": "soon"}, "x", None]}},
        {"lineItems": [line(1, refunds=[REFUND]), line(2)]},
        {"lineItems": [line(1, refunds=[{**PENDING, "refundDate": "2026-06-18T19:09:02.768Z"}]), line(2)]},
        {"orderPaymentStatus": ["FULLY_REFUNDED"]},
    ],
)
def test_a_refund_that_is_not_done_is_an_update_and_no_refund(fields: Document) -> None:
    assert update(**fields).types == ("order.updated",)


def story(*versions: Document) -> list[tuple[str, ...]]:
    """The types that each version is told with, beside the update."""
    reported = []
    for before, after in itertools.pairwise([order(), *(order(**fields) for fields in versions)]):
        changes = detect(after, held(before)).changes
        reported.append(changes[0].types[1:] if changes else ())
    return reported


def test_a_pending_refund_is_told_when_it_is_done_and_only_then() -> None:
    asked, full = {"paymentSummary": {"refunds": [PENDING]}}, {"orderPaymentStatus": "FULLY_REFUNDED"}
    done = {"paymentSummary": {"refunds": [DONE]}}

    assert story(asked, done, {**done, **full}) == [(), ("order.refunded",), ()]
    assert story(asked, {**asked, **full}, {**done, **full}) == [(), (), ("order.refunded",)]
    assert story(full, {**done, **full}) == [("order.refunded",), ()]


def test_each_refund_that_gets_done_is_told_once_whatever_became_of_the_others() -> None:
    versions = [[PENDING, PENDING], [FAILED, PENDING], [FAILED, DONE], [FAILED, DONE, PENDING], [FAILED, DONE, DONE]]

    reported = story(*({"paymentSummary": {"refunds": refunds}} for refunds in versions))

    assert reported == [(), (), ("order.refunded",), (), ("order.refunded",)]


def test_a_lines_refund_is_told_when_it_is_issued_and_not_again_with_the_orders_status() -> None:
    asked, issued = ({"lineItems": [line(1, refunds=[refund]), line(2)]} for refund in (REFUND, ISSUED))

    assert story(asked, issued, {**issued, "orderPaymentStatus": "PARTIALLY_REFUNDED"}) == [(), ("order.refunded",), ()]
    assert story(asked, {**asked, "orderPaymentStatus": "PARTIALLY_REFUNDED"}) == [(), ("order.refunded",)]


def test_cancelled_and_refunded_at_once_are_three_events_of_one_version() -> None:
    change = update(cancelStatus={"cancelState": "CANCELED"}, orderPaymentStatus="FULLY_REFUNDED")

    assert change.types == ("order.updated", "order.cancelled", "order.refunded")


def test_an_order_first_seen_cancelled_and_refunded_is_only_created() -> None:
    [change] = detect(order(cancelStatus={"cancelState": "CANCELED"}, orderPaymentStatus="FULLY_REFUNDED")).changes

    assert change.types == ("order.created",)
