"""Random lives of listings: whatever is sold, cancelled, edited and added, and however late eBay's index is, no figure is invented."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from activities.polling.poll import PollResult
from domain.pacing import Stream
from simulator.judge import judge
from simulator.state.listings import sold_good
from tests.support.databases import fresh
from tests.support.examples import EXAMPLES
from tests.support.rig import Rig, rig

HALF_AN_HOUR = timedelta(minutes=30)
LIVES = settings(
    max_examples=max(EXAMPLES // 6, 1),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
PLAIN, SIZED, UNIQUE = 0, 1, 2  # the listings of each seller, by number


class Act(NamedTuple):
    """What happens, then so many minutes pass."""

    what: str
    listing: int
    amount: int
    minutes: int


def acts(*kinds: str) -> st.SearchStrategy[list[Act]]:
    one = st.builds(Act, st.sampled_from(kinds), st.integers(0, 2), st.integers(1, 3), st.integers(1, 7))
    return st.lists(one, min_size=4, max_size=14)


class Life:
    """One seller's listings, their orders, and the polls as the workflow would make them."""

    def __init__(self, it: Rig, seller: str) -> None:
        self.it, self.seller, self.world = it, seller, it.world
        self.orders: list[str] = []
        self.bought: list[Any] = []
        self.sizes = count(1)
        self.world.add_seller(seller)
        it.enroll(seller)
        sizes = [{"sku": f"{seller}-{size}", "specifics": {"Size": size}, "quantity": 60} for size in "SM"]
        self.items = [
            self.world.list_item(seller, quantity=200, sku=f"{seller}-own"),
            self.world.list_item(seller, variations=sizes),
            self.world.list_item(seller, quantity=1),
        ]
        it.advance(minutes=10)
        it.poll(seller, Stream.INVENTORY)
        self.read_report()
        it.advance(minutes=1)  # what is sold within two seconds of a reading may be in it or not
        self.listings_at = self.orders_at = it.world.clock.now()

    def read_report(self) -> None:
        while (result := self.it.poll(self.seller, Stream.REPORT)).next_due - self.world.clock.now() < timedelta(hours=1):
            self.it.advance(seconds=(result.next_due - self.world.clock.now()).total_seconds() + 1)

    def live(self, act: Act) -> None:
        item = self.items[act.listing]
        document = self.world.listing(self.seller, item)
        variation = act.amount % 2 if document.get("variations") else None
        on_sale = document["available"] if variation is None else document["variations"][variation]["available"]
        pieces = min(act.amount, on_sale)
        if act.what == "sell" and pieces:
            self.orders.append(self.world.sell(self.seller, item, pieces, variation=variation, paid=act.amount != 2))
        elif act.what == "purchase" and pieces:
            self.bought.append(self.world.purchase(self.seller, item, pieces, variation=variation))
        elif act.what == "pay" and self.bought:
            self.orders.append(self.world.place_order(self.seller, lines=self.bought))
            self.bought = []
        elif act.what in ("restock", "cancel") and self.orders:
            self.world.cancel(self.seller, self.orders.pop(), restock=act.what == "restock")
        elif act.what == "edit":
            self.world.revise(self.seller, item, price=f"{act.amount}7.50", title=f"Edited {next(self.sizes)}")
            self.world.revise(self.seller, item, variation=variation, available=on_sale + act.amount)
        elif act.what == "add size":
            size = f"X{next(self.sizes)}"
            self.world.add_variation(self.seller, self.items[SIZED], {"specifics": {"Size": size}, "quantity": 9})
            place = len(self.world.listing(self.seller, self.items[SIZED])["variations"]) - 1
            self.orders.append(self.world.sell(self.seller, self.items[SIZED], act.amount, variation=place))

    def pass_minutes(self, minutes: int, orders_every: int = 2) -> None:
        for _ in range(minutes):
            self.it.advance(minutes=1)
            now = self.world.clock.now()
            if now >= self.orders_at:
                self.announce(self.it.poll(self.seller, Stream.ORDERS))
                self.orders_at = now + timedelta(minutes=orders_every)
            if now >= self.listings_at:
                regular = self.regular_at <= now
                result = self.it.poll(self.seller, Stream.LISTINGS, announced=not regular, cadence=HALF_AN_HOUR)
                self.regular_at = self.listings_at = result.next_due
                self.announce(result)

    regular_at = listings_at = orders_at = None  # type: Any

    def announce(self, result: PollResult) -> None:
        at = self.world.clock.now() if Stream.LISTINGS in result.due else result.due_at.get(Stream.LISTINGS)
        self.listings_at = min(self.listings_at, at or self.listings_at)

    def rows(self) -> dict[str, dict[str, Any]]:
        return {entity_id.removeprefix("listing:"): row for entity_id, row in self.it.stored(self.seller, "inventory").items()}

    def is_read(self) -> bool:
        return all(row["data"]["available"] == self.world.listing(self.seller, item)["available"] for item, row in self.rows().items())


@pytest.fixture(scope="module")
def lives(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[tuple[Rig, Iterator[int]]]:
    """One rig for all lives, and numbers for their sellers. GetSellerEvents shows half of all versions later than GetItem."""
    with fresh(postgres_server, execute, migrated_template) as database, rig(database) as it:
        it.world.switches.listing_late = 0
        it.world.switches.index_late = 0.5
        yield it, count(1)


@LIVES
@given(life=acts("sell", "sell", "sell", "purchase", "pay", "restock", "cancel", "edit", "add size", "wait"))
def test_no_stock_is_told_that_ebay_had_not_shown_and_the_last_reading_always_is(
    lives: tuple[Rig, Iterator[int]], life: Sequence[Act]
) -> None:
    it, numbers = lives
    one = Life(it, f"life-{next(numbers)}")
    one.regular_at = one.listings_at
    for act in life:
        one.live(act)
        one.pass_minutes(act.minutes)
    one.live(Act("pay", 0, 1, 0))

    one.pass_minutes(11)  # found within 2 minutes, read 4 minutes after the move, and once more where the index was late

    moved = {line["legacyItemId"] for order in one.orders for line in it.world.order(one.seller, order)["lineItems"]}
    rows = one.rows()
    assert {item: rows[item]["data"]["quantitySold"] for item in moved} == {
        item: it.world.listing(one.seller, item)["quantitySold"] for item in moved
    }
    one.pass_minutes(62, orders_every=20)
    assert one.is_read()
    mine = [row for row in it.world.rows() if row["seller"] == one.seller]
    verdict = judge(mine, it.events(one.seller), at=it.world.clock.now())
    assert (verdict.lost, verdict.twice, verdict.wrong) == (0, 0, 0), verdict.examples


@LIVES
@given(life=acts("sell", "wait"))
def test_while_nothing_but_sales_happens_what_is_expected_is_what_ebay_has(lives: tuple[Rig, Iterator[int]], life: Sequence[Act]) -> None:
    it, numbers = lives
    one = Life(it, f"life-{next(numbers)}")
    one.regular_at = one.listings_at
    for act in life:
        one.live(act)
        one.pass_minutes(act.minutes)
        it.poll(one.seller, Stream.ORDERS)
        for item, row in one.rows().items():
            has = it.world.listing(one.seller, item)
            expected = row["expected"] or {"available": row["data"]["available"], "variations": []}
            assert expected["available"] == has["available"]
            assert [size["available"] for size in expected["variations"]] in ([], [size["available"] for size in has.get("variations", [])])


def test_the_rig_can_make_an_index_late(lives: tuple[Rig, Iterator[int]]) -> None:
    """Else the tests above would prove less than they say."""
    it, numbers = lives
    one = Life(it, f"life-{next(numbers)}")
    good = sold_good(it.world.listing(one.seller, one.items[PLAIN]), None)
    late = 0
    for _ in range(20):
        it.world.take_lines(one.seller, [(good, 1)])
        window = it.steps.ebay.seller(one.seller).seller_events(it.world.clock.now() - timedelta(minutes=30), it.world.clock.now())
        shown = {listing["itemId"]: listing["quantitySold"] for listing in window.listings}
        late += shown.get(one.items[PLAIN]) != it.world.listing(one.seller, one.items[PLAIN])["quantitySold"]
        it.advance(minutes=5)
    assert late > 0
