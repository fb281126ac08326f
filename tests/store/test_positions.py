"""Who follows the feed by position misses no event, whatever commits when."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any

from sqlalchemy import Connection, text

from domain.pacing import Stream
from store import Store
from store.events.events import Events
from tests.store.documents import LATER, enroll, order
from tests.support.waiting import eventually_here

SELLERS = ["seller-1", "seller-2"]


def new_events(store: Store, seller_id: str, entity_id: str) -> Events:
    events = Events(store.begin(seller_id, Stream.ORDERS).enrollment)
    events.add("order.created", entity_id, 1, LATER, "poll", "{}")
    return events


def emit(connection: Connection, store: Store, seller_id: str, entity_id: str) -> None:
    new_events(store, seller_id, entity_id).emit(connection, seller_id)


def emit_too_early(connection: Connection, store: Store, seller_id: str, entity_id: str) -> None:
    """The counter-example: the position is drawn while others may still draw and commit later ones."""
    statement = """
        INSERT INTO sellerbeat.change_events (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source,
            changed, previous, data)
        SELECT nextval('sellerbeat.positions'), gen_random_uuid()::text, :seller_id, sequence + 1, 'order.created', :entity_id, 1,
            now(), now(), 'poll', '[]', '{}', '{}' FROM sellerbeat.sellers WHERE seller_id = :seller_id
    """
    connection.execute(text(statement), {"seller_id": seller_id, "entity_id": entity_id})


def follow(store: Store, after: int) -> list[dict[str, Any]]:
    return store.feed.read(after=after, limit=10_000)


def one_is_overtaken(store: Store, write: Callable[[Connection, Store, str, str], None]) -> list[str]:
    """Two commits, the first to write is the last to commit; returns what a reader saw who looked after each commit."""
    seen: list[dict[str, Any]] = []
    enroll(store, "seller-2")

    def overtake() -> None:
        with store.engine.begin() as connection:
            write(connection, store, "seller-2", "overtaking")

    with ThreadPoolExecutor() as pool:
        with store.engine.begin() as slow:
            write(slow, store, "seller-1", "overtaken")
            fast = pool.submit(overtake)
            eventually_here(lambda: fast.done() or waits_for_the_lock(store))
            seen += follow(store, after=0)
        fast.result()
        seen += follow(store, after=seen[-1]["position"] if seen else 0)
    return [event["entity_id"] for event in seen]


def waits_for_the_lock(store: Store) -> bool:
    with store.engine.begin() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").scalar_one())


def test_a_reader_misses_no_event_that_commits_late(store: Store) -> None:
    assert one_is_overtaken(store, emit) == ["overtaken", "overtaking"]


def test_positions_drawn_before_the_end_of_a_transaction_do_lose_events(store: Store) -> None:
    assert one_is_overtaken(store, emit_too_early) == ["overtaking"]


def test_a_reader_who_follows_many_writers_sees_each_event_once_and_in_order(store: Store) -> None:
    sellers = [f"seller-{number}" for number in range(1, 5)]
    for seller_id in sellers[1:]:
        enroll(store, seller_id)
    over = Event()

    def write(seller_id: str) -> None:
        rng = random.Random(seller_id)
        for number in range(25):
            with suppress(ZeroDivisionError):
                with store.commit(store.begin(seller_id, Stream.ORDERS)) as commit:
                    commit.store_orders([order(f"{number}-{row}") for row in range(rng.randint(1, 5))], LATER)
                    if rng.random() < 0.2:
                        raise ZeroDivisionError

    def read() -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        while True:
            last_look = over.is_set()
            page = store.feed.read(after=seen[-1]["position"] if seen else 0, limit=7)
            seen += page
            if last_look and not page:
                return seen

    with ThreadPoolExecutor() as pool:
        reader = pool.submit(read)
        list(pool.map(write, sellers))
        over.set()
        seen = reader.result()

    assert seen == follow(store, after=0)
    for seller_id in sellers:
        mine = [event for event in seen if event["seller_id"] == seller_id]
        assert [event["sequence"] for event in mine] == list(range(1, len(mine) + 1))
        detected = [event["detected_at"] for event in mine]
        assert detected == sorted(detected)
