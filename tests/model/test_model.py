"""Two sellers, an eBay, and all that may go wrong, in any order that hypothesis can think of: nothing lost, nothing twice, nothing wrong.

Failures repeat: the run is derandomized, or made by a seed. For more of it: MODEL_EXAMPLES=500 MODEL_SEED=7 pytest tests/model
(a second of CPU each). MODEL_NO_SHRINK=1 tells the first failure as it came: to find the smallest one takes up to five minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from domain.pacing import Stream
from domain.streams import POLLED
from simulator.judge import SLACK, judge
from simulator.judge.normal import digest, read_alone
from simulator.requests import Request
from store import Store
from tests.model.fleet import NO_TIME, Fleet
from tests.model.moments import die_in
from tests.support.postgres_clock import PostgresClock, driven

EXAMPLES, SEED = int(os.environ.get("MODEL_EXAMPLES", "8")), os.environ.get("MODEL_SEED")
STEPS = 70
SELLERS = "anna", "bert"
PAST = timedelta(days=10)  # how far back the backfill reads
JUMP = timedelta(seconds=60)  # as far as eBay's clock may go back: less than the overlap, together with LATE
LATE = (NO_TIME, NO_TIME, timedelta(seconds=30), timedelta(minutes=3))
KINDS = {"orders": "order", "fulfillments": "fulfillment", "inventory": "inventory"}

seller = st.sampled_from(SELLERS)
pick = st.integers(0, 12)  # one of them, the newest first
late = st.sampled_from(LATE)
moment = st.integers(0, 20)
stream = st.sampled_from([*POLLED, Stream.ORDERS, Stream.SWEEP])
minutes = st.sampled_from([timedelta(seconds=1), *(timedelta(minutes=m) for m in (1, 5, 16, 31)), timedelta(hours=3)])


def act(function: Callable[..., None]) -> Callable[..., None]:
    """Whatever was done, the feed must stand; and a machine that broke is not settled."""

    @wraps(function)
    def done(self: Machine, **arguments: Any) -> None:
        self.sound = False
        function(self, **arguments)
        self.look()
        self.sound = True

    return done


class Machine(RuleBasedStateMachine):
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

    @initialize(
        number=st.integers(0, 3),
        skew=st.sampled_from([timedelta(minutes=m) for m in (-7, 0, 0, 12)]),
        skus=st.integers(2, 3),
        whole_seconds=st.booleans(),
        rows=st.booleans(),
        at=moment,
    )
    @act
    def enroll(self, number: int, skew: timedelta, skus: int, whole_seconds: bool, rows: bool, at: int) -> None:
        fleet = self.fleet
        fleet.begin(number, skew)
        world = fleet.world
        self.enrolled_ms = world.clock.now_ms()
        world.switches.whole_seconds = whole_seconds
        world.switches.inventory_offset = "rows" if rows else "pages"
        for name in SELLERS:
            world.add_seller(name, skus=skus)
            world.preload_skus(name)
            for days in (1, 9, 30, 120):  # the last two are older than the backfill
                world.place_order(name, at=world.clock.now() - timedelta(days=days))
            world.ship(name, world.order_ids(name)[0])
            die_in(fleet.moments, at, [partial(fleet.enroll, name, backfill=PAST)])
            fleet.start(name)
            fleet.wake(name)

    # what sellers and buyers do

    def order(self, name: str, which: int) -> str:
        """One of the seller's orders; eBay's clock is past its last change, since an order's dates never fall."""
        orders = self.fleet.world.order_ids(name)
        found = orders[-1 - which % len(orders)]
        changed = self.fleet.world.entity(name, "order", found).newest.modified_ms
        behind = changed - self.fleet.world.clock.now_ms()
        if behind > 0:
            self.fleet.wait(timedelta(milliseconds=behind))
        return found

    def seen_at(self, later: timedelta) -> datetime:
        return self.fleet.world.clock.now() + later

    @rule(name=seller, paid=st.booleans(), later=late)
    @act
    def place(self, name: str, paid: bool, later: timedelta) -> None:
        world = self.fleet.world
        lines = [(world.good(name, 0), 3), (world.good(name, 1), 1)]  # enough for parcels that share an id
        world.place_order(name, lines=lines, paid=paid, visible_at=self.seen_at(later))

    @precondition(lambda self: self.crowds)
    @rule(
        name=seller, together=st.booleans(), then=st.sampled_from(["rows move", "rows move", "interrupt", "crash"]), at=st.integers(18, 50)
    )
    @act
    def burst(self, name: str, together: bool, then: str, at: int) -> None:
        """More orders than fit a page, none of them open, and not looked at before the overlap is over; then they are not read in peace."""
        self.crowds -= 1
        now = self.fleet.world.clock.now()
        for number in range(203):
            dated = now - timedelta(milliseconds=0 if together else number * 15)
            self.fleet.world.place_order(name, at=dated, visible_at=now, change={"orderFulfillmentStatus": "FULFILLED"})
        self.fleet.wait(timedelta(minutes=7))
        if then == "rows move":
            self.rows_move(name=name, what=Stream.ORDERS, which=0)
        elif then == "interrupt":
            self.interrupt(name=name, what=Stream.ORDERS, which=0)
        else:
            self.crash(name=name, what=Stream.ORDERS, at=at, by=NO_TIME, again=None)

    @rule(name=seller, which=pick, what=st.sampled_from(["pay", "cancel", "ask to cancel", "refund", "refund some", "touch"]), later=late)
    @act
    def order_changes(self, name: str, which: int, what: str, later: timedelta) -> None:
        world, order, seen = self.fleet.world, self.order(name, which), self.seen_at(later)
        if what == "pay":
            world.pay(name, order, visible_at=seen)
        elif what == "touch":  # a date without a change
            world.touch(name, order, visible_at=seen)
        elif "cancel" in what:
            world.cancel(name, order, "CANCELED" if what == "cancel" else "IN_PROGRESS", visible_at=seen)
        else:
            world.refund(name, order, None if what == "refund" else "2.50", visible_at=seen)

    @rule(name=seller, which=pick, part=st.booleans(), tracked=st.booleans(), later=late)
    @act
    def ship(self, name: str, which: int, part: bool, tracked: bool, later: timedelta) -> None:
        order = self.order(name, which)
        if lines := self.fleet.world.unsent(name, order):
            lines = dict.fromkeys(list(lines)[:1], 1) if part else lines
            self.fleet.world.ship(name, order, lines=lines, tracking="" if tracked else None, visible_at=self.seen_at(later))

    @rule(name=seller, which=pick, one=st.integers(0, 2), remove=st.booleans())
    @act
    def correct_tracking(self, name: str, which: int, one: int, remove: bool) -> None:
        world = self.fleet.world
        order = self.order(name, which)
        parcels = list(world.parcels(name, order))
        if not parcels:
            return
        if remove:
            world.remove_parcel(name, order, parcels[one % len(parcels)])
        else:
            world.correct_tracking(name, order, parcels[one % len(parcels)], f"1Z{next(self.numbers):06d}")

    @rule(name=seller, look=st.booleans(), one=st.integers(0, 1), remove=st.booleans())
    @act
    def parcels_share_an_id(self, name: str, look: bool, one: int, remove: bool) -> None:
        """Two without tracking; later one of them is gone, or gets a number."""
        self.place(name=name, paid=True, later=NO_TIME)
        for _ in range(2):
            self.ship(name=name, which=0, part=True, tracked=False, later=NO_TIME)
            if look:
                self.time_passes(by=timedelta(minutes=5))
            self.fleet.wait(timedelta(seconds=1))
        self.time_passes(by=timedelta(minutes=5))
        self.correct_tracking(name=name, which=0, one=one, remove=remove)

    @rule(name=seller, which=pick)
    @act
    def change_without_a_date(self, name: str, which: int) -> None:
        """Of an order since the enrolment: an older one's nobody could see."""
        order = self.order(name, which)
        if self.fleet.world.entity(name, "order", order).created_ms >= self.enrolled_ms:
            self.fleet.world.modify(name, order, {"salesRecordReference": f"{next(self.numbers)}"}, bump=False)

    @rule(name=seller, which=pick, what=st.sampled_from(["count", "count", "go", "come", "come back the same"]), quantity=st.integers(0, 2))
    @act
    def stock_changes(self, name: str, which: int, what: str, quantity: int) -> None:
        world, skus = self.fleet.world, self.fleet.world.skus(name)
        gone = [sku for sku in world.inventories[name].stock if not world.has_sku(name, sku)]
        if what == "count" and skus:
            world.set_stock(name, skus[which % len(skus)], quantity)
        elif what == "go" and skus:
            world.remove_sku(name, skus[which % len(skus)])
        elif what == "come back the same" and gone:
            world.modify_sku(name, gone[which % len(gone)])
        else:
            world.add_sku(name, gone[which % len(gone)] if gone else f"NEW-{next(self.numbers)}", quantity)

    # time, and polling in it

    @rule(by=minutes)
    @act
    def time_passes(self, by: timedelta) -> None:
        self.fleet.wait(by)
        self.wake()

    @rule(name=seller, what=stream)
    @act
    def poll_now(self, name: str, what: Stream) -> None:
        self.fleet.states[name].streams[what].asked = True
        self.fleet.wake(name)

    def wake(self) -> None:
        for name in SELLERS:
            self.fleet.wake(name)

    @rule(
        name=seller,
        what=st.sampled_from(["speed-up", "cadence", "active", "pause", "resume", "resume"]),
        every=st.sampled_from([5, 60, 1200]),
    )
    @act
    def operators_set(self, name: str, what: str, every: int) -> None:
        state, now = self.fleet.states[name], self.fleet.now
        if what == "speed-up":
            state.speed_up_every, state.speed_up_until = timedelta(seconds=every), now + timedelta(minutes=30)
            state.hurry(POLLED, "speeded up")
        elif what == "cadence":
            state.streams[Stream.ORDERS].cadence = timedelta(seconds=every)
        elif what == "active":
            state.active_at = now
        elif what == "pause":
            state.paused = "holiday"
        elif state.paused:
            self.fleet.resume(name)

    # what goes wrong

    @rule(name=seller, what=stream, at=st.integers(0, 18), by=minutes, again=st.none() | st.integers(0, 9))
    @act
    def crash(self, name: str, what: Stream, at: int, by: timedelta, again: int | None) -> None:
        """Something happens, is not looked at for a while, and the step that does dies at some moment; its retry may die too."""
        world = self.fleet.world
        order = world.place_order(name)
        world.ship(name, order)
        self.fleet.wait(by)
        self.fleet.states[name].streams[what].asked = True
        self.fleet.moments.stream, self.fleet.moments.left, self.fleet.moments.then = what, at, again
        self.fleet.wake(name)
        self.fleet.moments.spare()

    @rule(
        name=seller,
        what=st.sampled_from([*POLLED, Stream.INVENTORY]),
        call=st.sampled_from([1, 1, 1, 0, 3]),
        which=pick,
        other=st.none() | stream,
    )
    @act
    def hang(self, name: str, what: Stream, call: int, which: int, other: Stream | None) -> None:
        """An attempt outlives its time-out: while it hangs, the world goes on, and its retry (or another step) reads and commits."""
        self.fleet.world.ship(name, self.fleet.world.place_order(name))
        if what is Stream.FULFILLMENT:
            self.fleet.poll_once(name, Stream.ORDERS)

        def meanwhile() -> None:
            world = self.fleet.world
            self.fleet.wait(timedelta(seconds=70))
            order = self.order(name, 0)
            for parcel in world.parcels(name, order):
                world.correct_tracking(name, order, parcel, f"1Z{next(self.numbers):06d}")
            if skus := world.skus(name):
                world.set_stock(name, skus[which % len(skus)], 50 + next(self.numbers))
            self.fleet.states[name].streams[other or what].asked = True
            self.fleet.wake(name)

        self.fleet.hang(name, what, call, meanwhile)

    @rule(name=seller, what=st.sampled_from([Stream.INVENTORY, Stream.INVENTORY, Stream.ORDERS, Stream.SWEEP]), which=pick)
    @act
    def interrupt(self, name: str, what: Stream, which: int) -> None:
        """Another stream is due all the time, so that each step ends after a call; SKUs and orders come and go between two."""
        world = self.fleet.world
        if what is Stream.INVENTORY:  # of more than a page
            world.preload_skus(name, 205)
            self.fleet.poll_once(name, what)

        def between() -> None:
            if skus := world.skus(name):
                world.remove_sku(name, skus[next(self.numbers) * 7 % len(skus)])
            world.touch(name, self.order(name, which))

        self.fleet.interrupted(name, what, between)

    @rule(name=seller, what=stream, which=pick)
    @act
    def rows_move(self, name: str, what: Stream, which: int) -> None:
        """While a poll reads, an order changes before each answer."""

        def move(request: Request) -> None:
            if request.seller == name:
                self.fleet.wait(timedelta(milliseconds=20))
                world = self.fleet.world
                world.modify(name, self.order(name, which + next(self.numbers)), {"salesRecordReference": f"{next(self.numbers)}"})

        self.fleet.world.faults.before_answer = move
        self.fleet.states[name].streams[what].asked = True
        self.fleet.wake(name)
        self.fleet.world.faults.before_answer = None

    @rule(which=st.sampled_from([(0, None), (2, None), (3, None), (1, "order"), (1, "shipping_fulfillment"), (1, "inventory_item")]))
    @act
    def calls_fail(self, which: tuple[int, str | None]) -> None:
        """Every so manyeth, or all of one kind, from now on."""
        self.fleet.world.faults.fail_every, self.fleet.world.faults.fail_resource = which

    @rule(resource=st.sampled_from(["order", "inventory_item"]), once=st.booleans())
    @act
    def quota_is_spent(self, resource: str, once: bool) -> None:
        """Until the reset, a quarter of an hour from now; or one call alone is refused."""
        if once:
            self.fleet.world.faults.force(429, '{"errors":[{"errorId":2001,"domain":"ACCESS"}]}', resource=resource)
            return
        quotas = self.fleet.world.quotas
        quotas.roll()
        quotas.used[resource] = quotas.limits[resource]
        quotas.reset_ms = self.fleet.world.clock.now_ms() + 900_000

    @rule(
        ebay=st.sampled_from([NO_TIME, JUMP / 2, JUMP]), postgres=st.sampled_from([NO_TIME, timedelta(minutes=-10), timedelta(minutes=3)])
    )
    @act
    def clocks_jump(self, ebay: timedelta, postgres: timedelta) -> None:
        """eBay answers from another machine; Postgres fails over to another one."""
        self.fleet.jump, self.fleet.postgres_skew = ebay, postgres
        self.fleet.wait(NO_TIME)

    @rule(
        name=seller, what=st.sampled_from(["revoked", "refresh token revoked", "access token expired", "access token expired", "connected"])
    )
    @act
    def token_changes(self, name: str, what: str) -> None:
        if "revoked" in what:
            self.fleet.world.accounts.revoke(name, access_too=what == "revoked")
        elif what == "connected":
            self.fleet.reconnect(name)
        else:
            self.fleet.world.accounts.expire(name)

    # what must hold

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

    @precondition(lambda self: self.pauses)
    @rule()
    @act
    def settle_in_between(self) -> None:
        self.pauses -= 1
        self.settle()

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


@pytest.fixture
def fleet(database: str) -> Iterator[Fleet]:
    with closing(PostgresClock(database)) as clock, closing(Store.connect(driven(database), [Fernet.generate_key().decode()])) as store:
        fleet = Fleet(store, clock)
        yield fleet
        fleet.http.close()


def test_whatever_happens_every_change_is_recorded_once_and_nothing_else(fleet: Fleet) -> None:
    settled: list[int] = []

    def machine() -> Machine:
        return Machine(fleet, settled)

    run_state_machine_as_test(
        seed(int(SEED))(machine) if SEED else machine,  # type: ignore[arg-type] # any callable that makes one will do
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=SEED is None,
            database=None,
            deadline=None,
            print_blob=True,
            phases=[Phase.generate] if os.environ.get("MODEL_NO_SHRINK") else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert len(settled) >= EXAMPLES  # each machine at its end, some in between
    assert sum(settled) > 50 * len(settled)  # changes that were judged
