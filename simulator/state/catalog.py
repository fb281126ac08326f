"""What a seller sells: item number k of a seller is the same in every run. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from simulator.ledger import Document

MAKERS = "IBM", "Bosch", "Makita", "Lego", "Sony", "Nikon", "Leica", "Miele", "Shimano", "Märklin", "Canon", "Philips"
THINGS = (
    "LTO Tape Drive",
    "Cordless Drill",
    "Camera Lens",
    "Model Train",
    "Bike Derailleur",
    "Coffee Grinder",
    "Turntable",
    'Fern 4" pot',
    "Headphones",
)
STATES = "NEW", "USED_EXCELLENT", "USED_GOOD"


@dataclass(frozen=True, slots=True)
class Seller:
    """One eBay account. The API never says its name: who asks is known by the token alone."""

    name: str
    number: int  # the how manyeth of its world
    seed: int
    orders_a_day: float = 0.0
    skus: int = 0
    listings: int = 0  # made in Seller Hub: the Inventory API does not see them
    published: int = 0  # of the first SKUs: the Inventory API made a listing of each
    marketplace: str = "EBAY_US"
    currency: str = "USD"
    country: str = "US"


@dataclass(frozen=True, slots=True)
class Good:
    """Something that can be bought, as an order shows it."""

    sku: str  # "" where the seller gave none
    listing: str
    title: str
    price: Decimal
    quantity: int
    document: Document  # the inventory item in its list view; shared: copy before changing. {} of what only a listing shows
    variation: str = ""  # of a listing: eBay's number of it
    aspects: tuple[tuple[str, str], ...] = ()


def money(amount: Decimal | str | int, currency: str) -> Document:
    """`{"value": "120.0", "currency": "USD"}`: like eBay with at least one decimal and no trailing zeros."""
    text = f"{Decimal(amount).quantize(Decimal('0.01')):f}".rstrip("0")
    return {"value": f"{text}0" if text.endswith(".") else text, "currency": currency}


@lru_cache(maxsize=4096)
def good(seller: Seller, k: int) -> Good:
    """The k-th thing that a seller sells."""
    rng = Random(f"{seller.seed}:{seller.name}:good:{k}")
    maker, thing = rng.choice(MAKERS), rng.choice(THINGS)
    title = f"{maker} {thing} No. {k}"
    sku = f"SKU-{k:05d}"
    if k % 20 == 19:
        sku = f"Shelf {k // 100}/{k}: {thing.split()[0]} é&#"  # sellers' SKUs hold anything
    quantity = rng.choice((0, 1, 1, 2, 3, 5, 8, 12, 25, 60))
    price = Decimal(rng.randint(399, 25_000)) / 100
    return Good(sku, f"2674{rng.randrange(10**8):08d}", title, price, quantity, item(sku, title, maker, rng, quantity))


def item(sku: str, title: str, brand: str, rng: Random, quantity: int) -> Document:
    """An item of the Inventory API, in its list view."""
    side = rng.choice((6, 8, 12, 16))
    return {
        "sku": sku,
        "locale": "en_US",
        "condition": rng.choice(STATES),
        "product": {
            "title": title,
            "aspects": {"Brand": [brand], "Number in Pack": ["1"]},
            "imageUrls": [f"https://i.ebayimg.com/00/s/MTYwMFgxNjAw/z/{rng.randrange(16**10):010x}/$_57.JPG?set_id=880000500F"],
        },
        "packageWeightAndSize": {
            "dimensions": {"width": side, "length": side * 2, "height": side, "unit": "INCH"},
            "weight": {"value": rng.choice((0.5, 1.0, 1.75, 4.2)), "unit": "POUND"},
        },
        "availability": {"shipToLocationAvailability": {"quantity": quantity}},
    }


def single_item(document: Document) -> Document:
    """What getInventoryItem and bulk_get_inventory_item show of an item: fields that the list leaves out."""
    full: dict[str, Any] = dict(document)
    there = document.get("availability")
    stock = there.get("shipToLocationAvailability") if isinstance(there, dict) else None
    if isinstance(stock, dict):
        shares = {"auction": 0, "fixedPrice": stock.get("quantity", 0)}
        full["availability"] = {**document["availability"], "shipToLocationAvailability": {**stock, "allocationByFormat": shares}}
    if isinstance(box := document.get("packageWeightAndSize"), dict):
        full["packageWeightAndSize"] = {**box, "packageType": "PACKAGE_THICK_ENVELOPE", "shippingIrregular": False}
    return full
