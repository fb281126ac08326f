"""The app of docs/how-to/an-app-over-http.md does what its page says, beside web.py and worker.py: a token is all that it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulator import World
from tests.docs.test_commands import HOUSE, blocks
from tests.support.house import ROOT, House
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import PATIENCE_S, eventually, eventually_here

PAGE = HOUSE / "docs" / "how-to" / "an-app-over-http.md"
SHOP = "https://shop.example"
RUNAME = "Shop-RuName-abc"


@pytest.fixture
def served(open_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch) -> tuple[World, httpx.AsyncClient]:  # noqa: F811
    world = World(seed=18)
    world.add_seller("anna-at-ebay", 1.0, 3)
    world.preload_skus("anna-at-ebay")
    house = open_house(
        world, web_bind="127.0.0.1:0", return_origins=SHOP, ebay_redirect_name=RUNAME, inventory_every="5s", orders_every="2s"
    )
    house.environment |= {f"SELLERBEAT_EBAY_{name}_URL": house.ebay_url for name in ("AUTH", "APIZ")}
    house.worker()
    web = house.child("web", str(ROOT / "web.py"), SELLERBEAT_ADMIN_TOKEN="an admin's token that the app does not have")
    (address,) = eventually_here(lambda: re.findall(r"web listens.*?(http://[^\s\"]+)", web.output()))
    world.accounts.redirects[RUNAME] = (f"{address}/ebay/connected", f"{address}/ebay/connected")
    made = house.command("token", "create", "shop", "--scope", "control", "--ebay", "--json")
    for name, value in {"HERE": SHOP, "API": address, "TOKEN": made.object["token"]}.items():
        monkeypatch.setenv(name, value)
    (program,) = blocks(PAGE, "python")
    names: dict[str, Any] = {"__name__": "shop"}
    exec(compile(program, str(PAGE), "exec"), names)
    assert len([line for line in program.splitlines() if line.strip()]) <= 40
    return world, httpx.AsyncClient(transport=httpx.ASGITransport(names["app"]), base_url=SHOP, timeout=PATIENCE_S)


async def test_an_app_without_shell_and_database_connects_shows_pauses_and_reads_an_order(served: tuple[World, httpx.AsyncClient]) -> None:
    world, shop = served
    async with shop, httpx.AsyncClient(timeout=PATIENCE_S) as browser:
        to_ebay = await shop.get("/connect/anna")
        agreed = await browser.post(to_ebay.headers["location"], data={"seller": "anna-at-ebay", "answer": "agree"})
        back = await browser.get(agreed.headers["location"])
        connected = (await shop.get(back.headers["location"])).json()

        await eventually(lambda: three_in_stock(shop))
        shown = (await shop.get("/sellers/anna")).json()
        order = world.place_order("anna-at-ebay")
        read = (await shop.get(f"/sellers/anna/orders/{order}")).json()
        end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        paused = await shop.post("/sellers/anna/holiday", params={"until": end})
        await eventually(lambda: is_paused(shop))

    assert back.headers["location"].startswith(f"{SHOP}/connected?")
    assert (connected["result"], len(connected["connected_at"])) == ("connected", 1)
    assert shown["state"] == "polling"
    assert all(shown["stock"].values())
    assert read["orderId"] == order
    assert paused.status_code == 200


async def three_in_stock(shop: httpx.AsyncClient) -> bool:
    return len((await shop.get("/sellers/anna")).json()["stock"]) == 3


async def is_paused(shop: httpx.AsyncClient) -> bool:
    return bool((await shop.get("/sellers/anna")).json()["state"] == "paused")
