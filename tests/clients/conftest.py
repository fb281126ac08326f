"""The site that listens, in this process, on a store that is emptied before each test; and a database of the app's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
import uvicorn
from sellerbeat import Feed
from sqlalchemy import make_url

from pages.app import build
from serving.context import WebContext
from settings import Settings
from store import Store
from tests.store.documents import enroll, order, sale, store_orders
from tests.support.waiting import eventually_here
from tests.web.conftest import rooms_store, store  # noqa: F401 - fixtures
from tests.web.site import KEY, NOBODY, TOKEN
from web import listen

CONSENT: dict[str, Any] = {  # what links need
    "ebay_client_id": "id", "ebay_client_secret": "secret", "ebay_redirect_name": "Shop-RuName", "return_origins": "https://shop.example",
}  # fmt: skip
SOON = (0.001, 0.01)  # between two tries


@dataclass
class Listening:
    """`web.py`'s application on a real socket, and its store."""

    url: str
    store: Store
    context: WebContext

    def feed(self, **given: Any) -> Feed[Any]:
        return Feed(self.url, TOKEN, **({"retry_s": SOON} | given))

    def sell(self, *numbers: int, seller: str = "anna") -> None:
        """Each is one order and its sale: an `order.created` and an `inventory.sold`."""
        for number in numbers:
            store_orders(self.store, order(f"o-{number}", **sale(f"{number}")), seller_id=seller)

    def enroll(self, seller: str) -> None:
        enroll(self.store, seller)

    def ids(self) -> list[str]:
        return [one["id"] for one in self.store.feed.read()]


@contextmanager
def served(store: Store) -> Iterator[tuple[str, WebContext]]:  # noqa: F811
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    settings = Settings(_env_file=None, database_url=url, secret_keys=KEY, admin_token=TOKEN, task_queue="clients", **CONSENT)
    context = WebContext(settings, store, {"TEMPORAL_ADDRESS": NOBODY})
    config = uvicorn.Config(build(context), http="h11", loop="asyncio", ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with listen("127.0.0.1:0") as place:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([place])), daemon=True)
        thread.start()
        eventually_here(lambda: server.started)
        host, port = place.getsockname()[:2]
        yield f"http://{host}:{port}", context
        server.should_exit = True
        context.change_waiter.close()
        thread.join(30)


@pytest.fixture
def web(store: Store) -> Iterator[Listening]:  # noqa: F811
    enroll(store, "anna")
    with served(store) as (url, context):
        yield Listening(url, store, context)


@dataclass
class AppDatabase:
    """Of the app: a table `handled` that its handlers write."""

    url: str

    def connect(self) -> Any:
        return psycopg2.connect(self.url)

    def rows(self, statement: str = "SELECT id FROM handled ORDER BY number") -> list[Any]:
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return [row[0] if len(row) == 1 else row for row in cursor.fetchall()]

    def run(self, statement: str) -> None:
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(scope="session")
def app_template(execute: Callable[[str], None], postgres_server: str) -> str:
    execute("CREATE DATABASE an_apps_own")
    url = make_url(postgres_server).set(database="an_apps_own").render_as_string(hide_password=False)
    AppDatabase(url).run(
        "CREATE TABLE handled (number bigserial, id text, type text, CONSTRAINT once UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    return "an_apps_own"


@pytest.fixture
def app(postgres_server: str, execute: Callable[[str], None], app_template: str) -> Iterator[AppDatabase]:
    execute("DROP DATABASE IF EXISTS app_now WITH (FORCE)")
    execute(f"CREATE DATABASE app_now TEMPLATE {app_template} STRATEGY FILE_COPY")
    yield AppDatabase(make_url(postgres_server).set(database="app_now").render_as_string(hide_password=False))
    execute("DROP DATABASE app_now WITH (FORCE)")
