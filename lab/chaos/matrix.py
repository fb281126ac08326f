"""The crash matrix: every named point x every stream that passes it x rounds. Each cell has a seller of its own to judge it by."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

from domain.pacing import Stream
from lab.chaos.deployment import KINDS, SETTLED_WITHIN_S, Deployment, until
from lab.chaos.findings import Found
from lab.chaos.points import (
    ANY,
    BACKFILL,
    FULFILLMENT,
    INVENTORY,
    LISTINGS,
    ORDERS,
    OVERRIDES,
    POINTS,
    REPORT,
    SWEEP,
    WORKER,
    WORKFLOW,
    Cell,
)
from lab.chaos.report import ChaosReport, say
from lab.chaos.workers import ChaosWorker
from simulator import Life, World
from workflows.messages import Pause, PollNow
from workflows.seller_polling import SellerPolling

AT_ONCE = 4  # cells that are armed in one worker
PATIENCE_S = 45.0  # a worker that dies as it starts has tasks in hand that others get after 10 s, and its steps are missed for 10 s
STIR_AGAIN_S = 5.0
PATIENT_TIMES = 3
EVENTS = 100  # of the 120 after which a workflow continues as new: so many signals do not wait for as many polls
GROWN_UP_S = 0.7  # a worker that dies as it starts has what had waited in its hands, and Temporal waits 10 s for each of these tasks
MANY = 230  # more than a page
OFTEN = ("begun", "before-call", "after-answer", "before-result")
CROWDED = ("between-windows", "between-pages")
MANY_SKUS = 430
HISTORY_ORDERS = 420  # orders of a backfill: some three windows
SOME_LISTINGS = 8
KIND = {FULFILLMENT: ("fulfillment",)} | dict.fromkeys(
    (INVENTORY, LISTINGS, REPORT), ("inventory",)
)  # what tells of a stream; the others all read orders
CADENCE = {"orders_every": "2s", "fulfillment_every": "4s", "inventory_every": "5s"}


def cells(points: Sequence[str] = (), streams: Sequence[str] = ()) -> list[Cell]:
    """A seller has the name of the point. Those of the backfill have their own, since each lives through one backfill only; those of the
    report too, since their listings are not polled meanwhile, so that the report finds something.
    """
    found = []
    for point, (its, _) in POINTS.items():
        for stream in its:
            if (points and point not in points) or (streams and stream not in streams):
                continue
            seller = {BACKFILL: f"past-{point}", REPORT: f"reported-{point}", WORKER: ANY}.get(stream, point)
            found.append(Cell(point, stream, seller))
    return found


def sellers(chosen: Sequence[Cell]) -> list[str]:
    return sorted({cell.seller for cell in chosen} - {ANY})


class Matrix:
    def __init__(self, deployment: Deployment, chosen: Sequence[Cell], rounds: int, seed: int) -> None:
        self.deployment, self.world, self.random = deployment, deployment.world, Random(seed)
        self.cells, self.rounds = list(chosen), rounds
        self.kills: Counter[Cell] = Counter()
        self.last: dict[str, float] = {}  # when a seller's step died last
        self.misses = 0  # workers that met none of their traps
        self.reasons: dict[str, str] = {}  # what the last pause said

    # the world

    def people(self) -> None:
        """Those of the backfill have a history; the others live, and have much where a point needs much."""
        listing = {cell.seller for cell in self.cells if cell.stream in (LISTINGS, REPORT)}
        for name in sellers(self.cells):
            history = name.startswith("past-")
            skus, listings = MANY_SKUS if name == "between-pages" else 0 if history else 6, SOME_LISTINGS if name in listing else 0
            self.world.add_seller(name, 0.0 if history else 3.0, skus, listings=listings, published=2 if listings else 0)
            self.world.move_in(name)
            if history:
                since = self.world.clock.now() - timedelta(days=20)
                self.world.preload_orders(name, HISTORY_ORDERS, since, since + timedelta(days=19))

    def crowd(self) -> None:
        for name in set(CROWDED) & set(sellers(self.cells)):
            for _ in range(MANY):
                self.world.place_order(name)

    def stir(self, cell: Cell) -> None:
        """So that there is something to read, and the point is passed."""
        world, seller = self.world, cell.seller
        if seller == ANY or cell.stream == BACKFILL:
            return
        with world.lock:
            orders = world.order_ids(seller)
            if cell.point == "between-windows":
                for order_id in orders[:MANY]:
                    world.modify(seller, order_id, {"buyerCheckoutNotes": f"note {self.random.randrange(10**9)}"})
            world.place_order(seller)
            unsent = [one for one in orders[-20:] if world.unsent(seller, one)]
            if unsent and cell.stream == FULFILLMENT:
                world.ship(seller, self.random.choice(unsent))
            skus = world.skus(seller)
            if skus:
                world.set_stock(seller, skus[0], world.stock(seller, skus[0]) + 1)
            if cell.stream in (LISTINGS, REPORT):
                item = world.item_ids(seller)[0]
                world.revise(seller, item, title=f"Lot {self.random.randrange(10**9)}")
            if cell.point == "missing-skus" and len(skus) > 2:
                world.remove_sku(seller, skus[-1])
                world.add_sku(seller, f"LATER-{self.random.randrange(10**9)}", 3)
            if cell.point.startswith("token-"):
                world.accounts.expire(seller)

    def call(self, cell: Cell) -> None:
        """Have the workflow pass by."""
        deployment, seller = self.deployment, cell.seller
        if seller == ANY or cell.stream == BACKFILL:
            return
        if cell.point == "update":
            deployment.house.command("set-cadence", seller, "--orders", f"{self.random.randint(2, 4)}s")
        elif cell.stream == OVERRIDES or cell.point == "signal":
            self.reasons[seller] = f"number {self.random.randrange(10**9)}"
            deployment.signal(seller, SellerPolling.pause, Pause(reason=self.reasons[seller]))
            deployment.signal(seller, SellerPolling.resume)
        elif cell.point == "failure-noted":
            self.world.faults.fail_every, self.world.faults.fail_resource = 2, "order"
        elif cell.point == "continue-as-new":
            deployment.house.signal_often(seller, SellerPolling.poll_now, PollNow(), EVENTS)
        if cell.stream not in (WORKFLOW, OVERRIDES, WORKER):
            deployment.signal(seller, SellerPolling.poll_now, PollNow(stream=Stream(cell.stream)))

    # the deaths

    def run(self) -> None:
        began = time.monotonic()
        history = [cell for cell in self.cells if cell.stream == BACKFILL]
        living = [cell for cell in self.cells if cell.stream != BACKFILL]
        names = sellers(living)
        self.people()
        life = Life(self.world, 1500.0)  # before the crowd of orders comes, which it leaves alone
        self.deployment.enroll(names)
        self.crowd()
        with life:
            if living:
                self._first_polls(names)
                say(f"   all sellers are polled: {time.monotonic() - began:.0f} s")
            due = [cell for _ in range(self.rounds) for cell in self.random.sample(living, len(living))]
            self._die(due, [])
            for cell in history:  # each alone: while another's worker dies it could be through
                self._die([], [cell])
            say(f"   {sum(self.kills.values())} workers are dead: {time.monotonic() - began:.0f} s")

    def _first_polls(self, names: list[str]) -> None:
        worker = self.deployment.crew.start(wait=True)
        polled = (
            "SELECT count(*) FROM sellerbeat.streams WHERE seller_id = ANY (:names) AND stream = ANY (:streams) AND last_good_at IS NULL"
        )
        streams = ["orders", "fulfillment", "inventory"]
        until(
            lambda: not self.deployment.house.rows(polled, names=names, streams=streams)[0][0], SETTLED_WITHIN_S, "the first polls of all"
        )
        if listing := sellers([cell for cell in self.cells if cell.stream in (LISTINGS, REPORT)]):
            until(
                lambda: not self.deployment.house.rows(polled, names=listing, streams=["listings"])[0][0],
                SETTLED_WITHIN_S,
                "the first polls of listings",
            )
        for seller in sellers([cell for cell in self.cells if cell.stream == REPORT]):
            self.deployment.house.command("set-cadence", seller, "--inventory", "1h")
        if swept := sellers([cell for cell in self.cells if cell.stream == SWEEP]):
            self._first_sweeps(swept)
        worker.kill()

    def _first_sweeps(self, names: list[str]) -> None:
        """A seller's first sweep only says when the next one is."""
        for seller in names:
            self.deployment.signal(seller, SellerPolling.poll_now, PollNow(stream=Stream.SWEEP))
        rows = "SELECT count(*) FROM sellerbeat.streams WHERE stream = 'sweep' AND cursor IS NOT NULL AND seller_id = ANY (:names)"
        until(lambda: self.deployment.house.rows(rows, names=names)[0][0] == len(names), SETTLED_WITHIN_S, "the first sweeps")

    def _die(self, due: list[Cell], history: list[Cell]) -> None:
        """Workers one after the other, each with some traps set, until each trap has sprung.

        Backfills go on by themselves, so theirs are always set; one more begins with each worker.
        """
        misses: Counter[Cell] = Counter()
        waiting = list(history)
        going: Counter[Cell] = Counter()
        while due or waiting or +going:
            armed = self._next(due)
            begun = [waiting.pop(0)] if waiting else []
            going.update(dict.fromkeys(begun, self.rounds))
            traps = [(cell, self._nth(cell)) for cell in armed] + [(cell, 1) for cell in +going]
            # a backfill that goes on may be through before a worker is grown up
            young = any(cell.stream == WORKER for cell in armed) or bool(+going - Counter(dict.fromkeys(begun, self.rounds)))
            worker = self.deployment.crew.start(traps, armed=young)
            self.deployment.forget_dead_workers()
            if not young:
                worker.wait_until_at_work()
                time.sleep(GROWN_UP_S)
            for cell in armed:
                self.stir(cell)
            worker.arm()
            if begun:  # only now: a backfill of these few orders is done within a second
                self.deployment.enroll([begun[0].seller], backfill="25d")
            for cell in armed:
                self.call(cell)
            died = self._dies(worker, armed)
            self.world.faults.fail_every = 0
            worker.kill()
            sprung = [cell for cell, pid, _ in self.deployment.crew.sprung() if pid == worker.pid]
            if not (died and sprung):
                say(f"   no trap sprang in {PATIENCE_S:.0f} s: {', '.join(f'{cell.point}/{cell.stream}' for cell, _ in traps)}")
                misses.update(cell for cell, _ in traps)
                due = [cell for cell in due if misses[cell] < PATIENT_TIMES]
                going = Counter({cell: left for cell, left in going.items() if misses[cell] < PATIENT_TIMES})
                continue
            self.kills[sprung[0]] += 1
            self.last[sprung[0].seller] = time.monotonic()
            if sprung[0].stream == BACKFILL:
                going[sprung[0]] -= 1
            else:
                due.remove(sprung[0])

    def _dies(self, worker: ChaosWorker, armed: Sequence[Cell]) -> bool:
        """Whether it dies of a trap. What was to lead there may be used up elsewhere, as an expired token is renewed by the step of any
        stream: then it is brought about again.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not worker.died(within=STIR_AGAIN_S):
            if time.monotonic() > deadline:
                return False
            for cell in armed:
                self.stir(cell)
                self.call(cell)
        return True

    def _nth(self, cell: Cell) -> int:
        """Now and then a later pass, where one is sure to come soon: a report is made of four calls and more."""
        if cell.stream == REPORT and cell.point in ("before-call", "after-answer"):
            return self.random.randint(1, 4)
        return self.random.choice((1, 1, 2)) if cell.stream == ORDERS and cell.point in OFTEN else 1

    def _next(self, due: list[Cell]) -> list[Cell]:
        """Of different sellers, those first whose last death is longest ago: their steps have been tried again."""
        chosen: dict[str, Cell] = {}
        for cell in sorted(due, key=lambda cell: self.last.get(cell.seller, 0.0)):
            chosen.setdefault(cell.seller, cell)
        return list(chosen.values())[:AT_ONCE]

    # what came of it

    def verdicts(self) -> tuple[list[tuple[Cell, int, Found]], Found]:
        worker = self.deployment.crew.start(wait=True)
        self.deployment.forget_dead_workers()
        say(f"   the world stands still; all is polled after {self.deployment.poll_all():.1f} s")
        for seller, reason in self.reasons.items():
            status = self.deployment.house.status(seller)
            assert status.state == "polling", (seller, reason, status)
        queries = [(None, KINDS) if cell.seller == ANY else ([cell.seller], KIND.get(cell.stream, KINDS)) for cell in self.cells]
        whole, *found = self.deployment.verdicts([(None, KINDS), *queries])
        rows = [(cell, self.kills[cell], one) for cell, one in zip(self.cells, found, strict=True)]
        worker.kill()
        return rows, whole


def run(
    report: ChaosReport, seed: int, rounds: int = 2, points: Sequence[str] = (), streams: Sequence[str] = (), keep: Path | None = None
) -> None:
    from lab.chaos.deployment import deployment

    with deployment(World(seed=seed), keep, **CADENCE) as (here, _):
        matrix = Matrix(here, cells(points, streams), rounds, seed)
        matrix.run()
        rows, whole = matrix.verdicts()
    table = report.table("The crash matrix", ("point", "stream", "kills", "lost", "twice", "wrong"))
    for cell, kills, found in rows:
        table.add(cell.point, cell.stream, str(kills), str(found.lost), str(found.twice), str(found.wrong))
        report.expect(kills == rounds, f"{cell.point}/{cell.stream}: {kills} deaths of {rounds}")
        report.expect(found.ok, f"{cell.point}/{cell.stream}: {found} {found.examples}")
    report.expect(whole.ok, f"all: {whole} {whole.examples}")
    table.notes.append(
        f"{sum(matrix.kills.values())} deaths at {len({cell.point for cell in matrix.cells})} points, seed {seed}. In all: {whole}."
    )
