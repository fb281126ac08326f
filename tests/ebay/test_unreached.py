"""No connection: the error names whom it could not reach, eBay or the proxy, by host and port alone."""

from __future__ import annotations

import socket

import pytest

from ebay.client import OPEN_ORDERS
from ebay.errors import EbayError, EbayUnavailableError
from ebay.verdict import failure, is_connected
from tests.ebay.wire import Wire, answer, client

USER, PASSWORD = "proxy-user", "proxy-password"


def nobody() -> str:
    """Host and port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def refusal(wire: Wire) -> EbayUnavailableError:
    with client(wire) as ebay, pytest.raises(EbayUnavailableError) as caught:
        ebay.seller("seller-1").orders(OPEN_ORDERS)
    return caught.value


def test_ebay_that_nobody_listens_for_is_named_by_its_address() -> None:
    where = nobody()

    error = refusal(Wire(url=f"http://{where}"))

    assert failure(error) == str(error) == f"cannot reach eBay at {where}"
    assert not is_connected(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_named_as_such_without_its_password(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    where = nobody()
    monkeypatch.setenv(f"{scheme}_proxy", f"http://{USER}:{PASSWORD}@{where}")

    error = refusal(Wire(url=f"{scheme}://api.ebay.example"))

    assert failure(error) == f"cannot reach the proxy at {where}"
    assert PASSWORD not in f"{error!r} {vars(error)}"
    assert USER not in f"{error!r} {vars(error)}"


def test_a_proxy_that_lets_nothing_through_is_named_with_its_answer(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.answers = [answer(status=407)]
    monkeypatch.setenv("https_proxy", wire.url.replace("http://", f"http://{USER}:{PASSWORD}@"))

    error = refusal(Wire(url="https://api.ebay.example"))

    where = wire.url.removeprefix("http://")
    assert failure(error) == f"cannot reach eBay through the proxy at {where} (it answers HTTP 407)"
    assert PASSWORD not in f"{error!r} {vars(error)}"


def test_an_answer_of_any_kind_and_a_lost_connection_are_a_connection() -> None:
    lost: list[EbayError | None] = [None, EbayUnavailableError("lost"), EbayUnavailableError("eBay failed", status=503), EbayError("disk")]

    assert all(map(is_connected, lost))
