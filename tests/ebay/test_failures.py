"""The connection: deadlines, limits, broken answers; and that no error tells a secret."""

import gzip
import io
import json
import logging
import socket
import struct
import time
import traceback
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ebay.client import OPEN_ORDERS, SellerApi
from ebay.errors import BadAnswerError, EbayError, EbayUnavailableError
from ebay.http import http_client
from ebay.oauth import OAuth
from tests.ebay.wire import Answer, Tokens, Wire, answer, client

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip(head: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    """Sends `head`, then `drop` ten times a second for a minute, or until the client hangs up."""

    def action(connection: socket.socket) -> None:
        connection.sendall(head)
        connection.settimeout(0.1)
        for _ in range(600):
            try:
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                connection.sendall(drop)

    return action


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("action", [
    drip(b"", b""),
    drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
    drip(HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
    drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
], ids=["silent", "headers", "body", "chunks"])  # fmt: skip
def test_an_answer_that_never_ends_is_given_up_at_the_deadline(wire: Wire, action: Callable[[socket.socket], None]) -> None:
    wire.answers = [action]

    with client(wire, timeout_s=0.4) as ebay:
        began = time.monotonic()
        with pytest.raises(EbayUnavailableError, match="in time"):
            ebay.seller("seller-1").orders(OPEN_ORDERS)
        took = time.monotonic() - began

    assert 0.3 < took < 30  # a time for each read, not for all of them, would be over after a minute


@pytest.mark.parametrize("action", [
    reset,
    lambda connection: connection.close(),
    lambda connection: connection.sendall(b"this is no HTTP\r\n\r\n"),
    lambda connection: connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{"),
], ids=["reset", "closed", "no HTTP", "cut off"])  # fmt: skip
def test_a_lost_connection_is_ebay_being_unavailable(wire: Wire, api: SellerApi, action: Callable[[socket.socket], None]) -> None:
    wire.answers = [action]

    with pytest.raises(EbayUnavailableError):
        api.orders(OPEN_ORDERS)


def test_nobody_listening_is_ebay_being_unavailable(wire: Wire) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        wire.url = f"http://127.0.0.1:{free.getsockname()[1]}"

        with client(wire) as ebay, pytest.raises(EbayUnavailableError):
            ebay.seller("seller-1").orders(OPEN_ORDERS)


@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_5xx_is_ebay_being_unavailable(wire: Wire, api: SellerApi, status: int) -> None:
    wire.answers = [answer('{"errors": [{"errorId": 30500}]}', status)]

    with pytest.raises(EbayUnavailableError, match="30500"):
        api.orders(OPEN_ORDERS)


@pytest.mark.parametrize("action", [
    answer(b" " * 2_000_000),
    answer(gzip.compress(b" " * 2_000_000), Content_Encoding="gzip"),
    drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b" " * 0xFFFF + b"\r\n"),
], ids=["plain", "bomb", "endless"])  # fmt: skip
def test_a_body_over_the_limit_is_refused(wire: Wire, api: SellerApi, action: Callable[[socket.socket], None]) -> None:
    wire.answers = [action]

    with pytest.raises(BadAnswerError, match="too large"):
        api.orders(OPEN_ORDERS)


@pytest.mark.parametrize(("body", "encoding"), [
    (b"no gzip", "gzip"), (gzip.compress(b"{}" * 100)[:-9], "gzip"), (zlib.compress(b"{}"), "br"), (b"{}", "gzip, gzip"),
], ids=["not at all", "cut off", "unknown", "twice"])  # fmt: skip
def test_a_body_that_cannot_be_unpacked_is_a_bad_answer(wire: Wire, api: SellerApi, body: str, encoding: str) -> None:
    wire.answers = [answer(body, Content_Encoding=encoding)]

    with pytest.raises(BadAnswerError):
        api.orders(OPEN_ORDERS)


def test_a_call_after_one_that_timed_out_has_its_full_time(wire: Wire) -> None:
    wire.answers = [drip(HEAD, b"a"), answer('{"total": 0, "orders": []}')]

    with client(wire, timeout_s=2) as ebay:
        api = ebay.seller("seller-1")
        with pytest.raises(EbayUnavailableError):
            api.orders(OPEN_ORDERS)

        page = api.orders(OPEN_ORDERS)

    assert page.total == 0


CANARY = "canary-7f3a"
NOW = datetime(2026, 6, 18, tzinfo=UTC)
FAILURES: dict[str, Answer] = {
    "error": answer(json.dumps({"errors": [{"errorId": 30800, "message": CANARY, "parameters": [{"value": CANARY}]}]}), 400, X_Id=CANARY),
    "strange ids": answer(json.dumps({"errors": [{"errorId": CANARY}, {"errorId": True}, CANARY]}), 400),
    "html": answer(f"<html>{CANARY}</html>", 200),
    "truncated": answer('{"orders": [{"fullName": "' + CANARY, 200),
    "redirect": answer("", 302, Location=f"https://{CANARY}/"),
    "refused": answer(json.dumps({"errors": [{"errorId": 1001, "message": CANARY}]}), 401),
    "denied": answer(json.dumps({"errors": [{"errorId": 1100, "message": CANARY}]}), 403),
    "spent": answer(CANARY, 429, Retry_After=CANARY),
    "failed": answer(CANARY, 503),
    "missing": answer(CANARY, 404),
    "next": answer(json.dumps({"orders": [], "total": 0, "inventoryItems": [], "next": f"https://{CANARY}"})),
    "total": answer(json.dumps({"orders": [{"orderId": CANARY}], "inventoryItems": [CANARY], "total": CANARY})),
    "encoding": answer(CANARY, Content_Encoding=CANARY),
    "no HTTP": lambda connection: connection.sendall(f"{CANARY}\r\n\r\n".encode()),
    "bad header": lambda connection: connection.sendall(f"HTTP/1.1 200 OK\r\n{CANARY}\r\n\r\n".encode()),
    "cut off": lambda connection: connection.sendall(HEAD + f"Content-Length: 99\r\n\r\n{CANARY}".encode()),
    "reset": reset,
    "listing": answer(f"<A><Ack>Success</Ack><Timestamp>{CANARY}</Timestamp><Item><ItemID>{CANARY}-1</ItemID></Item></A>"),
    "count": answer(f"<A><Ack>Success</Ack><PaginationResult><TotalNumberOfPages>{CANARY}</TotalNumberOfPages></PaginationResult></A>"),
    "failure": answer(f"<A><Ack>{CANARY}</Ack><Errors><ErrorCode>{CANARY}</ErrorCode><LongMessage>{CANARY}</LongMessage></Errors></A>"),
    "dtd": answer(f'<!DOCTYPE {CANARY} SYSTEM "{CANARY}"><{CANARY}/>'),
    "unclosed": answer(f"<A><{CANARY}>{CANARY}</A>"),
    "task": answer("", 202, Location=f"https://{CANARY}/{CANARY} {CANARY}"),
    "state": answer(json.dumps({"status": [CANARY]})),
}


class SecretTokens(Tokens):
    def current(self, seller_id: str) -> str:
        return f"{CANARY}-{len(self.refused)}"


class UnsendableTokens(Tokens):
    def current(self, seller_id: str) -> str:
        return f"{CANARY}\N{SNOWMAN}\r\n"


@pytest.mark.parametrize("failure", sorted(FAILURES))
@pytest.mark.parametrize("tokens", [SecretTokens, UnsendableTokens])
def test_no_error_and_no_log_tells_a_token_an_id_or_a_word_of_an_answer(
    wire: Wire, caplog: pytest.LogCaptureFixture, failure: str, tokens: type[Tokens]
) -> None:
    wire.answers = [FAILURES[failure]]
    reported: list[str] = []

    with caplog.at_level(logging.DEBUG), client(wire, tokens()) as ebay:
        api = ebay.seller(CANARY)
        oauth = OAuth(ebay.exchange.http, wire.url, CANARY, CANARY)
        for call in (
            lambda: api.orders(CANARY),
            lambda: api.orders_by_id([CANARY]),
            lambda: api.order(CANARY + "\ud800"),
            lambda: api.shipping_fulfillments(CANARY),
            lambda: api.inventory_page(f"/sell/inventory/v1/inventory_item?{CANARY}"),
            lambda: api.inventory_page(f"https://{CANARY}/x"),
            lambda: api.inventory_items([CANARY]),
            lambda: api.offers(CANARY),
            lambda: api.seller_events(NOW, NOW),
            lambda: api.listing(CANARY),
            lambda: api.selling_page(1),
            lambda: api.create_report(CANARY),
            lambda: api.report(CANARY),
            lambda: api.download(CANARY, io.BytesIO()),
            lambda: oauth.refresh(CANARY + "\ud800", [CANARY]),
            lambda: oauth.application([CANARY]),
        ):
            try:
                call()
            except EbayError as error:
                reported += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]

    assert reported
    assert CANARY not in "".join(reported)
    assert CANARY not in caplog.text


def test_addresses_with_ids_are_not_logged(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), client(wire) as ebay:
        wire.answers = [answer(json.dumps({"orderId": CANARY}))]
        ebay.seller("seller-1").order(CANARY)

    assert CANARY not in caplog.text


def test_the_deadline_reaches_connections_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    with http_client(1) as http:
        OAuth(http, "http://api.example", "id", "secret")
        pools = [transport._pool for transport in (http._transport, *http._mounts.values()) if transport]  # type: ignore[attr-defined] # httpx has no name for it
        backends = {type(pool._network_backend).__name__ for pool in pools}

    assert len(pools) == 2
    assert backends == {"_Backend"}


def test_a_library_whose_private_parts_moved_makes_no_call_without_a_deadline() -> None:
    with http_client(1) as http:
        del http._transport._pool._network_backend  # type: ignore[attr-defined]

        with pytest.raises(TypeError, match="install requirements"):
            OAuth(http, "http://api.example", "id", "secret")
