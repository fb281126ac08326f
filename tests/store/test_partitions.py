"""Partitions are dropped whole when they are old, whoever is at it too, reads for long, or dies half-way; nothing young or awaited goes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, text

from domain.retention import Retention
from store import Store
from store.delivery.retention import RetentionStore
from store.events.events import LOCK_POSITIONS
from store.events.feed_bounds import FeedGoneError
from store.schema.partitions import KEYS, Outcome, change, partitions
from tests.store.documents import SELLER, enroll, order, store_orders
from tests.store.partitioned import DAY, KEEP, LIVE, alerts, forget, live, names, run


def young_and_oldest(store: Store, parent: str, now: datetime, keep: timedelta) -> tuple[int, timedelta]:
    """How many rows of up to now are younger than that, and the age of the oldest."""
    at = "detected_at" if parent == "change_events" else KEYS[parent]
    counted = f"SELECT count(*) FILTER (WHERE {at} > :since), :now - min({at}) FROM sellerbeat.{parent} WHERE {at} <= :now"
    return tuple(run(store, counted, since=now - keep, now=now)[0])


WINDOWS = {"change_events": KEEP.events, "poll_runs": KEEP.polls, "deliveries": KEEP.deliveries}
SIZE = """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname ~ '^(change_events|poll_runs|deliveries)_'
"""


def all_names(store: Store) -> set[str]:
    with store.engine.begin() as connection:
        return {one.name for parent in KEYS for one in partitions(connection, parent)}


def size(store: Store) -> int:
    return int(run(store, SIZE)[0][0])


# More positions at once than any partition has left; drawn under their lock, as all are.
JUMP = f"{LOCK_POSITIONS}; SELECT setval('sellerbeat.positions', (SELECT last_value FROM sellerbeat.positions) + 30000)"


class KilledError(BaseException):
    """Nothing catches it."""


@contextmanager
def killed_at(store: Store, statement: int, kills: list[int]) -> Iterator[None]:
    """As if the process died before this statement, counted from now on. `kills`: gets it where it did."""
    left = [statement]

    def die(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KilledError

    event.listen(store.engine, "before_cursor_execute", die)
    try:
        yield
    except KilledError:
        kills.append(statement)
    finally:
        event.remove(store.engine, "before_cursor_execute", die)


@pytest.mark.parametrize("killed", [pytest.param(False, marks=pytest.mark.repeats), True], ids=["undisturbed", "killed again and again"])
def test_sixty_days_of_changes_and_polls_stay_as_large_as_their_windows(own_store: Store, killed: bool) -> None:
    start = datetime.now(UTC)
    run(own_store, "ALTER SEQUENCE sellerbeat.positions INCREMENT 100")
    dropped: set[str] = set()
    kills: list[int] = []
    sizes = []
    for number in range(0, 61, 4):
        now = start + number * DAY
        live(own_store, now, count=80)
        before = all_names(own_store)
        if killed:
            with killed_at(own_store, 1 + 3 * number % 47, kills):
                own_store.retention.forget(KEEP, now)
        forget(own_store, now)
        dropped |= before - all_names(own_store)
        sizes.append(size(own_store))
        for parent, keep in WINDOWS.items():
            young, oldest = young_and_oldest(own_store, parent, now, keep)
            assert young == 20 * min(number + 4, keep.days), parent  # nothing young went
            assert oldest <= keep * 1.1 + 4 * DAY, parent  # and what is old, soon: a round is four days here

    assert {"change_events_first", "poll_runs_first", "deliveries_first"} < dropped
    assert len(dropped) > 40
    assert (len(kills) >= 8) is killed  # the others had fewer statements to die before
    assert max(sizes[-3:]) <= max(sizes[-6:-3]) * 1.1
    with own_store.engine.begin() as connection:
        assert all(len(partitions(connection, parent)) <= 40 for parent in KEYS)
    first = own_store.feed.read()[0]["position"]
    with pytest.raises(FeedGoneError, match="changes are kept from position") as caught:
        own_store.feed.read(after=101)
    bounds = caught.value.bounds
    assert bounds.cut < first <= bounds.cut + 100
    assert own_store.feed.read(after=bounds.cut)[0]["position"] == first
    assert alerts(own_store) == []
    assert own_store.soundness.partitions(now) == []


def old_partition(store: Store, now: datetime) -> None:
    """The first partition is full of changes of today, and others came later."""
    live(store, now)
    run(store, "SELECT setval('sellerbeat.positions', 20001)")
    forget(store, now)
    live(store, now + 15 * DAY)


def test_what_an_endpoint_waits_for_keeps_its_partition_up_to_twice_the_window(own_store: Store) -> None:
    now = datetime.now(UTC)
    own_store.endpoints.add("https://shop.example.com/", ["order.*"])
    old_partition(own_store, now)

    forget(own_store, now + 21 * DAY)
    waiting = names(own_store, "change_events")[0], len(own_store.feed.read(limit=1000)), [one["kind"] for one in own_store.alerts()]
    forget(own_store, now + 41 * DAY)

    assert waiting[0] == "change_events_first"
    assert waiting[1] >= 40
    assert "events_awaited" in waiting[2]
    assert "change_events_first" not in names(own_store, "change_events")


def test_a_partition_goes_once_the_endpoint_has_taken_what_it_holds(own_store: Store) -> None:
    now = datetime.now(UTC)
    own_store.endpoints.add("https://shop.example.com/", ["order.*"])
    old_partition(own_store, now)
    forget(own_store, now + 21 * DAY)
    run(own_store, "UPDATE sellerbeat.delivery_lanes SET sequence = 20 WHERE seller_id = :seller", seller=SELLER)

    forget(own_store, now + 21 * DAY)

    assert "change_events_first" not in names(own_store, "change_events")


def test_two_who_are_at_it_at_once_do_each_thing_once(own_store: Store) -> None:
    start = datetime.now(UTC)
    run(own_store, "ALTER SEQUENCE sellerbeat.positions INCREMENT 100")
    for number in range(0, 25, 5):
        live(own_store, start + number * DAY, count=60)
    now = start + 25 * DAY

    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: RetentionStore(own_store.engine).forget(KEEP, now), range(4)))
    forget(own_store, now)

    assert own_store.soundness.partitions(now) == []
    assert young_and_oldest(own_store, "change_events", now, KEEP.events)[0] == 3 * 60
    assert young_and_oldest(own_store, "poll_runs", now, KEEP.polls)[1] <= KEEP.polls * 1.1


def test_what_somebody_reads_for_long_is_left_to_the_next_round(own_store: Store) -> None:
    now = datetime.now(UTC)
    old_partition(own_store, now)
    with own_store.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM sellerbeat.change_events"))

        assert own_store.retention.forget(KEEP, now + 25 * DAY) > 0
        assert own_store.retention.forget(KEEP, now + 25 * DAY) > 0
        assert "change_events_first" in names(own_store, "change_events")

    forget(own_store, now + 25 * DAY)
    assert "change_events_first" not in names(own_store, "change_events")


def test_a_commit_that_is_still_open_loses_nothing_when_its_partition_looks_empty(own_store: Store) -> None:
    now = datetime.now(UTC)
    with own_store.engine.connect() as open_:
        open_.execute(text(LIVE[0]), {"now": now, "count": 1, "seller": SELLER})
        run(own_store, "SELECT setval('sellerbeat.positions', 20001)")
        assert own_store.retention.forget(KEEP, now) > 0
        open_.commit()

    forget(own_store, now)

    assert [one["position"] for one in own_store.feed.read() if one["type"] == "order.updated"] == [1]


def test_a_partition_whose_newest_change_is_young_is_not_dropped_whoever_says_so(own_store: Store) -> None:
    """It may have been committed between the look and the lock."""
    now = datetime.now(UTC)
    live(own_store, now)
    with own_store.engine.begin() as connection:
        outcomes = [
            change(connection, "drop", "change_events", partition="change_events_first", older_than=than) for than in (now, now + DAY)
        ]

    assert outcomes == [Outcome.BUSY, Outcome.DONE]


def test_a_reader_who_follows_misses_nothing_while_partitions_come_late_and_are_put_right(own_store: Store) -> None:
    enroll(own_store, "seller-2")
    over = Event()

    def write(seller_id: str) -> None:
        for number in range(40):
            store_orders(own_store, order(f"o-{number}"), seller_id=seller_id)
            if number % 10 == 5:
                run(own_store, JUMP)

    def make() -> None:
        while not over.is_set():
            RetentionStore(own_store.engine).forget(Retention())

    def read() -> list[int]:
        seen: list[int] = []
        while True:
            last_look = over.is_set()
            page = own_store.feed.read(after=seen[-1] if seen else 0, limit=7)
            seen += [one["position"] for one in page]
            if last_look and not page:
                return seen

    with ThreadPoolExecutor() as pool:
        reader, maker = pool.submit(read), pool.submit(make)
        try:
            list(pool.map(write, (SELLER, "seller-2")))
        finally:
            over.set()
        maker.result()
        seen = reader.result()

    assert seen == [row.position for row in run(own_store, "SELECT position FROM sellerbeat.change_events ORDER BY position")]
    assert len(seen) >= 80
    assert len(names(own_store, "change_events")) > 3
