"""A connection to one checked address, with a time at which all is over and a bound on what is read."""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Any

import httpcore

from outbound.addresses import Address
from outbound.errors import Kind, NoAnswerError
from outbound.targets import Target


class BoundedStream(httpcore.NetworkStream):
    """What httpcore speaks HTTP over. The time-outs that it passes are ignored: each wait is cut at the end of the whole exchange.

    Attributes:
        received: bytes of the present exchange, as they came out of TLS.
        ended: the other side has closed.
    """

    def __init__(self, host: str, connection: socket.socket) -> None:
        self.host, self.connection = host, connection
        self.until, self.most, self.received, self.ended = 0.0, 0, 0, False

    def begin(self, until: float, most: int) -> None:
        """An exchange that must be over at `until` (monotonic, seconds) and may read `most` bytes."""
        self.until, self.most, self.received = until, most, 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What came, at most `max_bytes`; nothing: the other side has closed.

        Raises:
            NoAnswerError: `timeout`, `tls`, `reset`, or `too_long` once more came than the exchange may read.
        """
        self.limit()
        try:
            data = self.connection.recv(min(max_bytes, self.most + 1 - self.received))
        except OSError as error:
            raise NoAnswerError(kind_of(error, "reset"), self.host) from None
        self.received += len(data)
        self.ended = not data
        if self.received > self.most:
            raise NoAnswerError("too_long", self.host)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of the buffer.

        Raises:
            NoAnswerError: `timeout`.
            httpcore.WriteError: the other side reads no more; its answer may be there nevertheless.
        """
        rest = memoryview(buffer)
        while rest:
            self.limit()
            try:
                rest = rest[self.connection.send(rest) :]
            except TimeoutError:
                raise NoAnswerError("timeout", self.host) from None
            except OSError as error:  # httpcore goes on to read: many an early 413 comes so
                raise httpcore.WriteError from error

    def limit(self) -> None:
        """Let the next wait end with the exchange. Raises NoAnswerError, `timeout`: it has ended."""
        if (left := self.until - time.monotonic()) <= 0:
            raise NoAnswerError("timeout", self.host)
        self.connection.settimeout(left)

    def get_extra_info(self, info: str) -> Any:
        """Answers only the question that httpcore asks of an idle connection, `is_readable`; None for all else."""
        return self.is_readable() if info == "is_readable" else None

    def is_readable(self) -> bool:
        """Something came while nothing was asked, or the other side has closed: not to be used again."""
        poll = select.poll()  # unlike select() it knows file numbers of 1,024 and more
        poll.register(self.connection, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """At once, without a farewell in TLS. May be repeated."""
        self.connection.close()


def connect(target: Target, addresses: Iterable[Address], until: float, tls: ssl.SSLContext) -> tuple[Address, BoundedStream]:
    """Connect to the first of the checked addresses that answers; each has its even share of the time that is left.

    Raises:
        NoAnswerError: of the last one. A broken handshake is not tried elsewhere.
    """
    waiting = list(addresses)
    while True:
        address, *waiting = waiting
        now = time.monotonic()
        try:
            return address, connect_one(target, address, now + (until - now) / (1 + len(waiting)), tls)
        except NoAnswerError as error:
            if not waiting or error.kind not in ("refused", "timeout"):
                raise


def connect_one(target: Target, address: Address, until: float, tls: ssl.SSLContext) -> BoundedStream:
    """The address is a number here, so no name is asked for again. Name for TLS and its certificate is the target's."""
    if (left := until - time.monotonic()) <= 0:
        raise NoAnswerError("timeout", target.host)
    connection = socket.socket(socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(left)
        connection.connect((str(address), target.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target.scheme == "https":
            connection.settimeout(max(until - time.monotonic(), 0.001))  # of the whole handshake, not of one read
            connection = tls.wrap_socket(connection, server_hostname=target.host)
    except OSError as error:
        connection.close()
        raise NoAnswerError(kind_of(error, "refused"), target.host) from None
    except BaseException:
        connection.close()
        raise
    return BoundedStream(target.host, connection)


def kind_of(error: OSError, otherwise: Kind) -> Kind:
    """What to call an error of the socket; `otherwise` where it is neither a time-out, nor TLS's, nor the other side's closing."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLError):  # a certificate that does not fit is one
        return "tls"
    return "reset" if isinstance(error, ConnectionResetError | BrokenPipeError) else otherwise
