"""What stock costs in calls: polls of listings, sales that show at once, a day of many sellers on the scarce Trading quota."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from benchmarks.direct import Direct, direct
from benchmarks.servers import Servers
from benchmarks.table import Table, kept
from pacing import Stream

HALF_HOUR, TURNS = timedelta(minutes=30), 48
TRADING_A_DAY = 5_000
SOLD_SKUS = 3
HEAD = ["", "calls", "of them Trading", "least possible", "promised", ""]


def measure(servers: Servers, sellers: int, sales: int) -> list[Table]:
    """`sellers`: on Trading, polled for a day. `sales`: of each of them."""
    return [_single(servers), _day(servers, sellers, sales)]


def _single(servers: Servers) -> Table:
    table = Table("stock of a seller: one poll, one sale", HEAD)
    with direct(servers, "hub", listings=40) as it:
        it.begin("hub")
        it.advance(minutes=30)
        it.poll("hub", Stream.LISTINGS)
        it.advance(minutes=30)
        before = _counted(it)
        it.poll("hub", Stream.LISTINGS)
        made, trading = _since(it, before)
        table.add("a quiet poll of a Seller Hub seller", f"{made}", f"{trading}", "1", "1", kept((made, trading) == (1, 1)))

        item, left = next((one, has) for one in it.world.item_ids("hub") if (has := it.world.listing("hub", one)["available"]) > 1)
        it.world.sell("hub", item)
        made, trading = _sale(it, "hub")
        assert _stock(it, "hub", f"listing:{item}") == left - 1
        table.add("a sale of a listing to its stock, beside the orders poll", f"{made}", f"{trading}", "0", "0", kept(made == 0))
    with direct(servers, "skus", skus=60) as it:
        it.world.preload_skus("skus")
        it.poll("skus", Stream.INVENTORY)
        goods = [one for k in range(60) if (one := it.world.good("skus", k)).quantity > 1][:SOLD_SKUS]
        it.world.take("skus", it.world.place_order("skus", lines=[(one, 1) for one in goods]))
        made, trading = _sale(it, "skus")
        assert [_stock(it, "skus", one.sku) for one in goods] == [one.quantity - 1 for one in goods]
        words = f"a sale of {SOLD_SKUS} SKUs to their stock, beside the orders poll"
        table.add(words, f"{made}", f"{trading}", "1", "at most 2", kept(made <= 2))
    return table


def _sale(it: Direct, seller: str) -> tuple[int, int]:
    """Calls that it takes until the stock shows it, those of the orders poll left out."""
    it.advance(minutes=1)
    before = _counted(it)
    result = it.poll(seller, Stream.ORDERS)
    orders = _since(it, before)[0]
    if Stream.INVENTORY in result.due:
        it.poll(seller, Stream.INVENTORY, announced=True)
    made, trading = _since(it, before)
    return made - orders, trading


def _day(servers: Servers, count: int, sales: int) -> Table:
    """Every seller's listings each half hour, orders as often, one report."""
    sellers = [f"day-{number}" for number in range(count)]
    table = Table(f"a day of {count} sellers on Trading, every 30 min, {sales} sales each, and the daily report", HEAD[:3] + HEAD[4:])
    with direct(servers, *sellers, listings=12) as it:
        for seller in sellers:
            it.begin(seller)
        it.advance(minutes=30)
        began, before, polls = it.world.clock.now(), _counted(it), 0
        for turn in range(TURNS):
            it.advance(minutes=(began + turn * HALF_HOUR - it.world.clock.now()) / timedelta(minutes=1))
            for number, seller in enumerate(sellers):
                if turn < sales:
                    _sell(it, seller)
                it.poll(seller, Stream.ORDERS)
                if number % TURNS == turn:
                    it.report(seller)  # some minutes
                it.poll(seller, Stream.LISTINGS)
                polls += 1
        made, trading = _since(it, before)
    day = trading * 100 / count
    words = "in all" if count == 100 else f"counted; for 100 sellers {day:,.0f} Trading calls"
    table.add(words, f"{made:,}", f"{trading:,}", f"under {TRADING_A_DAY:,} for 100 sellers", kept(day < TRADING_A_DAY))
    table.notes.append(f"{polls:,} polls of listings; a report needs one call, to catch up with it, and a sale just then one more")
    return table


def _sell(it: Direct, seller: str) -> None:
    item = next((one for one in it.world.item_ids(seller) if it.world.listing(seller, one)["available"] > 1), None)
    if item:
        rows = it.world.listing(seller, item).get("variations", [])
        it.world.sell(seller, item, variation=next((k for k, row in enumerate(rows) if row["available"]), None))


def _counted(it: Direct) -> tuple[int, int]:
    return it.calls(), it.calls("trading")


def _since(it: Direct, before: Sequence[int]) -> tuple[int, int]:
    made, trading = _counted(it)
    return made - before[0], trading - before[1]


def _stock(it: Direct, seller: str, entity_id: str) -> int:
    (data,) = [row["data"] for row in it.store.snapshot(seller, "inventory") if row["entity_id"] == entity_id]
    return int(data["available"] if "available" in data else data["availability"]["shipToLocationAvailability"]["quantity"])
