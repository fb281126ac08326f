"""One HTTP exchange with eBay: bounded in time and size, and every failure an `EbayError` without a trace of what was sent.

httpx limits the time of each read; an answer that drips a byte a second passes that for hours. Here a call has one deadline: every read
and write of its connection gets what is left of it.
"""

import logging
import re
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import BinaryIO

import httpcore
import httpx

from domain.ebay_standing import CANNOT_REACH, THE_PROXY
from domain.version import VERSION
from ebay.clock import http_date
from ebay.errors import BadAnswerError, EbayError, EbayUnavailableError

MAX_BODY = 64 * 1024 * 1024
STEP_OPTIONS = 64 * 1024

Headers = list[tuple[bytes, bytes]]

USER_AGENT = f"Sellerbeat/{VERSION}"
AGENT = (b"User-Agent", USER_AGENT.encode())


@dataclass(frozen=True, slots=True)
class Answer:
    """What eBay answered, whatever the status. `body` is decompressed, and empty where it went to a file; `took_s`: until its last byte."""

    status: int
    body: bytes = field(repr=False)
    date: datetime | None  # the Date header
    retry_after: str | None
    took_s: float
    location: str | None = field(default=None, repr=False)  # of what a POST made


def http_client(connections: int, idle: int | None = None) -> httpx.Client:
    """The client to share among all threads, with as many connections as there are threads that call eBay.

    `idle`: how many stay open between two calls; None: all. For one that calls seldom, and that nobody closes: 0.
    """
    for name in ("httpx", "httpcore"):  # they log addresses (order ids, SKUs) and headers
        logging.getLogger(name).setLevel(logging.WARNING)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections if idle is None else idle, keepalive_expiry=30)
    return httpx.Client(limits=limits, follow_redirects=False, headers={"User-Agent": USER_AGENT})


class Exchange:
    """Sends requests with a deadline and a size limit. Safe to share among threads."""

    def __init__(self, http: httpx.Client, timeout: timedelta, max_body: int = MAX_BODY) -> None:
        enforce_deadlines(http)
        self.http = http
        self.seconds = timeout.total_seconds()
        self.max_body = max_body
        self.extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)}

    def send(self, method: str, url: str, headers: Headers, content: bytes | None = None) -> Answer:
        """One request, one answer of any status. Without an `Accept` among the headers it asks for JSON.

        Raises:
            EbayUnavailableError: time-out, no or a lost connection, broken HTTP.
            BadAnswerError: too large, or compressed in a way that was not asked for.
        """
        accept = [] if any(name == b"Accept" for name, _ in headers) else [(b"Accept", b"application/json")]
        headers = [*headers, *accept, (b"Accept-Encoding", b"gzip"), AGENT]
        return self._exchange(method, url, headers, content, self.seconds)

    def download(self, url: str, headers: Headers, file: BinaryIO, limit: int, within: timedelta) -> Answer:
        """GET a file of at most `limit` bytes; a 200's body goes to `file` as it comes, that of another status into the answer.

        It may take as long as `within` says, but no pause longer than the time-out. Where it fails, `file` holds a part. Errors: as `send`.
        """
        headers = [*headers, (b"Accept", b"*/*"), (b"Accept-Encoding", b"identity"), AGENT]
        return self._exchange("GET", url, headers, None, within.total_seconds(), file, limit)

    def _exchange(
        self, method: str, url: str, headers: Headers, content: bytes | None, seconds: float, file: BinaryIO | None = None, limit: int = 0
    ) -> Answer:
        began = time.monotonic()
        _deadline.at, _deadline.refused = began + seconds, None
        body = b""
        transport = None
        try:
            # a Request of our own, and past the client's `send`: they would add cookies of earlier answers, and look for them in this one
            request = httpx.Request(method, url, headers=headers, content=content, extensions=self.extensions)
            transport = self.http._transport_for_url(request.url)
            response = transport.handle_request(request)
            try:
                if file is not None and response.status_code == 200:
                    for chunk in _body(response, limit):
                        _keep(file, chunk)
                else:
                    body = b"".join(_body(response, self.max_body))
            finally:
                response.close()
        except (httpx.ConnectTimeout, httpx.ConnectError, httpx.ProxyError) as error:
            raise _unreached(error, transport) from None
        except httpx.PoolTimeout:
            raise EbayUnavailableError("eBay did not answer in time") from None
        except httpx.TimeoutException:
            raise EbayUnavailableError("eBay did not answer in time", narrower=True) from None
        except (httpx.ReadError, httpx.RemoteProtocolError):
            raise EbayUnavailableError("the connection to eBay failed", narrower=True) from None
        except (httpx.HTTPError, httpx.StreamError, OSError):
            raise EbayUnavailableError("the connection to eBay failed") from None
        except (httpx.InvalidURL, UnicodeError):
            raise BadAnswerError("a request to eBay cannot be formed from what eBay gave") from None
        finally:
            _deadline.at = inf
        fields = response.headers
        took = time.monotonic() - began
        return Answer(response.status_code, body, http_date(fields.get("date")), fields.get("retry-after"), took, fields.get("location"))


def _unreached(error: httpx.TransportError, transport: httpx.BaseTransport | None) -> EbayUnavailableError:
    """No connection to the address that was called: the proxy's where there is one, without its user and password."""
    proxy = getattr(getattr(transport, "_pool", None), "_proxy_url", None)
    if proxy is None:
        whom = f"eBay at {_deadline.called}"
    elif _deadline.refused:
        whom = f"{THE_PROXY} {_deadline.refused}"
    else:  # it is there, and lets nothing through, or what is behind it speaks no TLS
        answer = re.match(r"\d{3}\b", str(error)) if isinstance(error, httpx.ProxyError) else None
        whom = f"eBay through {THE_PROXY} {_deadline.called}" + (f" (it answers HTTP {answer[0]})" if answer else "")
    return EbayUnavailableError(f"{CANNOT_REACH} {whom}", unreached=whom)


def _keep(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError:  # not eBay's doing, so not to be taken for a lost connection
        raise EbayError("a file from eBay cannot be written here: is the disk full?") from None


def _body(response: httpx.Response, limit: int) -> Iterator[bytes]:
    """The body in chunks, decompressed by ourselves, as the limit is for what comes out too: a bomb of 60 KB holds 60 MB."""
    status = response.status_code
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise BadAnswerError("eBay's answer is compressed in an unknown way", status=status)
    raw = _limited(response.iter_raw(), limit, status)
    return raw if encoding == "identity" else _limited(_unzipped(raw, status), limit, status)


def _limited(chunks: Iterable[bytes], limit: int, status: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise BadAnswerError("eBay's answer is too large", status=status, narrower=True)
        yield chunk


def _unzipped(chunks: Iterable[bytes], status: int) -> Iterator[bytes]:
    """gzip of one or more members, never more than 64 KB of it at once."""
    member = None
    for chunk in chunks:
        while chunk or member:
            member = member or zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                out = member.decompress(chunk, STEP_OPTIONS)
            except zlib.error:
                raise BadAnswerError("eBay's answer is not the gzip it says", status=status) from None
            if out:
                yield out
            chunk = member.unused_data if member.eof else member.unconsumed_tail
            if member.eof:
                member = None
            elif not chunk and len(out) < STEP_OPTIONS:
                break
    if member is not None:
        raise BadAnswerError("eBay's answer is truncated", status=status, narrower=True)


class _Deadline(threading.local):
    at: float = inf  # time.monotonic() at which this thread's call must have ended
    called: str = "its address"  # host and port of the latest connection of this thread
    refused: str | None = None  # the same, where none came about in the call in hand


_deadline = _Deadline()


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    left = _deadline.at - time.monotonic()
    if left <= 0:
        raise error("deadline")
    return left if timeout is None or left < timeout else timeout


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self.stream = stream
        self.close = stream.close  # type: ignore[method-assign]
        self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, _left(timeout, httpcore.ConnectTimeout)))


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self.backend = backend
        self.sleep = backend.sleep  # type: ignore[method-assign]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        _deadline.called = _deadline.refused = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        stream = self.backend.connect_tcp(host, port, timeout, local_address, socket_options)
        _deadline.refused = None
        return _Stream(stream)


def enforce_deadlines(http: httpx.Client) -> None:
    """Give the client's connections the deadline, those through a proxy too. Again is no harm.

    httpx has no door for this, so it goes by the private names of its transports; a test with a dripping server watches that it works.

    Raises:
        TypeError: another httpx or httpcore, in which they have other names: calls without a deadline are not made.
    """
    for transport in (http._transport, *http._mounts.values()):
        if not isinstance(transport, httpx.HTTPTransport):
            continue  # None: a host of NO_PROXY, which goes by the first one; or a transport of a test's own, without connections
        pool = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if not isinstance(backend, httpcore.NetworkBackend):
            raise TypeError(f"httpx {httpx.__version__} has its connections elsewhere than 0.28: install requirements/runtime.txt")
        if not isinstance(backend, _Backend):
            pool._network_backend = _Backend(backend)  # type: ignore[union-attr]


def utc_now() -> datetime:
    """This machine's clock, which need not agree with eBay's; aware."""
    return datetime.now(UTC)
