"""What must hold whatever happened to two sellers: after every step, and when all is calm again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from domain.pacing import Stream
from domain.streams import POLLED
from simulator.judge import SLACK, judge
from simulator.judge.normal import digest, read_alone
from tests.model.fleet import NO_TIME, Fleet

SELLERS = "anna", "bert"
PAST = timedelta(days=10)  # how far back the backfill reads
JUMP = timedelta(seconds=60)  # as far as eBay's clock may go back: less than the overlap, together with LATE
KINDS = {"orders": "order", "fulfillments": "fulfillment", "inventory": "inventory"}


def act(function: Callable[..., None]) -> Callable[..., None]:
    """Whatever was done, the feed must stand; and a machine that broke is not settled."""

    @wraps(function)
    def done(self: CheckedMachine, **arguments: Any) -> None:
        self.sound = False
        function(self, **arguments)
        self.look()
        self.sound = True

    return done


class CheckedMachine(RuleBasedStateMachine):
    def __init__(self, fleet: Fleet, settled: list[int]) -> None:
        super().__init__()
        self.fleet, self.settled = fleet, settled
        self.sound = False
        self.position = 0
        self.ids: set[str] = set()
        self.sequences = dict.fromkeys(SELLERS, 0)
        self.detected: dict[str, str] = {}
        self.reported: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.sold: set[tuple[str, str]] = set()  # lines of orders, by seller
        self.cursors: dict[tuple[str, str], datetime | None] = {}
        self.enrolled_ms = 0
        self.crowds, self.pauses = 2, 1  # how many bursts, and settlings before the end, are left
        self.numbers = iter(range(10**6))

    def look(self) -> None:
        """After every rule: the feed only grows, in order; each version says something new; no cursor goes back."""
        for event in self.fleet.store.feed.read(after=self.position, limit=100_000):
            name = event["seller_id"]
            assert event["position"] > self.position
            assert event["id"] not in self.ids
            self.position = event["position"]
            self.ids.add(event["id"])
            if name is not None:
                self.sequences[name] += 1
                assert event["sequence"] == self.sequences[name]
                assert event["detected_at"] >= self.detected.get(name, "")
                self.detected[name] = event["detected_at"]
            self.hear(event)
        cursors = self.fleet.cursors()
        for key, before in self.cursors.items():
            assert before is None or (cursors[key] or before) >= before, key
        self.cursors = cursors

    def hear(self, event: dict[str, Any]) -> None:
        kind, _, what = event["type"].partition(".")
        if event["type"] == "inventory.sold":
            self.hear_sale(event)
            return
        if kind not in KINDS.values():
            return
        key = event["seller_id"], kind, event["entity_id"]
        last = self.reported.get(key)
        self.reported[key] = event
        if last is None:
            assert (event["version"], what) == (1, "created")
        elif event["version"] == last["version"]:
            assert event["data"] == last["data"]  # order.cancelled beside order.updated
        else:
            assert event["version"] == last["version"] + 1
            if what == "updated":
                before = {**event["data"], **event["previous"]}
                assert digest(kind, before) == digest(kind, last["data"])
                assert says(kind, event) != says(kind, last)

    def hear_sale(self, event: dict[str, Any]) -> None:
        """Each line once, and behind its order."""
        name, sale = event["seller_id"], event["data"]
        assert (name, sale["lineItemId"]) not in self.sold
        self.sold.add((name, sale["lineItemId"]))
        order = self.reported[name, "order", sale["orderId"]]["data"]
        lines = [(line["lineItemId"], line["quantity"], order["creationDate"]) for line in order["lineItems"]]
        assert (sale["lineItemId"], sale["quantity"], sale["soldAt"]) in lines

    def settle(self) -> None:
        """All troubles pass, and polling goes on: then what is recorded is what eBay shows, and looking again finds nothing."""
        self.calm()
        self.poll_all(POLLED)  # a read that was broken off ends where it ended then, and parcels found on its way wait for the round
        self.fleet.wait(timedelta(minutes=1))
        self.poll_all()
        found = self.verdict()
        assert (found.lost, found.twice, found.wrong, found.set_aside) == (0, 0, 0, 0), found.examples
        assert self.fleet.missed() == 0
        assert self.fleet.store.alerts() == []
        last = self.fleet.store.feed.last()
        self.poll_all()
        assert self.fleet.store.feed.last() == last
        self.look()
        self.settled.append(found.changes)

    def calm(self) -> None:
        fleet, world = self.fleet, self.fleet.world
        world.faults.fail_every = 0
        world.faults.forced.clear()
        fleet.postgres_skew = NO_TIME
        fleet.wait(timedelta(minutes=31))  # past the reset of a quota, by whatever clock
        for name, state in fleet.states.items():
            if not world.accounts.latest[name].alive or state.dead or fleet.store.seller(name)["state"] == "needs_reauthorization":
                fleet.reconnect(name)
            if state.paused:
                fleet.resume(name)

    def poll_all(self, streams: Iterable[Stream] = tuple(Stream)) -> None:
        for name, state in self.fleet.states.items():
            for what, reported in state.streams.items():
                reported.asked = reported.asked or what in streams
            self.fleet.wake(name)
            assert {what: reported.last_error for what, reported in state.streams.items() if reported.failures} == {}
            assert not any(reported.waiting for reported in state.streams.values())
            assert Stream.BACKFILL not in state.streams

    def verdict(self) -> Any:
        store, world = self.fleet.store, self.fleet.world
        snapshots = {(name, table): list(store.snapshot(name, table)) for name in SELLERS for table in KINDS}
        events = store.feed.read(limit=1_000_000)
        since = world.clock.now() - PAST - timedelta(days=5)
        return judge(world.rows(), events, snapshots, at=world.clock.now(), since=since, slack=JUMP + SLACK)  # eBay's clock may go back

    def teardown(self) -> None:
        if self.sound:
            self.settle()


def says(kind: str, event: dict[str, Any]) -> tuple[bytes, str]:
    return digest(kind, event["data"]), read_alone(kind, event["data"])
