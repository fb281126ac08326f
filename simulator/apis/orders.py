"""The calls of eBay's Fulfillment API (eBay docs: getOrders, getOrder, getShippingFulfillments)."""

import re
from urllib.parse import quote, urlencode

from simulator.answers import Answer, fulfillment_error, system_error
from simulator.apis import filters, windows
from simulator.apis.filters import Query
from simulator.ledger import Document, dumps, loads
from simulator.requests import Request
from simulator.state.inventory import Entity
from simulator.state.orders import API, EMAIL, PERSONAL, single_order, without_email, without_personal_data
from simulator.times import DAY
from simulator.world import World

ORDER_ID = re.compile(r"[A-Za-z0-9!._-]{3,60}")


def get_orders(world: World, request: Request) -> Answer:
    """Orders by ids, or by dates and status, as `filters.py` reads the query."""
    now = world.clock.now_ms()
    query = filters.parse(request.query, now)
    if query.by == "modified" and windows.too_wide(world, request, query.end_ms - query.start_ms):
        raise system_error(request.resource)
    inventory = world.inventories[request.seller]
    if query.order_ids is not None:
        found = [inventory.orders[one] for one in query.order_ids if one in inventory.orders]
        rows = sorted((one for one in found if one.shown and not one.shown.removed), key=lambda one: one.hash)
        total = len(rows)
    else:
        dates = inventory.by_modified if query.by == "modified" else inventory.by_created
        total, rows = inventory.select(dates, query.start_ms, query.end_ms, query.statuses, query.offset, query.limit)
    texts = [_text(world, request.seller, row, now) for row in rows]
    return Answer(200, _page(world, request, query, total, texts))


def _page(world: World, request: Request, query: Query, total: int, texts: list[str]) -> str:
    def uri(offset: int) -> str:
        return f"{API}?{urlencode({**request.query, 'limit': query.limit, 'offset': offset})}"

    page: Document = {"href": uri(query.offset), "total": total}
    if query.order_ids is None and query.offset + query.limit < total:
        page["next"] = uri(query.offset + query.limit)
    if query.offset > 0:
        page["prev"] = uri(max(0, query.offset - query.limit))
    page.update({"limit": query.limit, "offset": query.offset})
    if world.switches.warnings:
        page["warnings"] = world.switches.warnings
    return f'{dumps(page)[:-1]},"orders":[{",".join(texts)}]}}'


def get_order(world: World, request: Request) -> Answer:
    """One order, with what the list leaves out."""
    filters.field_groups(request.query)
    entity = _order(world, request, request.path.rsplit("/", 1)[1])
    now = world.clock.now_ms()
    text = _text(world, request.seller, entity, now)
    full = single_order(loads(text))
    return Answer(200, text if full == loads(text) else dumps(_aged(world, full, entity, now)))


def get_shipping_fulfillments(world: World, request: Request) -> Answer:
    """An order's parcels."""
    order_id = request.path.split("/")[-2]
    _order(world, request, order_id)
    parcels = world.inventories[request.seller].parcels.get(order_id, [])
    there = sorted((one for one in parcels if one.shown and not one.shown.removed), key=lambda one: one.hash)
    texts = [world.text(request.seller, one) for one in there]
    return Answer(200, f'{{"fulfillments":[{",".join(texts)}],"total":{len(texts)}}}')


def _order(world: World, request: Request, order_id: str) -> Entity:
    if not ORDER_ID.fullmatch(order_id):
        raise fulfillment_error(32100, f"Invalid order ID: {quote(order_id)}", orderId=order_id)
    entity = world.inventories[request.seller].orders.get(order_id)
    if not entity or not entity.shown or entity.shown.removed:
        error = fulfillment_error(32100, f"Invalid order ID: {order_id}", orderId=order_id)
        error.answer.status = 404
        raise error
    return entity


def _text(world: World, seller: str, entity: Entity, now_ms: int) -> str:
    text = world.text(seller, entity)
    gone = _gone(world, entity, now_ms)
    if gone == EMAIL:
        return without_email(text)
    return dumps(without_personal_data(loads(text), gone)) if gone else text


def _aged(world: World, document: Document, entity: Entity, now_ms: int) -> Document:
    gone = _gone(world, entity, now_ms)
    return without_personal_data(document, gone) if gone else document


def _gone(world: World, entity: Entity, now_ms: int) -> frozenset[str]:
    """Fields that eBay shows no more of an order of this age."""
    age = now_ms - entity.created_ms
    if age > world.switches.personal_data_days * DAY:
        return PERSONAL
    return EMAIL if age > world.switches.email_days * DAY else frozenset()
