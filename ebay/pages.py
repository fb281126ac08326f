"""Answers of eBay that come in pages, checked for shape and no further: the documents inside are eBay's."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.changes.dates import read_time
from ebay.answers import error_ids
from ebay.documents import Document
from ebay.errors import BadAnswerError


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of getOrders, its rows in no promised order. `next`: where to go on, as eBay wrote it; None on the last page."""

    orders: list[Any] = field(repr=False)  # as they came; an element that is no object is passed on
    total: int  # orders in the window, by eBay's count
    next: str | None = field(repr=False)
    date: datetime  # UTC; not after eBay's clock when it answered, so a cursor may move so far
    warnings: int = 0
    dated: bool = True  # False: no Date header, or none to be believed; `date` is our clock, corrected by what we know of eBay's


@dataclass(frozen=True, slots=True)
class InventoryPage:
    """One page of getInventoryItems. `total`: SKUs of the seller, by eBay's count; `date` and `dated` as in `OrderPage`."""

    items: list[Any] = field(repr=False)
    total: int
    next: str | None = field(repr=False)  # where to go on; None on the last page
    date: datetime
    dated: bool = True


@dataclass(frozen=True, slots=True)
class OfferList:
    """What getOffers gave for one SKU, all pages of it together."""

    offers: list[Any] = field(repr=False)  # as they came; an element that is no object is passed on
    whole: bool  # False: eBay may have more offers of the SKU than these


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One quota of the application, by eBay's own count."""

    context: str  # "sell", "developer", "tradingapi"
    api: str  # "Fulfillment"; eBay's spelling varies in case
    resource: str  # "sell.fulfillment.order" or the like
    limit: int
    remaining: int
    reset: datetime | None  # UTC
    window_s: int  # 86400: a day


def elements(document: Any, name: str, *, absent_when_empty: bool = False) -> list[Any]:
    """The list of an answer. `null` is an empty one; an absent one only where the answer says `total: 0` and `absent_when_empty`."""
    if not isinstance(document, dict):
        raise BadAnswerError("eBay's answer is no object")
    if name not in document and not (absent_when_empty and document.get("total") == 0):
        raise BadAnswerError("eBay's answer lacks its list")
    found = document.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise BadAnswerError("eBay's answer has no list where one belongs")
    return found


def total(document: dict[str, Any]) -> int:
    """eBay's count of the whole list, all pages together. Raises BadAnswerError: there is none, or it is no count."""
    value = document.get("total")
    if type(value) is not int or value < 0:
        raise BadAnswerError("eBay's answer has no usable total")
    return value


def next_page(document: dict[str, Any]) -> str | None:
    """Where the next page is, as eBay wrote it, maybe on another host (see `own_path`); None: this is the last.

    Raises:
        BadAnswerError: it is no text.
    """
    value = document.get("next")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadAnswerError("eBay's answer has an unusable next")
    return value


def items_by_sku(responses: list[Any], skus: Sequence[str], unknown: Set[int]) -> dict[str, Document | None]:
    """The answers of a bulk read by SKU; None where eBay says that the item does not exist. Other failures are left out."""
    asked_for = set(skus)
    found: dict[str, Document | None] = {}
    for response in responses:
        if not isinstance(response, dict) or response.get("sku") not in asked_for:
            continue
        item = response.get("inventoryItem")
        if response.get("statusCode") in (200, None) and isinstance(item, dict) and item:
            found[response["sku"]] = {"sku": response["sku"], **item}
        elif response.get("statusCode") == 404 or unknown & set(error_ids(response)):
            found[response["sku"]] = None
    return found


def rate_limits(document: Any) -> list[RateLimit]:
    """Flat: one row for each window of each resource. What is malformed is left out, since the others still tell."""
    found = []
    for api in _objects(elements(document, "rateLimits")):
        for resource in _objects(api.get("resources")):
            for rate in _objects(resource.get("rates")):
                limit, remaining, window_s = (rate.get(name) for name in ("limit", "remaining", "timeWindow"))
                if type(limit) is int and type(remaining) is int and type(window_s) is int:
                    context, name, part = (str(value or "") for value in (api.get("apiContext"), api.get("apiName"), resource.get("name")))
                    found.append(RateLimit(context, name, part, limit, remaining, read_time(rate.get("reset")), window_s))
    return found


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
