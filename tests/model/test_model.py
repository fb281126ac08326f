"""Two sellers, an eBay, and all that may go wrong, in any order that hypothesis can think of: nothing lost, nothing twice, nothing wrong.

Failures repeat: the run is derandomized, or made by a seed. For more of it: MODEL_EXAMPLES=500 MODEL_SEED=7 pytest tests/model
(some seconds of CPU each). MODEL_NO_SHRINK=1 tells the first failure as it came: to find the smallest one takes up to five minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from domain.pacing import Stream
from domain.streams import POLLED
from simulator.requests import Request
from store import Store
from tests.model.checked import JUMP, PAST, SELLERS, act
from tests.model.fleet import NO_TIME, Fleet
from tests.model.moments import die_in
from tests.model.shops import ShopMachine, minutes, pick, seller
from tests.support.postgres_clock import PostgresClock, driven

EXAMPLES, SEED = int(os.environ.get("MODEL_EXAMPLES", "2")), os.environ.get("MODEL_SEED")
STEPS = 70
moment = st.integers(0, 20)
stream = st.sampled_from([*POLLED, Stream.ORDERS, Stream.SWEEP])


class Machine(ShopMachine):
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

    # polling

    @rule(name=seller, what=stream)
    @act
    def poll_now(self, name: str, what: Stream) -> None:
        self.fleet.states[name].streams[what].asked = True
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

    @precondition(lambda self: self.pauses)
    @rule()
    @act
    def settle_in_between(self) -> None:
        self.pauses -= 1
        self.settle()


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
