"""A small fleet moves over from Celery by docs/how-to/move-from-celery.md, and back: each program of the page runs as it is written.

The app polled five sellers until some minute, by the page's own task; orders are placed, shipped, refunded and cancelled before, between
and after. What its tables have in the end is what the simulated eBay's ledger says.

It costs some ten seconds of CPU: `web.py`, `worker.py`, the pipe of export and enrolment, and the new reader are processes here, as they
are for whoever moves.
"""

from __future__ import annotations

import re
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sellerbeat.sqlalchemy import SqlAlchemyPosition
from sqlalchemy.orm import sessionmaker

from simulator import World
from tests.docs.celery_app import PAGE, TABLES, CeleryApp
from tests.docs.test_commands import blocks
from tests.support.house import ROOT, Child, House
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import eventually_here

USERS = range(1, 6)
BESIDE = (1, 2)  # whom Celery polls beside Sellerbeat
PAGE_ONE = 50  # orders that the old task sees of what changed
HOUR = timedelta(hours=1)
RUNAME, HERE = "App-RuName-abc", "https://my-app.example"
CADENCE = {"orders_every": "2s", "fulfillment_every": "10m", "inventory_every": "10s", "order_overlap": "10s"}


def lines(rows: Counter[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """User and line of each row."""
    return {(user, line) for user, _, line, *_ in rows}


def account(user: int) -> str:
    return f"account-{user}"


@dataclass
class Move:
    """The app, the Sellerbeat beside it, and the eBay that both ask."""

    world: World
    house: House
    app: CeleryApp
    web: str

    def celery(self, *users: int) -> None:
        self.app.celery_polls(users or USERS, self.world, self.house.ebay_url)
        assert self.app.errors == []

    def trade(self, ago: timedelta = timedelta()) -> None:
        """Each seller's day: a sale, one that is shipped, one refunded, one cancelled, one paid, and those of before move on."""
        when: dict[str, Any] = {"at": self.world.clock.now() - ago, "visible_at": self.world.clock.now() - ago} if ago else {}
        for user in USERS:
            name, world = account(user), self.world
            before = world.order_ids(name)
            for order in before[-2:]:
                if world.unsent(name, order) and world.order(name, order)["cancelStatus"]["cancelState"] != "CANCELED":
                    world.ship(name, order, **when)
            sold, refunded, cancelled, unpaid = (world.place_order(name, paid=paid, **when) for paid in (True, True, True, False))
            world.ship(name, sold, **when)
            world.refund(name, refunded, **when)
            world.cancel(name, cancelled, **when)
            world.pay(name, unpaid, **when)

    def has(self) -> Counter[tuple[Any, ...]]:
        return Counter(self.app.rows("SELECT user_id, order_id, line_item_id, quantity, status, payment FROM sales"))

    def should_have(self) -> Counter[tuple[Any, ...]]:
        """The same by the simulated eBay."""
        return Counter(
            (user, order["orderId"], line["lineItemId"], line["quantity"], order["orderFulfillmentStatus"], order["orderPaymentStatus"])
            for user in USERS
            for order in (self.world.order(account(user), id_) for id_ in self.world.order_ids(account(user)))
            for line in order["lineItems"]
        )

    def read(self) -> set[tuple[Any, ...]]:
        """User and line of each that Sellerbeat has."""
        found = self.house.rows("SELECT seller_id, line_item_id FROM sellerbeat.v_order_lines")
        return {(int(seller), line) for seller, line in found}

    def stock(self) -> list[tuple[Any, ...]]:
        return sorted(self.app.rows("SELECT user_id, sku, quantity FROM items"))

    def should_stock(self) -> list[tuple[Any, ...]]:
        found = ((user, sku, self.world.item(account(user), sku)) for user in USERS for sku in self.world.skus(account(user)))
        return sorted((user, sku, one["availability"]["shipToLocationAvailability"]["quantity"]) for user, sku, one in found)

    def is_whole(self) -> bool:
        return self.has() == self.should_have() and self.stock() == self.should_stock()

    def take(self) -> Child:
        """`python take_changes.py`."""
        paths = f"{ROOT / 'clients' / 'python'}:{self.app.folder}"
        return self.house.child("take", str(self.app.folder / "take_changes.py"), PYTHONPATH=paths, **self.app.environment)

    def compared(self, **environment: str) -> dict[int, tuple[int, int, int]]:
        """By `compare.py`: in both, lost by the app, lost by Sellerbeat."""
        said = self.app.program("compare", **environment)
        assert (said.code, said.err) == (0, "")
        lines = re.findall(r"^(\d+): (\d+) in both, (\d+) lost by the app, (\d+) by Sellerbeat$", said.out, re.M)
        return {int(user): (int(both), int(app), int(ours)) for user, both, app, ours in lines}

    def last_polls(self) -> dict[int, datetime]:
        return {user: last.replace(tzinfo=UTC) for user, last in self.app.rows("SELECT user_id, last_order_poll FROM user_settings")}


@pytest.fixture
def move(open_house: Callable[..., House], empty_database: str, tmp_path: Path) -> Move:  # noqa: F811
    world = World(seed=31)
    for user in USERS:
        world.add_seller(account(user), 0.0, 2)
        world.preload_skus(account(user))
    house = open_house(world, web_bind="127.0.0.1:0", return_origins=HERE, ebay_redirect_name=RUNAME, **CADENCE)
    house.environment |= {f"SELLERBEAT_EBAY_{name}_URL": house.ebay_url for name in ("AUTH", "APIZ")}
    web = house.child("web", str(ROOT / "web.py"), SELLERBEAT_ADMIN_TOKEN="an admin's token that the app does not have")
    app = CeleryApp(empty_database, tmp_path)
    app.run(TABLES)
    for user in USERS:
        app.run("INSERT INTO user_settings (user_id) VALUES (:user)", user=user)
        sealed = app.sealed(world.refresh_token(account(user)), key=user % 2)
        app.run("INSERT INTO ebay_credentials (user_id, refresh_token) VALUES (:user, :sealed)", user=user, sealed=sealed)
        app.run("INSERT INTO items (user_id, sku, quantity) VALUES (:user, :sku, 999)", user=user, sku=world.skus(account(user))[0])
    (address,) = eventually_here(lambda: re.findall(r"web listens.*?(http://[^\s\"]+)", web.output()))
    world.accounts.redirects[RUNAME] = (f"{address}/ebay/connected", f"{address}/ebay/connected")
    make_token, _ = blocks(PAGE, "sh")
    made = house.command(*make_token.split()[2:], "--json")
    app.environment |= {"BEAT_URL": address, "BEAT_TOKEN": made.object["token"], "HERE": HERE, "FLASK_SECRET_KEY": "a"}
    return Move(world, house, app, address)


def test_a_fleet_moves_over_and_back_and_its_tables_are_what_ebay_did(move: Move) -> None:
    prepare, forget = blocks(PAGE, "sql")
    world, app, house = move.world, move.app, move.house
    then = world.clock.now() - 4 * HOUR
    for _ in range(PAGE_ONE + 20):
        world.place_order(account(5), at=then, visible_at=then)  # what is behind page one the old task never sees
    move.trade(4 * HOUR)
    move.celery()
    app.run("UPDATE user_settings SET last_order_poll = last_order_poll - interval '3 hours'")
    stored = lines(move.has())
    lost = lines(move.should_have()) - stored
    assert len(lost) >= 20
    app.run("INSERT INTO sales SELECT nextval('sales_id_seq'), user_id, order_id, line_item_id FROM sales WHERE user_id = 2")  # twice

    move.trade(2 * HOUR)  # the gap: Celery has polled, Sellerbeat does not yet
    in_gap = lines(move.should_have()) - stored - lost
    app.run(prepare)
    assert sorted(row[:1] + row[2:3] for row in move.has().elements()) == sorted(stored)
    _, pipe = blocks(PAGE, "sh")
    starter = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": str(ROOT / "clients" / "python")}
    (app.folder / "starter.py").symlink_to(ROOT / "starter.py")
    moved = app.shell(pipe, house.environment | starter)
    assert (moved.code, moved.err) == (0, ""), moved.err
    assert {line.partition(" ")[2].partition(";")[0] for line in moved.out.splitlines()} == {"is enrolled"}
    over_http(move)
    house.worker()

    move.trade()
    move.celery(*BESIDE)  # for some both go on, for some Celery has ended
    had = lines(move.has())
    everything = lines(move.should_have())
    eventually_here(lambda: move.read() == everything)
    compared = move.compared(BUT_FOR_MINUTES="0")
    assert (sum(new for _, new, _ in compared.values()), {ours for *_, ours in compared.values()}) == (len(everything - had), {0})

    taking = move.take()
    eventually_here(lambda: move.is_whole() or taking.process.poll() is not None)
    assert set(app.rows("SELECT user_id, line_item_id FROM notices")) == everything - had > lost
    assert {user for user, _ in (everything - had) & in_gap} == set(USERS) - set(BESIDE)
    move.trade()
    eventually_here(lambda: move.is_whole() or taking.process.poll() is not None)
    assert (taking.end(signal.SIGTERM), move.has(), move.stock()) == (0, move.should_have(), move.should_stock())
    assert set(Counter(app.rows("SELECT user_id, line_item_id FROM notices")).values()) == {1}
    assert [(theirs, ours) for _, theirs, ours in move.compared(BUT_FOR_MINUTES="0").values()] == [(0, 0)] * 5
    reads_all_again(move)
    consents_and_calls(move)
    goes_back(move)
    app.run(forget)
    assert app.rows("SELECT count(refresh_token) FROM ebay_credentials") == [(0,)]


def over_http(move: Move) -> None:
    """The same rows again by the API, as an app without a shell gives them, and one that eBay refuses."""
    rows = move.app.program("export_sellers").out + "6,v^1.1#of-nobody,,\r\n"

    said = move.app.program("enroll_sellers", stdin=rows)

    assert sorted(said.out.splitlines()) == [f"{user} is connected: polling goes on from the cursor" for user in USERS]
    (left_out,) = said.err.splitlines()
    assert left_out.startswith("6 is left out: 422 token_refused: eBay refused")
    assert said.code == 1  # a script that calls it goes on only if all are in


def reads_all_again(move: Move) -> None:
    """Another position has the whole feed handled once more: the tables stay as they are."""
    notices = sorted(move.app.rows("SELECT user_id, line_item_id FROM notices"))
    names = move.app.loaded("take_changes")
    names["feed"].run(SqlAlchemyPosition(sessionmaker(names["engine"]), name="all of them"), until_idle=True)
    assert (move.has(), move.stock()) == (move.should_have(), move.should_stock())
    assert sorted(move.app.rows("SELECT user_id, line_item_id FROM notices")) == notices


def consents_and_calls(move: Move) -> None:
    """The app's connect button, its log-in and a call of its own at eBay, without a refresh token."""
    (order, *_) = move.world.order_ids(account(1))
    names = move.app.loaded("connecting")
    client = names["app"].test_client()
    with client.session_transaction() as session:
        session["user_id"] = "1"

    link, login, read = client.post("/ebay/connect"), client.post("/login"), client.get(f"/orders/{order}")
    names["beat"].close()
    move.app.program("report_all")

    assert (link.status_code, link.headers["location"].partition("?")[0]) == (303, f"{move.house.ebay_url}/oauth2/authorize")
    assert login.status_code == 302
    assert read.json["orderId"] == order
    eventually_here(lambda: all(move.house.store.sellers.overrides(str(user)).get("active_at") for user in USERS))


def goes_back(move: Move) -> None:
    """To Celery: what Sellerbeat has read until then is in the tables, and Celery goes on from there."""
    move.app.run("UPDATE user_settings SET last_order_poll = last_order_poll - interval '7 days'")  # Celery stopped a week ago
    move.trade()
    read = move.world.clock.now()
    eventually_here(
        lambda: all(datetime.fromisoformat(move.house.store.seller(str(user))["streams"]["orders"]["cursor"]) > read for user in USERS)
    )
    said = move.app.program("go_back", PYTHONPATH=str(ROOT / "clients" / "python"))
    assert (said.code, said.err) == (0, "")
    assert move.has() == move.should_have()
    assert all(read - timedelta(minutes=5) <= last <= move.world.clock.now() - timedelta(minutes=5) for last in move.last_polls().values())
    move.world.place_order(account(1))
    move.celery()
    assert move.has() == move.should_have()
