"""A world whose clock the test drives, served over real HTTP, and a client that eBay would know."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from simulator import World, serve

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)


class Client:
    """One seller's app, as eBay sees it."""

    def __init__(self, url: str, world: World, seller: str) -> None:
        self.world, self.http = world, httpx.Client(base_url=url)
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

    def bulk(self, skus: list[str]) -> httpx.Response:
        body = {"requests": [{"sku": sku} for sku in skus]}
        return self.http.post("/sell/inventory/v1/bulk_get_inventory_item", json=body, headers=self.headers())


@pytest.fixture
def world() -> World:
    world = World(seed=7, now=START)
    world.add_seller("anna", skus=30)
    world.add_seller("bert")
    return world


@pytest.fixture
def anna(world: World) -> Iterator[Client]:
    with serve(world) as running:
        client = Client(running.url, world, "anna")
        yield client
        client.http.close()


def error_id(answer: httpx.Response) -> tuple[int, int]:
    """HTTP status and eBay's errorId."""
    return answer.status_code, answer.json()["errors"][0]["errorId"]


@pytest.fixture
def code() -> object:
    return error_id


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until something is so, ten seconds at most."""

    def wait(so: Callable[[], bool]) -> None:
        over = threading.Event()
        for _ in range(1_000):
            if so():
                return
            over.wait(0.01)
        raise AssertionError("it never became so")

    return wait
