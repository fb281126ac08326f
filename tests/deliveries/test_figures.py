"""How each endpoint does, by one statement: what waits, next try, last answer, and the last 24 hours, summed or as it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text

from activities.delivering.dispatcher import DeliveryDispatcher
from domain.delivery.latency import UNANSWERED, bucket_of, quantile
from store.delivery.backlog import CursorKey
from tests.deliveries.hand import Hand
from tests.support.receivers import Receiver, answering
from tests.support.waiting import eventually_here

LOG = text("""
    INSERT INTO sellerbeat.deliveries (at, endpoint_id, event_id, position, type, attempt, replayed, outcome, status, took_ms)
    SELECT clock_timestamp() - make_interval(mins => :minutes), :endpoint, 'e', 1, 'order.created', 1, false,
        CASE WHEN :status = 200 THEN 'delivered' WHEN :status IS NULL THEN 'unanswered' ELSE 'refused' END, :status, :took
""")
Attempts = Sequence[tuple[int, int | None, int]]  # minutes ago, status, milliseconds
DAY: Attempts = [(1, 200, 40), (20, 200, 50), (21, 500, 60), (300, 200, 45), (301, None, 15_000), (1400, 200, 44)]


def logged(hand: Hand, endpoint: str, attempts: Attempts) -> None:
    with hand.store.engine.begin() as connection:
        for minutes, status, took in attempts:
            connection.execute(LOG, {"endpoint": endpoint, "minutes": minutes, "status": status, "took": took})


def folded(hand: Hand) -> int:
    """Twice: the first who comes leaves a mark, from which on others sum."""
    hand.store.delivery_figures.fold()
    return hand.store.delivery_figures.fold()


@pytest.mark.parametrize("summed", [True, False])
def test_attempts_of_the_last_day_are_counted_once_summed_or_not(hand: Hand, summed: bool) -> None:
    endpoint, _ = hand.endpoint("https://one.example.com/")
    other, _ = hand.endpoint("https://other.example.com/")
    logged(hand, endpoint, [*DAY, (1500, 500, 9), (9000, 200, 9)])  # the last two are older
    if summed:
        assert folded(hand) == 5
        assert hand.store.delivery_figures.fold() == 0
        logged(hand, endpoint, [(0, 200, 41)])

    found = hand.store.delivery_figures.of()

    assert (found[endpoint].delivered, found[endpoint].failed) == (5 if summed else 4, 2)
    assert found[endpoint].times[UNANSWERED] == 1
    assert found[endpoint].times.keys() - {UNANSWERED} == {bucket_of(took) for _, status, took in DAY if status} | (
        {bucket_of(41)} if summed else set()
    )
    assert quantile(found[endpoint].times, 0.5) == pytest.approx(45, rel=0.06)
    assert (found[other].delivered, found[other].failed, found[other].times, found[other].last) == (0, 0, {}, None)
    assert hand.store.delivery_figures.of(other).keys() == {other}


def test_postgres_counts_in_the_same_buckets(hand: Hand) -> None:
    endpoint, _ = hand.endpoint("https://one.example.com/")
    times = [0, 1, 2, 3, 9, 10, 99, 100, 101, 999, 1000, 14_999, 15_000, 60_000]
    logged(hand, endpoint, [(1, 200, took) for took in times])

    assert hand.store.delivery_figures.of(endpoint)[endpoint].times.keys() == {bucket_of(took) for took in times}


def test_sums_older_than_a_day_go_and_those_of_a_removed_endpoint_too(hand: Hand) -> None:
    endpoint, _ = hand.endpoint("https://one.example.com/")
    logged(hand, endpoint, DAY)
    folded(hand)
    with hand.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.delivery_sums SET slot = slot - interval '1 day'")
        connection.exec_driver_sql("UPDATE sellerbeat.marks SET value = CAST(CAST(value AS timestamptz) - interval '15 minutes' AS text)")
    hand.store.delivery_figures.fold()
    with hand.store.engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.delivery_sums WHERE slot < now() - interval '25 hours'").scalar()
    hand.store.endpoints.remove(endpoint)

    assert left == 0
    with hand.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.delivery_sums").scalar() == 0


def test_what_waits_the_next_try_and_the_last_answer_are_shown(hand: Hand) -> None:
    hand.enroll("anna", "bert")
    with Receiver(answering(500, headers={"retry-after": "7200"})) as receiver:
        endpoint, _ = hand.endpoint(receiver.url, "order.*")
        hand.change("anna", orders=2)
        berts, _ = hand.endpoint(receiver.url, "order.*", seller="bert")
        hand.change("bert")
        hand.run(endpoint)
        all_of_them = hand.store.delivery_figures.of()
        found = hand.store.delivery_figures.of(endpoint)[endpoint]
        hand.store.endpoints.switch_off(endpoint)
        off = hand.store.delivery_figures.of(endpoint)[endpoint]

    assert [all_of_them[one].waiting.changes for one in (endpoint, berts)] == [3, 1]
    assert (found.waiting.changes, found.waiting.since) == (3, hand.store.deliveries.waiting(endpoint).since)
    assert (all_of_them[berts].next_try_at, all_of_them[berts].last) == (None, None)
    assert found.next_try_at is not None
    assert 7000 < (found.next_try_at - hand.now).total_seconds() < 7300
    assert found.last is not None
    assert (found.last["outcome"], found.last["status"]) == ("refused", 500)
    assert (off.next_try_at, off.waiting.changes) == (None, 3)


def test_the_dispatchers_scan_sums(hand: Hand) -> None:
    endpoint, _ = hand.endpoint("https://one.example.com/")
    logged(hand, endpoint, DAY)
    hand.store.delivery_figures.fold()  # leaves the mark
    dispatcher = DeliveryDispatcher(hand.store, waking_nobody)

    def is_summed() -> bool:
        with hand.store.engine.connect() as connection:
            return bool(connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.delivery_sums").scalar())

    with closing(asyncio.new_event_loop()) as loop, ThreadPoolExecutor(1) as pool:
        scanning = pool.submit(dispatcher.scan, loop)
        try:
            eventually_here(is_summed)
        finally:
            dispatcher.stop.set()
        scanning.result()


async def waking_nobody(_: Iterable[CursorKey]) -> None:
    pass
