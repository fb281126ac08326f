"""A world whose clock the test drives, served over real HTTP, and a client that eBay would know."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import httpx
import pytest

from simulator import serve
from simulator.times import iso, to_ms
from tests.support.manual_world import ManualWorld
from tests.support.waiting import PATIENCE_S

NAMESPACE = "urn:ebay:apis:eBLBaseComponents"
Code = Callable[[httpx.Response], tuple[int, int]]
Eventually = Callable[[Callable[[], bool]], None]
START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)


class Client:
    """One seller's app, as eBay sees it."""

    def __init__(self, url: str, world: ManualWorld, seller: str) -> None:
        self.world, self.http = world, httpx.Client(base_url=url, timeout=PATIENCE_S)
        answer = self.token(world.refresh_token(seller))
        self.access = answer.json()["access_token"]

    def token(self, refresh_token: str, **form: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **form}
        return self.post_token(form)

    def post_token(self, form: dict[str, str], auth: tuple[str, str] | None = None) -> httpx.Response:
        keys = auth or (self.world.accounts.client_id, self.world.accounts.client_secret)
        return self.http.post("/identity/v1/oauth2/token", data=form, auth=keys)

    def get(self, path: str, **params: object) -> httpx.Response:
        return self.http.get(path, params={name: str(value) for name, value in params.items()}, headers=self.headers())

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    def orders(self, **params: object) -> httpx.Response:
        return self.get("/sell/fulfillment/v1/order", **params)

    def ids(self, **params: object) -> set[str]:
        return {order["orderId"] for order in self.orders(**params).json()["orders"]}

    def trading(self, call: str, inside: str = "", **headers: str | None) -> httpx.Response:
        """A Trading call; `headers` by their last word, such as `siteid="77"`; None leaves one out."""
        sent = {"call-name": call, "compatibility-level": "1423", "siteid": "0", "iaf-token": self.access}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = f'<?xml version="1.0" encoding="utf-8"?><{call}Request xmlns="{NAMESPACE}">{inside}</{call}Request>'
        named = {f"X-EBAY-API-{name.upper()}": value for name, value in sent.items() if value is not None}
        return self.http.post("/ws/api.dll", content=body.encode(), headers=named)

    def changed(self, since: datetime, until: datetime | None = None, more: str = "") -> httpx.Response:
        """GetSellerEvents by last change."""
        end = f"<ModTimeTo>{stamp(until)}</ModTimeTo>" if until else ""
        return self.trading("GetSellerEvents", f"<ModTimeFrom>{stamp(since)}</ModTimeFrom>{end}{more}")

    def order_report(self, body: object = None, marketplace: str | None = "EBAY_US") -> httpx.Response:
        headers = self.headers() | ({"X-EBAY-C-MARKETPLACE-ID": marketplace} if marketplace else {})
        asked = {"feedType": "LMS_ACTIVE_INVENTORY_REPORT", "schemaVersion": "1.0"} if body is None else body
        return self.http.post("/sell/feed/v1/inventory_task", json=asked, headers=headers)

    def report(self) -> httpx.Response:
        """The file of a report, as it comes when its time has come."""
        task = self.order_report().headers["location"].rsplit("/", 1)[1]
        self.world.clock.advance(seconds=self.world.switches.report_s)
        return self.get(f"/sell/feed/v1/task/{task}/download_result_file")

    def bulk(self, skus: list[str]) -> httpx.Response:
        body = {"requests": [{"sku": sku} for sku in skus]}
        return self.http.post("/sell/inventory/v1/bulk_get_inventory_item", json=body, headers=self.headers())


@pytest.fixture
def world() -> ManualWorld:
    world = ManualWorld(seed=7, now=START)
    world.add_seller("anna", skus=30)
    world.add_seller("bert")
    return world


@pytest.fixture
def anna(world: ManualWorld) -> Iterator[Client]:
    with serve(world) as running:
        client = Client(running.url, world, "anna")
        yield client
        client.http.close()


def stamp(moment: datetime) -> str:
    return iso(to_ms(moment))


def xml(answer: httpx.Response | str) -> Element:
    """An answer without namespaces."""
    root = ElementTree.fromstring(answer if isinstance(answer, str) else answer.content)
    for one in root.iter():
        one.tag = one.tag.partition("}")[2] or one.tag
    return root


def items(answer: httpx.Response | str) -> dict[str, Element]:
    """Items by id, wherever the answer has its ItemArray."""
    return {item.findtext("ItemID", ""): item for item in xml(answer).findall(".//ItemArray/Item")}


def trading_error(answer: httpx.Response) -> tuple[int, str, int]:
    """HTTP status, Ack and eBay's code."""
    root = xml(answer)
    return answer.status_code, root.findtext("Ack", ""), int(root.findtext("Errors/ErrorCode", "0"))


def error_id(answer: httpx.Response) -> tuple[int, int]:
    """HTTP status and eBay's errorId."""
    return answer.status_code, answer.json()["errors"][0]["errorId"]


@pytest.fixture
def code() -> Code:
    return error_id


@pytest.fixture
def eventually() -> Eventually:
    """Wait until something is so, ten seconds at most."""

    def wait(so: Callable[[], bool]) -> None:
        over = threading.Event()
        for _ in range(1_000):
            if so():
                return
            over.wait(0.01)
        raise AssertionError("it never became so")

    return wait
