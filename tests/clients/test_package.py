"""The package by itself: what it needs and loads, and the example that stands beside it."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
from sellerbeat import Sellerbeat, __version__, wire

from operations.catalogue.samples import sample
from tests.clients.conftest import Listening
from tests.web.site import TOKEN

CLIENT = Path(__file__).parents[2] / "clients" / "python"
SHOP = CLIENT / "examples" / "flask_shop" / "shop.py"
LOADED = """
import sys
sys.path.insert(0, sys.argv[1])
from sellerbeat import Feed, DbApiPosition, Sellerbeat, events, webhooks
webhooks.verify
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_it_needs_two_packages_and_python_310() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert [re.split("[<>=]", one)[0] for one in project["dependencies"]] == ["httpx", "pydantic"]
    assert (project["name"], project["requires-python"]) == ("sellerbeat", ">=3.10")
    assert project["version"] == __version__ == wire.VERSION
    assert (CLIENT / "LICENSE").read_bytes() == (CLIENT.parents[1] / "LICENSE").read_bytes()
    for file in (CLIENT / "sellerbeat").glob("*.py"):
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 10))


def test_it_loads_nothing_but_pydantic_before_it_calls_anybody() -> None:
    """To load httpx, SQLAlchemy and frameworks takes more than all the rest."""
    loaded = subprocess.run([sys.executable, "-E", "-c", LOADED, str(CLIENT)], check=True, capture_output=True, text=True).stdout.split()

    assert {"sellerbeat", "pydantic"} <= set(loaded)
    assert {"httpx", "anyio", "sqlalchemy", "flask", "fastapi", "django"} & set(loaded) == set()


def test_an_app_has_twelve_lines_of_it() -> None:
    lines = SHOP.read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if re.search(r"^(from|import) sellerbeat|\bfeed\b|\bbeat\b|\bposition\b", line)]

    assert len(lines) < 150
    assert 10 <= len(own) <= 12


@pytest.fixture
def shop(web: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example, as a module, with a database in a file."""
    named = {"SHOP_DATABASE_URL": f"sqlite:///{tmp_path}/shop.db", "SELLERBEAT_URL": web.url, "SELLERBEAT_TOKEN": TOKEN}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("shop_of_the_example", SHOP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    module.Base.metadata.create_all(module.engine)
    module.beat.close()
    return module


def test_the_shop_shows_what_was_sold_and_leads_to_ebay(web: Listening, shop: Any) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        link = {"seller_id": "anna", "url": f"https://ebay.example{request.url.path}", "expires_at": "2026-12-01T00:00:00.000Z"}
        return httpx.Response(200, json=link)

    web.sell(1, 2)
    for _ in range(2):
        shop.feed.run(shop.position, until_idle=True)
    shop.beat = Sellerbeat(web.url, TOKEN, transport=httpx.MockTransport(answer))
    browser = shop.app.test_client()
    page = browser.get("/sellers/anna").text

    assert sorted(re.findall(r"<td>(o-\d)<td>.*?<td>(open|shipped)", page, re.S)) == [("o-1", "open"), ("o-2", "open")]
    assert browser.post("/sellers/anna/connect").location == "https://ebay.example/v1/sellers/anna/link"
    shop.engine.dispose()


def test_the_shop_shows_what_is_there_sold_out_and_shipped(shop: Any) -> None:
    def tell(type_: str, **data: Any) -> str:
        """The page once the shop was told."""
        event = sample(type_)
        with shop.sessions.begin() as session:
            shop.feed.handle({**event, "seller_id": "anna", "entity_id": "mug-1", "data": {**event["data"], **data}}, session)
        return str(shop.app.test_client().get("/sellers/anna").text)

    line = {"lineItemId": "line-1"}
    there = {"availability": {"shipToLocationAvailability": {"quantity": 3}}, "product": {"title": "A mug"}}
    assert "<td>mug-1<td>A mug<td" in tell("inventory.created", **there)
    assert "Sold out: A mug<" in tell("inventory.out_of_stock")
    assert "Sold out" not in tell("inventory.updated", **there)
    assert tell("inventory.sold", **line).count("<td>open") == 1
    assert tell("inventory.sold", lineItemId="line-2").count("<td>open") == 2
    page = tell("fulfillment.created", lineItems=[line])
    assert (page.count("<td>shipped"), page.count("<td>open")) == (1, 1)
    assert "None yet" in tell("inventory.removed")
    shop.engine.dispose()
