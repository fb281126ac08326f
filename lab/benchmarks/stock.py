"""What stock costs in calls: polls of listings, sales and the readings that they bring forward, a day of many sellers on the scarce
Trading quota."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from statistics import median

from sqlalchemy import text

from domain.changes.sales import SOLD
from domain.pacing import Stream
from domain.waits import EBAYS
from lab.benchmarks.direct import EVERY, Direct, direct
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, held
from workflows.state import PollingState

A_DAY, HALF_HOUR = timedelta(days=1), EVERY[Stream.LISTINGS]
TRADING_A_DAY = 5_000
SOLD_SKUS = 3
HEAD = ["", "calls", "of them Trading", "least possible", "promised", ""]
WITHIN_MIN = 6  # from the order's being found to a reading that must show its sale
READ_AT = text("SELECT as_of FROM sellerbeat.inventory WHERE seller_id = :seller_id AND entity_id = :entity_id")
SALES_RECORDED = text(f"SELECT count(*) FROM sellerbeat.change_events WHERE type = '{SOLD}'")


@dataclass(frozen=True)
class Sizes:
    sellers: int = 100  # on Trading, for a day
    sales: int = 4  # of each of them


QUICK = Sizes(sellers=5)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    return [_single(servers), _day(servers, sizes.sellers, sizes.sales)]


def _single(servers: BenchmarkServers) -> ResultTable:
    table = ResultTable("stock of a seller: one poll, one sale", HEAD)
    with direct(servers, "hub", listings=40) as it:
        it.begin("hub")
        it.advance(minutes=30)
        it.poll("hub", Stream.LISTINGS)
        it.advance(minutes=30)
        before = _counted(it)
        planned = it.poll("hub", Stream.LISTINGS, speed_up=HALF_HOUR).next_due
        made, trading = _since(it, before)
        table.add("a quiet poll of a Seller Hub seller", f"{made}", f"{trading}", "1", "1", held((made, trading) == (1, 1)))

        item, left = next((one, has) for one in it.world.item_ids("hub") if (has := it.world.listing("hub", one)["available"]) > 1)
        it.world.sell("hub", item)
        it.advance(minutes=1)
        before = _counted(it)
        at = it.poll("hub", Stream.ORDERS).due_at[Stream.LISTINGS]
        made, trading = _since(it, before)
        assert _sales_recorded(it) == 1
        assert _stock(it, "hub", f"listing:{item}") == left
        made -= 1  # the orders poll's own
        table.add("a sale to inventory.sold, beside the orders poll", f"{made}", f"{trading}", "0", "0", held(made == 0))

        _advance_to(it, at)
        before = _counted(it)
        next_due = it.poll("hub", Stream.LISTINGS, announced=True, speed_up=HALF_HOUR).next_due
        made, trading = _since(it, before)
        assert _stock(it, "hub", f"listing:{item}") == left - 1
        moves_the_next = abs(next_due - planned - HALF_HOUR) < timedelta(seconds=5)
        words = "a sale's listing read, in place of the next regular poll"
        table.add(words, f"{made}", f"{trading}", "1", "1", held(trading == 1 and moves_the_next))
        table.notes.append("a listing that changed is looked for in the Inventory API too: a call that is not Trading's")
    with direct(servers, "skus", skus=60) as it:
        it.world.preload_skus("skus")
        it.poll("skus", Stream.INVENTORY)
        products = [one for k in range(60) if (one := it.world.good("skus", k)).quantity > 1][:SOLD_SKUS]
        it.world.take("skus", it.world.place_order("skus", lines=[(one, 1) for one in products]))
        made, trading = _skus_read(it, "skus")
        assert [_stock(it, "skus", one.sku) for one in products] == [one.quantity - 1 for one in products]
        words = f"a sale of {SOLD_SKUS} SKUs to the reading of their stock, beside the orders poll"
        table.add(words, f"{made}", f"{trading}", "1", "at most 2", held(made <= 2))
    return table


def _skus_read(it: Direct, seller: str) -> tuple[int, int]:
    """Calls that it takes until the stock was read, those of the orders poll left out."""
    it.advance(minutes=1)
    before = _counted(it)
    result = it.poll(seller, Stream.ORDERS)
    orders = _since(it, before)[0]
    if Stream.INVENTORY in result.due:
        it.poll(seller, Stream.INVENTORY, announced=True)
    made, trading = _since(it, before)
    return made - orders, trading


def _day(servers: BenchmarkServers, sellers: int, sales: int) -> ResultTable:
    """Every seller's listings each half hour, or sooner where a sale brings it forward, and one report."""
    title = f"a day of {sellers} sellers on Trading, every 30 min, {sales} sales each, and the daily report"
    table = ResultTable(title, ["", "figure", "promised", ""])
    names = [f"day-{number}" for number in range(sellers)]
    with direct(servers, *names, listings=12) as it:
        for name in names:
            it.begin(name)
        it.advance(minutes=30)
        recorded, before = _sales_recorded(it), _counted(it)
        day = DayOfSales(it, names, sales)
        day.run()
        trading = _since(it, before)[1]
        assert _sales_recorded(it) - recorded == day.sold > 0
        for sale in day.read:
            left = it.world.listing(sale.seller, sale.item)["available"]
            assert _stock(it, sale.seller, f"listing:{sale.item}") == left, sale
    of_100 = trading * 100 / sellers
    words = "Trading calls" if sellers == 100 else f"Trading calls; for 100 sellers {of_100:,.0f}"
    table.add(words, f"{trading:,}", f"under {TRADING_A_DAY:,} for 100 sellers", held(of_100 < TRADING_A_DAY))
    waits = [sale.read_after / timedelta(minutes=1) for sale in day.read]
    words = "from an order's being found to a reading of its listing that is 2 min younger than the sale, median"
    table.add(words, f"{median(waits):.1f} min", f"within {WITHIN_MIN} min", held(median(waits) <= WITHIN_MIN))
    table.add("the same, longest", f"{max(waits):.1f} min", "", "")
    table.notes.append(f"{day.polls:,} polls of listings, {day.forward:,} of them brought forward by {day.sold:,} sales")
    table.notes.append(
        "orders are polled every 5 min; those of these polls that can find nothing are left out, as they make no Trading call"
    )
    return table


@dataclass
class SoldItem:
    seller: str
    item: str
    sold_at: datetime
    found_at: datetime
    read_after: timedelta = timedelta()


class DayOfSales:
    """The listings and the report of sellers as their workflows would have them polled, by the workflow's own state."""

    def __init__(self, it: Direct, sellers: Sequence[str], sales: int) -> None:
        self.it, self.random = it, random.Random(11)
        self.began = it.world.clock.now()
        self.ends = self.began + A_DAY
        self.states = {seller: PollingState.new(seller, self.began, (Stream.LISTINGS, Stream.REPORT)) for seller in sellers}
        for state in self.states.values():
            state.streams[Stream.LISTINGS].next_due += self.random.random() * HALF_HOUR
            state.speed_up_every, state.speed_up_until = HALF_HOUR, self.ends  # every half hour, in quiet hours too
            state.streams[Stream.REPORT].next_due += self.random.random() * A_DAY
        last = A_DAY - 2 * HALF_HOUR  # what is sold later is read on the next day
        self.sales = sorted((self.began + self.random.random() * last, seller) for seller in sellers for _ in range(sales))
        self.orders_at = {seller: self.random.random() * EVERY[Stream.ORDERS] for seller in sellers}
        self.unread: list[SoldItem] = []
        self.read: list[SoldItem] = []
        self.polls = self.forward = self.sold = 0

    def run(self) -> None:
        number = count()
        waiting = [(at, next(number), seller, "sell") for at, seller in self.sales]
        waiting += [(at, next(number), seller, "wake") for seller in self.states if (at := self.states[seller].next_due())]
        heapq.heapify(waiting)
        while waiting and waiting[0][0] < self.ends:
            at, _, seller, what = heapq.heappop(waiting)
            _advance_to(self.it, at)
            if what == "sell":
                if sale := self.sell(seller):
                    heapq.heappush(waiting, (sale.found_at, next(number), seller, "orders"))
                continue
            if what == "orders":
                result = self.it.poll(seller, Stream.ORDERS)
                self.states[seller].announce(result, self.it.world.clock.now())
            self.wake(seller)
            due = self.states[seller].next_due()
            assert due
            heapq.heappush(waiting, (due, next(number), seller, "wake"))

    def sell(self, seller: str) -> SoldItem | None:
        """None: there is nothing left to sell."""
        world = self.it.world
        item = next((one for one in world.item_ids(seller) if world.listing(seller, one)["available"] > 1), None)
        if item is None:
            return None
        rows = world.listing(seller, item).get("variations", [])
        world.sell(seller, item, variation=next((k for k, row in enumerate(rows) if row["available"]), None))
        sale = SoldItem(seller, item, world.clock.now(), self.next_orders_poll(seller))
        self.unread.append(sale)
        self.sold += 1
        return sale

    def next_orders_poll(self, seller: str) -> datetime:
        """Each seller's at a moment of their own."""
        every, now = EVERY[Stream.ORDERS], self.it.world.clock.now()
        return now + (self.began + self.orders_at[seller] - now) % every

    def wake(self, seller: str) -> None:
        """What is due of a seller, one step after the other. A wake-up that came to nothing is none."""
        state, now = self.states[seller], self.it.world.clock.now()
        while due := state.due(now):
            request = state.request(due[0], now)
            result = self.it.step(due[0], request)
            state.polled(due[0], request, result, now, now)
            if due[0] is Stream.LISTINGS:
                self.polls += not result.more
                self.forward += request.announced and not result.more
                self.note_readings(seller)

    def note_readings(self, seller: str) -> None:
        for sale in [one for one in self.unread if one.seller == seller]:
            with self.it.store.engine.connect() as connection:
                values = {"seller_id": seller, "entity_id": f"listing:{sale.item}"}
                read_at = connection.execute(READ_AT, values).scalar_one()
            if read_at >= sale.sold_at + EBAYS.listing_lag:
                sale.read_after = max(self.it.world.clock.now() - sale.found_at, timedelta())
                self.unread.remove(sale)
                self.read.append(sale)


def _advance_to(it: Direct, at: datetime) -> None:
    """To the next millisecond, which is as fine as that clock goes."""
    if (left := at - it.world.clock.now()) > timedelta():
        it.advance(minutes=(left + timedelta(milliseconds=1)) / timedelta(minutes=1))


def _counted(it: Direct) -> tuple[int, int]:
    return it.calls(), it.calls("trading")


def _since(it: Direct, before: Sequence[int]) -> tuple[int, int]:
    made, trading = _counted(it)
    return made - before[0], trading - before[1]


def _sales_recorded(it: Direct) -> int:
    """Sales in the feed."""
    with it.store.engine.connect() as connection:
        return int(connection.execute(SALES_RECORDED).scalar_one())


def _stock(it: Direct, seller: str, entity_id: str) -> int:
    (data,) = [row["data"] for row in it.store.snapshot(seller, "inventory") if row["entity_id"] == entity_id]
    return int(data["available"] if "available" in data else data["availability"]["shipToLocationAvailability"]["quantity"])
