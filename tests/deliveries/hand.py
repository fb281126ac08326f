"""A cursor driven by hand: changes are made, runs are run, and time passes as the test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook
from temporalio.testing import ActivityEnvironment

from activities.delivering.deliver import Delivered, Delivering, DeliveryCursor
from domain.pacing import Stream
from outbound import Client
from store import Store
from store.delivery.replays import ReplayFilter
from tests.store.documents import ENROLLED, LATER, order
from tests.support.enrolled import long_ago
from tests.support.receivers import Post, Receiver


class Hand:
    def __init__(self, store: Store, client: Client) -> None:
        self.store, self.delivering = store, Delivering(store, client)
        self.now = datetime.now(UTC)
        self.orders = 0

    def enroll(self, *sellers: str) -> None:
        for seller in sellers:
            self.store.sellers.enroll(seller, "refresh-1", scopes=[], now_ebay=ENROLLED)
            long_ago(self.store.engine, seller)

    def endpoint(self, url: str, *types: str, seller: str | None = None, thin: bool = False) -> tuple[str, str]:
        """Its id and its secret."""
        return self.store.endpoints.add(url, types or ["*"], seller, thin)

    def change(self, seller: str, orders: int = 1, **fields: Any) -> list[str]:
        """New orders; returns the ids of their changes."""
        change(self.store, seller, [f"o-{self.orders + number}" for number in range(orders)], **fields)
        self.orders += orders
        return [event["id"] for event in self.store.feed.read(limit=10_000, seller=seller)][-orders:]

    def run(self, endpoint: str, seller: str = "anna", delivering: Delivering | None = None) -> Delivered:
        """One run, as Temporal would begin it now."""
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=self.now)
        return environment.run((delivering or self.delivering).deliver_changes, DeliveryCursor(endpoint=endpoint, seller=seller))

    def run_on(self, endpoint: str, seller: str = "anna", until: Callable[[], bool] = lambda: False) -> Delivered:
        """Runs, each at the time that the one before named, until nothing waits or `until` says so."""
        while True:
            result = self.run(endpoint, seller)
            if result.over or until() or not (result.more or result.wait_s):
                return result
            self.pass_time(seconds=result.wait_s or 0)

    def pass_time(self, **time: float) -> None:
        self.now += timedelta(**time)


def change(store: Store, seller: str, order_ids: Sequence[str], **fields: Any) -> None:
    with store.commit(store.begin(seller, Stream.ORDERS)) as commit:
        commit.store_orders([order(order_id, **fields) for order_id in order_ids], LATER)


def replay(store: Store, **asked: Any) -> int:
    """Has changes sent again, as `ReplayFilter` names them; queued whole. Returns how many messages that makes."""
    begun = store.replays.begin(ReplayFilter(**asked), "os:test")
    while begun.id is not None and store.replays.advance(begun.id):
        pass
    return begun.messages


def ids(receiver: Receiver) -> list[str]:
    return [post.headers["webhook-id"] for post in receiver.posts]


def verified(post: Post, secret: str) -> dict[str, Any]:
    """The body, as the library gives it. Raises WebhookVerificationError."""
    content: dict[str, Any] = Webhook(secret).verify(post.body, dict(post.headers))
    assert content == json.loads(post.body)
    return content
