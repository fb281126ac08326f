"""A restored database gives nothing out a second time, whoever notices it, and whenever the backup was taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.pacing import Stream
from store import Store, SupersededError
from store.events.events import event_id
from store.events.feed_bounds import FeedBounds, FeedGoneError
from store.events.restores import DOUBT_DATABASE_THAT_FELL, is_doubted
from store.schema.errors import RestoredDatabaseError
from store.schema.kinds import AlertKind
from tests.store.conftest import KEY
from tests.store.documents import SELLER, enroll, order, store_orders
from tests.support.backups import Backup, copy_within, put_back_within
from tests.support.examples import examples

STATES = ("PENDING", "PAID", "FAILED", "PARTIALLY_REFUNDED", "FULLY_REFUNDED")


def run(store: Store, statement: str) -> Any:
    with store.engine.begin() as connection:
        return connection.exec_driver_sql(statement)


def place(store: Store, name: str, state: str = "PENDING") -> dict[str, Any]:
    """Store an order, and give the event that tells it."""
    store_orders(store, order(name, orderPaymentStatus=state))
    return [one for one in store.feed.read(limit=10_000) if one["entity_id"] == name][-1]


@pytest.fixture
def store(own_store: Store) -> Store:
    """Of this test alone: a restore raises positions, and what the store knows of them, for whoever comes next."""
    return own_store


@pytest.fixture
def restorable(database: str, execute: Callable[[str], None]) -> Iterator[tuple[Store, Backup]]:
    """A store in a database of its own, which knows its name, and a backup of it."""
    store, backup = Store.connect(database, [KEY], pool_size=2), Backup(execute, database)
    enroll(store)
    store.restores.settle()
    place(store, "before")
    store.close()
    backup.take()
    try:
        yield store, backup
    finally:
        store.close()
        backup.drop()


def test_without_a_restore_an_event_has_the_id_that_it_always_had(store: Store) -> None:
    run(store, "UPDATE sellerbeat.sellers SET enrollment = '6a1ce20e-6f1c-4ef1-8f5c-0c3ab5a0a8a1'")
    store.restores.settle()
    store.restores.settle(known=0)
    event = place(store, "03-14798-73169")
    store.open_alert(AlertKind.PLANNER_LATE, "the planner is late")

    (alert,) = (one for one in store.feed.read() if one["type"] == "alert.opened")
    assert event["id"] == "705663d9-954c-5656-b39a-a1bf19043d96"
    assert alert["id"] == "3b8a9424-1924-5765-be60-1776208f2fa3"
    assert event_id(UUID("6a1ce20e-6f1c-4ef1-8f5c-0c3ab5a0a8a1"), "SKU-1", 7, "inventory.updated") == "6552e93f-e084-553c-88c4-d57eeabe1661"


def test_into_a_restored_database_no_event_is_written_before_it_is_made_good(restorable: tuple[Store, Backup]) -> None:
    store, backup = restorable
    lost = place(store, "lost")
    in_flight = store.begin(SELLER, Stream.ORDERS)
    store.close()
    backup.put_back()

    with pytest.raises(RestoredDatabaseError):
        place(store, "after")
    with pytest.raises(RestoredDatabaseError):
        store.open_alert(AlertKind.PLANNER_LATE, "the planner is late")
    silent = store.feed.read()
    standing = store.restores.settle()
    again = place(store, "lost")

    assert [one["entity_id"] for one in silent] == ["before"]
    assert (standing.renewed, standing.generation != "0") == (True, True)
    assert again["id"] != lost["id"]
    assert again["position"] > standing.position >= lost["position"] + 1000
    assert again["sequence"] > lost["sequence"] + 1000
    assert [one["kind"] for one in store.alerts()] == ["restored"]
    with pytest.raises(SupersededError), store.commit(in_flight):
        pass
    assert not store.restores.settle().renewed


def test_positions_that_fell_are_noticed_by_what_somebody_else_remembers(store: Store) -> None:
    """A disk that went back to an older state has the name that it had."""
    store.restores.settle()
    copy_within(store)
    known = place(store, "lost")["position"]
    put_back_within(store)

    unnoticed = Store(store.engine, store.tokens._vault).restores.settle()
    standing = Store(store.engine, store.tokens._vault).restores.settle(known)

    assert (unnoticed.renewed, standing.renewed) == (False, True)
    assert place(store, "lost")["position"] > known + 1000


def test_a_new_connection_to_a_server_that_knows_less_brings_it_into_doubt(restorable: tuple[Store, Backup]) -> None:
    store, _ = restorable
    store.restores.settle()
    copy_within(store)
    place(store, "lost")
    store.restores.settle()
    put_back_within(store)
    store.engine.dispose()  # as a server that went away leaves it

    with pytest.raises(RestoredDatabaseError):
        place(store, "after")

    assert store.restores.settle().renewed


def test_of_one_restore_several_who_notice_it_make_one(restorable: tuple[Store, Backup], database: str) -> None:
    store, backup = restorable
    store.close()
    backup.put_back()
    other = Store.connect(database, [KEY], pool_size=1)

    first, second = store.restores.settle(), other.restores.settle()
    other.close()

    assert (first.renewed, second.renewed) == (True, False)
    assert first.generation == second.generation
    assert [one["type"] for one in store.feed.read() if one["entity_id"] == "alert:restored"] == ["alert.opened"]


def test_a_doubt_that_comes_when_the_database_is_good_again_renews_nothing(store: Store) -> None:
    known = place(store, "before")["position"] + 5_000
    store.restores.settle()
    good = store.restores.settle(known)
    with store.engine.begin() as connection:  # of a process that had looked before
        connection.execute(DOUBT_DATABASE_THAT_FELL, {"known": known})

    again = store.restores.settle()

    assert (good.renewed, again.renewed, again.generation) == (True, False, good.generation)


def test_a_renewal_that_is_broken_off_leaves_the_doubt_to_the_next(
    restorable: tuple[Store, Backup], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = restorable
    renew_all = store.restores._renew_all

    def killed(connection: Any) -> None:
        renew_all(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(store.restores, "_renew_all", killed)
        store.restores.renew()
    with pytest.raises(RestoredDatabaseError):
        place(store, "after")

    assert store.restores.settle().renewed


def test_an_alert_that_the_backup_had_open_is_told_anew(store: Store) -> None:
    store.restores.renew()
    store.restores.renew()

    events = [one for one in store.feed.read() if one["entity_id"] == "alert:restored"]
    assert [one["type"] for one in events] == ["alert.opened", "alert.closed", "alert.opened"]
    assert len({one["id"] for one in events}) == 3


@pytest.mark.parametrize(
    ("noted", "name", "doubted"),
    [(None, "a", False), ("a", "a", False), ("a", None, False), ("a", "b", True), ("doubted", "a", True), ("doubted", None, True)],
)
def test_a_database_is_doubted_that_says_another_name(noted: str | None, name: str | None, doubted: bool) -> None:
    assert is_doubted(noted, name) is doubted


@pytest.mark.parametrize(
    ("after", "known"),
    [(0, True), (9, False), (10, True), (50, True), (51, False), (999, False), (1000, True), (1200, True), (1201, False)],
)
def test_a_reader_is_answered_who_stands_neither_before_the_cut_nor_in_a_gap_nor_beyond_the_end(after: int, known: bool) -> None:
    bounds = FeedBounds(latest=1200, cut=10, generation="a", gaps=((50, 1000),))

    assert bounds.holds(after) is known


class Reader:
    """Who follows docs/how-to/read-the-feed.md: begins anew, with nothing, where the feed says that it is another one."""

    def __init__(self, store: Store, gives_feed: bool) -> None:
        self.store, self.gives_feed = store, gives_feed
        self.position, self.feed = 0, ""
        self.state: dict[str, str] = {}
        self.positions: list[int] = []

    def read(self) -> None:
        try:
            events, bounds = self.store.feed.page(self.position, 10_000)
            if self.gives_feed and self.feed not in ("", bounds.generation):
                raise FeedGoneError(self.position, bounds)
        except FeedGoneError:
            self.position, self.feed, self.state, self.positions = 0, "", {}, []
            self.read()
            return
        self.feed = bounds.generation
        for one in events:
            self.positions.append(one["position"])
            self.position = one["position"]
            if one["type"] in ("order.created", "order.updated"):
                self.state[one["entity_id"]] = one["data"]["orderPaymentStatus"]


ORDER, STATE = st.sampled_from(("o-1", "o-2", "o-3")), st.sampled_from(STATES)
CHANGE = st.tuples(st.just("change"), ORDER, STATE)
HAPPENS = st.one_of(
    CHANGE,
    CHANGE,
    st.tuples(st.just("backup")),
    st.tuples(st.just("read")),
    st.tuples(st.just("restore"), st.sampled_from(("name", "memory", "command"))),
)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HAPPENS, min_size=4, max_size=14), st.booleans())
def test_no_id_is_ever_of_two_contents_and_readers_end_with_the_world(
    store: Store, happens: list[tuple[str, ...]], gives_feed: bool
) -> None:
    run(store, "".join(f"DELETE FROM sellerbeat.{table};" for table in ("orders", "change_events", "marks", "alerts")))
    run(store, "SELECT setval('sellerbeat.positions', 1, false)")
    store.restores.known = 0
    store.restores.settle()
    copy_within(store)
    world: dict[str, str] = {}
    reader, highest = Reader(store, gives_feed), 0
    contents: dict[str, tuple[Any, ...]] = {}

    def look() -> None:
        nonlocal highest
        for one in store.feed.read(limit=10_000):
            event = (one["type"], one["entity_id"], one["version"], one["position"], str(one["data"]))
            assert contents.setdefault(one["id"], event) == event
            highest = max(highest, one["position"])

    def poll() -> None:
        if world:
            store_orders(store, *(order(name, orderPaymentStatus=state) for name, state in world.items()))

    for what, *given_ in happens:
        if what == "change":
            world[given_[0]] = given_[1]
            poll()
        elif what == "backup":
            copy_within(store)
        elif what == "read":
            reader.read()
        else:
            put_back_within(store)
            restored(store, given_[0], highest)
            assert store.restores.standing().position > highest
            poll()
        look()
    poll()
    look()
    reader.read()

    assert reader.state == world
    assert reader.positions == sorted(set(reader.positions))
    run(store, "DROP SCHEMA backup CASCADE")


def restored(store: Store, who: str, highest: int) -> None:
    """The restore is noticed by the first commit, by what Temporal remembers, or by an operator where nobody remembers anything."""
    store.restores.known = 0
    if who == "name":
        run(store, "UPDATE sellerbeat.marks SET value = 'another' WHERE name = 'database'")
        with pytest.raises(RestoredDatabaseError):
            store.open_alert(AlertKind.QUOTA_SHORT, "too few", about="orders")
        assert store.restores.settle().renewed
    elif who == "memory":
        store.restores.settle(highest + 1)
    else:
        store.restores.renew()
