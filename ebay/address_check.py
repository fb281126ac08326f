"""Our public address, called as eBay calls it: a challenge, and a notification that nobody signed. What is wrong is said in one line."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from domain.version import VERSION
from ebay.signatures import challenge_response

LIMIT_S = 3.0  # of an answer in all: eBay's read time-out where it was seen (support article 407)
LARGEST = 64 * 1024  # bytes of an answer that are looked at
TAKEN = (200, 201, 202, 204)  # what eBay takes for "kept"
REFUSED = (401, 412)  # what a notification that is not eBay's has to get
UNSIGNED = b'{"metadata":{"topic":"SELLERBEAT_CHECK"}}'


async def check_challenge(endpoint: str, token: str, trust: ssl.SSLContext | None = None) -> str | None:
    """Ask the challenge of eBay at `endpoint`, the address byte for byte as it is registered. None: answered well; else what is wrong.

    `trust`: whose certificates are good; None: the usual authorities'.
    """
    code = secrets.token_hex(16)
    asked = f"{endpoint}{'&' if '?' in endpoint else '?'}challenge_code={code}"
    answer = await _exchange("GET", asked, trust)
    return answer if isinstance(answer, str) else challenge_fault(answer[0], answer[1], code, endpoint, token)


async def check_refusal(endpoint: str, trust: ssl.SSLContext | None = None) -> str | None:
    """Send a notification with a signature that is none. None: it was refused as it must be; else what is wrong."""
    answer = await _exchange("POST", endpoint, trust)
    return answer if isinstance(answer, str) else refusal_fault(answer[0])


def challenge_fault(answer: httpx.Response, body: bytes, code: str, endpoint: str, token: str) -> str | None:
    """What eBay would find wrong with an answer to its challenge. Pure."""
    if fault := _status_fault(answer):
        return fault
    if answer.status_code != 200:
        return f"it answers HTTP {answer.status_code}, and eBay wants 200"
    if not answer.headers.get("content-type", "").lower().startswith("application/json"):
        return "its answer is no application/json: something else than web.py answers there"
    try:
        given = json.loads(body.decode("utf-8"))["challengeResponse"]  # a mark of byte order fails here too, as it does at eBay
    except (ValueError, KeyError, TypeError):
        return "its answer has no challengeResponse in plain JSON: something else than web.py answers there"
    if given == challenge_response(code, token, endpoint):
        return None
    for other in _other_spellings(endpoint):
        if given == challenge_response(code, token, other):
            return f"wrong digest: web.py was asked for {other}, so a proxy changes the path, or SELLERBEAT_PUBLIC_URL differs there"
    return "wrong digest: web.py has another SELLERBEAT_NOTIFICATION_TOKEN or SELLERBEAT_PUBLIC_URL than this command"


def refusal_fault(answer: httpx.Response) -> str | None:
    """What is wrong with an answer to a notification that eBay did not sign. Pure."""
    if fault := _status_fault(answer):
        return fault
    if answer.status_code in REFUSED:
        return None
    if answer.status_code in TAKEN:
        return f"it takes what eBay did not sign (HTTP {answer.status_code}): something else than web.py answers there"
    if answer.status_code in (405, 501):
        return f"it takes no POST (HTTP {answer.status_code}): a proxy in front lets only reading through"
    return f"it answers HTTP {answer.status_code} to what eBay did not sign, and 412 is right: see the log of web.py, and of the proxy"


def _status_fault(answer: httpx.Response) -> str | None:
    if answer.is_redirect or 300 <= answer.status_code < 400:
        to = answer.headers.get("location", "nowhere")[:200]
        return f"it redirects (HTTP {answer.status_code}) to {to!a}, and eBay follows no redirect: register the address that answers"
    if answer.status_code == 404:
        return "HTTP 404: the path leads to no web.py; the proxy must pass it on as it is, without the path of SELLERBEAT_PUBLIC_URL"
    if answer.status_code in (502, 504):
        return f"HTTP {answer.status_code}: the proxy does not reach web.py"
    return None


def _other_spellings(endpoint: str) -> Iterator[str]:
    """How proxies change an address: a slash more or less at its end, http in place of https."""
    slashed = endpoint[:-1] if endpoint.endswith("/") else endpoint + "/"
    for one in (endpoint, slashed):
        yield one
        yield one.replace("https://", "http://", 1)


async def _exchange(method: str, url: str, trust: ssl.SSLContext | None) -> tuple[httpx.Response, bytes] | str:
    """The answer and the beginning of its body; or why there is none, in words."""
    host = urlsplit(url).netloc
    headers = {"User-Agent": f"Sellerbeat/{VERSION} (check)", "Accept": "application/json"}
    if method == "POST":
        headers |= {"Content-Type": "application/json", "X-EBAY-SIGNATURE": "bm9uZQ=="}
    try:
        async with asyncio.timeout(LIMIT_S), httpx.AsyncClient(verify=trust or True, follow_redirects=False, timeout=None) as http:
            async with http.stream(method, url, headers=headers, content=UNSIGNED if method == "POST" else None) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    if len(body := body + part) > LARGEST:
                        break
                return answer, body
    except TimeoutError:
        return f"no whole answer within {LIMIT_S:g} s, and eBay waits no longer: see the load of web.py, firewalls and the proxy"
    except httpx.ConnectError as error:
        return _unreached(error, host)
    except httpx.ProxyError:
        return "the proxy of HTTPS_PROXY lets nothing through to it: run this from where no proxy is needed"
    except (httpx.HTTPError, httpx.InvalidURL):
        return f"{host} breaks the connection off, or speaks no HTTP"


def _unreached(error: BaseException, host: str) -> str:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"DNS: {host} has no address"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: the certificate of {host} is not good ({cause.verify_message}); eBay takes none that is self-signed"
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {host} speaks no TLS there ({cause.reason or 'it closes the connection'})"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"nothing listens at {host}"
    return f"{host} cannot be reached"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and whatever it came of, groups' members too."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        error = error.__cause__ or error.__context__
