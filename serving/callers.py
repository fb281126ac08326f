"""Who asks the API, and how far they may go: `ADMIN_TOKEN`, a token of `starter.py token create`, or, without either, this machine."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request

from domain.scopes import Scope
from serving.access import Access
from serving.limits import Limits
from serving.problems import ProblemError
from serving.throttle import Throttle, peer_of
from store.access.api_tokens import PREFIX, ApiToken, hash_of

KNOWN_FOR_S = 2.0  # so long a token is good after it was revoked
MOST_KNOWN = 1000
BEARER = {"WWW-Authenticate": 'Bearer realm="sellerbeat"'}
FREE_GUESSES = 20  # within a minute: behind one address there may be many apps


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
HERE = Caller("here", "here", Scope.ADMIN, ebay=True)  # this machine, while no ADMIN_TOKEN is set


class Callers:
    """Tells who asks. `find`: a token by its text, from Postgres; remembered for a moment, since an app asks many times a second."""

    def __init__(
        self, access: Access, find: Callable[[str], Awaitable[ApiToken | None]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._access, self._find, self._clock = access, find, clock
        self._known: dict[str, tuple[float, Caller]] = {}
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
            if caller := await self._of_token(token):
                return caller
            self._guessed(peer_of(request), token)
        words = "the bearer token is wrong, revoked or at its end" if scheme else "give a token: Authorization: Bearer TOKEN"
        raise ProblemError(401, words, BEARER)

    def _guessed(self, peer: str, token: str) -> None:
        """A wrong token. The same one again is no new guess: an app whose token was revoked asks with it until somebody looks.

        Raises ProblemError 429: this peer tries many."""
        guess = hash_of(token)
        if self._guesses.knows(peer, guess):
            return
        if wait_s := self._guesses.wait_s(peer):
            raise ProblemError(429, "too many wrong tokens came from this address", {"Retry-After": str(wait_s)})
        self._guesses.wrong(peer, guess)

    def forget_all(self) -> None:
        """Look all tokens up anew: one was revoked here."""
        self._known.clear()
        self._revoked += 1

    async def _of_token(self, token: str) -> Caller | None:
        if not token.startswith(PREFIX):
            return None
        until, caller = self._known.get(token, (0.0, None))
        if caller and self._clock() < until:
            return caller
        revoked, found = self._revoked, await self._find(token)
        while revoked != self._revoked:  # what was found may have been read before one was revoked
            revoked, found = self._revoked, await self._find(token)
        self._known.pop(token, None)
        if found is None:
            return None
        caller = Caller(found.id, f"token:{found.name}", found.scope, found.ebay, found.sellers)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[token] = self._clock() + KNOWN_FOR_S, caller
        return caller
