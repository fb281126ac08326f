from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from simulator import World
from tests.support.house import House
from tests.support.opening import open_house  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> House:  # noqa: F811
    """Servers, tables and a simulated eBay; no worker and no sellers."""
    return open_house(World(seed=21))


@pytest.fixture(scope="session")
def nobody() -> Iterator[str]:
    """An address where nobody listens, held so that nobody else gets the port."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"
