"""One database for the room, emptied before each test, and the site in this process: requests without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import make_url
from temporalio.client import Client

from operations import diagnosis
from pages import health
from serving import context, health_watch
from simulator import World, serve
from simulator.server import Simulator
from store import Store
from tests.support.databases import EMPTY
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import PATIENCE_S
from tests.web.consenting import HERE, RUNAME, Consent
from tests.web.site import KEY, NOBODY, Site

ROOMS = count(1)  # of tests that have these fixtures


@pytest.fixture(scope="session")
def rooms_store(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[Store]:
    name = f"web_tests_{next(ROOMS)}"
    execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    store = Store.connect(make_url(postgres_server).set(database=name).render_as_string(hide_password=False), [KEY], pool_size=6)
    yield store
    store.close()
    execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(rooms_store: Store) -> Store:
    with rooms_store.engine.begin() as connection:
        connection.exec_driver_sql(EMPTY)
    return rooms_store


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page waits 50 ms for what is wrong and for what Temporal says of the worker, health some seconds; here until it is said."""
    monkeypatch.setattr(context, "WORKER_AWAITED_S", PATIENCE_S)
    monkeypatch.setattr(context, "CONNECT_S", PATIENCE_S)
    monkeypatch.setattr(health_watch, "AWAITED_S", PATIENCE_S)
    monkeypatch.setattr(diagnosis, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(health, "PATIENCE", timedelta(seconds=PATIENCE_S))


@pytest.fixture
async def open_site(store: Store) -> AsyncIterator[Callable[..., Site]]:
    """Opens a site on the store; arguments as `Site` has them."""
    async with AsyncExitStack() as sites:

        def opened(temporal_address: str = NOBODY, **given: Any) -> Site:
            site = Site(store, temporal_address, **given)
            sites.push_async_callback(site.close)
            return site

        yield opened


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """Without Temporal, visited from this machine with the right token."""
    return open_site()


@pytest.fixture
def ebay() -> Iterator[Simulator]:
    world = World(seed=31)
    world.add_seller("anna")
    world.add_seller("bert")
    world.accounts.redirects[RUNAME] = HERE, HERE
    with serve(world) as running:
        yield running


@pytest.fixture
async def it(
    open_site: Callable[..., Site], store: Store, ebay: Simulator, temporal: Client, temporal_address: str
) -> AsyncIterator[Consent]:
    consent = Consent(open_site, store, ebay, temporal_address)
    yield consent
    consent.http.close()
