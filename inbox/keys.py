"""eBay's public keys by kid, so that a notification costs no call, and forged ones few.

Whoever makes up kids makes eBay be asked in vain. So a network may do so a few times an hour, and all strangers together some more; and a
network that a signed notification came from, which is eBay's, has a line and a budget of its own: a new key of eBay's is fetched however
many are made up elsewhere. Known keys are in Postgres, and spend nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Protocol, TypeVar

from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from ebay.errors import EbayError
from ebay.signatures import read_key
from store import StoreError
from store.access.public_keys import StoredKey

KNOWN_S, MISSING_S = 24 * 3600.0, 600.0
FAILED_S = 5.0  # after a failure eBay is left alone for so long
MOST_KNOWN, MOST_MISSING, MOST_WAITING = 100, 1000, 50
MISSES, MISSES_S = 20, 3600.0  # an hour, of strangers and of the proven: 960 of the Notification API's 10,000 calls a day at most
MISSES_OF_A_NETWORK = 5  # of strangers
PROVEN_S, MOST_PROVEN = 7 * 24 * 3600.0, 1000
RELOAD_S = 60.0  # so often another process's keys are looked for, at an unknown kid
AT_ONCE = 2
Cached = TypeVar("Cached")


class KeyUnavailableError(Exception):
    """The key could not be had: nobody can say whether the signature is good. eBay is to send again."""


@dataclass(slots=True)
class AskingLine:
    """Who asks eBay, so many at once, and what was asked in vain lately."""

    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    waiting: int = 0
    misses: deque[tuple[float, str]] = field(default_factory=deque)  # when, and from which network

    def may_ask(self, now: float, network: str, most_of_it: int) -> bool:
        while self.misses and self.misses[0][0] <= now - MISSES_S:
            self.misses.popleft()
        return len(self.misses) < MISSES and sum(of == network for _, of in self.misses) < most_of_it


class KeyMemory(Protocol):
    """What outlives the process: `store/access/public_keys.py`. Raises StoreError."""

    def newest(self, most: int) -> Sequence[StoredKey]: ...
    def save(self, kid: str, key: str | None) -> None: ...


class PublicKeys:
    """`fetch`: getPublicKey, run in a thread: the key's text, or None where eBay has none of that name. Raises EbayError."""

    def __init__(
        self, fetch: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic, memory: KeyMemory | None = None
    ) -> None:
        self._fetch, self._clock, self._memory = fetch, clock, memory
        self._known: OrderedDict[str, tuple[float, EllipticCurvePublicKey]] = OrderedDict()  # with the time to ask again
        self._missing: OrderedDict[str, float] = OrderedDict()
        self._proven: OrderedDict[str, float] = OrderedDict()  # networks, with the time until which they are
        self._strangers, self._ebays = AskingLine(), AskingLine()
        self._quiet_until = 0.0
        self._asking: dict[tuple[str, bool], asyncio.Task[EllipticCurvePublicKey | None]] = {}
        self._loading = asyncio.Lock()
        self._load_at = 0.0 if memory else float("inf")

    async def get(self, kid: str, peer: str = "") -> EllipticCurvePublicKey | None:
        """None: eBay has no such key. `peer`: the address that it came from. Raises KeyUnavailableError."""
        now = self._clock()
        if kid not in self._known and now >= self._load_at:
            await self._load()
        if (cached := self._known.get(kid)) and now < cached[0]:
            return cached[1]
        if now < self._missing.get(kid, now):
            return None
        try:
            return await self._asked(kid, network_of(peer))
        except KeyUnavailableError:
            if cached:  # eBay's trouble is no reason to doubt a key of yesterday
                return cached[1]
            raise

    def proven(self, peer: str) -> None:
        """What came from there was signed by eBay."""
        _put(self._proven, network_of(peer), self._clock() + PROVEN_S, MOST_PROVEN)

    async def _load(self) -> None:
        """Without Postgres it goes on as if there were none."""
        async with self._loading:
            now = self._clock()
            if self._memory is None or now < self._load_at:
                return
            self._load_at = now + RELOAD_S
            try:
                stored = await to_thread.run_sync(self._memory.newest, MOST_KNOWN)
            except StoreError:
                return
            for one in reversed(stored):
                if one.kid not in self._known and (key := read_key(one.key)):
                    _put(self._known, one.kid, (now + KNOWN_S - one.age.total_seconds(), key), MOST_KNOWN)

    async def _save(self, kid: str, text: str | None) -> None:
        if self._memory is not None:
            with suppress(StoreError):  # the key serves all the same, and is fetched again after a restart
                await to_thread.run_sync(self._memory.save, kid, text)

    async def _asked(self, kid: str, network: str) -> EllipticCurvePublicKey | None:
        """Asked once for all who wait for this kid in the same line."""
        is_proven = self._clock() < self._proven.get(network, 0.0)
        line = self._ebays if is_proven else self._strangers
        self._may_ask(kid, line, network)  # who may not is not to wait in front of who may
        if line.waiting >= MOST_WAITING:
            raise KeyUnavailableError("too many notifications wait for eBay's public keys")
        if (asking := self._asking.get((kid, is_proven))) is None:
            asking = self._asking[kid, is_proven] = asyncio.create_task(self._ask(kid, line, network))
            asking.add_done_callback(partial(self._over, (kid, is_proven)))
        line.waiting += 1
        try:
            return await asyncio.shield(asking)
        finally:
            line.waiting -= 1

    def _over(self, which: tuple[str, bool], asked: asyncio.Task[EllipticCurvePublicKey | None]) -> None:
        self._asking.pop(which, None)
        if not asked.cancelled():
            asked.exception()  # where nobody waits any more, nobody needs to hear of it

    async def _ask(self, kid: str, line: AskingLine, network: str) -> EllipticCurvePublicKey | None:
        async with line.slots:
            self._may_ask(kid, line, network)
            try:
                text = await to_thread.run_sync(partial(self._fetch, kid))
                key = read_key(text) if text is not None else None
                if text is not None and key is None:
                    raise EbayError("eBay's public key is none that can be read")
            except EbayError as error:
                self._quiet_until = self._clock() + FAILED_S
                raise KeyUnavailableError(str(error)) from None
            if key is None and kid not in self._known:
                line.misses.append((self._clock(), network))  # before another takes the slot
        if key:
            _put(self._known, kid, (self._clock() + KNOWN_S, key), MOST_KNOWN)
            await self._save(kid, text)
        else:
            if self._known.pop(kid, None):
                await self._save(kid, None)
            _put(self._missing, kid, self._clock() + MISSING_S, MOST_MISSING)
        return key

    def _may_ask(self, kid: str, line: AskingLine, network: str) -> None:
        now = self._clock()
        if now < self._quiet_until:
            raise KeyUnavailableError("eBay's public keys could not be had a moment ago")
        if kid not in self._known and not line.may_ask(now, network, MISSES if line is self._ebays else MISSES_OF_A_NETWORK):
            raise KeyUnavailableError("too many unknown key ids within the hour")


def network_of(peer: str) -> str:
    """A neighbourhood that one owner has: /24 of IPv4, /64 of IPv6. What is no address stands for itself."""
    try:
        return str(ip_network(f"{peer}/{24 if ip_address(peer).version == 4 else 64}", strict=False))
    except ValueError:
        return peer


def _put(cached: OrderedDict[str, Cached], kid: str, value: Cached, most: int) -> None:
    """The oldest makes room."""
    cached.pop(kid, None)
    cached[kid] = value
    while len(cached) > most:
        cached.popitem(last=False)
