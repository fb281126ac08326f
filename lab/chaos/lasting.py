"""Faults that last, in skipped time: records that fail for ever, an hour without eBay, wrong keys, orders that never end. Each is counted.

`--only SCENE ...` plays some of them, `--sellers N` says how many live through an outage of all of eBay.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text

from demo_stack import devstack
from domain.pacing import Stream
from lab.chaos.report import ChaosReport, ChaosTable, say
from lab.chaos.skipped import START, SkippedFleet, skipped_fleet
from simulator import World
from simulator.judge import Verdict, judge
from simulator.poison import How
from store.schema import migrate
from workflows.messages import PollNow

KINDS = ("order", "fulfillment", "inventory")
PATIENCE_S = 400.0  # for one scene; what takes longer is broken off, and that is a failure
LATE_S = 3 * 3600.0  # a change that is recorded so long after eBay shows it was held up: the longest quiet interval and some tries
QUOTAS = {"orders": 100_000, "trading": 5_000, "token": 50_000, "": 100_000}
HEAD = ("scene", "seed", "sellers", "changes", "lost", "twice", "wrong", "held up", "consents lost", "latest told", "what it cost")
LISTINGS_EVERY, ORDERS_EVERY = timedelta(minutes=30), timedelta(minutes=10)
# After a quiet hour a seller is polled half as often: the second is of those who are polled well meanwhile, or for their listings.
SELLS = (timedelta(hours=1), timedelta(minutes=20))
USUAL, OUTAGE, AFTER = timedelta(minutes=30), timedelta(hours=1), timedelta(minutes=60)
BAR_SHARE, BAR_AGAIN, BAR_MINUTE = 0.02, 1.5, 3.0
MOST = (3_000, 200)  # sellers in an outage, the second with listings: a day's 5,000 calls read no more of them every half hour
BURST = 5  # minutes: a poll of Trading reads each listing that sold, up to a handful of calls at once
SETTLED = timedelta(minutes=6)  # listings are read some minutes after a sale
POLLED = (Stream.ORDERS, Stream.FULFILLMENT)
WITH_LISTINGS = (Stream.INVENTORY, Stream.LISTINGS, Stream.REPORT)  # the report waits for the first scan
WITH_STOCK = (*POLLED, Stream.INVENTORY)
NUMBERS = count(1)  # of databases
MIGRATED = "lasting_migrated"
NAMED = re.compile(r"([\w-]+)/([^\s/:#]+)")  # seller and record, in the judge's words


@dataclass
class SceneOutcome:
    """What a scene came to."""

    name: str
    fleet: SkippedFleet
    poisoned: set[tuple[str, str]] = field(default_factory=set)  # sellers' records that cannot be known
    cost: list[str] = field(default_factory=list)  # in words
    missed: list[str] = field(default_factory=list)  # bars, in words
    held_up: int = 0  # while the fault lasted, where that was before the end
    findings: list[str] = field(default_factory=list)  # the judge's
    row: tuple[str, ...] = ()  # of the table, but for the costs

    def expect(self, true: bool, words: str) -> None:
        if not true:
            self.missed.append(f"{self.name}: {words}")

    def verdict(self) -> Verdict:
        fleet = self.fleet
        return judge(fleet.world.rows(), fleet.store.feed.read(limit=1_000_000), at=fleet.now(), kinds=KINDS)

    def judged(self, found: Verdict) -> tuple[int, int]:
        """How many are lost, and how many were held up: lost or late, though they are not what cannot be known."""
        lost = [words for words in found.findings if words.startswith("lost") and self.poisoned.isdisjoint(NAMED.findall(words))]
        return len(lost), len(lost) + sum(1 for delay in found.delays if delay > LATE_S)


Scene = Callable[["SceneSetup"], SceneOutcome]


class SceneSetup:
    """A Postgres for all scenes, and a database, a world and a fleet for each."""

    def __init__(self, server: str, seed: int, sellers: int) -> None:
        self.server, self.seed, self.sellers = server, seed, sellers
        self.random = Random(seed)

    @contextmanager
    def fleet(self, **settings: Any) -> Iterator[SkippedFleet]:
        name = f"lasting_{next(NUMBERS)}"
        url = devstack.create_database(self.server, name, migrated(self.server))
        with skipped_fleet(url, World(seed=self.seed, now=START), **settings) as fleet:
            fleet.patience = time.monotonic() + max(PATIENCE_S, 1.0 * self.sellers)
            yield fleet

    def spread(self, most: timedelta) -> timedelta:
        return most * self.random.random()


@cache
def migrated(server: str) -> str:
    """The name of a database with our tables there, to make others from."""
    migrate.upgrade(devstack.create_database(server, MIGRATED))
    return MIGRATED


def live(setup: SceneSetup, fleet: SkippedFleet, sellers: Sequence[str], lasting: timedelta, every: timedelta) -> None:
    """Each seller sells now and then, sends what was sold before, and counts stock."""
    for seller in sellers:
        at = fleet.now() + setup.spread(every)
        while at < fleet.now() + lasting:
            fleet.at(at, lambda seller=seller: trade(fleet.world, seller))  # type: ignore[misc]
            at += every


def trade(world: World, seller: str) -> str:
    unsent = [one for one in world.order_ids(seller)[-6:] if world.order(seller, one)["orderFulfillmentStatus"] == "NOT_STARTED"]
    for order in unsent[:2]:
        world.ship(seller, order)
    if skus := world.skus(seller):
        world.set_stock(seller, skus[len(world.order_ids(seller)) % len(skus)], 5 + len(world.order_ids(seller)) % 90)
    return world.place_order(seller)


def outage(name: str, *resources: str, how: How = How.GATEWAY, failing: float = 1.0, share: float = 0.2) -> Scene:
    """An hour without some of eBay. `failing`: so many of the answers; `share`: of the sellers of the largest outage."""

    def play(setup: SceneSetup) -> SceneOutcome:
        api = {"order": "orders", "trading": "trading", "token": "token"}.get(resources[0] if resources else "", "")
        stream = Stream.LISTINGS if api == "trading" else Stream.ORDERS
        between = LISTINGS_EVERY if api == "trading" else ORDERS_EVERY  # they are enrolled by and by, as their polls are spread in a fleet
        sellers = [f"seller-{number}" for number in range(max(4, min(int(setup.sellers * share), MOST[api == "trading"])))]
        with setup.fleet() as fleet:
            it = SceneOutcome(name, fleet)
            for seller in sellers:
                fleet.world.add_seller(seller, listings=3 if api == "trading" else 0)
                fleet.world.move_in(seller)
                fleet.enroll(seller, (*POLLED, *WITH_LISTINGS) if api == "trading" else POLLED, setup.spread(between))
            live(setup, fleet, sellers, between + USUAL + OUTAGE + AFTER, SELLS[api == "trading" or failing < 1])
            fleet.run(between + USUAL)
            begin = fleet.now()
            if api == "token":
                for seller in sellers:
                    fleet.at(begin + setup.spread(OUTAGE), lambda seller=seller: fleet.world.accounts.expire(seller))  # type: ignore[misc]
            down = fleet.world.lasting.stop(*resources, how=how, share=failing)
            fleet.run(OUTAGE)
            end, met = fleet.now(), down.met
            fleet.world.lasting.start()
            fleet.run(AFTER)
            measure(it, fleet, sellers, stream, api, (fleet.minute(begin), fleet.minute(end)), met if failing == 1 else None)
            return conclude(setup, it, sellers)

    return play


def measure(
    it: SceneOutcome, fleet: SkippedFleet, sellers: Sequence[str], stream: Stream, api: str, down: tuple[int, int], met: int | None
) -> None:
    """What an outage cost, and how everybody came back. `down`: from and to, in minutes; `met`: calls that it met."""
    first, last = down
    only = None if api in ("", "token") else api
    minutes = [fleet.called(minute, minute + 1, api=only) for minute in range(first - 25, first)]
    usual = max(sum(minutes) / len(minutes), 5.0)
    burst = BURST if api == "trading" else 1
    peak = max(fleet.called(minute, minute + burst, api=only) / burst for minute in range(last, max(fleet.minute(), last + 1)))
    words = f"a minute of {burst} after" if burst > 1 else "in a minute after"
    it.cost.append(
        f"{usual:.1f} calls a minute before, {fleet.called(first, last, api=only) / (last - first):.1f} in it, {peak:.0f} at most {words}"
    )
    it.expect(peak <= BAR_MINUTE * usual, f"{peak:.0f} calls {words}, {usual:.1f} are usual")
    if met is not None:
        share = met / QUOTAS[api]
        it.cost.append(f"{met} calls met it: {share:.2%} of a day's quota, {1 - share:.1%} left")
        it.expect(share <= BAR_SHARE, f"{met} calls in the outage are {share:.1%} of a day's quota")
    again = max((comeback(fleet, seller, stream, down) for seller in sellers), default=0.0)
    it.cost.append(f"all polled again within {again:.2f} of their intervals")
    it.expect(again <= BAR_AGAIN, f"somebody was polled again after {again:.2f} intervals")


def comeback(fleet: SkippedFleet, seller: str, stream: Stream, down: tuple[int, int]) -> float:
    """How long after an outage a seller had a good poll, in intervals of theirs before it.

    The longest of that hour: a poll that a sale brings forward leaves the next one where it was.
    """
    end = START + timedelta(minutes=down[1])
    mine = [one for one in fleet.polls if one.seller == seller and one.stream is stream and one.result and not one.result.waiting]
    before = [one for one in mine if one.at < end and one.result]
    after = next((one.at for one in mine if one.at >= end), None)
    intervals = [one.result.next_due - one.at for one in before if one.result and one.at >= START + timedelta(minutes=down[0] - 60)]
    if after is None or not intervals:
        return float("inf")
    return (after - end) / max(intervals)


def conclude(setup: SceneSetup, it: SceneOutcome, sellers: Sequence[str], meanwhile: Verdict | None = None) -> SceneOutcome:
    """The figures that every scene has. `meanwhile`: what the judge said while the fault lasted, where that was before the end."""
    settle(it.fleet)
    found = it.verdict()
    lost, held_up = it.judged(found)
    if meanwhile:
        held_up = it.held_up
    with it.fleet.store.engine.connect() as connection:
        dead = connection.execute(text("SELECT count(*) FROM sellerbeat.tokens WHERE dead_at IS NOT NULL")).scalar_one()
    delays = (meanwhile or found).delays
    latest = delays[-1] if delays else 0.0
    it.expect(it.fleet.broken_off is None, f"broken off at {it.fleet.broken_off}: {len(it.fleet.polls)} steps took too long")
    it.expect(not (lost or found.twice or found.wrong), f"{lost} lost, {found.twice} twice, {found.wrong} wrong: {found.examples[:3]}")
    it.expect(not held_up, f"{held_up} changes were held up")
    it.expect(not dead, f"{dead} consents are lost")
    row = (len(sellers), found.changes, lost, found.twice, found.wrong, held_up, dead)
    it.cost.insert(0, f"{latest / 60:.0f} min")
    it.findings = found.findings
    it.row = (it.name, str(setup.seed), *map(str, row))
    return it


def settle(fleet: SkippedFleet) -> None:
    """Everybody is asked for, and once more for what the first polls announce: what is not recorded then is lost."""
    for _ in range(2):
        for seller in fleet.sellers:
            fleet.signal(seller, "poll_now", PollNow())
        fleet.run(SETTLED)


def scenes() -> dict[str, tuple[Scene, ...]]:
    from lab.chaos import lasting_records as records

    return {
        "outage": (
            outage("an hour without eBay (502)", share=1.0),
            outage("an hour without an answer", how=How.SILENT),
            outage("half of the answers fail for an hour", how=How.FAILS, failing=0.5),
            outage("orders alone are down", "order", "shipping_fulfillment"),
            outage("Trading alone is down", "trading", share=1.0),  # of few sellers each minute has a handful of calls, or none
            outage("the token endpoint alone is down", "token"),
        ),
        "keys": (records.keys,),
        "poison": (records.poison,),
        "old": (records.old,),
        "many": (records.many,),
    }


def run(report: ChaosReport, seed: int, only: Sequence[str] = (), sellers: int = 200, keep: Path | None = None) -> None:
    """`keep`: a folder for all that the judge found."""
    known = scenes()
    if unknown := set(only) - known.keys():
        raise ValueError(f"no such scene: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    table = report.table("Faults that last, in skipped time", HEAD)
    with tempfile.TemporaryDirectory(prefix="lasting-") as folder, devstack.postgres(Path(folder), fast=True) as server:
        setup = SceneSetup(server, seed, sellers)
        for play in (play for name in (only or known) for play in known[name]):
            report_scene(report, table, it := play(setup))
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{it.name.replace(' ', '-')}.txt").write_text("\n".join([*it.cost, *it.missed, *it.findings]))


def report_scene(report: ChaosReport, table: ChaosTable, it: SceneOutcome) -> None:
    table.add(*it.row, it.cost[0], "; ".join(it.cost[1:]))
    say(f"   {it.name}: {'; '.join(it.cost)}")
    for words in it.missed:
        report.expect(False, words)
