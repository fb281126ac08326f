"""What happens beside the sales of an ordinary life where eBay is hostile: the same things as ever, but not in the order one expects.

Each is a switch of `hostility.py`, hits a share of a seller's sales, and sells something of its own. Its times are those of the world's
clock, scaled as hostility's are, so that they fall between two readings whatever the rate of the life. The world is locked.
"""

from collections.abc import Callable
from random import Random
from typing import Protocol

from simulator.hostility import Hostility
from simulator.state import listings
from simulator.state.catalog import Good
from simulator.times import MINUTE, SECOND
from simulator.world import World


class Living(Protocol):
    """What these ask of a life (`life.py`)."""

    world: World

    def soon(self, delay_ms: float, act: Callable[[], None]) -> None:
        """Something happens after so much of the world's time."""

    def plan(self, seller: str, order_id: str, rng: Random) -> None:
        """A paid order is shipped, cancelled, refunded as any other."""


SIZES = "XXS", "XS", "XXL", "3XL", "4XL", "5XL"
Act = Callable[[Living, Hostility, str, Random], None]


def sale(life: Living, hostility: Hostility, seller: str, order_id: str) -> None:
    """After a sale of the seller."""
    listed = bool(life.world.inventories[seller].active)
    for switch, (act, of_listings) in ACTS.items():
        if (listed or (life.world.sellers[seller].skus and not of_listings)) and (rng := hostility.hits(switch, seller, order_id)):
            act(life, hostility, seller, rng)


def paid_later(life: Living, hostility: Hostility, seller: str, rng: Random) -> None:
    """Purchases take the stock at once; one order of them all comes minutes later."""
    world, bought = life.world, list[tuple[Good, int]]()

    def buy() -> None:
        bought.append((_something(life, seller, rng), 1))
        world.take_lines(seller, bought[-1:])

    buy()
    for _ in range(rng.randint(1, 2)):
        life.soon(rng.uniform(10, 90) * SECOND * hostility.scale, buy)
    paid = rng.uniform(2, 8) * MINUTE * hostility.scale
    life.soon(paid, lambda: life.plan(seller, world.place_order(seller, lines=bought), rng))


def hot(life: Living, hostility: Hostility, seller: str, rng: Random) -> None:
    """A listing sells every few seconds, while it is edited."""
    world = life.world
    item, k = _listing(life, seller, rng)
    left = rng.randint(8, 14)

    def edit() -> None:
        document = world.listing(seller, item)
        row = document if k is None else document["variations"][k]
        fate = rng.randrange(3)
        if fate == 0:
            world.revise(seller, item, variation=k, price=f"{rng.randint(399, 25_000) / 100:.2f}")
        elif fate == 1:
            world.revise(seller, item, title=f"{document['title'].partition(' (')[0]} (hot, {rng.randint(2, 99)})")
        else:
            world.revise(seller, item, variation=k, available=row["available"] + rng.randint(5, 2000))

    def sell() -> None:
        nonlocal left
        left -= 1
        document = world.listing(seller, item)
        if document["status"] != "Active" or left < 0:
            return
        good = listings.sold_good(document, k)
        if good.quantity < 3:
            world.revise(seller, item, variation=k, available=rng.randint(20, 60))
        life.plan(seller, world.sell(seller, item, rng.choice((1, 1, 2)), variation=k), rng)
        if rng.random() < 0.4:
            life.soon(rng.uniform(1, 10) * SECOND * hostility.scale, edit)
        life.soon(rng.uniform(4, 60) * SECOND * hostility.scale, sell)

    life.soon(rng.uniform(1, 20) * SECOND * hostility.scale, edit)
    sell()


def size_added(life: Living, hostility: Hostility, seller: str, rng: Random) -> None:
    """Of a listing with sizes; who has none lists one."""
    world = life.world
    inventory = world.inventories[seller]
    active = [item for _, item in rng.sample(inventory.active, min(40, len(inventory.active)))]
    sized = [item for item in active if _sized(world.listing(seller, item))]
    item = sized[0] if sized else ""
    if not item:
        rows = [{"specifics": {"Size": size}, "quantity": rng.randint(0, 4)} for size in ("S", "M", "L")]
        item = world.list_item(seller, title=f"A shirt of sizes No. {len(inventory.listings)}", price="19.99", variations=rows)
    document = world.listing(seller, item)
    there = [row["specifics"] for row in document["variations"]]
    more = [{**there[0], "Size": size} for size in SIZES]
    new = rng.choice([one for one in more if one not in there] or [{**there[0], "Size": f"No. {len(there)}"}])
    sku = {"sku": f"SIZE-{rng.randrange(10**8):08d}"} if rng.random() < 0.7 else {}
    index = world.add_variation(seller, item, {**sku, "specifics": new, "quantity": rng.randint(2, 6)})

    def sell() -> None:
        if world.listing(seller, item)["status"] == "Active":
            life.plan(seller, world.sell(seller, item, rng.randint(1, 2), variation=index), rng)

    life.soon(rng.uniform(1, 30) * SECOND * hostility.scale, sell)


def restocked(life: Living, hostility: Hostility, seller: str, rng: Random) -> None:
    """An order is cancelled within seconds, and its stock is back."""
    world = life.world
    order_id = world.place_order(seller, lines=[(_something(life, seller, rng), 1)])
    world.take(seller, order_id)
    life.soon(rng.uniform(0, 15) * SECOND * hostility.scale, lambda: world.cancel(seller, order_id, restock=True))


def id_changes(life: Living, hostility: Hostility, seller: str, rng: Random) -> None:
    """An unpaid order is paid minutes later, and has another id."""
    world = life.world
    order_id = world.place_order(seller, lines=[(_something(life, seller, rng), 1)], paid=False)
    world.take(seller, order_id)
    life.soon(rng.uniform(0.5, 5) * MINUTE * hostility.scale, lambda: life.plan(seller, world.pay_anew(seller, order_id), rng))


ACTS: dict[str, tuple[Act, bool]] = {  # and whether it takes listings
    "paid_later": (paid_later, False),
    "hot": (hot, True),
    "size_added": (size_added, True),
    "restocked": (restocked, False),
    "id_changes": (id_changes, False),
}


def _something(life: Living, seller: str, rng: Random) -> Good:
    """One piece that is on sale: of a listing, else of the SKUs. Is all that was looked at sold out, something comes in."""
    world, inventory = life.world, life.world.inventories[seller]
    for number, (_, item) in enumerate(looked := rng.sample(inventory.active, min(8, len(inventory.active)))):
        k = listings.variation_index(world.listing(seller, item), rng.randrange(4))
        if number == len(looked) - 1 and listings.sold_good(world.listing(seller, item), k).quantity < 1:
            world.revise(seller, item, variation=k, available=rng.randint(1, 5))
        document = world.listing(seller, item)
        good = listings.sold_good(document, k)
        if document["status"] == "Active" and good.quantity > 0:
            return good
    return world.good(seller, rng.randrange(world.sellers[seller].skus or 50))


def _listing(life: Living, seller: str, rng: Random) -> tuple[str, int | None]:
    item = rng.choice(life.world.inventories[seller].active)[1]
    return item, listings.variation_index(life.world.listing(seller, item), rng.randrange(4))


def _sized(document: dict[str, object]) -> bool:
    return document["status"] == "Active" and bool(document.get("variations"))
