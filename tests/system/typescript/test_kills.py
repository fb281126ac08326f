"""The example app in Node, killed by -9 at named points, by feed and by webhooks: its tables are what the feed says."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2

from domain.pacing import Stream
from store import Store
from tests.clients.conftest import served
from tests.deliveries.conftest import client, hand  # noqa: F401 - fixtures
from tests.deliveries.hand import Hand
from tests.store.documents import LATER, enroll, item, parcel
from tests.support.receivers import stored_port
from tests.support.waiting import eventually_here
from tests.system.typescript.serving import sell
from tests.web.conftest import rooms_store, store  # noqa: F401 - fixtures
from tests.web.site import TOKEN

KILLS = int(os.environ.get("KILLS", "60"))
IN_TRANSACTIONS = ("begin", "known", "remembered", "handler", "handled", "committing", "commit sent", "committed")
POINTS = (*IN_TRANSACTIONS, "locked", "moved", "asked", "answered")
OF_ANY = ("begin", "committing", "commit sent", "committed")  # a run has three transactions, or four, before the one with events


@dataclass
class NodeShop:
    """The app and its database. `events`: all that the feed has."""

    store: Store
    address: str
    database: str
    package: Path
    sold: int = 0

    def begin(self, point: str, number: int, **environment: str) -> subprocess.Popen[str]:
        given = {"SHOP_DATABASE_URL": self.database, "SELLERBEAT_URL": self.address, "SELLERBEAT_TOKEN": TOKEN, **environment}
        command = ["node", str(self.package / "build/tests/dying.js"), point, str(number)]
        return subprocess.Popen(command, env=os.environ | given, stderr=subprocess.PIPE, text=True)

    def trade(self, chance: random.Random) -> None:
        """Some orders, each a sale; one of them is shipped, or some stock is counted anew."""
        for _ in range(chance.randint(1, 3)):
            self.sold += 1
            sell(self.store, [self.sold])
        if chance.random() < 0.5:
            with self.store.commit(self.store.begin("anna", Stream.FULFILLMENT)) as commit:
                commit.store_parcels(f"o-{self.sold}", [parcel(str(self.sold))], LATER)
        else:
            with self.store.commit(self.store.begin("anna", Stream.INVENTORY)) as commit:
                commit.store_inventory([item(chance.choice("ABC"), chance.randint(0, 5))], LATER)

    def events(self) -> list[dict[str, Any]]:
        return list(self.store.feed.read(limit=100_000))

    def has(self) -> tuple[list[Any], list[Any], list[Any]]:
        """Sales, orders that were shipped, items."""
        sales = self.rows("SELECT order_id, line_item_id, quantity FROM sales")
        shipped = self.rows("SELECT order_id FROM sales WHERE shipped_at IS NOT NULL")
        return sales, [one for (one,) in shipped], self.rows("SELECT id, available FROM items")

    def should_have(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The same by the feed."""
        events = self.events()
        sales = [(one["data"]["orderId"], one["data"]["lineItemId"], one["data"]["quantity"]) for one in of(events, "inventory.sold")]
        shipped = [one["entity_id"].partition("/")[0] for one in of(events, "fulfillment.created")]
        stock = {one["entity_id"]: one["data"] for one in of(events, "inventory.created", "inventory.updated")}
        items = [(id_, one["availability"]["shipToLocationAvailability"]["quantity"]) for id_, one in stock.items()]
        return sorted(sales), sorted(shipped), sorted(items)

    def rows(self, statement: str) -> list[Any]:
        with closing(psycopg2.connect(self.database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return sorted(cursor.fetchall())


def of(events: Sequence[dict[str, Any]], *types: str) -> list[dict[str, Any]]:
    return [one for one in events if one["type"] in types]


def test_kills_at_named_points_lose_nothing_and_double_nothing_by_the_feed(store: Store, package: Path, empty_database: str) -> None:  # noqa: F811
    chance, died = random.Random(19), Counter[str]()
    enroll(store, "anna")
    with served(store) as (address, _):
        shop = NodeShop(store, address, empty_database, package)
        while (kills := sum(died.values())) < KILLS:
            shop.trade(chance)
            point = POINTS[kills % len(POINTS)]
            app = shop.begin(point, chance.choice((1, 3, 4, 5) if point in OF_ANY else (1, 1, 2, 3)))
            _, err = app.communicate(timeout=120)
            assert app.returncode in (0, -signal.SIGKILL), err
            died[point] += app.returncode == -signal.SIGKILL
        app = shop.begin("never", 1)
        _, err = app.communicate(timeout=120)

    assert (app.returncode, err) == (0, "")
    assert shop.has() == shop.should_have()
    assert len(shop.has()[0]) == shop.sold >= KILLS
    assert len(POINTS) > KILLS or set(died) == set(POINTS)


def test_kills_lose_nothing_and_double_nothing_by_webhooks(hand: Hand, package: Path, empty_database: str) -> None:  # noqa: F811
    """Each delivery is sent until it is taken, by Sellerbeat's own hand; the app is started again after each of its deaths."""
    chance, deaths, turns = random.Random(20), 0, 0
    hand.enroll("anna")
    with stored_port() as port:
        endpoint, secret = hand.endpoint(f"http://127.0.0.1:{port}/sellerbeat")
        shop = NodeShop(hand.store, "http://127.0.0.1:1", empty_database, package)
        here = {"LISTEN": "1", "WEBHOOK_SECRET": secret, "PORT": str(port)}
        app: subprocess.Popen[str] | None = None
        try:
            while True:
                turns += 1
                assert turns < 10 * KILLS, "a delivery is refused until the endpoint is off"
                if deaths < KILLS // 2:
                    shop.trade(chance)
                while (result := hand.run(endpoint)).more or result.wait_s:
                    if app is None or app.poll() is not None:
                        if app:
                            app.communicate()
                            deaths += 1
                        point = IN_TRANSACTIONS[deaths % len(IN_TRANSACTIONS)] if deaths < KILLS // 2 else "never"
                        app = shop.begin(point, chance.choice((1, 2)), **here)
                        eventually_here(partial(is_there, app, port))
                    hand.pass_time(seconds=result.wait_s or 0)
                    turns += 1
                    assert turns < 10 * KILLS, "a delivery is refused again and again"
                if deaths >= KILLS // 2:
                    break
        finally:
            if app:
                app.kill()
                app.communicate()

    assert shop.has() == shop.should_have()
    assert len(shop.has()[0]) == shop.sold > 0


def is_there(app: subprocess.Popen[str], port: int) -> bool:
    """It listens, or has died already."""
    with socket.socket() as one:
        return app.poll() is not None or one.connect_ex(("127.0.0.1", port)) == 0
