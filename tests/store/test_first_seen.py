from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.comparison import Mode, Seen, Side
from domain.pacing import Stream
from store import Store, StoreResult
from tests.store.documents import LATER, SELLER, enroll, item, order, parcel, statements, store_orders
from tests.support.examples import examples

SOON = LATER + timedelta(minutes=2)
EVER, NEVER = datetime.fromisoformat("2000-01-01T00:00Z"), datetime.fromisoformat("2100-01-01T00:00Z")


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count()


def notified(store: Store, *orders: dict[str, Any], notified_at: datetime = LATER) -> StoreResult:
    """As a notification's hint commits what it read."""
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.first_seen.notified_at.update({str(one["orderId"]): notified_at for one in orders})
        return commit.store_orders(orders, SOON, source="notification")


def seen(store: Store) -> list[Seen]:
    return store.modes.seen(SELLER, EVER, NEVER)


def short(store: Store) -> list[tuple[str, int, Side, int | None]]:
    """The entity, its version, who saw it first, and which version the other side saw."""
    return [(one.entity_id, one.version, one.first_by, one.other_version) for one in seen(store)]


def test_a_change_that_polling_told_is_seen_by_the_notification_that_finds_it_unchanged(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order(created=NEVER))
    notified(store, order(created=NEVER))

    only = seen(store)[0]

    assert (only.kind, only.types, only.first_by, only.other_version) == ("order", ("order.created",), Side.POLLING, 1)
    assert (only.other_notified_at, only.topic) == (LATER, "ORDER_CONFIRMATION")
    assert only.event_id == store.feed.read()[0]["id"]


def test_what_happened_before_both_were_compared_nobody_was_to_tell(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    since = store.modes.get(SELLER).since
    assert since
    store_orders(store, order("o-1", created=since - timedelta(milliseconds=1)), order("o-2", created=since))
    store.modes.set(SELLER, Mode.WEBHOOKS)
    store_orders(store, order("o-3", created=since))

    assert [(one.entity_id, one.topic) for one in seen(store)] == [
        ("o-1", None),
        ("o-2", "ORDER_CONFIRMATION"),
        ("o-3", "ORDER_CONFIRMATION"),
    ]


def test_the_first_sighting_has_the_time_of_its_event(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order())

    with store.engine.begin() as connection:
        same = """
            SELECT count(*) FROM sellerbeat.sightings s JOIN sellerbeat.change_events e ON e.id = s.event_id
                AND e.detected_at = s.first_at
        """
        assert connection.exec_driver_sql(same).scalar_one() == 1


def test_a_change_that_a_notification_told_is_seen_by_the_poll_that_brings_it_unchanged(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    notified(store, order())
    store_orders(store, order(), source="sweep")

    only = seen(store)[0]

    assert (only.first_by, only.first_notified_at, only.other_version, only.other_notified_at) == (Side.NOTIFICATIONS, LATER, 1, None)


def test_a_version_that_a_later_one_superseded_was_seen_folded_into_it(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order())
    store_orders(store, order(orderPaymentStatus="PAID", modified=SOON))
    notified(store, order(orderPaymentStatus="FULLY_REFUNDED", modified=SOON + timedelta(seconds=1)))

    assert short(store) == [("o-1", 1, Side.POLLING, 3), ("o-1", 2, Side.POLLING, 3), ("o-1", 3, Side.NOTIFICATIONS, None)]


def test_the_same_side_again_is_no_sighting_of_the_other(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order())
    store_orders(store, order())
    notified(store, order("o-2"))
    notified(store, order("o-2"))

    assert short(store) == [("o-1", 1, Side.POLLING, None), ("o-2", 1, Side.NOTIFICATIONS, None)]


def test_what_is_seen_twice_keeps_the_first_time(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order())
    notified(store, order(), notified_at=LATER)
    notified(store, order(), notified_at=SOON)

    assert seen(store)[0].other_notified_at == LATER


def test_a_stale_answer_saw_nothing(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order(modified=SOON))

    stored = notified(store, order(modified=LATER, orderPaymentStatus="FAILED"))

    assert stored.stale == 1
    assert short(store) == [("o-1", 1, Side.POLLING, None)]


def test_an_order_that_came_stale_and_new_in_one_answer_is_seen(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order(modified=SOON))
    notified(store, order(modified=SOON), order(modified=LATER))

    assert short(store) == [("o-1", 1, Side.POLLING, 1)]


def test_what_postgres_refuses_is_no_sighting(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order())
    notified(store, order(title="NUL\0", modified=SOON))

    assert short(store) == [("o-1", 1, Side.POLLING, None)]


def test_parcels_and_stock_are_seen_by_both_sides_too(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("11"), parcel("12")], LATER, source="notification")
        commit.store_inventory([item("A")], LATER, source="notification")
    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("11"), parcel("13")], LATER)
        commit.store_inventory([item("A")], LATER, source="sweep")

    assert sorted(short(store)) == [
        ("A", 1, Side.NOTIFICATIONS, 1),
        ("o-1/11", 1, Side.NOTIFICATIONS, 1),
        ("o-1/12", 1, Side.NOTIFICATIONS, 2),
        ("o-1/12", 2, Side.POLLING, None),
        ("o-1/13", 1, Side.POLLING, None),
    ]


def test_a_commit_that_is_rolled_back_leaves_no_sighting(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order())
    first = store.begin(SELLER, Stream.ORDERS)
    store.begin(SELLER, Stream.ORDERS)
    refused = False
    try:
        with store.commit(first) as commit:
            commit.store_orders([order(), order("o-2")], SOON, source="notification")
    except Exception:
        refused = True

    assert refused
    assert short(store) == [("o-1", 1, Side.POLLING, None)]


def test_a_seller_who_was_removed_comes_back_in_polling(store: Store) -> None:
    store.modes.set(SELLER, Mode.WEBHOOKS)

    store.sellers.remove(SELLER)
    enroll(store)

    assert store.begin(SELLER, Stream.ORDERS).mode is store.modes.get(SELLER).mode is Mode.POLLING


def test_a_polling_seller_pays_no_statement_for_it(store: Store) -> None:
    enroll(store, "shadow")
    store.modes.set("shadow", Mode.SHADOW)
    cost: dict[str, list[int]] = {}
    for seller in (SELLER, "shadow"):
        for documents in ([order()], [order()], [order(modified=SOON, orderPaymentStatus="PAID")]):
            with statements(store) as sent:
                store_orders(store, *documents, seller_id=seller)
            cost.setdefault(seller, []).append(len(sent))
            if seller == SELLER:
                assert not any("sightings" in statement for statement in sent)

    assert [more - less for more, less in zip(cost["shadow"], cost[SELLER], strict=True)] == [0, 1, 1]
    assert seen(store) == []


reads = st.lists(st.tuples(st.sampled_from(["poll", "sweep", "notification"]), st.integers(0, 3)), min_size=1, max_size=9)


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(reads)
def test_however_both_sides_read_an_order_each_version_has_who_was_first_and_what_the_other_saw(
    store: Store, numbers: Iterator[int], sides: list[tuple[str, int]]
) -> None:
    """`sides`: who read, and how often eBay had changed the order since the last reading."""
    store.modes.set(SELLER, Mode.SHADOW)
    order_id, content, version = f"o-{next(numbers)}", 0, 0
    expected: dict[int, tuple[Side, int | None]] = {}
    for source, changes in sides:
        side = Side.NOTIFICATIONS if source == "notification" else Side.POLLING
        content += changes
        if changes or not version:
            version += 1
            expected[version] = side, None
        for older, (first, other) in list(expected.items()):
            if first is not side and other is None:
                expected[older] = first, version
        store_orders(store, order(order_id, title=str(content), modified=LATER + timedelta(seconds=content)), source=source)

    found = {one.version: (one.first_by, one.other_version) for one in seen(store) if one.entity_id == order_id}
    assert found == expected


def test_sightings_are_forgotten_when_they_are_old_also_of_who_is_polled_again(store: Store) -> None:
    store.modes.set(SELLER, Mode.SHADOW)
    store_orders(store, order("o-1"), order("o-2"))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.sightings SET first_at = first_at - interval '91 days' WHERE entity_id = 'o-1'")
    store.modes.set(SELLER, Mode.POLLING)

    pruned = [store.modes.prune(timedelta(days=90)) for _ in range(2)]

    assert pruned == [1, 0]
    assert [one.entity_id for one in seen(store)] == ["o-2"]
