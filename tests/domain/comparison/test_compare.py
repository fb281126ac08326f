from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.comparison import Delays, PendingCounts, Rules, Seen, Side, compare
from domain.comparison.compare import delays

BEGAN = datetime(2026, 6, 1, tzinfo=UTC)
NOON = BEGAN + timedelta(hours=12)
NOW = BEGAN + timedelta(days=7)
POLLED = {"order": NOW}
GRACE = Rules().grace
POLL, REPORTED = Side.POLLING, Side.NOTIFICATIONS


def seen(entity_id: str = "o-1", *, by: Side = POLL, at: datetime = NOON, other: float | None = None, **fields: Any) -> Seen:
    """An order's first version; `other`: seconds until the other side had it too."""
    values: dict[str, Any] = {
        "event_id": f"e-{entity_id}",
        "kind": "order",
        "entity_id": entity_id,
        "version": 1,
        "types": ("order.created",),
        "occurred_at": at,
        "topic": "ORDER_CONFIRMATION",
        "first_by": by,
        "first_at": at,
        "other_at": None if other is None else at + timedelta(seconds=other),
        "other_version": None if other is None else 1,
    }
    return Seen(**(values | fields))


def test_what_both_saw_counts_once_and_by_who_was_ahead() -> None:
    found = compare([seen(by=REPORTED, other=120), seen(by=REPORTED, other=60), seen(by=POLL, other=5)], NOW, POLLED)

    assert (found.changes, found.both, found.folded) == (3, 3, 0)
    assert found.notifications_ahead == Delays(2, 60, 120, 120)
    assert found.polling_ahead == Delays(1, 5, 5, 5)


def test_a_notification_that_waited_to_be_read_counts_from_when_it_came() -> None:
    late = seen(other=300, other_notified_at=NOON + timedelta(seconds=3))

    assert compare([late], NOW, POLLED).polling_ahead.max_s == 3


def test_a_version_seen_only_in_a_later_one_is_seen_by_both_and_counted_apart_and_has_no_delay() -> None:
    found = compare([seen(other=86_400, other_version=4)], NOW, POLLED)

    assert (found.both, found.folded, found.only_polling) == (1, 1, ())
    assert found.polling_ahead == Delays()


@pytest.mark.parametrize(("age", "lost"), [(GRACE, 1), (GRACE - timedelta(microseconds=1), 0)])
def test_a_change_that_no_notification_told_is_missing_once_it_is_old_enough(age: timedelta, lost: int) -> None:
    found = compare([seen(at=NOW - age)], NOW, POLLED)

    assert [one.entity_id for one in found.only_polling] == ["o-1"] * lost
    assert found.pending == PendingCounts(notifications=1 - lost)


@pytest.mark.parametrize(("seconds", "late"), [(GRACE.total_seconds(), 0), (GRACE.total_seconds() + 1, 1)])
@pytest.mark.parametrize("version", [1, 2])
def test_a_change_that_notifications_saw_only_long_after_is_late_also_where_it_was_folded(seconds: float, late: int, version: int) -> None:
    rows = [seen(other=seconds, other_version=version), seen(by=REPORTED, other=9_999), seen(topic=None, other=9_999)]

    assert compare(rows, NOW, POLLED).late == late


@pytest.mark.parametrize(("polled", "lost"), [(GRACE, 0), (GRACE + timedelta(microseconds=1), 1)])
def test_a_change_that_polling_did_not_bring_is_missing_once_a_later_poll_came_by(polled: timedelta, lost: int) -> None:
    found = compare([seen(by=REPORTED)], NOW, {"order": NOON + polled})

    assert [one.event_id for one in found.only_notifications] == ["e-o-1"] * lost
    assert found.pending == PendingCounts(polling=1 - lost)


def test_a_kind_that_was_never_polled_is_not_polling_s_loss() -> None:
    assert compare([seen(by=REPORTED, kind="inventory")], NOW, POLLED).only_notifications == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"topic": None},
        {"topic": "ITEM_MARKED_SHIPPED"},
    ],
    ids=["no topic", "not subscribed"],
)
def test_what_no_notification_should_have_told_is_no_loss(fields: dict[str, Any]) -> None:
    found = compare([seen(**fields)], NOW, POLLED)

    assert (found.unannounced, found.only_polling, found.pending) == (1, (), PendingCounts())


def test_what_notifications_told_beyond_their_topics_is_seen_by_both_all_the_same() -> None:
    found = compare([seen(topic=None, other=9)], NOW, POLLED)

    assert (found.both, found.unannounced) == (1, 0)


def test_the_share_of_orders_that_polls_must_find_counts_orders_that_no_notification_announced_in_time() -> None:
    late = GRACE.total_seconds() + 1
    rows = [
        seen(by=REPORTED),
        seen(by=REPORTED, other=60),
        seen(other=60),
        seen(other=late),
        seen(other=60, other_version=2),
        seen(),
        seen(at=NOW),  # too new to tell
        seen(topic=None),
    ]

    found = compare(rows, NOW, POLLED)

    assert (found.orders, found.polls_first) == (6, 3)


sights = st.builds(
    seen,
    by=st.sampled_from(Side),
    at=st.datetimes(BEGAN.replace(tzinfo=None), NOW.replace(tzinfo=None), timezones=st.just(UTC)),
    other=st.none() | st.floats(0, 10_000),
    other_version=st.sampled_from([1, 2]),
    topic=st.sampled_from([None, "ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED"]),
)


@given(st.lists(sights, max_size=30), st.sampled_from([{}, POLLED, {"order": NOON}]))
def test_each_change_counts_exactly_once(rows: list[Seen], polled: dict[str, datetime]) -> None:
    found = compare(rows, NOW, polled)

    parts = found.both + len(found.only_polling) + len(found.only_notifications) + found.unannounced
    assert found.changes == len(rows) == parts + found.pending.polling + found.pending.notifications
    assert found.folded + found.notifications_ahead.count + found.polling_ahead.count == found.both
    assert found.polls_first <= found.orders <= len(rows)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_each_figure_of_the_delays_was_measured(seconds: list[float]) -> None:
    found = delays(seconds)

    assert {found.median_s, found.p95_s, found.max_s} <= set(seconds)
    assert found.median_s <= found.p95_s <= found.max_s == max(seconds)
    assert sum(one <= found.p95_s for one in seconds) >= 0.95 * len(seconds)
