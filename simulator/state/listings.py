"""Listings as a seller lists them: what they are, what a sale or a revision makes of them. Pure; each call gives a new document.

    {"itemId", "sku"?, "title", "status": Active|Completed, "available", "quantity", "quantitySold", "price": {"value", "currency"},
     "variations": [{"sku"?, "specifics": {name: value}, "available", "quantity", "quantitySold", "price"}]}   # only where there are some

`quantity` is eBay's: all that was ever put on sale, the sold ones too. So available = quantity - quantitySold. A listing with variations
has the sums of theirs and the lowest of their prices.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from random import Random
from typing import Any

from simulator.ledger import Document
from simulator.state.catalog import MAKERS, THINGS, Good, Seller, good, money

ENTITY = "listing:"  # before an item id: the entity id in the ledger
SIZES, COLOURS = ("S", "M", "L", "XL"), ("Red", "Deep Blue", 'Green "Moss"', "Noir & Blanc")
UNUSUAL_SKUS = (
    "A/B {}",
    "two  spaces {}",
    'it\'s "quoted" {}',
    "\N{GRINNING FACE}-{}",
    "<sku>&amp;{}",
    "x" * 43 + "-{:06d}",  # 50 characters, the most that eBay takes
    "%2F?a=b#{}",
    "ünï-{}",
)
Variation = Mapping[str, Any]  # sku?, specifics, quantity (on sale), price


def item_id(seller: Seller, n: int) -> str:
    """The n-th listing of a seller, 12 digits: unlike its neighbours, never given twice, and never that of a good (see `catalog.py`)."""
    shift = int.from_bytes(blake2b(f"{seller.seed}:{seller.name}".encode(), digest_size=7).digest())
    return f"1{(n * 7_368_787_433 + shift) % 10**11:011d}"


def listing(
    item: str, title: str, quantity: int, price: Document, sku: str | None = None, variations: Sequence[Variation] | None = None
) -> Document:
    """A new one. With variations, their quantities and prices count."""
    document: Document = {"itemId": item}
    if sku:
        document["sku"] = sku
    document.update(title=title, status="Active", available=quantity, quantity=quantity, quantitySold=0, price=price)
    if variations:
        document["variations"] = [_variation(one, price) for one in variations]
    return summed(document)


def _variation(one: Variation, price: Document) -> Document:
    row: Document = {"sku": one["sku"]} if one.get("sku") else {}
    count, cost = int(one.get("quantity", 1)), one.get("price", price)
    cost = cost if isinstance(cost, Mapping) else money(cost, price["currency"])
    return {**row, "specifics": dict(one["specifics"]), "available": count, "quantity": count, "quantitySold": 0, "price": dict(cost)}


def enlarged(document: Document, one: Variation) -> Document:
    """With one more variation.

    Raises:
        ValueError: the listing has none, or this one already.
    """
    rows = document.get("variations")
    if not rows or any(row["specifics"] == one["specifics"] for row in rows):
        raise ValueError(f"{document['itemId']} {'has such a variation' if rows else 'has no variations'}")
    return summed({**document, "variations": [*rows, _variation(one, document["price"])]})


def summed(document: Document) -> Document:
    """A listing's own figures follow from its variations'."""
    rows = document.get("variations")
    if not rows:
        return document
    sums = {name: sum(row[name] for row in rows) for name in ("available", "quantity", "quantitySold")}
    return {**document, **sums, "price": min((row["price"] for row in rows), key=lambda price: Decimal(price["value"]))}


def drawn(seller: Seller, n: int) -> Document:
    """The n-th listing of a seller who lists in Seller Hub: the same in every run."""
    item = item_id(seller, n)
    rng = Random(int(item) * 31 + n)
    sku = None if n % 7 == 3 else UNUSUAL_SKUS[n // 4 % len(UNUSUAL_SKUS)].format(n) if n % 4 == 1 else f"HUB-{n:06d}"
    title = f"{rng.choice(MAKERS)} {rng.choice(THINGS)} lot {n}"
    count, cents = rng.choice((0, 1, 1, 2, 3, 5, 8, 12, 40)), rng.randint(399, 25_000)
    price = money_of(cents, seller.currency)
    if n % 6 != 2:
        return listing(item, title, count, price, sku)
    rows = []
    for k in range(rng.randint(2, 4)):
        own = {} if n % 18 == 2 and k == 0 else {"sku": f"HUB-{n:06d}-{k}"}
        specifics = {"Size": SIZES[k], "Color": COLOURS[n % len(COLOURS)]}
        rows.append({**own, "specifics": specifics, "quantity": rng.randrange(6), "price": money_of(cents + 50 * k, seller.currency)})
    return listing(item, title, 0, price, None, rows)


def published(seller: Seller, k: int) -> Document:
    """The listing that the seller's Inventory API made of the k-th good."""
    one = good(seller, k)
    return listing(one.listing, one.title, one.quantity, money(one.price, seller.currency), one.sku)


def money_of(cents: int, currency: str) -> Document:
    """Of cents, as Trading and the report write it."""
    text = f"{cents // 100}.{cents % 100:02d}"
    return {"value": text[:-1] if text.endswith("0") else text, "currency": currency}


def skus(document: Document) -> list[str]:
    """Every SKU in a listing; "" for a variation, or the listing, that has none."""
    return [row.get("sku", "") for row in document.get("variations") or [document]]


def backed(document: Document, known: Callable[[str], bool]) -> bool:
    """Whether the Inventory API has all of it: its SKU, or all its variations' SKUs."""
    return all(sku and known(sku) for sku in skus(document))


def variation_index(document: Document, variation: int | str | None) -> int | None:
    """Which variation is meant, by its position, its SKU or its id (`variation_id`); None for a listing without variations.

    Raises:
        KeyError: there is no such variation.
    """
    rows = document.get("variations")
    if not rows:
        return None
    if isinstance(variation, int) or variation is None:
        return (variation or 0) % len(rows)
    for k, row in enumerate(rows):
        if variation in (row.get("sku"), variation_id(document["itemId"], row)):
            return k
    raise KeyError(variation)


def variation_id(item: str, row: Document) -> str:
    """eBay's number of a variation: an order's `legacyVariationId`."""
    name = "|".join(f"{name}={value}" for name, value in sorted(row["specifics"].items()))
    return str(40 * 10**10 + int.from_bytes(blake2b(f"{item}:{name}".encode(), digest_size=5).digest()) % 10**10)


def sold_good(document: Document, k: int | None) -> Good:
    """What an order's line shows of a listing, or of its k-th variation."""
    row = document if k is None else document["variations"][k]
    price = Decimal(row["price"]["value"])
    number = "" if k is None else variation_id(document["itemId"], row)
    aspects = () if k is None else tuple(row["specifics"].items())
    return Good(row.get("sku", ""), document["itemId"], document["title"], price, row["available"], {}, number, aspects)


def counted(document: Document, k: int | None, available: int, sold: int) -> Document:
    """The listing (its k-th variation) with that much on sale, and that much sold so far."""
    counts = {"available": available, "quantity": available + sold, "quantitySold": sold}
    if k is None:
        return {**document, **counts}
    rows = [{**row, **counts} if j == k else row for j, row in enumerate(document["variations"])]
    return summed({**document, "variations": rows})


def changed(document: Document, k: int | None, **fields: Any) -> Document:
    """Other fields of a listing, or of its k-th variation; None takes one away."""

    def with_them(row: Document) -> Document:
        return {name: value for name, value in {**row, **fields}.items() if value is not None}

    if k is None:
        return with_them(document)
    rows = [with_them(row) if j == k else row for j, row in enumerate(document["variations"])]
    return summed({**document, "variations": rows})
