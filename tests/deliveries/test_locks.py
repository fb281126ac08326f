"""Locks of deliveries are taken in one order, so that no two wait for each other: the endpoint, then cursors in the order of sellers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.delivery import AttemptOutcome
from store.delivery.claims import Attempt, Claim
from store.delivery.cursors import TROUBLED
from store.delivery.endpoints import LOCK_CURSORS_OF_ENDPOINT, LOCK_ENDPOINT
from tests.deliveries.hand import Hand, replay
from tests.support.waiting import eventually_here

SELLERS = [f"s-{number:02}" for number in range(12)]
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
FIRST = text("SELECT FROM sellerbeat.delivery_lanes WHERE endpoint_id = :id AND seller_id = :seller FOR UPDATE")
OTHERS = text("SELECT FROM sellerbeat.delivery_lanes WHERE endpoint_id = :id AND seller_id > :seller FOR UPDATE NOWAIT")
BEHIND = text("UPDATE sellerbeat.delivery_lanes SET sequence = 0, tries = 1, retry_at = :at, failing_since = :since, tell_at = NULL")


def under_way(hand: Hand, endpoint: str, seller: str) -> tuple[Claim, Attempt]:
    run = hand.store.delivery_cursors.begin(endpoint, seller, hand.now)
    assert run is not None
    event = hand.store.delivery_cursors.next(run, 0, 1)[0]
    return run, Attempt(event, 1, False, AttemptOutcome.DELIVERED.value, 200, None, 5)


def waits(hand: Hand) -> None:
    """Until somebody waits for a lock."""

    def seen() -> bool:
        with hand.store.engine.connect() as connection:
            return bool(connection.execute(WAITING).scalar())

    eventually_here(seen)


@pytest.mark.parametrize("well", [True, False], ids=["it ends well", "it fails"])
def test_a_delivery_that_ends_while_its_endpoint_is_switched_on_or_removed_waits_and_fails_nobody(hand: Hand, well: bool) -> None:
    hand.enroll("anna")
    endpoint, _ = hand.endpoint("https://example.com/")
    hand.change("anna")
    run, attempt = under_way(hand, endpoint, "anna")
    hand.store.delivery_cursors.failed(run, attempt, hand.now, hand.now)  # in trouble, so that an end is one of its trouble too

    with ThreadPoolExecutor(1) as pool, hand.store.engine.begin() as connection:
        connection.execute(LOCK_ENDPOINT, {"id": endpoint})
        ended: Future[object] = pool.submit(
            (lambda: hand.store.delivery_cursors.delivered(run, attempt, hand.now))
            if well
            else (lambda: hand.store.delivery_cursors.failed(run, attempt, hand.now, hand.now))
        )
        waits(hand)
        connection.execute(LOCK_CURSORS_OF_ENDPOINT, {"id": endpoint})
        connection.commit()
        ended.result(20)

    with hand.store.engine.connect() as connection:
        failures = connection.execute(text("SELECT failures FROM sellerbeat.endpoints")).scalar_one()
    assert failures == (0 if well else 2)


def replays(hand: Hand, endpoint: str) -> None:
    replay(hand.store, endpoint=endpoint)


def scan(hand: Hand, endpoint: str) -> None:
    hand.store.backlog.behind()


def switch_on(hand: Hand, endpoint: str) -> None:
    hand.store.endpoints.switch_on(endpoint)


def remove(hand: Hand, endpoint: str) -> None:
    hand.store.endpoints.remove(endpoint)


def hurry(hand: Hand, endpoint: str) -> None:
    """Of the last seller, when the endpoint is well again."""
    run, attempt = under_way(hand, endpoint, SELLERS[-1])
    hand.store.delivery_cursors.delivered(run, attempt, hand.now)


@pytest.mark.parametrize("act", [replays, scan, switch_on, remove, hurry])
def test_who_locks_many_cursors_begins_with_the_first_seller(hand: Hand, act: Callable[[Hand, str], None]) -> None:
    hand.enroll(*SELLERS)
    types = ("inventory.*",) if act is scan else ()  # nothing is wanted of what is passed, so the scan moves all cursors on
    endpoint, _ = hand.endpoint("https://example.com/", *types)
    for seller in reversed(SELLERS):
        hand.change(seller)
    failing = hand.now - timedelta(minutes=5)
    with hand.store.engine.begin() as connection:  # the rows lie in another order than that of their names
        if act is not replays:
            connection.execute(BEHIND, {"at": hand.now + timedelta(hours=1), "since": failing})
        for seller in reversed(SELLERS):
            connection.execute(text("UPDATE sellerbeat.delivery_lanes SET epoch = 1 WHERE seller_id = :seller"), {"seller": seller})
        if act is replays:
            connection.execute(
                text(
                    "UPDATE sellerbeat.delivery_lanes l SET sequence = s.sequence FROM sellerbeat.sellers s WHERE s.seller_id = l.seller_id"
                )
            )
        if act is hurry:
            connection.execute(
                text("UPDATE sellerbeat.endpoints SET failures = :failures, failing_since = :since"),
                {"failures": TROUBLED, "since": failing},
            )

    with ThreadPoolExecutor(1) as pool, hand.store.engine.begin() as connection:
        place = {"id": endpoint, "seller": SELLERS[0]}
        connection.execute(FIRST, place)
        acting = pool.submit(act, hand, endpoint)
        waits(hand)
        with hand.store.engine.begin() as other:
            other.execute(OTHERS, place)
        connection.commit()
        acting.result(20)
