"""Orders: versions, what changed, what is only a duplicate, and when parcels are due."""

import copy
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.compare import changed_fields
from domain.changes.model import Change, Detection, Document, Kind, Stored
from domain.changes.orders import detect_orders, entity_id
from tests.domain.changes.comparing import LATER, detect, update
from tests.domain.changes.documents import JSON, NOW, OBJECTS, amount, held, href, line, nested, order, spoiled


def test_an_unknown_order_is_created_at_its_creation_date() -> None:
    assert detect(order()) == Detection(
        changes=[
            Change(
                Kind.ORDER,
                "03-14798-00001",
                version=1,
                types=("order.created",),
                data=order(),
                changed=(),
                previous={},
                occurred_at=datetime(2026, 6, 18, 13, 27, 24, tzinfo=UTC),
            )
        ]
    )


def test_a_changed_order_is_the_next_version_with_the_old_values() -> None:
    new = order(
        lastModifiedDate=LATER, orderPaymentStatus="FAILED", pricingSummary={"total": amount("81.0")}, buyerCheckoutNotes="ring twice"
    )

    assert detect(new, held(order(), version=4)) == Detection(
        changes=[
            Change(
                Kind.ORDER,
                "03-14798-00001",
                version=5,
                types=("order.updated",),
                data=new,
                changed=("buyerCheckoutNotes", "orderPaymentStatus", "pricingSummary"),
                previous={"buyerCheckoutNotes": None, "orderPaymentStatus": "PAID", "pricingSummary": {"total": amount("80.0")}},
                occurred_at=datetime(2026, 6, 18, 15, tzinfo=UTC),
            )
        ]
    )


@pytest.mark.parametrize("held_data", [order(), None], ids=["compared", "equal digest"])
def test_an_order_that_comes_again_is_a_duplicate(held_data: Document | None) -> None:
    assert detect(order(), replace(held(order()), data=held_data)) == Detection(duplicates=1)


@pytest.mark.parametrize("held_data", [order(), None], ids=["compared", "equal digest"])
def test_an_order_of_which_only_the_date_moved_is_refreshed_silently(held_data: Document | None) -> None:
    bumped = order(lastModifiedDate=LATER)

    assert detect(bumped, replace(held(order()), data=held_data)) == Detection(refreshed={bumped["orderId"]: bumped}, duplicates=1)


@pytest.mark.parametrize("date", ["2106-02-07T06:28:15.000Z", "1970-01-01T00:00:00.000Z", "2026-06-19T12:30:00.000Z"])
def test_an_order_whose_date_cannot_be_is_compared_by_its_content(date: str) -> None:
    same = detect(order(lastModifiedDate=date), held(order()))
    [change] = detect(order(lastModifiedDate=date, orderPaymentStatus="FULLY_REFUNDED"), held(order())).changes

    assert (same.changes, same.duplicates, same.stale) == ([], 1, 0)
    assert (change.changed, change.occurred_at) == (("orderPaymentStatus",), NOW)


def test_of_an_order_given_twice_the_copy_with_a_date_that_cannot_be_is_not_the_newer_one() -> None:
    copies = [order(lastModifiedDate="2106-02-07T06:28:15.000Z"), order(orderPaymentStatus="FULLY_REFUNDED")]

    for page in (copies, copies[::-1]):
        [change] = detect_orders(page, {"03-14798-00001": held(order())}, NOW).changes
        assert change.data["orderPaymentStatus"] == "FULLY_REFUNDED"


def test_an_older_order_is_the_answer_of_a_stale_replica() -> None:
    stale = order(lastModifiedDate="2026-06-18T13:28:23.999Z", orderPaymentStatus="PENDING")

    assert detect(stale, held(order())) == Detection(stale=1)


def test_an_order_without_a_readable_date_is_compared_and_dated_now() -> None:
    [change] = detect(order(lastModifiedDate="yesterday", orderPaymentStatus="FAILED"), held(order())).changes

    assert (change.changed, change.occurred_at) == (("orderPaymentStatus",), NOW)


@pytest.mark.parametrize("turn", [1, -1], ids=["older first", "newer first"])
def test_of_an_order_given_twice_the_newest_counts(turn: int) -> None:
    copies = [order(), order(lastModifiedDate=LATER, orderPaymentStatus="FAILED")][::turn]

    detection = detect_orders(copies, {}, NOW)

    assert [change.data["orderPaymentStatus"] for change in detection.changes] == ["FAILED"]
    assert (detection.duplicates, detection.stale) == (0, 1)


def test_an_order_given_twice_with_one_date_is_one_change_and_a_duplicate() -> None:
    detection = detect_orders([order(), order(orderPaymentStatus="FAILED")], {}, NOW)

    assert [change.data["orderPaymentStatus"] for change in detection.changes] == ["FAILED"]
    assert (detection.duplicates, detection.stale) == (1, 0)


@pytest.mark.parametrize("turn", [1, -1], ids=["undated first", "dated first"])
def test_of_an_order_given_twice_the_dated_one_counts(turn: int) -> None:
    copies = [order(lastModifiedDate=None), order(orderPaymentStatus="FAILED")][::turn]

    assert [change.data["orderPaymentStatus"] for change in detect_orders(copies, {}, NOW).changes] == ["FAILED"]


def test_each_order_of_a_page_is_compared_with_its_own() -> None:
    page = [order(orderId=f"o-{number}") for number in range(4)]
    stored = {"o-0": held(page[0]), "o-1": held(order(orderId="o-1", orderPaymentStatus="PENDING"))}

    detection = detect_orders(page, stored, NOW)

    assert [(change.entity_id, change.version, change.types[0]) for change in detection.changes] == [
        ("o-1", 2, "order.updated"),
        ("o-2", 1, "order.created"),
        ("o-3", 1, "order.created"),
    ]
    assert detection.duplicates == 1


def test_a_removed_order_that_comes_back_is_created_with_the_next_version() -> None:
    [change] = detect(order(), held(order(), version=6, removed=True)).changes

    assert (change.types, change.version, change.changed, change.previous) == (("order.created",), 7, (), {})


@pytest.mark.parametrize(
    "fields",
    [
        {"fulfillmentHrefs": [href("9405")]},
        {"lineItems": [line(1, lineItemFulfillmentStatus="FULFILLED"), line(2)]},
        {"lineItems": [line(1, quantity=1), line(2)]},
        {"lineItems": [line(1)]},
    ],
)
def test_parcels_are_due_when_an_href_or_a_lines_status_or_quantity_changed(fields: Document) -> None:
    assert update(**fields).parcels_due


@pytest.mark.parametrize(
    "fields",
    [
        {"orderPaymentStatus": "FAILED"},
        {"lineItems": [line(2), line(1, title="The same lamp")]},
    ],
)
def test_no_parcels_are_due_for_other_changes(fields: Document) -> None:
    assert not update(**fields).parcels_due


def test_hrefs_count_with_multiplicity_and_without_their_host() -> None:
    one = held(order(fulfillmentHrefs=[href("999")]))

    [second] = detect(order(fulfillmentHrefs=[href("999"), href("999")]), one).changes
    moved = detect(order(fulfillmentHrefs=[href("999").replace("api.", "apiz.")]), one)
    [other_change] = detect(order(fulfillmentHrefs=[href("999").replace("api.", "apiz.")], orderPaymentStatus="FAILED"), one).changes

    assert second.parcels_due
    assert not other_change.parcels_due
    assert moved == Detection(duplicates=1)


def test_a_new_orders_parcels_are_due_when_it_has_some() -> None:
    [bare], [shipped] = detect(order()).changes, detect(order(fulfillmentHrefs=[href("9405")])).changes

    assert (bare.parcels_due, shipped.parcels_due) == (False, True)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"orderId": ""}, {"orderId": 7}, {"orderId": None}])
def test_what_has_no_id_has_no_entity_id(document: Any) -> None:
    assert entity_id(document) is None


def test_an_order_has_its_orderid() -> None:
    assert entity_id(order()) == "03-14798-00001"


FETCHED = (OBJECTS | spoiled(order())).map(lambda document: {**document, "orderId": "o-1"})


@given(FETCHED, FETCHED, st.sampled_from([NOW, NOW.replace(year=2027), datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)]))
def test_any_document_is_compared_with_any_other(old: Document, new: Document, now: datetime) -> None:
    before = json.dumps([old, new])

    detection = detect_orders([new], {"o-1": held(old)}, now)

    assert len(detection.changes) + detection.duplicates + detection.stale == 1
    assert json.dumps([old, new]) == before


@given(FETCHED)
def test_any_document_beside_itself_is_a_duplicate(document: Document) -> None:
    assert detect_orders([copy.deepcopy(document)], {"o-1": held(document)}, NOW) == Detection(duplicates=1)


@given(FETCHED, FETCHED)
def test_changed_and_previous_give_back_the_old_fields(old: Document, new: Document) -> None:
    for change in detect_orders([new], {"o-1": held(old)}, NOW).changes:
        rebuilt = {**change.data, **change.previous}

        assert changed_fields(Kind.ORDER, rebuilt, old) == ()
        assert tuple(change.previous) == change.changed == tuple(sorted(change.changed))
        assert "lastModifiedDate" not in change.changed


@given(st.lists(FETCHED, max_size=6))
def test_readings_one_after_another_count_versions_without_a_gap(readings: list[Document]) -> None:
    known: dict[str, Stored] = {}
    versions = []
    for reading in readings:
        detection = detect_orders([reading], known, NOW)
        for change in detection.changes:
            versions.append(change.version)
            known["o-1"] = held(change.data, change.version)
        for document in detection.refreshed.values():
            known["o-1"] = held(document, known["o-1"].version)
        again = detect_orders([reading], known, NOW)
        assert again.changes == []

    assert versions == list(range(1, len(versions) + 1))


@given(st.lists(st.sampled_from(["PAID", "FAILED"]).flatmap(lambda paid: st.tuples(st.just(paid), st.integers(0, 3))), max_size=8))
def test_of_a_page_in_any_order_the_newest_copy_is_kept(copies: list[tuple[str, int]]) -> None:
    page = [order(orderPaymentStatus=paid, lastModifiedDate=f"2026-06-18T15:00:0{second}Z") for paid, second in copies]

    detection = detect_orders(page, {}, NOW)

    assert len(detection.changes) == min(len(page), 1)
    assert len(detection.changes) + detection.duplicates + detection.stale == len(page)
    for change in detection.changes:
        assert change.data["lastModifiedDate"] == max(copied["lastModifiedDate"] for copied in page)


@pytest.mark.parametrize("levels", [60, 900, 5_000])
@pytest.mark.parametrize("place", ["buyer", "cancelStatus", "lineItems", "fulfillmentHrefs", "fullName", "x"])
def test_nesting_of_any_depth_is_compared(levels: int, place: str) -> None:
    old, same, other = (order(creationDate="2020-01-01T00:00:00Z") for _ in range(3))
    old[place], same[place], other[place] = nested(levels), nested(levels), nested(levels, end=2)
    known = {old["orderId"]: Stored(old["orderId"], 1, old, None)}

    assert detect_orders([same], known, NOW).changes == []
    assert [change.changed for change in detect_orders([other], known, NOW).changes] == [(place,)]


@given(JSON)
def test_odd_dates_are_no_reason_to_stop(value: Any) -> None:
    [change] = detect(order(creationDate=value, lastModifiedDate=value)).changes

    assert change.occurred_at.tzinfo is UTC
    assert change.occurred_at == NOW or isinstance(value, str)


def test_every_pair_of_payment_states_is_told_apart() -> None:
    states = ["PENDING", "PAID", "FAILED", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"]

    for old, new in itertools.product(states, states):
        changes = detect(order(orderPaymentStatus=new), held(order(orderPaymentStatus=old))).changes
        assert [change.changed for change in changes] == ([] if old == new else [("orderPaymentStatus",)])
