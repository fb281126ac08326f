"""Each guard, with and without it: a test that cannot fail proves nothing, so here each is seen to fail."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from domain.pacing import Stream
from lab.chaos.deployment import ASK_AGAIN_S, Deployment, deployment, until
from lab.chaos.findings import Found
from lab.chaos.points import INVENTORY, ORDERS, Cell
from lab.chaos.report import ChaosReport, say
from simulator import World
from simulator.requests import Request
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

Without = tuple[str, ...]
SLOW = {"orders_every": "1h", "fulfillment_every": "1h", "inventory_every": "1h"}
QUICK = {"orders_every": "0.5s", "fulfillment_every": "1h", "inventory_every": "1h"}
PATIENCE_S = 180.0  # for what is sure to come, on a loaded machine too
STEP_MISSED_S = 20.0  # 15 s, and a loaded machine


@dataclass(frozen=True)
class GuardTrial:
    """A seller's bad moment. `play` brings it about, with a worker that lacks `without`; what it gives is judged when all is polled."""

    guard: str
    what: str
    play: Callable[[Deployment, str, Without], Found]
    settings: dict[str, str]


def poll(here: Deployment, seller: str, stream: Stream = Stream.ORDERS) -> None:
    here.signal(seller, SellerPolling.poll_now, PollNow(stream=stream))


def begin(here: Deployment, seller: str) -> None:
    here.world.add_seller(seller, skus=3)
    here.world.preload_skus(seller)
    here.enroll([seller])


def first_polls(here: Deployment, seller: str) -> None:
    statement = "SELECT count(*) FROM sellerbeat.streams WHERE seller_id = :seller AND last_good_at IS NOT NULL AND stream <> 'backfill'"
    until(lambda: here.house.rows(statement, seller=seller)[0][0] >= 3, PATIENCE_S, "the first polls")


def asked_until(here: Deployment, seen: Callable[[], object], seller: str, stream: Stream, what: str) -> None:
    """The stream is asked for again and again, since a poll that was under way already serves nobody who asks meanwhile."""
    asked = -ASK_AGAIN_S

    def asked_and_seen() -> object:
        nonlocal asked
        if not (found := seen()) and time.monotonic() - asked > ASK_AGAIN_S:
            poll(here, seller, stream)
            asked = time.monotonic()
        return found

    until(asked_and_seen, PATIENCE_S, what)


def frozen_attempt(here: Deployment, seller: str, without: Without) -> Found:
    """A step is held up with eBay's answer in its hand, and does not beat; its retry reads newer stock; then it goes on.

    Nothing here hangs on time: each answer is outdated as it leaves eBay, until the step says that it is held up, so every later answer
    is newer; and the step says that it is over.
    """
    begin(here, seller)
    first = here.crew.start(wait=True)
    first_polls(here, seller)
    first.stop()
    world, sku = here.world, here.world.skus(seller)[0]
    world.set_stock(seller, sku, 17)
    fewer = count(16, -1)

    def outdated(request: Request) -> float:
        if request.resource == "inventory_item" and not here.crew.sprung():
            world.set_stock(seller, sku, next(fewer))
        return 0.0

    world.faults.latency_s = outdated  # called when the answer is written, before it is sent
    frozen = here.crew.start([(Cell("after-answer", INVENTORY, seller), 1)], wait=True, ending="freeze", without=without)
    here.forget_dead_workers()
    asked_until(here, here.crew.sprung, seller, Stream.INVENTORY, "the step is held up")
    statement = (
        "SELECT count(*) FROM sellerbeat.change_events WHERE seller_id = :seller AND entity_id = :sku AND type = 'inventory.updated'"
    )
    until(lambda: here.house.rows(statement, seller=seller, sku=sku)[0][0], PATIENCE_S, "the retry's event")
    here.crew.go_on()
    until(here.crew.held_is_over, PATIENCE_S, "the end of the attempt that was held up")
    found = here.verdict([seller])
    frozen.kill()
    return found


def late_orders(here: Deployment, seller: str, without: Without) -> Found:
    """eBay shows orders three seconds after their date, while polling goes on every half second."""
    begin(here, seller)
    worker = here.crew.start(wait=True, without=without)
    first_polls(here, seller)
    for _ in range(10):
        here.world.place_order(seller, visible_at=here.world.clock.now() + timedelta(seconds=3))
        time.sleep(0.2)
    here.poll_all(40)
    found = here.verdict([seller])
    worker.kill()
    return found


def crowded_feed(here: Deployment, seller: str, without: Without) -> Found:
    """Several sellers' events are committed at the same time, some later than they got their positions; an app follows the feed."""
    sellers = [f"{seller}-{number}" for number in range(4)]
    for one in sellers:
        begin(here, one)
    worker = here.crew.start(wait=True, without=without, widen_s=0.2)
    for one in sellers:
        first_polls(here, one)
    for _ in range(20):
        for one in sellers:
            here.world.place_order(one)
        time.sleep(0.2)
    here.poll_all(40)
    worker.kill()
    found = here.verdict(sellers)
    here.follower.read()
    there = {event["id"] for event in here.house.events()}
    missed = there - set(here.follower.ids)
    found.missed = len(missed)
    found.findings += [f"missed: the event {one}" for one in sorted(missed)]
    return found


def connected_meanwhile(here: Deployment, seller: str, without: Without) -> Found:
    """The old token's last refresh is at eBay, which will refuse it, when the seller's new consent arrives."""
    begin(here, seller)
    worker = here.crew.start(wait=True, without=without)
    first_polls(here, seller)
    world = here.world
    at_ebay = threading.Event()

    def slow(request: Request) -> float:
        if not request.resource.startswith("token") or at_ebay.is_set():
            return 0.0
        at_ebay.set()
        return 3.0

    fifo = here.house.folder / "token"
    os.mkfifo(fifo)
    connecting = here.house.starter("connect", seller, "--refresh-token-file", str(fifo))
    with fifo.open("w") as typed:  # the command is up, and waits for the token
        world.accounts.revoke(seller)
        world.place_order(seller)
        world.faults.latency_s = slow
        poll(here, seller)
        until(at_ebay.is_set, PATIENCE_S, "the refresh of the old token")
        typed.write(world.accounts.renew(seller))
    assert connecting.result().code == 0
    world.faults.latency_s = 0.0
    with suppress(TimeoutError):  # what it did not get shows in the verdict
        here.poll_all(15)
    found = here.verdict([seller])
    worker.kill()
    return found


def killed_step(here: Deployment, seller: str, without: Without) -> Found:
    """A worker dies in a poll; another is there; what is recorded 20 s later?"""
    begin(here, seller)
    first = here.crew.start(wait=True, without=without)
    first_polls(here, seller)
    first.stop()
    here.world.place_order(seller)
    victim = here.crew.start([(Cell("before-call", ORDERS, seller), 1)], without=without)
    here.forget_dead_workers()
    asked_until(here, victim.died, seller, Stream.ORDERS, "the worker's death")
    healthy = here.crew.start(wait=True, without=without)
    here.forget_dead_workers()
    statement = "SELECT count(*) FROM sellerbeat.change_events WHERE seller_id = :seller AND type = 'order.created'"
    deadline = time.monotonic() + STEP_MISSED_S
    while not here.house.rows(statement, seller=seller)[0][0] and time.monotonic() < deadline:
        time.sleep(0.1)
    found = here.verdict([seller])
    healthy.kill()
    return found


def killed_in_transaction(point: str) -> Callable[[Deployment, str, Without], Found]:
    def play(here: Deployment, seller: str, without: Without) -> Found:
        """Orders that are older than the overlap when a worker reads them, and dies before it has committed them."""
        begin(here, seller)
        first = here.crew.start(wait=True)
        first_polls(here, seller)
        first.stop()
        for _ in range(3):
            here.world.place_order(seller)
        time.sleep(14)  # the least overlap is 10 s, and a cursor stands up to two seconds before its answer
        victim = here.crew.start([(Cell(point, ORDERS, seller), 1)], without=without)
        here.forget_dead_workers()
        asked_until(here, victim.died, seller, Stream.ORDERS, "the worker's death")
        healthy = here.crew.start(wait=True)
        here.forget_dead_workers()
        here.poll_all(40)
        found = here.verdict([seller])
        healthy.kill()
        return found

    return play


TRIALS = (
    GuardTrial("fence", "an attempt outlives its time-out and goes on beside its retry", frozen_attempt, SLOW),
    GuardTrial("overlap", "eBay shows orders 3 s late", late_orders, QUICK),
    GuardTrial("position-lock", "commits of several sellers overtake each other", crowded_feed, QUICK),
    GuardTrial("token-lock", "a new consent arrives while the old token is being refused", connected_meanwhile, SLOW),
    GuardTrial("heartbeat-timeout", "a worker dies in a poll; judged 20 s later", killed_step, SLOW),
    GuardTrial("cursor-in-transaction", "a worker dies before its commit", killed_in_transaction("after-rows"), SLOW),
    GuardTrial("events-in-transaction", "a worker dies after its commit", killed_in_transaction("after-commit"), SLOW),
)


def play(trial: GuardTrial, seed: int, without: Without, keep: Path | None) -> Found:
    name = f"{trial.guard}-{'without' if without else 'with'}"
    with deployment(World(seed=seed), keep / name if keep else None, **trial.settings) as (here, _):
        return trial.play(here, name, without)


def run(report: ChaosReport, seed: int, points: Sequence[str] = (), keep: Path | None = None) -> None:
    """`points`: only these guards."""
    table = report.table("Guards, with and without", ("guard", "what happens", "", "lost", "twice", "wrong", "missed by a reader"))
    for trial in [trial for trial in TRIALS if not points or trial.guard in points]:
        for without in ((), (trial.guard,)):
            try:
                found = play(trial, seed, without, keep)
            except (TimeoutError, AssertionError) as error:
                report.expect(False, f"{trial.guard} {'without' if without else 'with'}: {type(error).__name__} {error}")
                continue
            say(f"   {trial.guard} {'without' if without else 'with'}: {found} {found.examples[:2]}")
            counts = (found.lost, found.twice, found.wrong, found.missed)
            table.add(trial.guard, trial.what, "without" if without else "with", *map(str, counts))
            if without:
                report.expect(not found.ok, f"without {trial.guard} nothing fails: this trial proves nothing")
            else:
                report.expect(found.ok, f"{trial.guard}: {found} {found.examples}")
