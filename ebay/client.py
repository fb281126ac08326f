"""eBay's REST calls as typed Python: one method a call, one HTTP request a call (two if the access token had to be renewed).

No retries here: there is one retry policy, elsewhere, and a hidden retry would burn quota unseen. Only request forms that eBay documents.
"""

import json
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx

from ebay import pages
from ebay.answers import refusal
from ebay.calls import INVENTORY, ORDERS
from ebay.connection import AccessTokens, EbayConnection
from ebay.documents import Document, parse
from ebay.errors import BadAnswerError, NotFoundError
from ebay.feed import FeedCalls
from ebay.filters import OPEN_ORDERS, created_filter, modified_filter, open_filter
from ebay.http import MAX_BODY, Answer, utc_now
from ebay.oauth import AccessToken, OAuth
from ebay.pages import InventoryPage, OfferList, OrderPage, RateLimit
from ebay.paths import own_path, segment
from ebay.trading import TradingCalls

__all__ = [
    "OPEN_ORDERS",
    "AccessTokens",
    "Ebay",
    "InventoryPage",
    "OfferList",
    "OrderPage",
    "RateLimit",
    "SellerApi",
    "created_filter",
    "modified_filter",
    "open_filter",
]

PAGE = 200  # eBay's most for orders and inventory items; more fails
ORDER = "/sell/fulfillment/v1/order"
ITEMS = "/sell/inventory/v1/inventory_item"
BULK_ITEMS = "/sell/inventory/v1/bulk_get_inventory_item"
OFFER = "/sell/inventory/v1/offer"
RATE_LIMIT = "/developer/analytics/v1_beta/rate_limit/"
UNKNOWN_SKU = {25702, 25710}
OFFER_PAGES = 25  # of 100 offers: a `next` that goes on and on ends somewhere


class Ebay(EbayConnection):
    """eBay for one application. Shared by all threads."""

    def __init__(
        self, api_url: str, tokens: AccessTokens, oauth: OAuth, http: httpx.Client, timeout: timedelta, max_body: int = MAX_BODY
    ) -> None:
        super().__init__(api_url, tokens, http, timeout, max_body)
        self.oauth = oauth
        self._application: AccessToken | None = None
        self._application_lock = threading.Lock()

    def seller(self, seller_id: str) -> "SellerApi":
        """One seller's calls, with counts of their own. Cheap: nothing is sent yet. Not for several threads at a time."""
        return SellerApi(self, seller_id)

    def rate_limits(self) -> list[RateLimit]:
        """Every quota of the application by eBay's own count; empty where eBay says nothing. Counts against the Analytics API only."""
        answer = self.application("GET", RATE_LIMIT)
        if answer.status == 204:
            return []
        if answer.status != 200:
            raise refusal(answer, self.clock(answer))
        return pages.rate_limits(parse(answer.body))

    def application(self, method: str, path: str, content: bytes | None = None) -> Answer:
        """A call with the application's own token, renewed once where eBay refuses it. The answer may have any status."""
        answer = self.send(self._application_token(), method, path, content)
        if answer.status == 401:
            answer = self.send(self._application_token(renew=True), method, path, content)
        self.clock(answer)
        return answer

    def _application_token(self, renew: bool = False) -> str:
        with self._application_lock:
            token = self._application
            if token is None or renew or token.expires_at <= utc_now() + self.application_ahead + timedelta(minutes=1):
                token = self._application = self.oauth.application()
            return token.value


class SellerApi(TradingCalls, FeedCalls):
    """One seller's eBay, for one step: it counts its calls. Not for several threads at a time.

    Each method raises an `EbayError`; see `ebay/errors.py` for what each asks for. Those of the Trading API (listings made outside of the
    Inventory API) are in `ebay/trading.py`, those of the Feed API (the daily report) in `ebay/feed.py`.
    """

    __slots__ = ()

    def orders(self, filter: str, offset: int = 0, limit: int = PAGE) -> OrderPage:  # noqa: A002 (eBay's name)
        """getOrders. `filter` as `modified_filter` or OPEN_ORDERS give it; `offset` counts rows. The order of rows is unspecified."""
        start = f"&offset={offset}" if offset else ""
        return self._orders(f"{ORDER}?filter={quote(filter, safe=':,.')}&limit={limit}{start}")

    def orders_by_id(self, ids: Sequence[str]) -> OrderPage:
        """getOrders for up to 50 known orders; those that eBay does not find are not in the answer."""
        if not 0 < len(ids) <= 50:
            raise ValueError("1 to 50 order ids")
        return self._orders(f"{ORDER}?orderIds={','.join(map(segment, ids))}&limit={PAGE}")

    def order(self, order_id: str) -> Document:
        """getOrder: the only read that fills `cancelStatus.cancelRequests` and `buyer.taxIdentifier`. As it came: its id may be missing."""
        document = self.json(ORDERS, "GET", f"{ORDER}/{segment(order_id)}")
        if not isinstance(document, dict):
            raise BadAnswerError("eBay's answer is no order", status=200)
        return document

    def shipping_fulfillments(self, order_id: str) -> list[Document]:
        """getShippingFulfillments: all parcels of an order; there is no paging."""
        document = self.json(ORDERS, "GET", f"{ORDER}/{segment(order_id)}/shipping_fulfillment")
        found = pages.elements(document, "fulfillments", absent_when_empty=True)
        if not all(isinstance(parcel, dict) for parcel in found):
            raise BadAnswerError("eBay's answer has a parcel that is no object", status=200)
        return found

    def inventory_page(self, next_page: str | None) -> InventoryPage:
        """getInventoryItems: 200 items from `next_page`, the `next` of the page before, or from the beginning.

        `next` is followed verbatim, since eBay's documents and users disagree on what its offset counts; only the host is our own.
        """
        path = f"{ITEMS}?limit={PAGE}" if next_page is None else own_path(next_page, ITEMS)
        document = self.json(INVENTORY, "GET", path)
        items = pages.elements(document, "inventoryItems", absent_when_empty=True)
        following = pages.next_page(document)
        if following is not None:
            own_path(following, ITEMS)  # a bad one is refused here, before it stands in a checkpoint
        return InventoryPage(items, pages.total(document), following, self.now(), self.dated)

    def inventory_rows(self, offset: int, limit: int) -> InventoryPage:
        """getInventoryItems: `limit` items, 1 to 200, from an offset, which counts rows or pages of as many."""
        return self.inventory_page(f"{ITEMS}?offset={offset}&limit={limit}")

    def inventory_items(self, skus: Sequence[str]) -> dict[str, Document | None]:
        """bulkGetInventoryItem for up to 25 different SKUs: None where eBay says that there is no such item.

        A SKU for which eBay answered with another error is absent from the result: nothing is known of it.
        """
        if not 0 < len(skus) <= 25 or len(set(skus)) != len(skus):
            raise ValueError("1 to 25 different SKUs")
        content = json.dumps({"requests": [{"sku": sku} for sku in skus]}).encode()
        document = self.json(INVENTORY, "POST", BULK_ITEMS, content)
        return pages.items_by_sku(pages.elements(document, "responses"), skus, UNKNOWN_SKU)

    def offers(self, sku: str) -> OfferList:
        """getOffers: price, quantity and status of a SKU on each marketplace; none where eBay says that it knows no such SKU or offer."""
        found: list[Any] = []
        path = f"{OFFER}?sku={segment(sku)}&limit=100"
        counted = 0
        for _ in range(OFFER_PAGES):
            try:
                document = self.json(INVENTORY, "GET", path)
            except NotFoundError as error:  # without eBay's own word for it, it was somebody else's 404
                return OfferList(found, whole=not found and bool(error.codes))
            found += pages.elements(document, "offers", absent_when_empty=True)
            counted = max(counted, count) if type(count := document.get("total")) is int else counted
            following = pages.next_page(document)
            if following is None:
                return OfferList(found, whole=len(found) >= counted)
            path = own_path(following, OFFER)
        return OfferList(found, whole=False)

    def _orders(self, path: str) -> OrderPage:
        document = self.json(ORDERS, "GET", path)
        orders = pages.elements(document, "orders")
        warnings = document.get("warnings")
        found = len(warnings) if isinstance(warnings, list) else 0
        return OrderPage(orders, pages.total(document), pages.next_page(document), self.sure or self.now(), found, self.dated)
