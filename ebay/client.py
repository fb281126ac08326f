"""eBay's REST calls as typed Python: one method a call, one HTTP request a call (two if the access token had to be renewed).

No retries here: there is one retry policy, elsewhere, and a hidden retry would burn quota unseen. Only request forms that eBay documents.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import httpx

from ebay import pages
from ebay.answers import refusal
from ebay.documents import Document, parse
from ebay.errors import AccessDeniedError, BadAnswerError, EbayError
from ebay.filters import OPEN_ORDERS, created_filter, modified_filter
from ebay.http import MAX_BODY, Answer, Exchange, utc_now
from ebay.oauth import AccessToken, OAuth
from ebay.pages import InventoryPage, OrderPage, RateLimit

__all__ = ["OPEN_ORDERS", "AccessTokens", "Ebay", "InventoryPage", "OrderPage", "RateLimit", "SellerApi", "created_filter", "modified_filter"]

PAGE = 200  # eBay's most for orders and inventory items; more fails
ORDER = "/sell/fulfillment/v1/order"
INVENTORY = "/sell/inventory/v1/inventory_item"
BULK_INVENTORY = "/sell/inventory/v1/bulk_get_inventory_item"
RATE_LIMIT = "/developer/analytics/v1_beta/rate_limit/"
UNKNOWN_SKU = {25702, 25710}
JSON_BODY = (b"Content-Type", b"application/json")


class AccessTokens(Protocol):
    """Where access tokens are kept. Both may raise what `OAuth.refresh` raises."""

    def current(self, seller_id: str) -> str: ...

    def renewed(self, seller_id: str, refused: str) -> str:
        """A token other than `refused`, the access token that eBay just refused."""
        ...


class Ebay:
    """eBay for one application. Shared by all threads."""

    def __init__(
        self, api_url: str, tokens: AccessTokens, oauth: OAuth, http: httpx.Client, timeout: timedelta, max_body: int = MAX_BODY
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.tokens = tokens
        self.oauth = oauth
        self.exchange = Exchange(http, timeout, max_body)
        self.offset = timedelta()  # eBay's clock minus ours, by the latest answer that had a Date
        self._application: AccessToken | None = None
        self._application_lock = threading.Lock()

    def seller(self, seller_id: str) -> "SellerApi":
        return SellerApi(self, seller_id)

    def rate_limits(self) -> list[RateLimit]:
        """Every quota of the application by eBay's own count; empty where eBay says nothing. Counts against the Analytics API only."""
        answer = self._ask_rate_limits(self._application_token())
        if answer.status == 401:
            answer = self._ask_rate_limits(self._application_token(renew=True))
        if answer.status == 204:
            return []
        if answer.status != 200:
            raise refusal(answer, self.clock(answer)[0])
        return pages.rate_limits(parse(answer.body))

    def clock(self, answer: Answer) -> tuple[datetime, bool]:
        """eBay's clock at this answer, and whether its Date header told. Without one: ours, put right by the latest answer that had one."""
        if answer.date is None:
            return utc_now() + self.offset, False
        self.offset = answer.date - utc_now()
        return answer.date, True

    def send(self, token: str, method: str, path: str, content: bytes | None = None) -> Answer:
        """One request with an access token. `path` is percent-encoded and begins with /."""
        try:
            headers = [(b"Authorization", b"Bearer " + token.encode("ascii"))]
        except UnicodeEncodeError:
            raise BadAnswerError("the access token is none that can be sent") from None
        if content is not None:
            headers.append(JSON_BODY)
        return self.exchange.send(method, self.api_url + path, headers, content)

    def _ask_rate_limits(self, token: str) -> Answer:
        answer = self.send(token, "GET", RATE_LIMIT)
        self.clock(answer)
        return answer

    def _application_token(self, renew: bool = False) -> str:
        with self._application_lock:
            kept = self._application
            if kept is None or renew or kept.expires_at <= utc_now() + self.offset + timedelta(minutes=1):
                kept = self._application = self.oauth.application()
            return kept.value


@dataclass(slots=True)
class SellerApi:
    """One seller's eBay, for one step: it counts its calls. Not for several threads at a time.

    Each method raises an `EbayError`; see `ebay/errors.py` for what each asks for.
    """

    ebay: Ebay
    seller_id: str
    calls: int = 0  # API calls made, failed ones and repeats with a renewed token too; token calls not
    date: datetime | None = None  # eBay's clock at the latest answer
    dated: bool = True  # False: that answer had no readable Date
    slowest_s: float = 0.0

    def orders(self, filter: str, offset: int = 0, limit: int = PAGE) -> OrderPage:  # noqa: A002 (eBay's name)
        """getOrders. `filter` as `modified_filter` or OPEN_ORDERS give it; `offset` counts rows. The order of rows is unspecified."""
        place = f"&offset={offset}" if offset else ""
        return self._orders(f"{ORDER}?filter={quote(filter, safe=':,.')}&limit={limit}{place}")

    def orders_by_id(self, ids: Sequence[str]) -> OrderPage:
        """getOrders for up to 50 known orders; those that eBay does not find are not in the answer."""
        if not 0 < len(ids) <= 50:
            raise ValueError("1 to 50 order ids")
        return self._orders(f"{ORDER}?orderIds={','.join(map(_segment, ids))}&limit={PAGE}")

    def order(self, order_id: str) -> Document:
        """getOrder: the only read that fills `cancelStatus.cancelRequests` and `buyer.taxIdentifier`."""
        document = self._get(f"{ORDER}/{_segment(order_id)}")
        if not isinstance(document, dict) or not isinstance(document.get("orderId"), str):
            raise BadAnswerError("eBay's answer is no order", status=200)
        return document

    def shipping_fulfillments(self, order_id: str) -> list[Document]:
        """getShippingFulfillments: all parcels of an order; there is no paging."""
        document = self._get(f"{ORDER}/{_segment(order_id)}/shipping_fulfillment")
        found = pages.elements(document, "fulfillments", absent_when_empty=True)
        if not all(isinstance(parcel, dict) for parcel in found):
            raise BadAnswerError("eBay's answer has a parcel that is no object", status=200)
        return found

    def inventory_page(self, place: str | None) -> InventoryPage:
        """getInventoryItems: 200 items from `place`, the `next` of the page before, or from the beginning.

        `next` is followed verbatim, since eBay's documents and users disagree on what its offset counts; only the host is our own.
        """
        path = f"{INVENTORY}?limit={PAGE}" if place is None else _inventory_path(place)
        document = self._get(path)
        items = pages.elements(document, "inventoryItems", absent_when_empty=True)
        following = pages.next_place(document)
        if following is not None:
            _inventory_path(following)  # a bad one is refused here, before it is kept as a scan's place
        return InventoryPage(items, pages.total(document), following, self._now(), self.dated)

    def inventory_items(self, skus: Sequence[str]) -> dict[str, Document | None]:
        """bulkGetInventoryItem for up to 25 different SKUs: None where eBay says that there is no such item.

        A SKU for which eBay answered with another error is absent from the result: nothing is known of it.
        """
        if not 0 < len(skus) <= 25 or len(set(skus)) != len(skus):
            raise ValueError("1 to 25 different SKUs")
        content = json.dumps({"requests": [{"sku": sku} for sku in skus]}).encode()
        document = self._call("POST", BULK_INVENTORY, content, expected=(200, 207))
        return pages.items_by_sku(pages.elements(document, "responses"), skus, UNKNOWN_SKU)

    def _orders(self, path: str) -> OrderPage:
        document = self._get(path)
        orders = pages.elements(document, "orders")
        warnings = document.get("warnings")
        found = len(warnings) if isinstance(warnings, list) else 0
        return OrderPage(orders, pages.total(document), pages.next_place(document), self._now(), found, self.dated)

    def _now(self) -> datetime:
        return self.date or utc_now()

    def _get(self, path: str) -> Any:
        return self._call("GET", path)

    def _call(self, method: str, path: str, content: bytes | None = None, expected: tuple[int, ...] = (200,)) -> Any:
        tokens = self.ebay.tokens
        token = tokens.current(self.seller_id)
        answer = self._send(token, method, path, content)
        if answer.status in expected:
            return parse(answer.body)
        error = refusal(answer, self._now())
        if not _token_refused(error):
            raise error
        token = tokens.renewed(self.seller_id, token)
        answer = self._send(token, method, path, content)
        if answer.status in expected:
            return parse(answer.body)
        error = refusal(answer, self._now())
        if error.status == 401:  # not the seller's fault, as far as we know: the refresh token was good a moment ago
            raise BadAnswerError("eBay refused a fresh access token", status=401, codes=error.codes)
        raise error

    def _send(self, token: str, method: str, path: str, content: bytes | None) -> Answer:
        self.calls += 1
        answer = self.ebay.send(token, method, path, content)
        self.slowest_s = max(self.slowest_s, answer.took_s)
        self.date, self.dated = self.ebay.clock(answer)
        return answer


def _token_refused(error: EbayError) -> bool:
    """401, or 403 with errorId 1100, which eBay also gives for an expired token (seen at the Inventory API)."""
    return error.status == 401 or isinstance(error, AccessDeniedError)


def _segment(text: str) -> str:
    """One segment of a path, or one of comma-separated ids."""
    quoted = quote(text, safe="", errors="replace")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


def _inventory_path(place: str) -> str:
    """The path and query of a `next`, on our own host.

    Raises:
        BadAnswerError: it leads elsewhere than to getInventoryItems.
    """
    try:
        parts = urlsplit(place)
    except ValueError:
        raise BadAnswerError("eBay's next is no address") from None
    if not parts.path.endswith(INVENTORY) or not parts.query or not parts.query.isascii() or not parts.query.isprintable():
        raise BadAnswerError("eBay's next leads elsewhere")
    return f"{INVENTORY}?{parts.query}"
