"""What the inbox works with, and the two decisions about what came: is it eBay's, and whose is it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from anyio import CapacityLimiter, to_thread
from temporalio.client import Client

from activities.polling.tokens import StoredTokens
from ebay import notifications, platform
from ebay.client import Ebay
from ebay.http import http_client
from ebay.notification_api import NotificationApi
from ebay.notifications import Notification
from ebay.oauth import OAuth
from ebay.signatures import is_signed, read_signature
from ebay.topics import Asks
from inbox.keys import KeyUnavailableError, PublicKeys
from runtime.metering.meters import SILENT, Meters
from settings import Settings
from store import Store
from store.steps.notifications import StoredNotification

THREADS = 3  # that keep what came, with as many connections: what people look at meanwhile has its own
KEY_TIMEOUT = timedelta(seconds=5)  # eBay waits for our answer meanwhile

Handler = Callable[[Client, str, str], Awaitable[None]]
"""Takes on a notification of a topic that is no hint for a seller: Temporal's client, the task queue, the notification's id.

It is called once the row is kept, and again, ever more rarely, while the row is pending: so it must be harmless to repeat, and may fail.
What it needs is read from the row (`Store.notifications.of_topic`), and whoever has done it all ends the row (`.end`).
"""


@dataclass(frozen=True, slots=True)
class InboxAddress:
    """Where the world reaches us: what eBay's challenge is answered for."""

    url: str  # public_url
    token: str


class Inbox:
    def __init__(
        self,
        settings: Settings,
        store: Store,
        handlers: Mapping[str, Handler] | None = None,
        ebay: Ebay | None = None,
        meters: Meters = SILENT,
    ) -> None:
        """`handlers`: by topic."""
        self.store, self.settings, self.handlers, self.meters = store, settings, dict(handlers or {}), meters
        token = settings.notification_token
        self.address = InboxAddress(settings.public_url, token.get_secret_value()) if settings.public_url and token else None
        self.ebay = ebay or ebay_of(settings, store)
        self.keys = PublicKeys(NotificationApi(self.ebay).public_key, memory=store.public_keys) if self.ebay else None
        secret = settings.ebay_client_secret
        self.platform_keys: platform.Keys | None = None
        if settings.ebay_dev_id and settings.ebay_client_id and secret:
            self.platform_keys = platform.Keys(settings.ebay_dev_id, settings.ebay_client_id, secret.get_secret_value())
        self.arrived = asyncio.Event()
        self._threads = CapacityLimiter(THREADS)

    async def verified(self, header: str, body: bytes, peer: str = "") -> Notification | None:
        """Of the Notification API, from the address `peer`. None: not signed by eBay. Raises KeyUnavailableError: nobody can say now."""
        signature = read_signature(header)
        if signature is None:
            return None
        if self.keys is None:
            raise KeyUnavailableError("SELLERBEAT_EBAY_CLIENT_ID and SELLERBEAT_EBAY_CLIENT_SECRET are not set: no key can be had")
        key = await self.keys.get(signature.kid, peer)
        if key is None or not is_signed(body, signature, key):
            return None
        self.keys.proven(peer)
        return notifications.read(body)

    def verified_platform(self, body: bytes) -> Notification | None:
        return platform.read(body, self.platform_keys, datetime.now(UTC)) if self.platform_keys else None

    async def save(self, it: Notification, seller_id: str | None) -> StoredNotification:
        """Once; committed when this returns. `seller_id`: whom the address named that it came to. Raises StoreError."""
        personal = it.asks is Asks.PERSON
        person = {"username": it.user.username, "user_id": it.user.user_id, "eias_token": it.user.eias_token} if personal else None
        save = partial(
            self.store.notifications.save,
            it.id,
            it.topic,
            seller_id=None if personal else seller_id,
            user_id=None if personal else it.user.user_id,
            orders=it.orders,
            listings=it.listings,
            happened_at=it.happened_at,
            published_at=it.published_at,
            person=person,
            mapped=not personal,
            useless=it.asks is Asks.NOTHING,
        )
        stored = await to_thread.run_sync(save, limiter=self._threads)
        self.arrived.set()
        return stored

    def close(self) -> None:
        if self.ebay:
            self.ebay.exchange.http.close()


def ebay_of(settings: Settings, store: Store) -> Ebay | None:
    """None: the application's keys are not set, so nothing can be verified."""
    if not settings.ebay_client_id or not settings.ebay_client_secret:
        return None
    http, timeout = http_client(4), min(settings.ebay_timeout, KEY_TIMEOUT)
    secret = settings.ebay_client_secret.get_secret_value()
    oauth = OAuth(http, settings.ebay_api_url, settings.ebay_client_id, secret, timeout.total_seconds())
    return Ebay(settings.ebay_api_url, StoredTokens(store, oauth), oauth, http, timeout)
