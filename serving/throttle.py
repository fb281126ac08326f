"""How often one may guess: after some wrong tries a peer waits its turn, ever longer; and all peers together have a budget.

Of memory, a process each: what it protects has 16 characters and more, and a restart gives nobody more than some tries.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TypeVar

from starlette.requests import Request

WITHIN_S, LONGEST_S, FORGIVEN_S = 60.0, 60.0, 600.0
ALL_AT_ONCE, ALL_A_SECOND = 30.0, 0.5  # wrong tries of all peers together
MOST_PEERS, MOST_GUESSES = 10_000, 64
T = TypeVar("T")


@dataclass(slots=True)
class Tries:
    """Of one peer. Times in seconds of the clock."""

    at: list[float] = field(default_factory=list)  # of the last wrong ones
    wait_s: float = 0.0  # after the last one
    guesses: dict[bytes, None] = field(default_factory=dict)  # digests: a token that was wrong once is no new guess


class Throttle:
    """Whose turn it is. One peer alone cannot use up what all have together, so that it keeps out nobody else.

    `free`: wrong tries within a minute before a peer waits, a second first and twice as long each time, a minute at most.
    """

    def __init__(
        self, clock: Callable[[], float], free: int = 5, all_at_once: float = ALL_AT_ONCE, all_a_second: float = ALL_A_SECOND
    ) -> None:
        self._clock, self._free, self._all_at_once, self._all_a_second = clock, free, all_at_once, all_a_second
        self._peers: dict[str, Tries] = {}
        self._right: dict[str, None] = {}  # who was right here is not held up by what others do
        self._budget = (all_at_once, clock())

    def wait_s(self, peer: str) -> int:
        """Whole seconds until this peer may try; 0: now."""
        now = self._clock()
        tries = self._peers.get(peer)
        own = tries.at[-1] + tries.wait_s - now if tries else 0.0
        left = self._left(now)
        shared = (1 - left) / self._all_a_second if left < 1 and peer not in self._right else 0.0
        return max(0, math.ceil(max(own, shared)))

    def knows(self, peer: str, guess: bytes) -> bool:
        """Whether this peer was wrong with this very guess before."""
        tries = self._peers.get(peer)
        return tries is not None and guess in tries.guesses

    def wrong(self, peer: str, guess: bytes | None = None) -> None:
        """Count a wrong try."""
        now = self._clock()
        self._budget = max(0.0, self._left(now) - 1), now
        tries = self._peers.pop(peer, None)
        if tries is None or now - tries.at[-1] > FORGIVEN_S:
            tries = Tries()
        tries.at = [*tries.at, now][-self._free :]
        if tries.wait_s or (len(tries.at) == self._free and now - tries.at[0] <= WITHIN_S):
            tries.wait_s = min(LONGEST_S, 2 * tries.wait_s or 1.0)
        if guess is not None:
            _keep_last(tries.guesses, guess, MOST_GUESSES)
        while len(self._peers) >= MOST_PEERS:
            del self._peers[next(iter(self._peers))]  # who tried longest ago
        self._peers[peer] = tries

    def right(self, peer: str) -> None:
        """Forget what this peer did wrong."""
        self._peers.pop(peer, None)
        _keep_last(self._right, peer, MOST_PEERS)

    def _left(self, now: float) -> float:
        left, at = self._budget
        return min(self._all_at_once, left + (now - at) * self._all_a_second)


def _keep_last(found: dict[T, None], one: T, most: int) -> None:
    found.pop(one, None)
    found[one] = None
    while len(found) > most:
        del found[next(iter(found))]


def peer_of(request: Request) -> str:
    """Whose try it is: an IPv4 address, or the network of 64 bits that one customer has of IPv6.

    Behind a proxy uvicorn puts the address here that the proxy names, where it trusts that proxy (docs/how-to/tokens.md).
    """
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


class LogIns:
    """Who may try to log in, and how many wrong tries are to be written down: a flood of them makes a row a minute."""

    ROW_EVERY_S = 60.0

    def __init__(self, clock: Callable[[], float]) -> None:
        self.throttle = Throttle(clock)
        self._clock, self._unwritten, self._next_row_at = clock, 0, -math.inf

    def failed(self) -> int | None:
        """Count a try that failed, or was refused. Returns how many are to be written down now; None: later."""
        self._unwritten += 1
        return self.unwritten() if self._clock() >= self._next_row_at else None

    def unwritten(self) -> int:
        """Take what is not written down yet."""
        count, self._unwritten, self._next_row_at = self._unwritten, 0, self._clock() + self.ROW_EVERY_S
        return count
