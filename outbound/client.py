"""One post to an address that somebody else named. Read `post` first."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import httpcore
import httpx

from outbound.addresses import Address, Policy
from outbound.errors import Kind, NoAnswerError
from outbound.idle import IDLE_S, IdleConnection, IdleConnections, key_of
from outbound.lines import BoundedStream, connect
from outbound.names import Resolve, checked, system_resolver
from outbound.targets import Target, check_url

HEAD = 64 * 1024  # bytes that may come beside the body: the head, interim answers, what is around chunks
NAME = re.compile(r"[A-Za-z0-9-]+")
VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?|")
OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "upgrade", "te", "trailer"})


Got = tuple[int, Mapping[str, str], bytes]  # status, headers, beginning of the body


@dataclass(frozen=True)
class EndpointResponse:
    """What came back, whatever its status; a redirect is an answer and is not followed.

    Attributes:
        headers: names in lower case; what came more than once is joined by `, `.
        body: its first bytes, as sent: no encoding is undone.
        took_ms: milliseconds of the whole exchange, the DNS included.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_ms: float


class Client:
    """Posts, many at a time: thread-safe. Nothing of the environment is asked: no proxy, no `.netrc`, no `SSL_CERT_FILE`.

    Args:
        policy: what may be called.
        resolve: a name and a port to addresses; asked once a post.
        timeout_s: seconds of the whole exchange, from the DNS to the last byte that is read, however it trickles.
        most: bytes of an answer's body that are read; of a longer one the beginning is the answer, and the connection is closed.
        verify: True for the certificate authorities that come with httpx (certifi), or a context with others.
    """

    def __init__(
        self,
        policy: Policy,
        resolve: Resolve = system_resolver,
        timeout_s: float = 15.0,
        most: int = 64 * 1024,
        verify: ssl.SSLContext | Literal[True] = True,
    ) -> None:
        self.policy, self.resolve, self.timeout_s, self.most = policy, resolve, timeout_s, most
        self.tls = default_tls() if verify is True else verify
        if self.tls.verify_mode is not ssl.CERT_REQUIRED or not self.tls.check_hostname:
            raise ValueError("a context that checks no certificates")
        self.idle = IdleConnections()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> EndpointResponse:
        """Post to the address that was checked, or to none.

        Raises:
            ForbiddenTargetError: no connection was made.
            NoAnswerError: no answer that can be used; the receiver may have got the post nevertheless.
        """
        began = time.monotonic()
        until = began + self.timeout_s
        target = check_url(url, self.policy)
        try:
            addresses = checked(target, self.policy, self.resolve, until)
            status, fields, start = self.exchange(target, addresses, request(target, body, headers), until)
        except NoAnswerError as error:
            error.took_ms = since(began)
            raise
        return EndpointResponse(status, fields, start, since(began))

    def exchange(self, target: Target, addresses: list[Address], post: httpcore.Request, until: float) -> Got:
        """One post, over an idle connection or a new one. `until`: `time.monotonic()` at which all must be over.

        One that was closed while it lay idle is no failure: the post goes out again, over a new connection.

        Raises:
            NoAnswerError: none that can be used, from any of the addresses.
        """
        if idle := self.idle.take(target, addresses):
            try:
                return self.talk(idle, post, until)
            except NoAnswerError as error:
                if error.kind != "reset" or idle.line.received:
                    raise  # else it was closed while it lay idle: the post was not answered, and is sent again on a new one
        address, line = connect(target, addresses, until, self.tls)
        http = httpcore.HTTP11Connection(post.url.origin, line, keepalive_expiry=IDLE_S)
        return self.talk(IdleConnection(key_of(target, address), line, http), post, until)

    def talk(self, connection: IdleConnection, post: httpcore.Request, until: float) -> Got:
        """Send over this connection and read the answer. Afterwards it is put back, or closed where the exchange is not complete.

        Raises:
            NoAnswerError: none that can be used.
        """
        connection.line.begin(until, HEAD + self.most)
        try:
            answer = connection.http.handle_request(post)
            try:
                return answer.status, joined(answer.headers), self.beginning(answer)
            finally:
                answer.close()
        except httpcore.RemoteProtocolError as error:
            raise NoAnswerError(kind(error, connection.line), connection.key.host) from None
        finally:
            self.idle.put(connection)  # closed there unless the exchange is complete

    def beginning(self, answer: httpcore.Response) -> bytes:
        """The first `most` bytes of the body, as they came. One that is longer is cut, which is no error."""
        body = bytearray()
        try:
            for chunk in answer.iter_stream():
                body += chunk
                if len(body) >= self.most:
                    break
        except NoAnswerError as error:
            if error.kind != "too_long":  # too much around the body, such as endless chunks of nothing: as if the body were too long
                raise
        return bytes(body[: self.most])

    def close(self) -> None:
        """Close what is kept; posts under way end as they would, and keep nothing."""
        self.idle.close()


def request(target: Target, body: bytes, headers: Mapping[str, str]) -> httpcore.Request:
    """The post as it goes out, our own headers first.

    Raises:
        ValueError: a header that is set here, or that cannot be sent. The text names headers, never a value.
    """
    if forbidden := OURS & {name.lower() for name in headers}:
        raise ValueError(f"headers that are set here: {', '.join(sorted(forbidden))}")
    if wrong := [name for name, value in headers.items() if not (NAME.fullmatch(name) and VALUE.fullmatch(value))]:
        raise ValueError(f"headers that cannot be sent: {wrong}")  # not their values: one of them is a signature
    ours = {"Host": target.authority, "Content-Length": str(len(body)), "Accept-Encoding": "identity"}
    fields = [(name.encode("ascii"), value.encode("ascii")) for name, value in (ours | dict(headers)).items()]
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.rest)
    return httpcore.Request("POST", url, headers=fields, content=body)


def joined(headers: list[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Names in lower case; what came more than once is joined by `, `. Bytes are taken for Latin-1, which has a letter for each."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def kind(error: httpcore.RemoteProtocolError, line: BoundedStream) -> Kind:
    """httpcore keeps h11's error as the cause, which hints at status 431 where a head does not end."""
    if getattr(error.__cause__, "error_status_hint", None) == 431:
        return "too_long"
    return "reset" if line.ended else "protocol"


def default_tls() -> ssl.SSLContext:
    """Certificate authorities of httpx, TLS 1.2 or later; what `SSLKEYLOGFILE` would do is undone."""
    context = httpx.create_ssl_context(trust_env=False)
    context.keylog_filename = None  # type: ignore[assignment]
    return context


def since(began: float) -> float:
    """Milliseconds since `began`, a time of `time.monotonic()`."""
    return (time.monotonic() - began) * 1000
