"""The site with its inbox, as eBay and strangers meet it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import text

from ebay.platform import Keys
from inbox.inbox import Handler, Inbox
from pages.app import build
from serving.context import WebContext
from settings import Settings
from simulator import World
from store import Store

KEY = "A" * 43 + "="  # a Fernet key as good as any
START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
PUBLIC = "https://sellerbeat.example.com"
TOKEN = "verification-token_of-the-tests-0123456789"
ADDRESS = "/ebay/notifications"
DEV_ID = "dev-id-of-the-tests"


class Letterbox:
    def __init__(
        self, store: Store, world: World, ebay_url: str, handlers: dict[str, Handler] | None = None, **settings: str | None
    ) -> None:
        given: dict[str, Any] = {
            "database_url": store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
            "secret_keys": KEY,
            "ebay_api_url": ebay_url,
            "ebay_client_id": world.accounts.client_id,
            "ebay_client_secret": world.accounts.client_secret,
            "ebay_dev_id": DEV_ID,
            "public_url": PUBLIC,
            "notification_token": TOKEN,
            "task_queue": "inbox-tests",
        }
        self.settings = Settings(_env_file=None, **(given | settings))
        self.store, self.world = store, world
        self.inbox = Inbox(self.settings, store, handlers)
        self.context = WebContext(self.settings, store, {"TEMPORAL_ADDRESS": "127.0.0.1:1"})
        self.app = build(self.context, self.inbox)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("203.0.113.7", 4711))
        self.ebay = httpx.AsyncClient(transport=transport, base_url=PUBLIC)
        self.keys = Keys(DEV_ID, world.accounts.client_id, world.accounts.client_secret)

    def body(self, topic: str = "ORDER_CONFIRMATION", id_: str = "notice-1", data: Any = None, **more: Any) -> bytes:
        data = {"user": {"userId": "u-anna", "username": "anna"}, "order": {"orderId": "03-1-1"}} if data is None else data
        notification = {
            "notificationId": id_,
            "eventDate": "2026-06-18T12:00:00.000Z",
            "publishDate": "2026-06-18T12:00:01.000Z",
            "publishAttemptCount": 1,
            "data": data,
            **more,
        }
        return json.dumps(
            {"metadata": {"topic": topic, "schemaVersion": "1.0", "deprecated": False}, "notification": notification}
        ).encode()

    async def post(self, body: bytes, to: str = "/anna", **headers: str) -> httpx.Response:
        """Signed by eBay."""
        signed = {"X-EBAY-SIGNATURE": self.world.notices.signature(body), "Content-Type": "application/json"}
        return await self.ebay.post(ADDRESS + to, content=body, headers=signed | headers)

    def rows(self) -> list[dict[str, Any]]:
        with self.store.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(text("SELECT * FROM sellerbeat.notifications ORDER BY received_at"))]

    async def close(self) -> None:
        self.context.change_waiter.close()
        self.inbox.close()
        await self.ebay.aclose()


async def drip(*parts: bytes, times: int = 1) -> AsyncIterator[bytes]:
    """A body without a length."""
    for _ in range(times):
        for part in parts:
            yield part
