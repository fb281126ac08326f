"""A backup, life, a restore: a receiver that drops known ids and a reader ahead of the restored position both end equal to the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.fleet.feed_memory import compare_feed, recalled, watchdog_id
from activities.fleet.lost_sellers import LostSellers
from simulator.judge import judge
from store.events.feed_bounds import FeedGoneError
from store.schema.errors import RestoredDatabaseError
from store.schema.kinds import AlertKind
from tests.support.backups import Backup, copy_within, put_back_within
from tests.support.rig import Rig
from workflows.schedules import make, timetables

QUEUE = ActivityEnvironment().info.task_queue
State = dict[str, Any]


class Receiver:
    """As docs/how-to/deliver.md has it. What was delivered stands in the database, and goes back with it."""

    def __init__(self, it: Rig) -> None:
        self.it = it
        self.known: set[str] = set()
        self.state: State = {}
        self.delivered = {"anna": 0, "": 0}  # by seller the sequence, of the fleet the position

    def take(self) -> None:
        for one in self.it.events():
            seller, at = (one["seller_id"], one["sequence"]) if one["seller_id"] else ("", one["position"])
            if at > self.delivered[seller]:
                self.delivered[seller] = at
                if one["id"] not in self.known:
                    self.known.add(one["id"])
                    self.apply(one)

    def apply(self, one: State) -> None:
        if one["type"] == "alert.opened" and one["entity_id"] == "alert:restored":
            self.state = {name: row["data"] for name, row in self.it.stored("anna").items()}
        elif one["type"] in ("order.created", "order.updated"):
            self.state[one["entity_id"]] = one["data"]


class Reader:
    """As docs/how-to/read-the-feed.md has it."""

    def __init__(self, it: Rig) -> None:
        self.it, self.position, self.feed = it, 0, ""
        self.state: State = {}
        self.began = 0

    def read(self) -> None:
        try:
            events, bounds = self.it.store.feed.page(self.position, 10_000)
        except FeedGoneError as gone:
            events, bounds = [], gone.bounds
            self.position = -1
        if self.position < 0 or self.feed not in ("", bounds.generation):
            self.position, self.feed, self.state = bounds.cut, bounds.generation, {}
            self.began += 1
            events = self.it.store.feed.page(self.position, 10_000)[0]
        self.feed = bounds.generation
        for one in events:
            self.position = one["position"]
            if one["type"] in ("order.created", "order.updated"):
                self.state[one["entity_id"]] = one["data"]


@pytest.fixture
def backup(anna: Rig, database: str, execute: Callable[[str], None]) -> Iterator[Backup]:
    backup = Backup(execute, database)
    anna.store.restores.settle()
    yield backup
    anna.store.close()
    backup.drop()


def live(it: Rig) -> list[str]:
    """A day's work: two orders, of which one is paid and one cancelled; each is told."""
    first, second = it.world.place_order("anna", paid=False), it.world.place_order("anna")
    it.advance(minutes=5)
    it.poll("anna")
    it.world.pay("anna", first)
    it.world.cancel("anna", second)
    it.advance(minutes=5)
    it.poll("anna")
    return [first, second]


def everything(it: Rig) -> State:
    """What eBay shows: every order was read once more than needed, and nothing was new."""
    it.advance(minutes=5)
    it.poll("anna")
    it.advance(minutes=5)
    assert it.poll("anna").changes == 0
    snapshots = {("anna", "orders"): it.stored("anna").values()}
    verdict = judge(it.world.rows(), it.events(), snapshots, at=it.world.clock.now(), kinds=("order",))
    assert (verdict.lost, verdict.twice) == (0, 0)
    (jump,) = verdict.findings
    assert "sequence" in jump
    return {name: row["data"] for name, row in it.stored("anna").items()}


@pytest.mark.parametrize("by_command", [True, False])
def test_receiver_and_reader_end_equal_to_the_world(anna: Rig, backup: Backup, by_command: bool) -> None:
    """By `restored`; or by nobody: the first poll that has something to tell finds another name, and the next attempt goes on."""
    receiver, reader = Receiver(anna), Reader(anna)
    before = live(anna)
    receiver.take()
    anna.store.close()
    backup.take()
    delivered = dict(receiver.delivered)
    lost = live(anna)
    receiver.take()
    reader.read()
    known = {one["id"]: one for one in anna.events()}

    anna.store.close()
    backup.put_back()
    receiver.delivered = delivered
    after = [anna.world.place_order("anna")]
    anna.world.ship("anna", before[0])
    anna.advance(minutes=5)
    if by_command:
        anna.store.restores.renew()
    else:
        with pytest.raises(RestoredDatabaseError):
            anna.poll("anna")
    world = everything(anna)
    receiver.take()
    reader.read()

    assert set(world) == {*before, *lost, *after}
    assert receiver.state == world
    assert (reader.state, reader.began) == (world, 1)
    assert all(known.get(one["id"], one) == one for one in anna.events())
    assert [one["kind"] for one in anna.store.alerts()] == ["restored"]


async def test_what_fell_is_noticed_by_the_watchdog_from_temporals_memory(anna: Rig, temporal: Client) -> None:
    """A disk that went back has the name that it had; here nobody says so, and no connection is new."""
    look = LostSellers(anna.store, temporal).find_lost_sellers
    await make(temporal, QUEUE, timetables(QUEUE)[0], at_once=False)
    receiver, reader = Receiver(anna), Reader(anna)
    before = live(anna)
    receiver.take()
    copy_within(anna.store)
    delivered = dict(receiver.delivered)
    lost = live(anna)
    receiver.take()
    reader.read()
    await ActivityEnvironment(client=temporal).run(look)
    memory = await recalled(temporal, QUEUE)
    last = anna.events()[-1]["position"]

    put_back_within(anna.store)
    anna.store.restores.known = 0  # the process is another one
    receiver.delivered = delivered
    await ActivityEnvironment(client=temporal).run(look)
    world = everything(anna)
    receiver.take()
    reader.read()
    after = await recalled(temporal, QUEUE)

    assert memory
    assert after
    assert (memory.position, memory.generation) == (last, "0")
    assert after.position > memory.position + 1000
    assert set(world) == {*before, *lost}
    assert receiver.state == world
    assert (reader.state, reader.began) == (world, 1)
    assert [one["kind"] for one in anna.store.alerts()] == ["restored"]


async def test_temporals_memory_never_falls_and_survives_what_operators_do_to_the_schedule(anna: Rig, temporal: Client) -> None:
    schedule = timetables(QUEUE)[0]
    await make(temporal, QUEUE, schedule, at_once=False)
    none = await recalled(temporal, QUEUE)
    anna.store.open_alert(AlertKind.PLANNER_LATE, "the planner is late")
    first = await compare_feed(temporal, anna.store, QUEUE)
    await temporal.get_schedule_handle(watchdog_id(QUEUE)).pause(note="a look at it")
    await temporal.get_schedule_handle(watchdog_id(QUEUE)).unpause()

    memory = await recalled(temporal, QUEUE)

    assert none is None
    assert memory
    assert (memory.position, memory.generation) == (first.position, first.generation)
    assert not (await compare_feed(temporal, anna.store, QUEUE)).renewed
