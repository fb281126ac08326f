"""The calls of eBay's Inventory API (eBay docs: getInventoryItems, getInventoryItem, bulkGetInventoryItem)."""

import json
import re
from urllib.parse import urlencode

from simulator.answers import Answer, inventory_error
from simulator.ledger import Document, dumps, loads
from simulator.requests import Request
from simulator.state.catalog import single_item
from simulator.state.inventory import Entity
from simulator.world import World

PATH = "/sell/inventory/v1/inventory_item"


def get_inventory_items(world: World, request: Request) -> Answer:
    """All items by pages, in no order that means anything. What `offset` counts is a switch."""
    limit, offset = _number(request, "limit", 25), _number(request, "offset", 0)
    if not 1 <= limit <= 200 or offset < 0:
        raise inventory_error(400, 25706, "You have provided invalid pagination values.")
    inventory = world.inventories[request.seller]
    pages = world.switches.inventory_offset == "pages"
    start, step = (offset * limit, 1) if pages else (offset, limit)
    total = len(inventory.skus)
    rows = [inventory.stock[sku] for _, sku in inventory.skus[start : start + limit]]

    def uri(number: int) -> str:
        host = "https://api.ebay.com" if world.switches.absolute_next else ""
        return f"{host}{PATH}?{urlencode({'offset': number, 'limit': limit})}"

    page: Document = {"total": total, "size": -(-total // limit), "href": uri(offset), "limit": limit}
    if start + limit < total:
        page["next"] = uri(offset + step)
    if offset > 0:
        page["prev"] = uri(max(0, offset - step))
    texts = ",".join(world.text(request.seller, row) for row in rows)
    return Answer(200, f'{dumps(page)[:-1]},"inventoryItems":[{texts}]}}', {"Content-Language": "en-US"})


def get_inventory_item(world: World, request: Request) -> Answer:
    """One item, with the fields that the list leaves out."""
    entity = _there(world, request.seller, request.path.removeprefix(f"{PATH}/"))
    if not entity:
        raise inventory_error(404, 25710, "We didn't find the resource/entity you are requesting. Please verify the request")
    return Answer(200, dumps(single_item(loads(world.text(request.seller, entity)))))


def bulk_get_inventory_item(world: World, request: Request, body: bytes) -> Answer:
    """Up to 25 items, named in the body; 207 where some are not there."""
    skus = _skus(body)
    if len(skus) > 25:
        raise inventory_error(400, 25727, "The number of InventoryItems in the request cannot exceed 25.")
    if len(set(skus)) < len(skus):
        raise inventory_error(400, 25734, "SKU should be unique in the request.")
    responses: list[Document] = []
    for sku in skus:
        entity = _there(world, request.seller, sku)
        if entity:
            full = single_item(loads(world.text(request.seller, entity)))
            responses.append({"statusCode": 200, "sku": sku, "inventoryItem": full, "errors": [], "warnings": []})
        else:
            error = inventory_error(404, 25702, f"SKU {sku} is not available in the system").error
            responses.append({"statusCode": 404, "sku": sku, "errors": [error], "warnings": []})
    status = 200 if all(one["statusCode"] == 200 for one in responses) else 207
    return Answer(status, dumps({"responses": responses}))


def _skus(body: bytes) -> list[str]:
    try:
        requests = json.loads(body)["requests"]
        skus = [one["sku"] for one in requests]
    except (ValueError, KeyError, TypeError):
        raise inventory_error(400, 25709, "Invalid request. Invalid value for field requests") from None
    if not skus or not all(isinstance(sku, str) and 0 < len(sku) <= 50 for sku in skus):
        raise inventory_error(400, 25708, "Invalid SKU.")
    return skus


def _there(world: World, seller: str, sku: str) -> Entity | None:
    entity = world.inventories[seller].stock.get(sku)
    return entity if entity and entity.shown and not entity.shown.removed else None


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise inventory_error(400, 25709, f"Invalid value for {name}.")
    return int(text)
