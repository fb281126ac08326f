"""Who may hold a connection to web.py: how many in all, how many of one peer, and who goes first where there are more.

Silence costs an attacker nothing, so a connection that asks nothing just now is never worth more than one that comes: where all are
taken, the one that has been silent longest goes. Who asks something stays, and only where everybody does a new one is turned away.
Pure, but for the function that closes.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Generic, TypeVar

C = TypeVar("C")


class Closing(StrEnum):
    """Why a connection was closed by us; the metric's label."""

    SILENT = "silent"  # nothing was asked within HEAD_S
    SLOW_HEAD = "slow_head"  # something was, and not to its end
    SLOW_BODY = "slow_body"
    CROWDED = "crowded"  # all are taken: the one that has been silent longest, or the new one where all ask
    PEER_CROWDED = "peer_crowded"  # likewise, of one peer
    MALFORMED = "malformed"  # no HTTP: TLS by mistake, chunks that are none, a head of more than 64 kB


HEAD_S, BODY_S = 10.0, 30.0  # from the first moment on, and from the end of the head on
MOST, MOST_OF_A_PEER = 2000, 200
SPARE = 400  # of the process's file descriptors: Postgres, Temporal, receivers, and those that come at one moment


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """`trusted`: networks of proxies, which are a peer for many; a limit of one peer would be one of all."""

    most: int = MOST
    most_of_a_peer: int = MOST_OF_A_PEER
    head_s: float = HEAD_S
    body_s: float = BODY_S
    trusted: tuple[str, ...] = ()

    def within(self, descriptors: int) -> ConnectionLimits:
        """As many in all as a process has room for that may open so many files; 50 at least."""
        return ConnectionLimits(max(50, min(self.most, descriptors - SPARE)), self.most_of_a_peer, self.head_s, self.body_s, self.trusted)

    def is_trusted(self, peer: str) -> bool:
        """`*` trusts everybody, as uvicorn has it in FORWARDED_ALLOW_IPS."""
        if "*" in self.trusted:
            return True
        try:
            address = ip_address(peer)
            return any(address in ip_network(one, strict=False) for one in self.trusted)
        except ValueError:
            return False


class Connections(Generic[C]):
    """The open ones, each by whatever names it. `close`: closes one, which leaves by `left` in its own time."""

    def __init__(self, limits: ConnectionLimits, close: Callable[[C, Closing], None]) -> None:
        self.limits = limits
        self.closed: Counter[Closing] = Counter()
        self._close = close
        self._peers: dict[C, str] = {}
        self._held: Counter[str] = Counter()
        self._silent: OrderedDict[C, None] = OrderedDict()  # the one that is so longest first
        self._silent_of: dict[str, OrderedDict[C, None]] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def came(self, connection: C, peer: str) -> bool:
        """Whether it may stay; for its sake another may have gone."""
        limits = self.limits
        if self._held[peer] >= limits.most_of_a_peer and not limits.is_trusted(peer):
            if not (longest := self._silent_of.get(peer)):
                return self._refuse(connection, Closing.PEER_CROWDED)
            self._end(next(iter(longest)), Closing.PEER_CROWDED)
        if len(self._peers) >= limits.most:
            if not self._silent:
                return self._refuse(connection, Closing.CROWDED)
            self._end(next(iter(self._silent)), Closing.CROWDED)
        self._peers[connection] = peer
        self._held[peer] += 1
        self.silent(connection)
        return True

    def left(self, connection: C) -> None:
        """It is closed, by whomever."""
        if (peer := self._peers.pop(connection, None)) is None:
            return
        self._speaks(connection, peer)
        self._held[peer] -= 1
        if not self._held[peer]:
            del self._held[peer]

    def asks(self, connection: C) -> None:
        """A request came, and has no answer yet."""
        if (peer := self._peers.get(connection)) is not None:
            self._speaks(connection, peer)

    def silent(self, connection: C) -> None:
        """It asks nothing from now on."""
        if (peer := self._peers.get(connection)) is not None:
            self._speaks(connection, peer)
            self._silent[connection] = None
            self._silent_of.setdefault(peer, OrderedDict())[connection] = None

    def late(self, connection: C, why: Closing) -> None:
        """It took longer than it may."""
        if connection in self._peers:
            self._end(connection, why)

    def _end(self, connection: C, why: Closing) -> None:
        self.left(connection)
        self._refuse(connection, why)

    def _refuse(self, connection: C, why: Closing) -> bool:
        self.closed[why] += 1
        self._close(connection, why)
        return False

    def _speaks(self, connection: C, peer: str) -> None:
        self._silent.pop(connection, None)
        if (mine := self._silent_of.get(peer)) is not None:
            mine.pop(connection, None)
            if not mine:
                del self._silent_of[peer]
