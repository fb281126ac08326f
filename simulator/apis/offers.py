"""Offers of the Inventory API (eBay docs: getOffers, getOffer): price and quantity of a SKU on its marketplaces.

There is no call for all of them. What a SKU has is in `state/offer_actions.py`.
"""

import re
from urllib.parse import urlencode

from simulator.answers import Answer, inventory_error
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.world import World

PATH = "/sell/inventory/v1/offer"


def get_offers(world: World, request: Request) -> Answer:
    """A SKU's offers, by marketplace and format where they are given; 404/25713 where there are none."""
    sku = request.query.get("sku", "")
    if not 0 < len(sku) <= 50:
        raise inventory_error(400, 25709, "Invalid value for sku. The SKU is required and has 50 characters at most.")
    limit, offset = (_number(request, name, default) for name, default in (("limit", 100), ("offset", 0)))
    if not 1 <= limit <= 100 or offset < 0:
        raise inventory_error(400, 25706, "You have provided invalid pagination values.")
    criteria = request.query.get("marketplace_id", ""), request.query.get("format", "FIXED_PRICE")
    world.follow_offers(request.seller)
    world.record_offers(request.seller, sku, request.at_ms)
    there = world.offers(request.seller, sku)
    offers = [one for one in there if criteria[0] in ("", one["marketplaceId"]) and criteria[1] == one["format"]]
    if not offers:
        raise inventory_error(404, 25713, "This Offer is not available.")

    def uri(page: int) -> str:
        return f"{PATH}?{urlencode({'sku': sku, 'limit': limit, 'offset': page})}"

    page = {"total": len(offers), "size": 1, "href": uri(offset), "limit": limit}
    if (offset + 1) * limit < len(offers):
        page["next"] = uri(offset + 1)
    return Answer(200, dumps({**page, "offers": offers[offset * limit :][:limit]}))


def get_offer(world: World, request: Request) -> Answer:
    """One offer, by its id."""
    number = request.path.rsplit("/", 1)[1]
    if not re.fullmatch("[0-9]{1,20}", number):
        raise inventory_error(400, 25709, "Invalid value for offerId.")
    world.follow_offers(request.seller)
    for sku in world.inventories[request.seller].stock:
        for offer in world.offers(request.seller, sku):
            if offer["offerId"] == number:
                world.record_offers(request.seller, sku, request.at_ms)
                return Answer(200, dumps(offer))
    raise inventory_error(404, 25713, "This Offer is not available.")


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise inventory_error(400, 25709, f"Invalid value for {name}.")
    return int(text)
