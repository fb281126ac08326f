"""What a seller's tables hold of the last day, as the strip shows it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from domain.seller_day import HOUR, DayKind, SellerDay
from store import Store, UnknownSellerError
from store.schema.kinds import AlertKind
from tests.store.documents import LATER, SELLER, enroll, order, store_orders

NOTIFICATIONS = """
    INSERT INTO sellerbeat.notifications (notification_id, topic, seller_id, state, received_at)
    SELECT 'n-' || n, 'ItemSold', :seller, 'done', clock_timestamp() FROM generate_series(1, 3) AS n
"""
OLD = """
    INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at, changes)
    SELECT :seller, 1000 + row_number() OVER (), 'orders', 'poll', date_trunc('hour', now(), 'UTC') - interval '23 hours' - at, now(), 5
    FROM unnest(ARRAY[interval '1 second', interval '0 seconds']) AS at
"""
SPOILT = "EbayUnavailableError: eBay does not answer (HTTP 503)"


def parts(day: SellerDay, kind: DayKind) -> dict[str, int]:
    found: dict[str, int] = {}
    for bucket in day.of(kind):
        found |= {what: found.get(what, 0) + count for what, count in bucket.parts.items()}
    return found


def test_a_day_tells_of_polls_changes_failures_acts_alerts_and_notifications(store: Store) -> None:
    enroll(store, "other")
    for seller in (SELLER, "other"):
        store_orders(store, order("o-1"), order("o-2"), seller_id=seller)
        with store.commit(store.begin(seller, Stream.ORDERS)) as commit:
            commit.complete(next_poll_at=LATER, why="every 5 min")
        store.failed(store.begin(seller, Stream.INVENTORY), SPOILT, calls=1)
        store.open_alert(AlertKind.LATE, "no good poll", seller, about="orders")
        store.close_alert(AlertKind.LATE, seller, about="orders")
        row = store.audit.begin("token:ci", "seller.pause", seller, after={"paused": "stock-take", "until": None})
        store.audit.end(row, True)
        store.audit.end(store.audit.begin("page", "seller.resume", seller), False)
    store.audit.end(store.audit.begin("os:alice", "seller.resume", subject="all"), True)
    with store.engine.begin() as connection:
        connection.execute(text(NOTIFICATIONS), {"seller": SELLER})

    day = store.seller_day.read(SELLER)

    assert parts(day, DayKind.POLLS) == {"inventory": 1, "orders": 1}
    assert sum(bucket.quiet for bucket in day.buckets) == 0
    assert parts(day, DayKind.CHANGES) == {"orders": 2}
    assert parts(day, DayKind.FAILURES) == {"poll of inventory failed": 1}
    assert parts(day, DayKind.ACTS) == {"pause": 1, "resume": 1}  # what failed is none
    assert parts(day, DayKind.ALERTS) == {"late:orders opened": 1, "late:orders closed": 1}
    assert parts(day, DayKind.NOTIFICATIONS) == {"ItemSold": 3}
    words = {fact.what: fact.text for bucket in day.buckets for fact in bucket.facts}
    assert words["pause"] == "by token:ci (stock-take)"
    assert words["resume"] == "by os:alice"
    assert words["poll of inventory failed"] == SPOILT
    assert words["late:orders opened"] == "no good poll"
    assert day.totals[DayKind.CHANGES] == store.seller(SELLER)["changes_24h"]


def test_a_quiet_poll_is_counted_by_its_hour_and_the_window_begins_with_one(store: Store) -> None:
    for _ in range(3):
        with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
            commit.complete(next_poll_at=LATER, why="every 5 min")
    with store.engine.begin() as connection:
        connection.execute(text(OLD), {"seller": SELLER})

    day = store.seller_day.read(SELLER)

    (hour,) = day.of(DayKind.POLLS)
    assert (hour.count, hour.quiet, hour.until - hour.at) == (3, 3, HOUR)
    (first,) = day.of(DayKind.CHANGES)
    assert (first.at, first.count) == (day.since, 5)  # what is a second older is no part of it


def test_a_seller_who_was_never_enrolled_has_no_day(store: Store) -> None:
    with pytest.raises(UnknownSellerError):
        store.seller_day.read("nobody")
