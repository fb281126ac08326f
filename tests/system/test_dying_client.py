"""The example app of `clients/python`, killed 200 times at named points: its tables are what the simulated eBay did."""

from __future__ import annotations

import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, Self

import httpx
import psycopg2
import pytest
from standardwebhooks import Webhook

from simulator import World
from tests.clients.dying_shop import POINTS
from tests.support.house import ROOT, House
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import eventually_here

PROGRAM = ROOT / "tests" / "clients" / "dying_shop.py"
KILLS = int(os.environ.get("KILLS", "200"))
ADMIN = "an admin's token, long enough for everybody"
SECRET = "whsec_" + "a2V5" * 8
IN_WEBHOOKS = ("begin", "known", "remembered", "handler", "handled", "committing", "committed")


class Mortal:
    """The example app: a process for each `start`, forked from one that has loaded it."""

    def __init__(self, environment: dict[str, str]) -> None:
        pipe, err = subprocess.PIPE, subprocess.DEVNULL if "PORT" in environment else None  # a server writes a line for each request
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)], env={**os.environ, **environment}, stdin=pipe, stdout=pipe, stderr=err, text=True,
            start_new_session=True,
        )  # fmt: skip

    def start(self, point: str, number: int) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{point} {number}\n")
        self._process.stdin.flush()

    def code(self, within_s: float) -> int | None:
        """What it ended with; None: it lives."""
        assert self._process.stdout
        there, _, _ = select.select([self._process.stdout], [], [], within_s)
        return int(self._process.stdout.readline()) if there else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


@dataclass
class Shop:
    """The app, its database, and the eBay that it should know."""

    world: World
    house: House
    database: str
    address: str
    seller: str

    def begin(self, **environment: str) -> Mortal:
        url = self.database.replace("postgresql://", "postgresql+psycopg2://")
        return Mortal({"SHOP_DATABASE_URL": url, "SELLERBEAT_URL": self.address, "SELLERBEAT_TOKEN": ADMIN, **environment})

    def rows(self, statement: str) -> list[Any]:
        with closing(psycopg2.connect(self.database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return sorted(cursor.fetchall())

    def has(self) -> tuple[list[Any], list[Any], list[Any]]:
        """Sales, orders that were shipped, items."""
        sales = self.rows("SELECT order_id, line_item_id, quantity FROM sales")
        shipped = self.rows("SELECT DISTINCT order_id FROM sales WHERE shipped_at IS NOT NULL")
        return sales, [one for (one,) in shipped], self.rows("SELECT id, available FROM items")

    def should_have(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The same by the simulated eBay's ledger."""
        newest = {(row["kind"], row["entity_id"]): row for row in self.world.rows()}
        found = [(kind, id_, row["document"]) for (kind, id_), row in newest.items() if not row["removed"]]
        sales = [(id_, line["lineItemId"], line["quantity"]) for kind, id_, one in found if kind == "order" for line in one["lineItems"]]
        shipped = {id_.partition("/")[0] for kind, id_, _ in found if kind == "fulfillment"}
        there = "availability", "shipToLocationAvailability", "quantity"
        items = [(id_, one[there[0]][there[1]][there[2]]) for kind, id_, one in found if kind == "inventory"]
        return sorted(sales), sorted(shipped), sorted(items)

    def untaken(self, sent: int) -> tuple[list[dict[str, Any]]] | None:
        """Events behind so many; an empty list where the app has it all already; None: not yet."""
        events = self.house.events()[sent:]
        return (events,) if events or self.has() == self.should_have() else None

    def trade(self, chance: random.Random) -> None:
        """Something happens at eBay."""
        order = self.world.place_order(self.seller)
        if chance.random() < 0.5:
            self.world.ship(self.seller, order)


@pytest.fixture
def shop(open_house: Callable[..., House], empty_database: str, request: pytest.FixtureRequest) -> Shop:  # noqa: F811
    world, seller = World(seed=19), request.node.name[-60:]  # the houses of both tests stand beside each other
    world.add_seller(seller, 0.0, 6)
    world.preload_skus(seller)
    house = open_house(world, admin_token=ADMIN, web_bind="127.0.0.1:0", orders_every="1s", fulfillment_every="1s", inventory_every="2s")
    house.enroll(seller)
    house.worker()
    web = house.child("web", str(ROOT / "web.py"))
    (address,) = eventually_here(lambda: re.findall(r"web listens.*?(http://[^\s\"]+)", web.output()))
    return Shop(world, house, empty_database, address, seller)


def test_200_kills_lose_nothing_and_double_nothing_by_the_feed(shop: Shop) -> None:
    chance, died, starts = random.Random(19), Counter[str](), count()
    with shop.begin() as app:
        while sum(died.values()) < KILLS:
            shop.trade(chance)
            point = POINTS[next(starts) % len(POINTS)]
            app.start(point, chance.choice((1, 1, 2, 3)))
            code = app.code(120)
            assert code in (0, -9)
            died[point] += code == -9

        def whole() -> bool:
            app.start("never", 1)
            assert app.code(120) == 0
            return shop.has() == shop.should_have()

        eventually_here(whole)
    assert len(POINTS) > KILLS or set(died) == set(POINTS)
    assert len(shop.has()[0]) > KILLS // 2


def test_200_kills_lose_nothing_and_double_nothing_by_webhooks(shop: Shop) -> None:
    """Each delivery is sent, signed, until it is taken, as Sellerbeat does; the app is started again after each of its deaths."""
    chance, deaths, sent = random.Random(20), 0, 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with httpx.Client(timeout=30) as sender, shop.begin(WEBHOOK_SECRET=SECRET, PORT=str(port)) as app:
        app.start(IN_WEBHOOKS[0], 1)
        while deaths < KILLS or shop.has() != shop.should_have():
            if deaths < KILLS:
                shop.trade(chance)
            (events,) = eventually_here(partial(shop.untaken, sent))
            for event in events:
                while not 200 <= taken(sender, port, event) < 300:
                    if (code := app.code(0.05)) is not None:
                        assert code == -9
                        deaths += 1
                        point = IN_WEBHOOKS[deaths % len(IN_WEBHOOKS)] if deaths < KILLS else "never"
                        app.start(point, chance.choice((1, 2)))
                sent += 1
    assert deaths >= KILLS
    assert len(shop.has()[0]) > KILLS // 8


def taken(sender: httpx.Client, port: int, event: dict[str, Any]) -> int:
    """The status of the answer; 0: there was none."""
    body = json.dumps({"type": event["type"], "timestamp": event["detected_at"], "data": event})
    at = datetime.now(UTC)
    names = {"webhook-id": event["id"], "webhook-timestamp": str(int(at.timestamp()))}
    names["webhook-signature"] = Webhook(SECRET).sign(event["id"], at, body)
    try:
        return sender.post(f"http://127.0.0.1:{port}/sellerbeat", headers=names, content=body).status_code
    except httpx.TransportError:  # it is dead, or begins
        return 0
