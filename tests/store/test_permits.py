"""The ledger of calls: however many workers, crashes, resets and people, never more permits than eBay's quota."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.quota.permits import PermitPool, PermitRefusedError
from domain.streams import Purpose
from store import Store
from tests.support.examples import examples
from tests.support.postgres_clock import PostgresClock, driven

MIDNIGHT = datetime(2026, 6, 18, 7, tzinfo=UTC)  # US Pacific, in summer
NOON = MIDNIGHT + timedelta(hours=12)
ORDERS = "orders"


@pytest.fixture
def clock(database: str) -> Iterator[PostgresClock]:
    driven(database)
    with closing(PostgresClock(database)) as clock:
        clock.set(NOON)
        yield clock


@pytest.fixture
def store(database: str, clock: PostgresClock) -> Iterator[Store]:
    url = f"{database}?options=-c%20search_path%3Ddriven,pg_catalog,public"
    with closing(Store.connect(url, [Fernet.generate_key().decode()], pool_size=8)) as store:
        yield store


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def begin_day(store: Store, limit: int) -> None:
    """A ledger with nothing used."""
    store.permits.ensure({ORDERS: limit})
    ledger = store.permits.all()[ORDERS]
    assert (ledger.limit, ledger.used) == (limit, 0)


def process(store: Store) -> PermitPool:
    """As another worker with the same settings."""
    return PermitPool(store, {resource: ledger.limit for resource, ledger in store.permits.all().items()})


def spend(permits: PermitPool, now: datetime, purpose: Purpose = Purpose.POLL, most: int = 10**6) -> int:
    for spent in range(most):
        try:
            permits.take(ORDERS, purpose, now)
        except PermitRefusedError:
            return spent
    return most


def test_a_quota_day_ends_at_midnight_us_pacific(store: Store) -> None:
    begin_day(store, 100)

    ledger = store.permits.all()[ORDERS]

    assert (ledger.day_start, ledger.reset_at) == (MIDNIGHT, MIDNIGHT + timedelta(days=1))


@pytest.mark.parametrize(
    ("now", "start", "reset"),
    [
        ("2026-07-01T06:59:59", "2026-06-30T07:00", "2026-07-01T07:00"),
        ("2026-07-01T07:00:00", "2026-07-01T07:00", "2026-07-02T07:00"),
        ("2026-12-31T23:59:59", "2026-12-31T08:00", "2027-01-01T08:00"),
        ("2026-03-08T12:00:00", "2026-03-08T08:00", "2026-03-09T07:00"),
        ("2026-11-01T08:30:00", "2026-11-01T07:00", "2026-11-02T08:00"),
    ],
)
def test_a_moment_is_in_the_quota_day_of_california(store: Store, clock: PostgresClock, now: str, start: str, reset: str) -> None:
    clock.set(utc(now))
    begin_day(store, 100)

    ledger = store.permits.all()[ORDERS]

    assert (ledger.day_start, ledger.reset_at) == (utc(start), utc(reset))


@pytest.mark.parametrize(("noon", "hours"), [(datetime(2026, 3, 8, 20, tzinfo=UTC), 23), (datetime(2026, 11, 1, 20, tzinfo=UTC), 25)])
def test_the_days_of_23_and_25_hours_are_as_long_as_they_are(store: Store, clock: PostgresClock, noon: datetime, hours: int) -> None:
    clock.set(noon)
    begin_day(store, 100)

    ledger = store.permits.all()[ORDERS]

    assert ledger.reset_at - ledger.day_start == timedelta(hours=hours)


def test_polls_leave_the_reserve_and_people_have_it_to_the_last_call(store: Store) -> None:
    begin_day(store, 1000)
    permits = process(store)

    polls = spend(permits, NOON)
    people = spend(permits, NOON, Purpose.URGENT)

    assert polls == 1000 - (10 + 1)  # half a day before the reset: half of 2 % of the limit, and a thousandth
    assert polls + people == 1000
    assert store.permits.all()[ORDERS].used == 1000


def test_a_backfill_leaves_half_of_the_rest_of_the_day_to_polls(store: Store) -> None:
    begin_day(store, 1000)
    permits = process(store)

    past = spend(permits, NOON, Purpose.BACKFILL)
    polls = spend(permits, NOON)

    assert past == 1000 - (250 + 10 + 1)
    assert polls == 250


def test_the_reserve_is_freed_as_the_day_goes_by(store: Store, clock: PostgresClock) -> None:
    begin_day(store, 1000)
    permits = process(store)
    spend(permits, NOON)

    late = MIDNIGHT + timedelta(hours=23, minutes=55)
    clock.set(late)

    assert 7 <= spend(permits, late) <= 10
    assert store.permits.all()[ORDERS].used >= 0.97 * 1000


def test_on_a_new_day_nothing_is_used_and_yesterdays_permits_are_worth_nothing(store: Store, clock: PostgresClock) -> None:
    begin_day(store, 2000)
    permits = process(store)
    permits.take(ORDERS, Purpose.POLL, NOON)  # nine more are held
    tomorrow = MIDNIGHT + timedelta(days=1, minutes=1)
    clock.set(tomorrow)

    permits.take(ORDERS, Purpose.POLL, tomorrow)

    ledger = store.permits.all()[ORDERS]
    assert (ledger.used, ledger.reset_at) == (10, MIDNIGHT + timedelta(days=2))


def test_permits_come_by_tens_and_singly_when_few_are_left(store: Store) -> None:
    begin_day(store, 1100)
    permits = process(store)

    used = []
    for _ in range(130):
        permits.take(ORDERS, Purpose.POLL, NOON)
        used.append(store.permits.all()[ORDERS].used)

    assert used[0] == used[9] == 10
    assert used[-1] - used[-2] == 1


def test_many_threads_of_two_processes_never_get_more_than_there_is(store: Store) -> None:
    begin_day(store, 600)
    processes = [process(store), process(store)]

    with ThreadPoolExecutor(8) as threads:
        spent = sum(threads.map(lambda number: spend(processes[number % 2], NOON, Purpose.URGENT, 200), range(8)))

    assert spent == 600 == store.permits.all()[ORDERS].used


def test_ebays_count_is_believed_where_it_is_worse(store: Store) -> None:
    begin_day(store, 2000)
    store.permits.lease(ORDERS, 300)
    reset = MIDNIGHT + timedelta(days=1)

    store.permits.observe(ORDERS, 2000, 1900, reset)
    better = store.permits.all()[ORDERS].used
    store.permits.observe(ORDERS, 2000, 1200, reset)
    worse = store.permits.all()[ORDERS].used

    assert (better, worse) == (300, 800)


def test_ebays_limit_and_reset_hold_instead_of_the_settings(store: Store) -> None:
    begin_day(store, 2000)
    reset = NOON + timedelta(hours=2)

    store.permits.observe(ORDERS, 500, 499, reset)
    store.permits.ensure({ORDERS: 2000})  # as another worker starts

    ledger = store.permits.all()[ORDERS]
    assert (ledger.limit, ledger.used, ledger.reset_at, ledger.observed) == (500, 1, reset, True)


def test_a_reading_from_before_the_reset_is_ignored(store: Store) -> None:
    begin_day(store, 2000)

    store.permits.observe(ORDERS, 2000, 0, NOON - timedelta(hours=1))

    assert store.permits.all()[ORDERS].used == 0


def test_without_ebays_count_the_elapsed_share_of_the_day_is_taken_for_used_once(store: Store) -> None:
    begin_day(store, 2000)
    store.permits.assume()
    store.permits.assume()
    assumed = store.permits.all()[ORDERS].used

    store.permits.observe(ORDERS, 2000, 1990, MIDNIGHT + timedelta(days=1))

    assert (assumed, store.permits.all()[ORDERS].used) == (1000, 10)


def test_what_orders_cause_is_kept_back_from_polls(store: Store) -> None:
    begin_day(store, 1000)
    store.permits.caused(ORDERS, 200)

    assert spend(process(store), NOON) == 1000 - (10 + 100 + 1)


def test_a_refusal_says_when_to_come_back(store: Store) -> None:
    begin_day(store, 100)
    permits = process(store)
    spend(permits, NOON)

    with pytest.raises(PermitRefusedError) as held_back:
        permits.take(ORDERS, Purpose.POLL, NOON)
    spend(permits, NOON, Purpose.URGENT)
    with pytest.raises(PermitRefusedError) as spent:
        permits.take(ORDERS, Purpose.URGENT, NOON)

    assert (held_back.value.spent, held_back.value.until) == (False, NOON + timedelta(seconds=60))
    assert (spent.value.spent, spent.value.until) == (True, MIDNIGHT + timedelta(days=1))


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 1), st.sampled_from(Purpose)),
        st.tuples(st.just("crash"), st.integers(0, 1), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1, 60, 400, 900]), st.none()),
        st.tuples(st.just("others call"), st.integers(1, 9), st.none()),
    ),
    max_size=60,
)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=ACTS, limit=st.integers(0, 60))
def test_whatever_happens_no_day_has_more_calls_than_its_quota(
    store: Store, clock: PostgresClock, acts: list[tuple[Any, ...]], limit: int
) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sellerbeat.permits")
    now, calls, others = NOON, dict[int, int](), dict[int, int]()
    clock.set(now)
    store.permits.ensure({ORDERS: limit})
    processes = [process(store), process(store)]
    for what, which, purpose in acts:
        day = (now - MIDNIGHT) // timedelta(days=1)
        if what == "take":
            try:
                processes[which].take(ORDERS, purpose, now)
                calls[day] = calls.get(day, 0) + 1
            except PermitRefusedError:
                assert purpose is not Purpose.URGENT or store.permits.all()[ORDERS].used >= limit  # never refused before the last call
        elif what == "crash":
            processes[which] = process(store)
        elif what == "wait":
            now += timedelta(minutes=which)
            clock.set(now)
        elif calls.get(day, 0) + others.get(day, 0) + which <= limit:
            others[day] = others.get(day, 0) + which
            left = limit - calls.get(day, 0) - others[day]
            store.permits.observe(ORDERS, limit, left, MIDNIGHT + (day + 1) * timedelta(days=1))

    assert all(made <= limit for made in calls.values())
