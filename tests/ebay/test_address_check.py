"""Our own public address called as eBay calls it, in front of real servers that misbehave: each fault is said in one line."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from ebay import address_check
from ebay.address_check import check_challenge, check_refusal
from ebay.signatures import challenge_response
from tests.support.certificates import Authority

TOKEN = "verification-token_of-the-tests-0123456789"
PATH = "/ebay/notifications"
Answering = Callable[[str, str, str], bytes]  # method, target and base address in; the whole answer out
HELD = b"<held>"  # behind an answer: the connection stays open, and nothing more comes


def http(status: str, content: bytes = b"", type_: str = "application/json", more: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {type_}\r\n{more}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
        + content
    )


def digest(target: str, endpoint: str, token: str = TOKEN, before: bytes = b"") -> bytes:
    code = parse_qs(urlsplit(target).query)["challenge_code"][0]
    return http("200 OK", before + json.dumps({"challengeResponse": challenge_response(code, token, endpoint)}).encode())


def right(method: str, target: str, base: str) -> bytes:
    return digest(target, base + target.partition("?")[0]) if method == "GET" else http("412 Precondition Failed")


@asynccontextmanager
async def answered_by(answering: Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server on loopback; yields the registered address."""
    open_ones: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(writer)
        method, _, rest = (await reader.read(65536)).decode("latin-1").partition(" ")
        answer = answering(method, rest.partition(" ")[0], base)
        writer.write(answer.removesuffix(HELD))
        await writer.drain()
        if not answer.endswith(HELD):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    base = f"{'https' if tls else 'http'}://localhost:{server.sockets[0].getsockname()[1]}"
    try:
        yield base + PATH
    finally:
        for writer in open_ones:
            writer.close()
        server.close()


async def test_an_address_that_answers_as_ebay_expects_has_no_fault() -> None:
    authority = Authority()
    async with answered_by(right, authority.server("localhost")) as endpoint:
        for one in (endpoint, endpoint + "/", endpoint + "/anna"):
            assert await check_challenge(one, TOKEN, authority.client()) is None
        assert await check_refusal(endpoint, authority.client()) is None


FAULTS: dict[str, tuple[Answering, str]] = {
    "redirect": (
        lambda *_: http("301 Moved", more="Location: https://www.example.com/x\r\n"),
        r"redirects \(HTTP 301\) to 'https://www.exam",
    ),
    "not found": (lambda *_: http("404 Not Found"), "HTTP 404: the path leads to no web.py"),
    "proxy": (lambda *_: http("502 Bad Gateway"), "HTTP 502: the proxy does not reach web.py"),
    "unset": (lambda *_: http("503 Service Unavailable"), "it answers HTTP 503, and eBay wants 200"),
    "page": (lambda *_: http("200 OK", b"<html>", "text/html"), "no application/json"),
    "other JSON": (lambda *_: http("200 OK", b"[1]"), "no challengeResponse"),
    "byte order": (lambda _, target, base: digest(target, base + PATH, before=b"\xef\xbb\xbf"), "no challengeResponse in plain JSON"),
    "token": (lambda _, target, base: digest(target, base + PATH, "another" * 6), "wrong digest: web.py has another SELLERBEAT_NOTIFI"),
    "path": (
        lambda _, target, base: digest(target, base + PATH + "/"),
        r"wrong digest: web.py was asked for http://.*/, so a",
    ),
    "no HTTP": (lambda *_: b"220 mail.example.com ESMTP\r\n", "speaks no HTTP"),
    "hangs up": (lambda *_: b"", "breaks the connection off"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_ebay_would_find_wrong_is_said_in_one_line(fault: str) -> None:
    answering, said = FAULTS[fault]
    async with answered_by(answering) as endpoint:
        found = await check_challenge(endpoint, TOKEN)

    assert found is not None
    assert re.search(said, found)
    assert "\n" not in found
    assert TOKEN not in found


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", http("200 OK", b"{}").replace(b"th: 2", b"th: 9")])
async def test_an_answer_that_comes_too_late_is_none(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(address_check, "LIMIT_S", 0.2)
    async with answered_by(lambda *_: begun + HELD) as endpoint:
        found = await check_challenge(endpoint, TOKEN)

    assert found == "no whole answer within 0.2 s, and eBay waits no longer: see the load of web.py, firewalls and the proxy"


async def test_a_certificate_that_nobody_vouches_for_is_named() -> None:
    async with answered_by(right, Authority().server("localhost")) as endpoint:
        found = await check_challenge(endpoint, TOKEN)

    assert found
    assert found.startswith("TLS: the certificate of localhost:")


async def test_a_certificate_of_another_host_or_of_yesterday_is_named() -> None:
    authority = Authority()
    for tls in (authority.server("www.example.com"), authority.server("localhost", days=-1)):
        async with answered_by(right, tls) as endpoint:
            assert (await check_challenge(endpoint, TOKEN, authority.client()) or "").startswith("TLS: the certificate of ")


async def test_http_where_tls_is_expected_is_named() -> None:
    async with answered_by(lambda *_: http("400 Bad Request")) as endpoint:
        found = await check_challenge(endpoint.replace("http:", "https:"), TOKEN)

    assert re.fullmatch(r"TLS: localhost:\d+ speaks no TLS there .*", found or "")


async def test_a_name_without_an_address_and_a_closed_port_are_told_apart() -> None:
    async with answered_by(right) as endpoint:
        pass

    assert (await check_challenge(f"https://nobody.invalid{PATH}", TOKEN)) == "DNS: nobody.invalid has no address"
    assert (await check_challenge(endpoint, TOKEN) or "").startswith("nothing listens at localhost:")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("401 Unauthorized", None),
        ("412 Precondition Failed", None),
        ("204 No Content", "it takes what eBay did not sign (HTTP 204)"),
        ("200 OK", "it takes what eBay did not sign (HTTP 200)"),
        ("405 Method Not Allowed", "it takes no POST (HTTP 405)"),
        ("403 Forbidden", "it answers HTTP 403 to what eBay did not sign"),
        ("308 Permanent Redirect", "it redirects (HTTP 308)"),
    ],
)
async def test_a_notification_that_ebay_did_not_sign_has_to_be_refused(status: str, said: str | None) -> None:
    async with answered_by(lambda *_: http(status)) as endpoint:
        found = await check_refusal(endpoint)

    assert (found and said and found.startswith(said)) or (found, said) == (None, None)
