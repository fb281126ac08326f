"""What is shown of a document, whatever is in it; the chart; and the hours of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from pages import shown
from pages.chart import bars, in_words
from store import Store
from store.reading.day import Day
from tests.store.documents import enroll
from tests.support.examples import examples

NOON = datetime(2026, 6, 18, 12, 5, tzinfo=UTC)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=examples(60))
@given(name=st.sampled_from([*shown.FIELDS, "buyer", "anything"]), what=ANYTHING)
def test_a_document_of_any_shape_is_shown_in_one_short_line_or_not_at_all(name: str, what: Any) -> None:
    words = shown.value(name, what)

    assert len(words) <= shown.LONGEST
    assert name in shown.FIELDS or words == shown.HIDDEN


@settings(max_examples=examples(40))
@given(data=ANYTHING)
def test_any_document_can_be_summed_up(data: Any) -> None:
    for type_ in (
        "order.created",
        "fulfillment.removed",
        "inventory.created",
        "inventory.sold",
        "offer.created",
        "alert.opened",
        "seller.reauthorized",
        "new.one",
    ):
        assert isinstance(shown.summary(SimpleNamespace(type=type_, data=data)), str)
    assert isinstance(shown.quantity(data) + shown.price(data) + shown.title(data) + shown.carrier(data), str)


def test_a_sale_is_told_in_words() -> None:
    sale = SimpleNamespace(type="inventory.sold", data={"orderId": "03-1", "quantity": 2, "sku": "A"})

    assert shown.summary(sale) == "2 sold, order 03-1"


@pytest.mark.parametrize(
    ("name", "what", "words"),
    [
        ("pricingSummary", {"total": {"value": "12.50", "currency": "EUR"}}, "12.50 EUR"),
        ("cancelStatus", {"cancelState": "CANCELED", "cancelRequests": [{"cancelReason": "BUYER"}]}, "CANCELED"),
        (
            "lineItems",
            [{"sku": "A", "quantity": 2, "lineItemFulfillmentStatus": "FULFILLED"}, {"legacyItemId": "110", "quantity": 1}],
            "2 × A, 1 × 110 (FULFILLED)",
        ),
        ("fulfillmentHrefs", ["a"], "1 parcel"),
        ("paymentSummary", {"refunds": [{"amount": {"value": "1.00", "currency": "USD"}}]}, "refunds: 1.00 USD"),
        ("shipmentTrackingNumber", "940011189922385599", "…5599"),
        ("shipmentTrackingNumber", "12345", "…"),
        ("variations", [{"sku": f"V{n}", "available": n} for n in range(7)], "V0: 0, V1: 1, V2: 2, V3: 3, V4: 4 and 2 more"),
        ("availability", {"shipToLocationAvailability": {"quantity": 0}}, "0 available"),
        ("buyer", {"username": "somebody"}, shown.HIDDEN),
        ("fulfillmentStartInstructions", [{"shippingStep": {}}], shown.HIDDEN),
        ("lineItems", None, "none"),
    ],
)
def test_known_fields_are_shown_in_words(name: str, what: Any, words: str) -> None:
    assert shown.value(name, what) == words


def test_a_chart_has_a_bar_for_every_hour_with_changes_and_says_it_in_words() -> None:
    counts = [0] * 24
    counts[23], counts[3], counts[4] = 5, 1000, 1

    picture = bars(counts, NOON)

    assert picture.count("M") == 1 + 3  # the floor, and the bars
    assert "v-20.0" in picture
    assert 'aria-label="1,006 changes in 24 hours, most of them (1,000) in the hour from 16:00 UTC"' in picture
    assert in_words([0] * 24, NOON) == "no changes in 24 hours"
    assert "nan" not in bars([0] * 24, NOON)


@pytest.fixture
def recorded(store: Store) -> Store:
    enroll(store, "anna")
    return store


def record(store: Store, at: datetime, changes: int) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO sellerbeat.poll_hours AS h (hour, seller_id, stream, polls, api_calls, changes)
                VALUES (date_trunc('hour', CAST(:at AS timestamptz)), 'anna', 'orders', 1, 2, :changes)
                ON CONFLICT (hour, seller_id, stream) DO UPDATE SET changes = h.changes + excluded.changes, api_calls = h.api_calls + 2
            """),
            {"at": at, "changes": changes},
        )


def test_the_day_goes_on_hour_by_hour_and_forgets_yesterday(recorded: Store) -> None:
    now = [NOON]
    day = Day(recorded.engine, lambda: now[0])
    record(recorded, NOON - timedelta(hours=25), 7)
    record(recorded, NOON - timedelta(hours=23), 1)
    record(recorded, NOON, 2)

    first, whole = day.sums(["anna", "nobody"])
    record(recorded, NOON - timedelta(minutes=7), 4)  # a poll that was long, recorded at its end
    now[0] += timedelta(seconds=1)
    stored, _ = day.sums(["anna"])
    now[0] += timedelta(hours=1)
    second, _ = day.sums(["anna"])
    now[0] += timedelta(hours=30)
    third, _ = day.sums(["anna"])

    assert first["anna"].changes == (1, *[0] * 22, 2)
    assert first["anna"].calls == 4
    assert whole == first["anna"]
    assert first["nobody"].total == 0
    assert stored == {"anna": first["anna"]}
    assert second["anna"].changes == (*[0] * 21, 4, 2, 0)
    assert third["anna"].total == 0
    assert day._hours == {}  # nothing piles up
