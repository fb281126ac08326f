"""eBay's Trading API, `POST /ws/api.dll`: XML in, XML out (eBay docs: GetSellerEvents, GetItem, GetMyeBaySelling).

Errors come with HTTP 200 and `Ack` Failure. The token is OAuth's, in a header of its own.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from simulator import trading_xml
from simulator.answers import Answer
from simulator.apis import windows
from simulator.ledger import Document, loads
from simulator.requests import Request
from simulator.state.inventory import FOREVER, Entity, Version
from simulator.times import DAY, HOUR, MINUTE, iso, to_ms
from simulator.trading_xml import NAMESPACE, TradingError, answered, invalid_input, tag
from simulator.world import World

PATH = "/ws/api.dll"
LEVELS, SITES = (
    range(1, 1500),
    frozenset({0, 2, 3, 15, 16, 23, 71, 77, 100, 101, 123, 146, 186, 193, 201, 203, 205, 207, 210, 211, 212, 216}),
)
MONTH = 30 * DAY
GONE = 90 * DAY  # after its end, nobody finds a listing any more


def call(world: World, request: Request, headers: Mapping[str, str], body: bytes) -> Answer:
    """One call whose token was found good."""
    now = world.clock.now_ms()
    for name, fine in (("X-EBAY-API-COMPATIBILITY-LEVEL", LEVELS), ("X-EBAY-API-SITEID", SITES)):
        value = headers.get(name.lower(), "")
        if not re.fullmatch("[0-9]{1,6}", value) or int(value) not in fine:
            short, long = f'Invalid value for header "{name}".', f'Header "{name}" with value "{value}" is out of range.'
            raise TradingError(request.call, now, 10012, short, long, name=name, value=value)
    if request.call not in CALLS:
        long = f'The API call "{request.call}" is invalid or not supported in this release.'
        raise TradingError(request.call, now, 2, "Unsupported API call.", long, name=request.call)
    return CALLS[request.call](world, request, _parsed(request, now, body))


def authorize(world: World, request: Request, headers: Mapping[str, str]) -> None:
    """Who asks.

    Raises:
        TradingError: 931 no token, 21916984 none of ours, or the application's own, 21917053 expired, 932 expired and its consent is over.
    """
    value, now = headers.get("x-ebay-api-iaf-token", ""), world.clock.now_ms()
    access = world.accounts.access.get(value)

    def refused(code: int, short: str, long: str) -> TradingError:
        return TradingError(request.call, now, code, short, long)

    if not value:
        raise refused(931, "Auth token is invalid.", "Validation of the authentication token in API request failed.")
    if not access or access.seller is None:
        raise refused(21916984, "Invalid IAF token.", "IAF token supplied is invalid.")
    request.seller = access.seller
    if not access.good(now):
        if access.grant and not access.grant.alive:
            raise refused(
                932, "Auth token is hard expired.", "Auth token is hard expired, User needs to generate a new token for this application."
            )
        raise refused(21917053, "Expired IAF token.", "IAF token supplied is expired.")


def get_seller_events(world: World, request: Request, asked: Element) -> Answer:
    """Items whose start, end or last change lies in a range, as they are now: one that changed once more has left older ranges.

    Now is what the index behind this call knows, which may be behind the other calls (`switches.index_late`).
    """
    now, switches = world.clock.now_ms(), world.switches
    filters = [name for name in ("StartTime", "EndTime", "ModTime") if _text(asked, f"{name}From") is not None]
    if len(filters) != 1:
        raise invalid_input(request.call, now, "ModTimeFrom")
    (by,) = filters
    start = _date(request, asked, f"{by}From", now)
    end = min(now, _date(request, asked, f"{by}To", now)) if _text(asked, f"{by}To") is not None else now
    widest = int(switches.events_hours * HOUR)
    if start > end or end - start > widest or start < now - widest - MINUTE:
        raise invalid_input(request.call, now, f"{by}From")
    if by == "ModTime" and windows.too_wide(world, request, end - start):
        raise trading_xml.internal_error(request.call, now)
    inventory, whole = world.inventories[request.seller], _text(asked, "DetailLevel") == "ReturnAll"
    if by == "ModTime":
        rows = inventory.listings_by_modified
        dated = rows[bisect_left(rows, (start, -1, "")) : bisect_right(rows, (end, FOREVER, ""))]
        found = [inventory.listings[item] for _, _, item in dated]
    else:
        found = [one for one in inventory.listings.values() if one.indexed and _when(by, one, one.indexed, start, end)]
    found.sort(key=lambda one: one.hash)
    limit = switches.events_limit * 2 // 3 if whole else switches.events_limit
    write = trading_xml.full_item if whole else trading_xml.event_item
    site, specifics, variations = _site(world, request), _flag(asked, "IncludeVariationSpecifics"), not _flag(asked, "HideVariations")
    texts = [
        write(_document(world, request, one, one.indexed), _dates(one, one.indexed, now), site, specifics, variations)
        for one in found[:limit]
    ]
    more = "<HasMoreItems>true</HasMoreItems>" if switches.has_more_items and len(found) > limit else ""
    return answered(request.call, now, f"{tag('TimeTo', iso(end))}<ItemArray>{''.join(texts)}</ItemArray>{more}")


def get_item(world: World, request: Request, asked: Element) -> Answer:
    """One listing, 90 days after its end too."""
    now, item = world.clock.now_ms(), _text(asked, "ItemID")
    if not item:
        raise invalid_input(request.call, now, "ItemID")
    entity = world.inventories[request.seller].listings.get(item)
    if not entity or not entity.shown or (entity.shown.removed and now - entity.shown.modified_ms > GONE):
        long = "This item cannot be accessed because the listing has been deleted, is a Half.com listing, or you are not the seller."
        raise TradingError(request.call, now, 17, "Item not available.", long, item=item)
    return answered(
        request.call,
        now,
        trading_xml.full_item(_document(world, request, entity), _dates(entity, entity.shown, now), _site(world, request)),
    )


def get_my_ebay_selling(world: World, request: Request, asked: Element) -> Answer:
    """The active listings by pages. Where a page is named outside ActiveList/Pagination, nobody minds it: 25 come, and no word."""
    now, inventory = world.clock.now_ms(), world.inventories[request.seller]
    active_list = _child(asked, "ActiveList")
    if active_list is not None and _text(active_list, "Include") == "false":
        return answered(request.call, now, "")
    pagination = _child(active_list, "Pagination") if active_list is not None else None
    size, page = (_count(request, pagination, name, default, now) for name, default in (("EntriesPerPage", 25), ("PageNumber", 1)))
    if size > 200:
        raise invalid_input(request.call, now, "ActiveList.Pagination.EntriesPerPage")
    rows = [inventory.listings[item] for _, item in inventory.active[(page - 1) * size : page * size]]
    variations = not _flag(asked, "HideVariations")
    texts = [trading_xml.selling_item(_document(world, request, one), _dates(one, one.shown, now), variations) for one in rows]
    if not texts:
        return answered(request.call, now, "")
    total = len(inventory.active)
    counts = f"{tag('TotalNumberOfPages', -(-total // size))}{tag('TotalNumberOfEntries', total)}"
    inside = f"<ItemArray>{''.join(texts)}</ItemArray><PaginationResult>{counts}</PaginationResult>"
    return answered(request.call, now, f"<ActiveList>{inside}</ActiveList>")


def get_user(world: World, request: Request, asked: Element) -> Answer:
    """Who asks (eBay docs: GetUser). `UserID` is the user's name, `EIASToken` the account's id for ever."""
    accounts, now = world.accounts, world.clock.now_ms()
    if _text(asked, "UserID") not in (None, accounts.username(request.seller)):
        raise invalid_input(request.call, now, "UserID")  # of others little is shown, and nobody asks here
    fields = f"{tag('EIASToken', accounts.eias_token(request.seller))}{tag('Email', 'Invalid Request')}{tag('Status', 'Confirmed')}"
    return answered(request.call, now, f"<User>{fields}{tag('UserID', accounts.username(request.seller))}</User>")


Call = Callable[[World, Request, Element], Answer]
CALLS: dict[str, Call] = {
    "GetSellerEvents": get_seller_events,
    "GetItem": get_item,
    "GetMyeBaySelling": get_my_ebay_selling,
    "GetUser": get_user,
}


def _parsed(request: Request, now_ms: int, body: bytes) -> Element:
    try:
        if b"<!" in body:
            raise ElementTree.ParseError("no document types, no entities")
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise TradingError(request.call, now_ms, 5, "XML Parse error.", f"XML Error Text: {error}.") from None
    if root.tag != f"{{{NAMESPACE}}}{request.call}Request":
        raise TradingError(request.call, now_ms, 5, "XML Parse error.", f"XML Error Text: {root.tag} is no {request.call}Request.")
    return root


def _when(by: str, entity: Entity, shown: Version, start: int, end: int) -> bool:
    moment = entity.created_ms if by == "StartTime" else shown.modified_ms if shown.removed else -1
    return start <= moment <= end


def _dates(entity: Entity, version: Version | None, now_ms: int) -> tuple[int, int]:
    """Good till cancelled: renewed every 30 days, until it ends."""
    if version and version.removed:
        return entity.created_ms, version.modified_ms
    return entity.created_ms, entity.created_ms + (1 + (now_ms - entity.created_ms) // MONTH) * MONTH


def _document(world: World, request: Request, entity: Entity, version: Version | None = None) -> Document:
    document: Document = loads(world.text(request.seller, entity, version))
    return document


def _site(world: World, request: Request) -> str:
    return world.sellers[request.seller].country


def _child(parent: Element, name: str) -> Element | None:
    return parent.find(f"{{{NAMESPACE}}}{name}")


def _text(parent: Element, name: str) -> str | None:
    found = _child(parent, name)
    return None if found is None else (found.text or "").strip()


def _flag(parent: Element, name: str) -> bool:
    return _text(parent, name) in ("true", "1")


def _count(request: Request, parent: Element | None, name: str, default: int, now_ms: int) -> int:
    text = _text(parent, name) if parent is not None else None
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < 1:
        raise invalid_input(request.call, now_ms, f"ActiveList.Pagination.{name}")
    return int(text)


def _date(request: Request, asked: Element, name: str, now_ms: int) -> int:
    """xs:dateTime; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(_text(asked, name) or "")
    except ValueError:
        raise invalid_input(request.call, now_ms, name) from None
    return to_ms(moment if moment.tzinfo else datetime.fromisoformat(f"{moment.isoformat()}+00:00"))
