"""Who asks the API, and how far they may go: `ADMIN_TOKEN`, a token of `starter.py token create`, or, without either, this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from domain.authors import Author
from domain.scopes import PREFIX, Scope
from serving.access import Access
from serving.limits import Limits
from serving.problems import ProblemError
from serving.throttle import Throttle, peer_of
from store.access.api_tokens import ApiToken, hash_of

KNOWN_FOR_S = 2.0  # so long a token is good after it was revoked, and a wrong one is wrong without a look
IN_USE_FOR_S = 1.0  # no longer than whoever guesses waits: who asks again then is known
MOST_KNOWN = 1000
STRANGERS = 2  # looked up at once, whoever else waits: else a thousand guesses at once would all be, before the first one counts
BEARER = {"WWW-Authenticate": 'Bearer realm="sellerbeat"'}
FREE_GUESSES = 20  # within a minute: behind one address there may be many apps
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Caller:
    """`sellers`: None for all; `author`: as the audit has it."""

    id: str
    author: str
    scope: Scope
    ebay: bool
    sellers: frozenset[str] | None = None

    def sees(self, seller_id: str) -> bool:
        """Whether this seller is one of the token's."""
        return self.sellers is None or seller_id in self.sellers


ADMIN = Caller("admin", "token:ADMIN_TOKEN", Scope.ADMIN, ebay=True)
HERE = Caller("here", str(Author("here")), Scope.ADMIN, ebay=True)  # this machine, while no ADMIN_TOKEN is set


class Callers:
    """Tells who asks. Remembered for a moment, since an app asks many times a second.

    `find`: a token by its text, from Postgres; `in_use`: hashes of all that are good. Of strangers two at once are looked up,
    and none while their address has to wait: then the hashes, read once a second at most, say whether a token is worth a look.
    """

    def __init__(
        self,
        access: Access,
        find: Callable[[str], Awaitable[ApiToken | None]],
        in_use: Callable[[], Awaitable[frozenset[bytes]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access, self._find, self._in_use, self._clock = access, find, in_use, clock
        self._known: dict[str, tuple[float, Caller]] = {}
        self._wrong: dict[bytes, float] = {}  # hashes, each until when
        self._hashes: tuple[float, frozenset[bytes]] = (float("-inf"), frozenset())
        self._strangers = asyncio.Semaphore(STRANGERS)
        self._revoked = 0  # how many here
        self._limits = Limits(clock)
        self._guesses = Throttle(clock, FREE_GUESSES, 10 * FREE_GUESSES, FREE_GUESSES / 4)

    async def caller(self, request: Request) -> Caller:
        """Who asks, once a request.

        Raises:
            ProblemError: 401: no token, or none that is good; 403: not from this machine, where there is no ADMIN_TOKEN; 429: too often.
        """
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is None:
            caller = await self.named(request)
            self._limits.take(caller.id)
            request.state.caller = caller
        return caller

    async def named(self, request: Request) -> Caller:
        """As `caller`, and asked anew: whether a token that waits is still good."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not self._access.by_login:
            self._access.from_here(request)
            if not scheme:
                return HERE
        token = given.strip()
        if scheme.lower() == "bearer" and token:
            if self._access.is_token(token):
                return ADMIN
            if caller := await self._of_token(token, peer_of(request)):
                return caller
        words = "the bearer token is wrong, revoked or at its end" if scheme else "give a token: Authorization: Bearer TOKEN"
        raise ProblemError(401, words, BEARER)

    def _guessed(self, peer: str, guess: bytes) -> None:
        """A wrong token. The same one again is no new guess: an app whose token was revoked asks with it until somebody looks.

        Raises ProblemError 429: this peer tries many."""
        if self._guesses.knows(peer, guess):
            return
        if wait_s := self._guesses.wait_s(peer):
            raise ProblemError(429, "too many wrong tokens came from this address", {"Retry-After": str(wait_s)})
        self._guesses.wrong(peer, guess)

    def forget_all(self) -> None:
        """Look all tokens up anew: one was revoked here."""
        self._known.clear()
        self._wrong.clear()
        self._hashes = float("-inf"), frozenset()
        self._revoked += 1

    async def _of_token(self, token: str, peer: str) -> Caller | None:
        """Whose token it is; None: it is wrong. Raises ProblemError 429."""
        until, caller = self._known.get(token, (0.0, None))
        if caller and self._clock() < until:
            return caller
        guess = hash_of(token)
        if caller:  # it was right lately
            caller = await self._looked_up(token)
        else:
            async with self._strangers:
                if token.startswith(PREFIX) and await self._worth_a_look(guess, peer):
                    caller = await self._looked_up(token)
        if caller is None:
            self._guessed(peer, guess)
        return caller

    async def _worth_a_look(self, guess: bytes, peer: str) -> bool:
        if self._clock() < self._wrong.get(guess, 0.0):
            return False
        if not self._guesses.wait_s(peer):
            return True
        if self._clock() >= self._hashes[0]:
            self._hashes = self._clock() + IN_USE_FOR_S, await self._in_use()
        return guess in self._hashes[1]

    async def _looked_up(self, token: str) -> Caller | None:
        revoked, found = self._revoked, await self._find(token)
        while revoked != self._revoked:  # what was found may have been read before one was revoked
            revoked, found = self._revoked, await self._find(token)
        self._known.pop(token, None)
        if found is None:
            _remember(self._wrong, hash_of(token), self._clock() + KNOWN_FOR_S)
            return None
        caller = Caller(found.id, f"token:{found.name}", found.scope, found.ebay, found.sellers)
        _remember(self._known, token, (self._clock() + KNOWN_FOR_S, caller))
        return caller


def _remember(memory: dict[K, V], key: K, value: V) -> None:
    if len(memory) >= MOST_KNOWN:
        memory.clear()
    memory[key] = value
