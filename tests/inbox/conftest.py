"""The inbox in this process, in front of a real Postgres and a simulated eBay whose keys it asks for over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing

import pytest

from simulator import World, serve
from store import Store
from tests.inbox.letterbox import KEY, START, Letterbox
from tests.support.databases import EMPTY, fresh


@pytest.fixture(scope="session")
def rooms_store(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[Store]:
    with fresh(postgres_server, execute, migrated_template) as url, closing(Store.connect(url, [KEY], pool_size=6)) as store:
        yield store


@pytest.fixture
def store(rooms_store: Store) -> Store:
    with rooms_store.engine.begin() as connection:
        connection.exec_driver_sql(EMPTY)
    return rooms_store


@pytest.fixture
def world() -> World:
    world = World(seed=11, now=START)
    world.add_seller("anna")
    return world


@pytest.fixture
def ebay_url(world: World) -> Iterator[str]:
    with serve(world) as running:
        yield running.url


@pytest.fixture
async def letterbox(store: Store, world: World, ebay_url: str) -> AsyncIterator[Letterbox]:
    """With anna enrolled."""
    store.sellers.enroll("anna", world.refresh_token("anna"), scopes=[], now_ebay=START)
    box = Letterbox(store, world, ebay_url)
    yield box
    await box.close()
