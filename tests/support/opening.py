"""Fixtures for tests that need a whole deployment; a conftest names those that its folder uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from simulator import World, serve
from tests.support.databases import fresh
from tests.support.histories import sweep
from tests.support.house import House

Opened = Callable[..., House]


@pytest.fixture(scope="module")
def open_house(
    postgres_server: str,
    execute: Callable[[str], None],
    migrated_template: str,
    temporal_address: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Opened]:
    """Opens a house whose eBay lives in real time; at the module's end nothing of it is left."""

    @contextmanager
    def opened(world: World, folder: Path, **settings: str) -> Iterator[House]:
        with fresh(postgres_server, execute, migrated_template) as database, serve(world) as ebay:
            house = House(folder, world, ebay.url, database, temporal_address, **settings)
            try:
                yield house
            finally:
                house.close()

    with ExitStack() as houses:
        houses.callback(sweep, temporal_address)
        yield lambda world, **settings: houses.enter_context(opened(world, tmp_path_factory.mktemp("house"), **settings))
