import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.pacing import Stream
from store import Store, StoreResult
from tests.store.documents import LATER, SELLER, item, order, parcel, refused_title, reported, sale, store_inventory, store_orders
from tests.support.examples import examples

MALFORMED = [
    pytest.param("just text", "not an object", None, id="text"),
    pytest.param(None, "not an object", None, id="null"),
    pytest.param({"noId": 1}, "no id", None, id="no id"),
    pytest.param({"orderId": 17}, "no id", None, id="a number as id"),
    pytest.param({"orderId": "\0"}, "an id that cannot be kept", None, id="NUL in the id"),
    pytest.param({"orderId": "\ud800"}, "an id that cannot be kept", None, id="surrogate in the id"),
    pytest.param({"orderId": "x" * 5000}, "an id that cannot be kept", None, id="an id too long for an index"),
    pytest.param(order(title="\0"), "refused by Postgres (SQLSTATE 22P05)", "o-1", id="NUL"),
    pytest.param(order(title="\ud800"), "holds characters that Postgres cannot keep", "o-1", id="surrogate"),
    pytest.param(order(total=float("nan")), "cannot be written as JSON", "o-1", id="NaN"),
    pytest.param(order(total=float("inf")), "cannot be written as JSON", "o-1", id="infinity"),
]


def asides(store: Store) -> list[tuple[str | None, str, int]]:
    return [(row["entity_id"], row["reason"], row["attempts"]) for row in store.set_aside()]


@pytest.mark.parametrize(("document", "reason", "entity_id"), MALFORMED)
def test_what_cannot_be_kept_is_set_aside_and_everything_else_goes_on(
    store: Store, document: Any, reason: str, entity_id: str | None
) -> None:
    result = store_orders(store, order("before"), document, order("behind"))

    assert result == StoreResult(changes=2, set_aside=1, changed=("before", "behind"))
    assert asides(store) == [(entity_id, reason, 1)]
    assert [type_ for type_, _, _ in reported(store)] == ["order.created", "order.created", "alert.opened"]
    assert [row["kind"] for row in store.alerts()] == ["set_aside"]


@pytest.mark.parametrize("document", [{"noId": 1}, refused_title("o-1")])
def test_a_set_aside_document_that_comes_again_is_another_attempt_and_no_second_row(store: Store, document: Any) -> None:
    for _ in range(3):
        store_orders(store, document)

    assert [attempts for _, _, attempts in asides(store)] == [3]
    assert len(store.alerts(closed=True)) == 1


def test_a_set_aside_document_that_can_be_kept_later_leaves_and_the_alert_closes(store: Store) -> None:
    store_orders(store, refused_title("o-1"), refused_title("o-2"))
    store_orders(store, order("o-1"))
    between = (len(store.set_aside()), len(store.alerts()))

    store_orders(store, order("o-2"))

    assert between == (1, 1)
    assert (store.set_aside(), store.alerts()) == ([], [])
    assert reported(store)[-1][0] == "alert.closed"


def test_one_document_that_is_refused_again_does_not_keep_the_others_aside(store: Store) -> None:
    store_orders(store, refused_title("o-1"), refused_title("o-2"))

    store_orders(store, order("o-1"), refused_title("o-2"))

    assert [(entity_id, attempts) for entity_id, _, attempts in asides(store)] == [("o-2", 2)]
    assert len(store.alerts()) == 1


def test_an_item_that_is_gone_is_set_aside_no_more(store: Store) -> None:
    store_inventory(store, item("a"))
    store_inventory(store, item("a", title="\0"))

    with store.commit(store.begin(SELLER, Stream.INVENTORY)) as commit:
        commit.remove_inventory(["a"], LATER)

    assert (store.set_aside(), store.alerts()) == ([], [])


def test_a_change_that_is_refused_leaves_the_stored_document_and_the_snapshot_says_so(store: Store) -> None:
    store_orders(store, order("o-1"))

    store_orders(store, refused_title("o-1"), {"noId": 1})

    rows = list(store.snapshot(SELLER, "orders"))
    assert [(row["entity_id"], row["version"], row["data"], row["set_aside"]) for row in rows] == [
        ("o-1", 1, order("o-1"), "refused by Postgres (SQLSTATE 22P05)"),
        (None, None, None, "no id"),
    ]


def test_items_and_parcels_are_set_aside_like_orders(store: Store) -> None:
    store_inventory(store, item("a", title="\0"), item("b"))
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("1", carrier="\0"), {"noId": 1}, parcel("2")], LATER)
    first = sorted(row["entity_id"] for row in store.set_aside())

    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("1"), parcel("2")], LATER)

    assert [row["entity_id"].partition("?")[0] for row in store.set_aside()] == ["a"]
    assert [one.partition("?")[0] for one in first] == ["a", "o-1/1", "o-1/"]


def test_a_document_is_tried_again_by_hand(store: Store) -> None:
    store_orders(store, refused_title("o-1"))
    [row] = store.set_aside()
    still = store.retry_set_aside(row["id"])
    with store.engine.begin() as connection:  # as if a later version could keep it
        connection.exec_driver_sql("UPDATE sellerbeat.set_aside SET raw = replace(raw, '\\u0000', '')")

    done = store.retry_set_aside(row["id"])

    assert (still, done, store.retry_set_aside(row["id"])) == (False, True, None)
    assert reported(store)[-2:] == [("order.created", "o-1", 1), ("alert.closed", "alert:set_aside", 1)]


def test_a_refused_parcel_is_tried_again_by_reading_its_order_again(store: Store) -> None:
    store_orders(store, order("o-1"))
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [{"noId": 1}], LATER)
    [row] = store.set_aside()

    store.retry_set_aside(row["id"])

    assert store.parcels_due(SELLER, 10) == ["o-1"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=()), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.dictionaries(st.sampled_from(["title", "lineItems", "cancelStatus"]), JSON)),
        max_size=4,
    )
)
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_json_value_stops_a_seller(store: Store, documents: list[Any]) -> None:
    store.sellers.erase(SELLER)
    store.sellers.enroll(SELLER, "refresh", scopes=[], now_ebay=LATER)

    result = store_orders(store, *({"orderId": name, **fields} for name, fields in documents), order("behind", **sale()))

    assert "behind" in result.changed
    assert ("inventory.sold", "A", 0) in reported(store)
    stored = {row["entity_id"]: row for row in store.snapshot(SELLER, "orders")}
    assert stored.keys() == {name for name, _ in documents} | {"behind"}
    assert all(row["data"] is not None or row["set_aside"] for row in stored.values())


def test_deep_nesting_stops_nobody(store: Store) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    result = store_orders(store, order("deep", title=deep), order("behind"))

    assert (result.changes, result.set_aside) == (1, 1)
    assert json.loads(json.dumps(store.set_aside()))[0]["entity_id"] == "deep"
