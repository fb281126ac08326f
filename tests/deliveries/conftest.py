"""A store with sellers whose changes are to be delivered, and a delivery that a test runs by hand, at the test's own time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

from outbound import Client, Policy
from store import Store
from tests.deliveries.hand import Hand
from tests.support.databases import EMPTY, fresh
from tests.support.waiting import PATIENCE_S

KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def rooms_store(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[Store]:
    with fresh(postgres_server, execute, migrated_template) as url, closing(Store.connect(url, [KEY], pool_size=8)) as store:
        yield store


@pytest.fixture
def store(rooms_store: Store) -> Store:
    with rooms_store.engine.begin() as connection:
        connection.exec_driver_sql(EMPTY)
    return rooms_store


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    with closing(Client(Policy(loopback=True), timeout_s=PATIENCE_S)) as client:
        yield client


@pytest.fixture(scope="session")
def hasty() -> Iterator[Client]:
    """Gives up soon: for receivers that never answer, and for no others."""
    with closing(Client(Policy(loopback=True), timeout_s=0.5)) as client:
        yield client


@pytest.fixture
def hand(store: Store, client: Client) -> Hand:
    return Hand(store, client)
