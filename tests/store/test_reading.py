"""What operators and the app read: the feed, snapshots, status, alerts, quotas."""

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.pacing import Stream
from store import Store, UnknownSellerError
from store.schema.kinds import AlertKind
from tests.store.documents import ENROLLED, LATER, SELLER, enroll, order, statements, store_orders

NOW = datetime.now(UTC).replace(microsecond=0)


def test_the_feed_goes_on_after_a_position(store: Store) -> None:
    store_orders(store, *(order(f"o-{number}") for number in range(5)))
    first = store.feed.read(limit=2)

    rest = store.feed.read(after=first[-1]["position"])

    assert [event["entity_id"] for event in first + rest] == [f"o-{number}" for number in range(5)]
    assert store.feed.last() == rest[-1]["position"]


def test_the_feed_of_one_seller_holds_no_other(store: Store) -> None:
    enroll(store, "seller-2")
    store_orders(store, order("mine"))
    store_orders(store, order("theirs"), seller_id="seller-2")

    assert [event["entity_id"] for event in store.feed.read(seller="seller-2")] == ["theirs"]


def test_an_empty_feed_ends_at_position_0(store: Store) -> None:
    assert (store.feed.read(), store.feed.last()) == ([], 0)


def test_a_snapshot_has_the_shape_of_the_contract(store: Store) -> None:
    store_orders(store, order())

    assert list(store.snapshot(SELLER, "orders")) == [
        {
            "entity_id": "o-1",
            "data": order(),
            "version": 1,
            "as_of": "2026-03-01T13:00:00.000Z",
            "read_from": "list",
            "removed_at": None,
            "set_aside": None,
        }
    ]


def test_a_large_snapshot_needs_the_memory_of_a_small_one(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("""
            INSERT INTO sellerbeat.orders (seller_id, entity_id, version, data, digest, as_of, read_from, is_open, parcels_due)
            SELECT 'seller-1', 'o-' || n, 1, jsonb_build_object('title', repeat('x', 1000)), '', now(), 'list', false, false
            FROM generate_series(1, 12000) n
        """)
    tracemalloc.start()

    count = sum(1 for _ in store.snapshot(SELLER, "orders"))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 12_000
    assert peak < 5_000_000  # the documents alone are 12 MB


def test_another_kind_of_snapshot_is_refused(store: Store) -> None:
    with pytest.raises(KeyError):
        store.snapshot(SELLER, "tokens")


def test_status_has_the_shape_of_the_contract(store: Store) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS), now=LATER) as commit:
        commit.store_orders([order()], LATER)
        commit.advance(cursor=LATER)
        commit.count(calls=2)
        commit.complete(next_poll_at=LATER + timedelta(minutes=5), why="every 5 min")

    status = store.seller(SELLER)

    orders = status.pop("streams")["orders"]
    assert status.pop("token_ends_at") > "2027"
    assert [status.pop(name) for name in ("mode", "mode_since", "compared_at", "comparison")] == ["polling", None, None, None]
    assert [status.pop(name) for name in ("paused", "speed_up")] == [None, None]
    assert status == {"seller_id": SELLER, "state": "polling", "reason": None, "changes_24h": 1, "api_calls_24h": 2}
    assert {name: orders[name] for name in ("last_poll_at", "next_poll_at", "why", "cursor", "failures", "last_error")} == {
        "last_poll_at": "2026-03-01T13:00:00.000Z",
        "next_poll_at": "2026-03-01T13:05:00.000Z",
        "why": "every 5 min",
        "cursor": "2026-03-01T13:00:00.000Z",
        "failures": 0,
        "last_error": None,
    }


def test_the_status_of_somebody_unknown_is_an_error(store: Store) -> None:
    with pytest.raises(UnknownSellerError):
        store.seller("nobody")


def pause(store: Store) -> None:
    store.save_overrides(SELLER, {"paused": "holiday"})


def kill_token(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        row.kill("invalid_grant")


def spend_quota(store: Store) -> None:
    store.quotas.put("orders", limit=5000, remaining=0, reset_at=datetime(2100, 1, 1, tzinfo=UTC))


def fail(store: Store) -> None:
    for _ in range(3):
        store.failed(store.begin(SELLER, Stream.INVENTORY), "EbayUnavailableError: 503")


@pytest.mark.parametrize(
    ("happening", "state", "reason"),
    [
        (lambda store: None, "polling", None),
        (pause, "paused", "holiday"),
        (kill_token, "needs_reauthorization", "invalid_grant"),
        (spend_quota, "waiting_for_quota", "orders: eBay's quota of orders is spent until 2100-01-01T00:00:00.000Z"),
        (fail, "failing", "inventory: EbayUnavailableError: 503, 3 times in a row"),
    ],
)
def test_the_state_says_what_hinders_a_seller(store: Store, happening: Callable[[Store], None], state: str, reason: str | None) -> None:
    happening(store)

    assert (store.seller(SELLER)["state"], store.seller(SELLER)["reason"]) == (state, reason)


def test_removed_sellers_stay_in_the_list(store: Store) -> None:
    enroll(store, "seller-2")
    store.sellers.remove(SELLER)

    assert [(one["seller_id"], one["state"]) for one in store.status.all()] == [(SELLER, "removed"), ("seller-2", "polling")]
    assert [one["seller_id"] for one in store.status.all(state="polling")] == ["seller-2"]


def test_the_list_of_all_sellers_takes_the_statements_of_one(store: Store) -> None:
    for number in range(20):
        enroll(store, f"seller-{number}")

    with statements(store) as sent:
        store.status.all()

    assert len(sent) == 7  # the last two say whether nobody is polled; one of a row a worker, where there ever was a worker


def test_calls_are_counted_by_the_resource_they_come_from(store: Store) -> None:
    for calls, stream in enumerate(Stream, start=1):
        with store.commit(store.begin(SELLER, stream)) as commit:
            commit.count(calls=calls)
    store.put_quota("orders", limit=100, remaining=50, reset_at=NOW + timedelta(hours=1))

    assert store.quotas.used() == {"inventory": 3 + 5, "orders": 1 + 2 + 6 + 7, "trading": 4, "feed": 8}
    assert [(row["resource"], row["used"], row["limit"], row["remaining"]) for row in store.quota_use()] == [
        ("feed", 8, None, None),
        ("inventory", 8, None, None),
        ("orders", 16, 100, 50),
        ("trading", 4, None, None),
    ]


def test_an_older_reading_of_the_quota_changes_nothing(store: Store) -> None:
    store.quotas.put("orders", limit=100, remaining=50, reset_at=None, read_at=NOW)
    store.quotas.put("orders", limit=100, remaining=60, reset_at=None, read_at=NOW - timedelta(seconds=1))

    assert [quota.remaining for quota in store.quotas.all()] == [50]


def test_the_quota_is_read_once_a_minute_for_all(store: Store) -> None:
    asked = [store.may_read_quota(timedelta(minutes=1)) for _ in range(3)]

    assert asked == [True, False, False]
    assert store.may_read_quota(timedelta())


def test_a_spent_quota_says_until_when(store: Store) -> None:
    before = store.quota_until("orders")
    store.put_quota("orders", limit=100, remaining=0, reset_at=datetime(2100, 1, 1, tzinfo=UTC))

    assert (before, store.quota_until("orders")) == (None, datetime(2100, 1, 1, tzinfo=UTC))


def test_an_alert_is_opened_once_and_closed_once(store: Store) -> None:
    done = [
        store.open_alert(AlertKind.EBAY_DOWN, "eBay is slow"),
        store.open_alert(AlertKind.EBAY_DOWN, "eBay is slow"),
        store.close_alert(AlertKind.EBAY_DOWN),
        store.close_alert(AlertKind.EBAY_DOWN),
    ]
    again = store.open_alert(AlertKind.EBAY_DOWN, "eBay is slow")

    assert (done, again) == ([True, False, True, False], True)
    assert [
        (event["type"], event["entity_id"], event["version"], event["seller_id"], event["sequence"]) for event in store.feed.read()
    ] == [
        ("alert.opened", "alert:ebay_down", 1, None, None),
        ("alert.closed", "alert:ebay_down", 1, None, None),
        ("alert.opened", "alert:ebay_down", 2, None, None),
    ]


def test_alerts_of_a_seller_are_part_of_their_sequence(store: Store) -> None:
    store_orders(store, order())

    store.open_alert(AlertKind.LATE, "no poll for 3 intervals", SELLER)

    event = store.feed.read()[-1]
    assert (event["seller_id"], event["sequence"], event["data"]["text"]) == (SELLER, 2, "no poll for 3 intervals")
    assert [row["closed_at"] for row in store.alerts(seller_id=SELLER)] == [None]


def test_an_alert_of_a_step_is_opened_once_however_often_it_is_asked_for(store: Store) -> None:
    for _ in range(2):
        with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
            commit.open_alert(AlertKind.MANY_CHANGES, "more than 1,000 changes in a poll")
            commit.open_alert(AlertKind.MANY_CHANGES, "more than 1,000 changes in a poll")

    assert [event["type"] for event in store.feed.read()] == ["alert.opened"]


def test_an_enrolment_by_ebays_clock_is_the_first_change_for_pacing(store: Store) -> None:
    assert store.begin(SELLER, Stream.INVENTORY).last_change_at == ENROLLED
