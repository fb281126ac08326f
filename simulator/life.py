"""The world lives by itself: buyers buy, sellers ship and revise, stock comes in. The same seed gives each seller the same life.

With a clock driven by hand, `run_until(moment)` lives up to then, with every event at its own time. In real time,
`with Life(world):` does it as time passes.
`rate` makes it faster: at 60, what takes a seller an hour happens within a minute.
"""

import heapq
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import count
from random import Random

from simulator import seller_actions
from simulator.clock import ManualClock
from simulator.hostile import sales as hostile_sales
from simulator.state import listings
from simulator.state.catalog import Good
from simulator.times import DAY, HOUR, MINUTE, to_ms
from simulator.world import World

Act = Callable[[], None]


class Life:
    """What happens in a world, by its clock; sellers who come later begin to live too."""

    def __init__(self, world: World, rate: float = 1.0) -> None:
        self.world, self.rate = world, rate
        self.due: list[tuple[int, int, Act]] = []
        self.tie = count()
        self.now_ms = world.clock.now_ms()  # of the event in hand
        self.randoms: dict[str, Random] = {}
        self.stopped = threading.Event()
        self.thread: threading.Thread | None = None
        self._enter_new_sellers()

    def _enter_new_sellers(self) -> None:
        for name in list(self.world.sellers):
            if name not in self.randoms:
                self.enter(name)

    def enter(self, seller: str) -> None:
        """A seller begins to live, or goes on: open orders are still to be shipped."""
        there = self.world.order_ids(seller)
        self.randoms[seller] = Random(f"{self.world.seed}:{seller}:life:{len(there)}")
        self._later(seller, self._until_next_sale(seller), self._sell)
        self._later(seller, self._until_next_restock(seller), self._restock)
        if self._lists(seller):
            self._later(seller, self._until_next_revision(seller), self._act_as_seller)
        for order_id in sorted(self.world.inventories[seller].open)[-1000:]:
            if self.world.order(seller, order_id)["cancelStatus"]["cancelState"] == "NONE_REQUESTED":
                self._plan(seller, order_id, paid=True)

    def run_until(self, moment: datetime | int) -> None:
        """
        Raises:
            TypeError: the world's clock is real.
        """
        clock, end = self.world.clock, to_ms(moment)
        if not isinstance(clock, ManualClock):
            raise TypeError("only a clock driven by hand can be moved")
        self._enter_new_sellers()
        while self.due and self.due[0][0] <= end:
            clock.set(max(self.due[0][0], clock.now_ms()))
            self.step()
        clock.set(end)

    def step(self) -> None:
        """The next event, now."""
        with self.world.lock:
            if self.world.still:
                self.due.clear()
                return
            self.now_ms, _, act = heapq.heappop(self.due)
            with suppress(*self._expected_errors()):
                act()

    def _expected_errors(self) -> tuple[type[Exception], ...]:
        """What acts may stumble over: after a restart of a hostile world only the malformed documents are left to go on from."""
        return (AttributeError, IndexError, KeyError, TypeError, ValueError, ArithmeticError) if self.world.hostility else ()

    def start(self) -> None:
        """In a thread of its own, as real time passes."""
        self.thread = threading.Thread(target=self._live, name="life", daemon=True)
        self.thread.start()

    def __enter__(self) -> "Life":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nothing more happens."""
        self.stopped.set()
        if self.thread:
            self.thread.join(timeout=5)

    def _live(self) -> None:
        while not self.stopped.is_set():
            self._enter_new_sellers()
            wait = (self.due[0][0] - self.world.clock.now_ms()) / 1000 if self.due else 1.0
            if wait > 0:
                self.stopped.wait(min(wait, 1.0))
            else:
                self.step()

    def _later(self, seller: str, delay_ms: float, act: Callable[[str], None]) -> None:
        heapq.heappush(self.due, (self.now_ms + int(delay_ms / self.rate), next(self.tie), lambda: act(seller)))

    def soon(self, delay_ms: float, act: Act) -> None:
        """By the world's clock, whatever the rate."""
        heapq.heappush(self.due, (self.now_ms + int(delay_ms), next(self.tie), act))

    def plan(self, seller: str, order_id: str, rng: Random) -> None:
        """What will become of a paid order that did not come as others do: it leaves what they draw as it is."""
        self._plan(seller, order_id, paid=True, rng=rng)

    # sales

    def _until_next_sale(self, seller: str) -> float:
        a_day = self.world.sellers[seller].orders_a_day
        return self.randoms[seller].expovariate(a_day / DAY) if a_day > 0 else 3650 * DAY

    def _sell(self, seller: str) -> None:
        world, rng = self.world, self.randoms[seller]
        paid = rng.random() < 0.85
        lines = self._of_listings(seller) if self._lists(seller) else None
        if lines != []:
            order_id = world.place_order(seller, lines=lines, paid=paid)
            world.take(seller, order_id)
            self._plan(seller, order_id, paid)
            if world.hostility:
                hostile_sales.sale(self, world.hostility, seller, order_id)
        self._later(seller, self._until_next_sale(seller), self._sell)

    def _lists(self, seller: str) -> bool:
        who = self.world.sellers[seller]
        return bool(who.listings or who.published)

    def _of_listings(self, seller: str) -> list[tuple[Good, int]] | None:
        """What somebody buys of a seller with listings; None: of the SKUs, nothing: all that was looked at is sold out."""
        world, rng = self.world, self.randoms[seller]
        if world.sellers[seller].skus and rng.random() < 0.4:
            return None
        active, lines = world.inventories[seller].active, dict[str, tuple[Good, int]]()
        for _ in range(rng.choice((1, 1, 1, 2)) + 4):
            item = rng.choice(active)[1] if active else ""
            document = world.listing(seller, item) if item else {}
            k = listings.variation_index(document, rng.randrange(4))
            good = listings.sold_good(document, k) if item else None
            if good and good.quantity > 0 and document["status"] == "Active":
                lines[item] = good, rng.randint(1, min(2, good.quantity))
            if len(lines) == 2 or (lines and rng.random() < 0.8):
                break
        return list(lines.values())

    def _plan(self, seller: str, order_id: str, paid: bool, rng: Random | None = None) -> None:
        """What will become of an order."""
        world, rng = self.world, rng or self.randoms[seller]
        first = 0.0
        if not paid:
            first = rng.uniform(2, 40) * MINUTE
            self._later(seller, first, lambda s: world.pay(s, order_id))
        fate = rng.random()
        if fate < 0.05:
            self._later(seller, first + rng.uniform(5, 90) * MINUTE, lambda s: world.cancel(s, order_id, "IN_PROGRESS"))
            self._later(seller, first + rng.uniform(2, 5) * HOUR, lambda s: self._end_cancelled(s, order_id))
            return
        shipped = first + rng.uniform(0.5, 30) * HOUR
        tracked = rng.random() < 0.9
        if fate < 0.25:
            self._later(seller, shipped, lambda s: self._ship_part(s, order_id))
            shipped += rng.uniform(1, 20) * HOUR
        self._later(seller, shipped, lambda s: self._ship(s, order_id, tracked))
        if 0.25 <= fate < 0.32:
            self._later(seller, shipped + rng.uniform(0.2, 3) * HOUR, lambda s: self._correct(s, order_id))
        if fate > 0.94:
            part = "5.0" if fate > 0.97 else None
            self._later(seller, shipped + rng.uniform(24, 200) * HOUR, lambda s: world.refund(s, order_id, part))
        if 0.5 < fate < 0.55:
            self._later(seller, shipped + rng.uniform(1, 200) * HOUR, lambda s: world.touch(s, order_id))

    def _end_cancelled(self, seller: str, order_id: str) -> None:
        restock = self._lists(seller) and self.randoms[seller].random() < 0.5
        self.world.cancel(seller, order_id, restock=restock)
        self.world.refund(seller, order_id)

    def _ship_part(self, seller: str, order_id: str) -> None:
        """The first line of several, or one piece of many."""
        left = self.world.unsent(seller, order_id)
        if sum(left.values()) > 1:
            line = sorted(left)[0]
            self.world.ship(seller, order_id, lines={line: left[line] if len(left) > 1 else 1})

    def _ship(self, seller: str, order_id: str, tracked: bool) -> None:
        if self.world.unsent(seller, order_id):
            self.world.ship(seller, order_id, tracking="" if tracked else None)

    def _correct(self, seller: str, order_id: str) -> None:
        parcels = sorted(self.world.parcels(seller, order_id))
        if parcels:
            number = f"1Z{self.randoms[seller].randrange(10**16):016d}"
            self.world.correct_tracking(seller, order_id, parcels[0], number)

    # stock and listings

    def _until_next_revision(self, seller: str) -> float:
        return self.randoms[seller].expovariate((0.5 + self.world.sellers[seller].orders_a_day / 3) / DAY)

    def _act_as_seller(self, seller: str) -> None:
        seller_actions.act(self.world, seller, self.randoms[seller])
        self._later(seller, self._until_next_revision(seller), self._act_as_seller)

    def _until_next_restock(self, seller: str) -> float:
        who = self.world.sellers[seller]
        a_day = 0.2 + who.orders_a_day / 4 if who.skus else 0
        return self.randoms[seller].expovariate(a_day / DAY) if a_day else 3650 * DAY

    def _restock(self, seller: str) -> None:
        """Mostly something comes in; now and then something is listed, or taken off."""
        world, rng = self.world, self.randoms[seller]
        there = world.skus(seller)
        fate = rng.random()
        if fate < 0.08 or not there:
            number = len(world.inventories[seller].stock) + 1
            world.add_sku(seller, f"NEW-{number:05d}", rng.randint(1, 30), title=f"A new thing No. {number}")
        elif fate < 0.14 and len(there) > 3:
            world.remove_sku(seller, rng.choice(there))
        else:
            sku = rng.choice(there)
            world.set_stock(seller, sku, world.stock(seller, sku) + rng.randint(1, 20))
        self._later(seller, self._until_next_restock(seller), self._restock)
