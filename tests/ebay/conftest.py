from collections.abc import Iterator

import pytest

from ebay.client import SellerApi
from tests.ebay.wire import Tokens, Wire, client, serve


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serve() as wire:
        yield wire


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def api(wire: Wire, tokens: Tokens) -> Iterator[SellerApi]:
    with client(wire, tokens) as ebay:
        yield ebay.seller("seller-1")
