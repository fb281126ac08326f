"""eBay's public keys by kid, so that a notification costs no call, and forged ones few."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from ebay.errors import EbayError
from ebay.signatures import read_key

KNOWN_S, MISSING_S = 24 * 3600.0, 600.0
FAILED_S = 5.0  # after a failure eBay is left alone for so long
MOST_KNOWN, MOST_MISSING, MOST_WAITING = 100, 1000, 50
MISSES, MISSES_S = 20, 3600.0  # an hour: whoever makes up kids spends 480 of the Notification API's 10,000 calls a day
AT_ONCE = 2
Cached = TypeVar("Cached")


class KeyUnavailableError(Exception):
    """The key could not be had: nobody can say whether the signature is good. eBay is to send again."""


class PublicKeys:
    """`fetch`: getPublicKey, run in a thread: the key's text, or None where eBay has none of that name. Raises EbayError."""

    def __init__(self, fetch: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._known: OrderedDict[str, tuple[float, EllipticCurvePublicKey]] = OrderedDict()  # with the time to ask again
        self._missing: OrderedDict[str, float] = OrderedDict()
        self._misses: deque[float] = deque()
        self._quiet_until = 0.0
        self._asking: dict[str, asyncio.Task[EllipticCurvePublicKey | None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def get(self, kid: str) -> EllipticCurvePublicKey | None:
        """None: eBay has no such key. Raises KeyUnavailableError."""
        now = self._clock()
        if (cached := self._known.get(kid)) and now < cached[0]:
            return cached[1]
        if now < self._missing.get(kid, now):
            return None
        try:
            return await self._asked(kid)
        except KeyUnavailableError:
            if cached:  # eBay's trouble is no reason to doubt a key of yesterday
                return cached[1]
            raise

    async def _asked(self, kid: str) -> EllipticCurvePublicKey | None:
        """Asked once for all who wait for this kid."""
        if self._waiting >= MOST_WAITING:
            raise KeyUnavailableError("too many notifications wait for eBay's public keys")
        if (asking := self._asking.get(kid)) is None:
            asking = self._asking[kid] = asyncio.create_task(self._ask(kid))
            asking.add_done_callback(partial(self._over, kid))
        self._waiting += 1
        try:
            return await asyncio.shield(asking)
        finally:
            self._waiting -= 1

    def _over(self, kid: str, asked: asyncio.Task[EllipticCurvePublicKey | None]) -> None:
        self._asking.pop(kid, None)
        if not asked.cancelled():
            asked.exception()  # where nobody waits any more, nobody needs to hear of it

    async def _ask(self, kid: str) -> EllipticCurvePublicKey | None:
        async with self._slots:
            self._may_ask(kid)
            try:
                text = await to_thread.run_sync(partial(self._fetch, kid))
                key = read_key(text) if text is not None else None
                if text is not None and key is None:
                    raise EbayError("eBay's public key is none that can be read")
            except EbayError as error:
                self._quiet_until = self._clock() + FAILED_S
                raise KeyUnavailableError(str(error)) from None
        if key:
            _put(self._known, kid, (self._clock() + KNOWN_S, key), MOST_KNOWN)
        else:
            self._known.pop(kid, None)
            self._misses.append(self._clock())
            _put(self._missing, kid, self._clock() + MISSING_S, MOST_MISSING)
        return key

    def _may_ask(self, kid: str) -> None:
        now = self._clock()
        while self._misses and self._misses[0] <= now - MISSES_S:
            self._misses.popleft()
        if now < self._quiet_until:
            raise KeyUnavailableError("eBay's public keys could not be had a moment ago")
        if len(self._misses) >= MISSES and kid not in self._known:
            raise KeyUnavailableError("too many unknown key ids within the hour")


def _put(cached: OrderedDict[str, Cached], kid: str, value: Cached, most: int) -> None:
    """The oldest makes room."""
    cached.pop(kid, None)
    cached[kid] = value
    while len(cached) > most:
        cached.popitem(last=False)
