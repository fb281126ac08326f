from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.comparison import Comparison, MissingChange, Mode, silent, topic_of, verdict

SINCE = datetime(2026, 6, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
LOST = MissingChange("e-1", "order.created", "o-1", 1, "ORDER_CONFIRMATION", SINCE, SINCE)
SECOND = timedelta(seconds=1)


def comparison(both: int = 5, lost: int = 0, unpolled: int = 0, late: int = 0) -> Comparison:
    return Comparison(both=both, late=late, only_polling=(LOST,) * lost, only_notifications=(LOST,) * unpolled)


GOOD = comparison()


@pytest.mark.parametrize(
    ("mode", "age", "week", "ready", "why"),
    [
        (Mode.SHADOW, WEEK, GOOD, True, "each of 5 changes of the last 7 days was told by a notification"),
        (Mode.SHADOW, WEEK - SECOND, GOOD, False, "compared for 6 days of 7 days; so far no notification was lost"),
        (Mode.SHADOW, timedelta(hours=5), GOOD, False, "compared for 5 h of 7 days; so far no notification was lost"),
        (Mode.SHADOW, WEEK, comparison(both=4), False, "only 4 changes were announced within 7 days: at least 5 are needed to tell"),
        (Mode.SHADOW, WEEK, comparison(lost=1), False, "1 change was told by no notification within 7 days, of 6 to be told"),
        (Mode.SHADOW, SECOND, comparison(lost=2), False, "2 changes were told by no notification within 7 days, of 7 to be told"),
        (Mode.SHADOW, WEEK, comparison(late=1), False, "1 change was told only after more than 15 min, of 5 to be told"),
        (Mode.SHADOW, WEEK, comparison(unpolled=1), True, "each of 6 changes of the last 7 days was told by a notification"),
        (Mode.WEBHOOKS, SECOND, GOOD, True, "each of 5 changes of the last 7 days was told by a notification"),
        (Mode.POLLING, WEEK, GOOD, False, "in mode polling nothing is compared: begin with mode shadow"),
    ],
)
def test_the_verdict_says_whether_and_why(mode: Mode, age: timedelta, week: Comparison, ready: bool, why: str) -> None:
    found = verdict(mode, SINCE, SINCE + age, week)

    assert (found.ready, found.why) == (ready, why)


@pytest.mark.parametrize(
    ("hours", "orders_a_day", "stopped"),
    [(24, 8, True), (23.9, 1000, False), (24, 7.9, False), (240, 0.8, True), (10_000, 0, False)],
)
def test_notifications_stopped_when_so_many_orders_were_due_that_chance_is_no_reason(
    hours: float, orders_a_day: float, stopped: bool
) -> None:
    assert silent(SINCE, SINCE + timedelta(hours=hours), orders_a_day) is stopped


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_longer_silence_or_more_orders_never_speak_against_it(hours: float, more: float, orders_a_day: float) -> None:
    now, later = SINCE + timedelta(hours=hours), SINCE + timedelta(hours=hours + more)

    assert silent(SINCE, later, orders_a_day) >= silent(SINCE, now, orders_a_day)
    assert silent(SINCE, now, orders_a_day + more) >= silent(SINCE, now, orders_a_day)


@pytest.mark.parametrize(
    ("types", "changed", "topic"),
    [
        (("order.created",), (), "ORDER_CONFIRMATION"),
        (("order.updated",), ("orderPaymentStatus",), None),
        (("order.updated", "order.cancelled"), ("cancelStatus", "lastModifiedDate"), "ORDER_CANCELLATION_ACTIVITY"),
        (("order.updated",), ("fulfillmentHrefs",), "ITEM_MARKED_SHIPPED"),
        (("order.updated", "order.refunded"), ("paymentSummary",), None),
        (("inventory.updated",), ("cancelStatus",), None),
        (("fulfillment.created",), (), None),
    ],
)
def test_which_topic_should_tell_a_change(types: tuple[str, ...], changed: tuple[str, ...], topic: str | None) -> None:
    assert topic_of(types, changed) == topic
