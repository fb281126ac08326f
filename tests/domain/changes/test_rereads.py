"""Which answers about an order's parcels, or about an order alone, are no last word, and when they are asked for again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from domain.changes.rereads import Doubt, doubt_of_parcels, doubt_of_single, wait
from domain.waits import EBAYS

NOON = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
API = "https://api.ebay.com/sell/fulfillment/v1/order"


def href(parcel: str, order: str = "o-1") -> str:
    return f"{API}/{order}/shipping_fulfillment/{parcel}"


def parcels(*numbers: str) -> list[dict[str, Any]]:
    return [{"fulfillmentId": number} for number in numbers]


@pytest.mark.parametrize(
    ("hrefs", "listed", "doubt"),
    [
        ([href("1")], [], Doubt.FEWER),
        ([href("999"), href("999")], parcels("999"), Doubt.FEWER),
        ([href("2")], parcels("1"), Doubt.OTHERS),
        ([href("1"), href("2")], parcels("1", "3", "4"), Doubt.OTHERS),
        ([href("1")], parcels("1"), None),
        ([href("1")], parcels("1", "2"), None),
        ([], parcels("1"), None),
        ([href("1", order="another")], [], None),
        (["1"], [], Doubt.FEWER),
        ([None, 7, {}], [], None),
        (None, [], None),
        ("1", [], None),
        ([href("1")], [None], Doubt.OTHERS),
    ],
)
def test_a_list_that_lacks_parcels_of_its_order_is_no_last_word(hrefs: Any, listed: Any, doubt: Doubt | None) -> None:
    assert doubt_of_parcels("o-1", hrefs, listed) is doubt


@pytest.mark.parametrize(
    ("document", "doubt"),
    [
        ({"cancelStatus": {"cancelState": "IN_PROGRESS", "cancelRequests": []}}, Doubt.NO_REQUESTS),
        ({"cancelStatus": {"cancelState": "CANCELED"}}, Doubt.NO_REQUESTS),
        ({"cancelStatus": {"cancelState": "CANCELED", "cancelRequests": [{"cancelReason": "X"}]}}, None),
        ({"cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []}}, None),
        ({"cancelStatus": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_cancellation_without_its_requests_is_no_last_word(document: Any, doubt: Doubt | None) -> None:
    assert doubt_of_single(document) is doubt


@pytest.mark.parametrize("doubt", [Doubt.FEWER, Doubt.NO_WORD, Doubt.NO_REQUESTS])
def test_what_never_agrees_costs_ten_calls_over_three_days(doubt: Doubt) -> None:
    waits = []
    for tries in count(1):
        found = wait(doubt, tries, None, NOON)
        if found is None:
            break
        waits.append(found)

    assert tries == 10
    assert waits == sorted(waits) == list(EBAYS.rereads)
    assert timedelta(days=2) < sum(waits, timedelta()) < timedelta(days=4)


def test_what_ebay_itself_refuses_is_believed_when_it_said_so_again_hours_later() -> None:
    assert wait(Doubt.REFUSED, 1, None, NOON) == timedelta(hours=3)
    assert wait(Doubt.REFUSED, 2, NOON - timedelta(minutes=5), NOON) is not None
    assert wait(Doubt.REFUSED, 2, NOON - timedelta(hours=3), NOON) is None


def test_parcels_of_other_numbers_are_asked_for_three_times_more() -> None:
    assert [wait(Doubt.OTHERS, tries, None, NOON) is None for tries in range(1, 6)] == [False, False, False, True, True]
