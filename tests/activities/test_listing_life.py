"""Whatever happens to listings, in whatever order they are read: each change is told once, as eBay showed it, and none is lost."""

from __future__ import annotations

from random import Random

import pytest

from domain.pacing import Stream
from ebay.errors import EbayUnavailableError
from tests.support.listed import report, verdict
from tests.support.rig import Rig

STREAMS = [Stream.ORDERS] * 4 + [Stream.LISTINGS] * 3 + [Stream.INVENTORY, Stream.INVENTORY, Stream.REPORT]


class Life:
    """A seller of all kinds, and what happens to what they sell."""

    def __init__(self, it: Rig, seed: int) -> None:
        self.it, self.rng = it, Random(seed)
        it.world.add_seller("anna", skus=8, published=6, listings=12)
        it.world.preload_skus("anna")
        it.world.preload_listings("anna")

    def happen(self) -> None:
        world, rng = self.it.world, self.rng
        active = world.item_ids("anna")
        item = rng.choice(active)
        listing = world.listing("anna", item)
        variation = rng.randrange(len(listing["variations"])) if "variations" in listing else None
        match rng.randrange(12):
            case 0:
                world.list_item("anna", quantity=rng.randrange(4), sku=rng.choice(["", f"NEW-{rng.randrange(10**6)}"]) or None)
            case 1:
                sizes = [{"sku": f"V-{rng.randrange(10**6)}", "specifics": {"Size": size}, "quantity": rng.randrange(3)} for size in "SML"]
                world.list_item("anna", variations=sizes)
            case 2:
                sku = f"API-{rng.randrange(10**6)}"
                world.add_sku("anna", sku, 3)
                world.list_item("anna", sku=sku)
            case 3 if len(active) > 6:
                world.end_listing("anna", item)
            case 4:
                world.revise("anna", item, title=f"Title {rng.randrange(99)}", price=f"{rng.randrange(1, 99)}.5")
            case 5 | 6:
                world.revise("anna", item, available=rng.randrange(5), variation=variation)
            case 7 if world.skus("anna"):
                world.set_stock("anna", rng.choice(world.skus("anna")), rng.randrange(6))
            case 8 if listing.get("sku") and not world.has_sku("anna", listing["sku"]) and variation is None:
                world.add_sku("anna", listing["sku"], listing["available"])  # it moves into the Inventory API
                self.poll(Stream.INVENTORY, failing=False)  # a sale in between is told of the listing, since nobody knows better yet
            case _ if listing["available"] and variation is None:
                world.sell("anna", item)

    def poll(self, stream: Stream, failing: bool) -> None:
        self.it.world.faults.fail_every = self.rng.choice([2, 3, 5]) if failing else 0
        for _ in range(20):
            try:
                if not self.it.step("anna", stream).more:
                    break
            except EbayUnavailableError:
                continue
        self.it.world.faults.fail_every = 0


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.repeats) for seed in (1, 2, 3, 4, 5, 6, 7))])
def test_each_change_is_told_once_as_ebay_showed_it(anna: Rig, seed: int) -> None:
    life = Life(anna, seed)
    for _ in range(120):
        for _ in range(life.rng.randrange(3)):
            life.happen()
            anna.advance(seconds=life.rng.randrange(40))
        anna.advance(seconds=life.rng.choice([1, 20, 90, 300, 1800]))
        life.poll(life.rng.choice(STREAMS), failing=life.rng.random() < 0.2)

    anna.world.quiet()
    anna.advance(minutes=5)
    for stream in (Stream.INVENTORY, Stream.ORDERS, Stream.INVENTORY, Stream.LISTINGS):
        anna.poll("anna", stream)
    report(anna)
    for stream in (Stream.INVENTORY, Stream.LISTINGS):
        anna.poll("anna", stream)

    assert verdict(anna, "order", "inventory") == (0, 0, 0)
