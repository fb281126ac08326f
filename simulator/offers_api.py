"""Offers of the Inventory API (eBay docs: getOffers, getOffer): price and quantity of a SKU on its marketplace.

There is no call for all of them. Every SKU has one offer: published in the SKU's listing, or not published where there is none.
"""

import re
from decimal import Decimal
from hashlib import blake2b
from urllib.parse import urlencode

from simulator.answers import Answer, inventory_error
from simulator.goods import money
from simulator.ledger import Document, dumps, loads
from simulator.requests import Request
from simulator.world import World

PATH = "/sell/inventory/v1/offer"


def get_offers(world: World, request: Request) -> Answer:
    sku = request.query.get("sku", "")
    if not 0 < len(sku) <= 50:
        raise inventory_error(400, 25709, "Invalid value for sku. The SKU is required and has 50 characters at most.")
    limit, offset = (_number(request, name, default) for name, default in (("limit", 100), ("offset", 0)))
    if not 1 <= limit <= 100 or offset < 0:
        raise inventory_error(400, 25706, "You have provided invalid pagination values.")
    wanted = request.query.get("marketplace_id", ""), request.query.get("format", "FIXED_PRICE")
    offers = [one for one in _offers(world, request.seller, sku) if wanted[0] in ("", one["marketplaceId"]) and wanted[1] == one["format"]]
    if not offers:
        raise inventory_error(404, 25713, "This Offer is not available.")
    page = {"total": len(offers), "size": 1, "href": f"{PATH}?{urlencode({'sku': sku, 'limit': limit, 'offset': offset})}", "limit": limit}
    return Answer(200, dumps({**page, "offers": offers[offset * limit :][:limit]}))


def get_offer(world: World, request: Request) -> Answer:
    number = request.path.rsplit("/", 1)[1]
    if not re.fullmatch("[0-9]{1,20}", number):
        raise inventory_error(400, 25709, "Invalid value for offerId.")
    for sku in world.shelves[request.seller].stock:
        if _offer_id(world, request.seller, sku) == number and (offers := _offers(world, request.seller, sku)):
            return Answer(200, dumps(offers[0]))
    raise inventory_error(404, 25713, "This Offer is not available.")


def _offers(world: World, seller: str, sku: str) -> list[Document]:
    shelf, who = world.shelves[seller], world.sellers[seller]
    entity = shelf.stock.get(sku)
    if not entity or not entity.shown or entity.shown.removed:
        return []
    item = loads(world.text(seller, entity))
    there = item.get("availability")
    stock = there.get("shipToLocationAvailability") if isinstance(there, dict) else None
    offer: Document = {"offerId": _offer_id(world, seller, sku), "sku": sku, "marketplaceId": who.marketplace, "format": "FIXED_PRICE"}
    offer["availableQuantity"] = stock.get("quantity") if isinstance(stock, dict) else None
    listed = [one for one in map(shelf.listings.get, world.listed_as(seller, sku)) if one and one.shown]
    cents = int(offer["offerId"]) % 20_000 + 500
    offer["pricingSummary"] = {"price": money(Decimal(cents) / 100, who.currency)}
    if listed and listed[0].shown:
        listing = loads(world.text(seller, listed[0]))
        row = next((one for one in listing.get("variations") or [listing] if one.get("sku") == sku), listing)
        status = "ENDED" if listed[0].shown.removed else "ACTIVE" if row.get("available") else "OUT_OF_STOCK"
        offer["pricingSummary"] = {"price": row.get("price")}
        offer["listing"] = {"listingId": listed[0].id, "listingStatus": status, "soldQuantity": row.get("quantitySold")}
    offer.update(
        status="PUBLISHED" if "listing" in offer else "UNPUBLISHED", listingDuration="GTC", categoryId="19617", tax={"applyTax": False}
    )
    return [offer]


def _offer_id(world: World, seller: str, sku: str) -> str:
    name = f"{world.seed}:{seller}:offer:{sku}".encode("utf-8", "surrogatepass")
    return str(10**11 + int.from_bytes(blake2b(name, digest_size=5).digest()) % 10**11)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise inventory_error(400, 25709, f"Invalid value for {name}.")
    return int(text)
