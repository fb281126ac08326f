"""One HTTP exchange with eBay: bounded in time and size, and every failure an `EbayError` without a trace of what was sent.

httpx limits the time of each read; an answer that drips a byte a second passes that for hours. Here a call has one deadline: every read
and write of its connection gets what is left of it.
"""

import logging
import ssl
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from math import inf

import httpcore
import httpx

from ebay.clock import http_date
from ebay.errors import BadAnswerError, EbayUnavailableError

MAX_BODY = 64 * 1024 * 1024

try:
    USER_AGENT = f"Sellerbeat/{version('sellerbeat')}"
except PackageNotFoundError:  # run from a folder that was never installed
    USER_AGENT = "Sellerbeat"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = field(repr=False)
    date: datetime | None  # the Date header
    retry_after: str | None
    took_s: float


def http_client(connections: int) -> httpx.Client:
    """The client to share among all threads, with as many connections as there are threads that call eBay."""
    for name in ("httpx", "httpcore"):  # they log addresses (order ids, SKUs) and headers
        logging.getLogger(name).setLevel(logging.WARNING)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30)
    return httpx.Client(limits=limits, follow_redirects=False, headers={"User-Agent": USER_AGENT})


class Exchange:
    """Sends requests with a deadline and a size limit. Safe to share among threads."""

    def __init__(self, http: httpx.Client, timeout: timedelta, max_body: int = MAX_BODY) -> None:
        enforce_deadlines(http)
        self.http = http
        self.seconds = timeout.total_seconds()
        self.max_body = max_body
        self.extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)}

    def send(self, method: str, url: str, headers: list[tuple[bytes, bytes]], content: bytes | None = None) -> Answer:
        """One request, one answer of any status.

        Raises:
            EbayUnavailableError: time-out, no or a lost connection, broken HTTP.
            BadAnswerError: too large, or compressed in a way that was not asked for.
        """
        began = time.monotonic()
        _deadline.at = began + self.seconds
        try:
            # a Request of our own: the client's would add cookies of earlier answers
            request = httpx.Request(method, url, headers=[*headers, *COMMON], content=content, extensions=self.extensions)
            response = self.http.send(request, stream=True, follow_redirects=False)
            try:
                body = self._read(response)
            finally:
                response.close()
        except httpx.TimeoutException:
            raise EbayUnavailableError("eBay did not answer in time") from None
        except (httpx.HTTPError, httpx.StreamError, OSError):
            raise EbayUnavailableError("the connection to eBay failed") from None
        except (httpx.InvalidURL, UnicodeError):
            raise BadAnswerError("a request to eBay cannot be formed from what eBay gave") from None
        finally:
            _deadline.at = inf
        headers_in = response.headers
        took = time.monotonic() - began
        return Answer(response.status_code, body, http_date(headers_in.get("date")), headers_in.get("retry-after"), took)

    def _read(self, response: httpx.Response) -> bytes:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise BadAnswerError("eBay's answer is compressed in an unknown way", status=response.status_code)
        chunks, size = [], 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > self.max_body:
                raise BadAnswerError("eBay's answer is too large", status=response.status_code)
            chunks.append(chunk)
        body = b"".join(chunks)
        return body if encoding == "identity" else self._unzip(body, response.status_code)

    def _unzip(self, body: bytes, status: int) -> bytes:
        """Decompressed by ourselves, as the limit is for what comes out: a bomb of 60 KB holds 60 MB."""
        out = bytearray()
        while body:
            member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                out += member.decompress(body, self.max_body + 1 - len(out))
            except zlib.error:
                raise BadAnswerError("eBay's answer is not the gzip it says", status=status) from None
            if len(out) > self.max_body:
                raise BadAnswerError("eBay's answer is too large", status=status)
            if not member.eof:
                raise BadAnswerError("eBay's answer is truncated", status=status)
            body = member.unused_data
        return bytes(out)


COMMON = [(b"Accept", b"application/json"), (b"Accept-Encoding", b"gzip"), (b"User-Agent", USER_AGENT.encode())]


class _Deadline(threading.local):
    at: float = inf  # time.monotonic() at which this thread's call must have ended


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
        return _Stream(self.backend.connect_tcp(host, port, timeout, local_address, socket_options))


def enforce_deadlines(http: httpx.Client) -> None:
    """Give the client's connections the deadline, those through a proxy too. Again is no harm.

    httpx has no door for this, so it goes by the private names of its transports; a test with a dripping server watches that it works.
    """
    for transport in (http._transport, *http._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if pool is not None and not isinstance(pool._network_backend, _Backend):
            pool._network_backend = _Backend(pool._network_backend)


def utc_now() -> datetime:
    return datetime.now(UTC)
