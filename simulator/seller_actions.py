"""What a seller does with listings on a day like any other."""

from random import Random

from simulator.ledger import Document
from simulator.world import World


def act(world: World, seller: str, rng: Random) -> None:
    """One act: mostly more of it is on sale; now and then another price, title or SKU, something new, something ended or listed again."""
    fate, active = rng.random(), world.inventories[seller].active
    if fate < 0.08 or not active:
        _list(world, seller, rng)
        return
    item = rng.choice(active)[1]
    document = world.listing(seller, item)
    if document["status"] != "Active":  # it ended, and does not show yet
        return
    rows = document.get("variations", [])
    k = rng.randrange(len(rows)) if rows else None
    row: Document = document if k is None else rows[k]
    if fate < 0.13:
        world.end_listing(seller, item)
    elif fate < 0.18:
        world.end_listing(seller, item)
        world.relist(seller, item)
    elif fate < 0.23:
        world.out_of_stock(seller, item, variation=k)
    elif fate < 0.27:
        world.revise(seller, item, title=f"{document['title'].partition(' (')[0]} (now {rng.randint(2, 99)})")
    elif fate < 0.31 and not world.has_sku(seller, row.get("sku", "")):
        world.revise(seller, item, variation=k, sku=f"RE-{rng.randrange(10**6):06d}")
    elif fate < 0.5:
        world.revise(seller, item, variation=k, price=f"{rng.randint(399, 25_000) / 100:.2f}")
    else:
        world.revise(seller, item, variation=k, available=row["available"] + rng.randint(1, 12))


def _list(world: World, seller: str, rng: Random) -> None:
    number = len(world.inventories[seller].listings)
    if rng.random() < 0.3:
        sizes = rng.sample(("S", "M", "L", "XL"), rng.randint(2, 3))
        rows = [{"sku": f"NOW-{number:05d}-{size}", "specifics": {"Size": size}, "quantity": rng.randint(0, 6)} for size in sizes]
        world.list_item(seller, title=f"A new shirt No. {number}", price="19.99", variations=rows)
        return
    sku = f"NOW-{number:05d}" if rng.random() < 0.8 else None
    world.list_item(seller, title=f"A new listing No. {number}", sku=sku, quantity=rng.randint(1, 9), price="24.5")
