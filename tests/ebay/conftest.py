import pytest

from tests.ebay.wire import Tokens, client, serve


@pytest.fixture
def wire():
    with serve() as wire:
        yield wire


@pytest.fixture
def tokens():
    return Tokens()


@pytest.fixture
def api(wire, tokens):
    with client(wire, tokens) as ebay:
        yield ebay.seller("seller-1")
