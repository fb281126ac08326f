"""Connections kept for the next post: by whom they were made for and by the checked address, at most so many."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import httpcore

from outbound.addresses import Address
from outbound.lines import BoundedStream
from outbound.targets import Target

MOST_IDLE = 64
IDLE_S = 20.0  # unused for so long, a connection is closed: many servers close after 5 to 75 s


class ConnectionKey(NamedTuple):
    """The certificate was checked for the host, so a connection serves no other name at the same address."""

    scheme: str
    host: str
    port: int
    address: Address


class IdleConnection(NamedTuple):
    """A connection and whom it was made for. `line` is what `http` speaks over; it counts what is read."""

    key: ConnectionKey
    line: BoundedStream
    http: httpcore.HTTP11Connection


def key_of(target: Target, address: Address) -> ConnectionKey:
    """What a connection is found by. `address`: the checked one that it leads to."""
    return ConnectionKey(target.scheme, target.host, target.port, address)


class IdleConnections:
    """Thread-safe. Whoever takes a connection has it alone until it is put back."""

    def __init__(self, most: int = MOST_IDLE) -> None:
        self.most = most
        self.lock = threading.Lock()
        self.idle: deque[IdleConnection] = deque()  # the one used last stands last
        self.closed = False

    def take(self, target: Target, addresses: Iterable[Address]) -> IdleConnection | None:
        """One that leads to an address which this post's own look at the DNS allows."""
        keys = {key_of(target, address) for address in addresses}
        with self.lock:
            for connection in [one for one in reversed(self.idle) if one.key in keys]:
                self.idle.remove(connection)
                if not connection.http.has_expired():
                    return connection
                connection.http.close()
        return None

    def put(self, connection: IdleConnection) -> None:
        """Give a connection back. One that cannot serve again is closed; of too many, those that were unused for the longest time are."""
        with self.lock:
            if self.closed or not connection.http.is_idle() or has_surplus(connection.http):
                connection.http.close()
                return
            self.idle.append(connection)
            while self.idle and (len(self.idle) > self.most or self.idle[0].http.has_expired()):
                self.idle.popleft().http.close()

    def close(self) -> None:
        """Close what lies idle, for good: what is put back later is closed then."""
        with self.lock:
            self.closed = True
            while self.idle:
                self.idle.pop().http.close()


def has_surplus(http: httpcore.HTTP11Connection) -> bool:
    """More came than the answer, in one breath: it would pass for the answer of the next post. httpcore has no public way to ask."""
    return bool(http._h11_state.trailing_data[0])
