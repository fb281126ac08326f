"""Tokens: who may ask for what. Strict as eBay's token endpoint; see `apis/oauth.py` for its answers."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from simulator.clock import Clock
from simulator.times import SECOND

BASE = "https://api.ebay.com/oauth/api_scope"
FULFILLMENT = f"{BASE}/sell.fulfillment", f"{BASE}/sell.fulfillment.readonly"
INVENTORY = f"{BASE}/sell.inventory", f"{BASE}/sell.inventory.readonly"
IDENTITY = (f"{BASE}/commerce.identity.readonly",)
SUBSCRIPTIONS = f"{BASE}/commerce.notification.subscription", f"{BASE}/commerce.notification.subscription.readonly"
GRANTED = BASE, *FULFILLMENT, *INVENTORY, *IDENTITY, *SUBSCRIPTIONS
LIFETIME_S = 7200
REFRESH_LIFETIME_S = 47_304_000  # 18 months (eBay docs: refresh_token_expires_in)
CODE_LIFETIME_S = 299
OTHER_KEYS = "Sellerbeat-other-SIM", "SIM-other-secret"


class TokenRefusedError(Exception):
    """The token endpoint says no: `error` is eBay's word for it."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Grant:
    """A seller's consent to one application: a refresh token and what it allows."""

    seller: str
    token: str
    scopes: frozenset[str]
    alive: bool = True
    keyset: str | None = None  # the client id that it was given to; None: to the usual one


@dataclass(frozen=True)
class Access:
    """An access token; `seller` None is the application's own."""

    seller: str | None
    scopes: frozenset[str]
    expires_ms: int
    grant: Grant | None = field(default=None, repr=False)

    def good(self, now_ms: int) -> bool:
        """Whether it has not expired."""
        return now_ms < self.expires_ms


@dataclass(frozen=True)
class Code:
    """What the consent page gave: good for one exchange, for five minutes."""

    seller: str
    scopes: frozenset[str]
    redirect_name: str
    expires_ms: int
    keyset: str | None = None


class Accounts:
    """Consents, codes and access tokens of all sellers, and keysets of applications.

    Args:
        consents: the file that consents after a seller's first are written to, and read from if it exists: their tokens outlive a restart.
    """

    def __init__(self, seed: int, clock: Clock, client_id: str, client_secret: str, consents: Path | None = None) -> None:
        self.seed, self.clock, self.client_id, self.client_secret = seed, clock, client_id, client_secret
        self.keysets: dict[str, str] = dict([OTHER_KEYS])  # secrets of other applications that eBay knows, by client id
        self.grants: dict[str, Grant] = {}
        self.latest: dict[str, Grant] = {}
        self.access: dict[str, Access] = {}
        self.made = 0
        self.generations: dict[str, int] = {}
        self.lifetime_s = LIFETIME_S
        self.redirects: dict[str, tuple[str, str]] = {}  # RuName -> where who agreed is led, and who declined
        self.codes: dict[str, Code] = {}
        self.usernames: dict[str, str] = {}  # where a seller's name at eBay is another than here
        self.consents = consents
        self.earlier: dict[str, list[dict[str, Any]]] = {}  # consents of a run before, of sellers who are not here yet
        for one in _written(consents) if consents else ():
            self.earlier.setdefault(one["seller"], []).append(one)

    def keyset(self, client_id: str, client_secret: str) -> str | None:
        """Which application asks: its client id; "" for the usual one, None for nobody that eBay knows."""
        if (client_id, client_secret) == (self.client_id, self.client_secret):
            return ""
        return client_id if client_id in self.keysets and self.keysets[client_id] == client_secret else None

    def open(self, seller: str, scopes: Iterable[str] | None = None, keyset: str | None = None) -> Grant:
        """A consent of the seller. The n-th one has the same token in every run of the same seed."""
        grant = self._grant(seller, GRANTED if scopes is None else scopes, keyset)
        if self.generations[seller] == 1:
            for one in self.earlier.pop(seller, ()):
                self._grant(seller, one["scopes"], one["keyset"])
        elif self.consents:
            line = json.dumps({"seller": seller, "scopes": sorted(grant.scopes), "keyset": keyset})
            with self.consents.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        return grant

    def _grant(self, seller: str, scopes: Iterable[str], keyset: str | None) -> Grant:
        generation = self.generations[seller] = self.generations.get(seller, 0) + 1
        token = f"v^1.1#i^1#p^3#r^1#I^3#f^0#t^Ul4x{self._digits('refresh', seller, generation)}"
        grant = Grant(seller, token, frozenset(scopes), keyset=keyset)
        self.grants[token] = self.latest[seller] = grant
        return grant

    def refresh_token(self, seller: str) -> str:
        """Of the seller's newest consent."""
        return self.latest[seller].token

    def owner(self, token: str) -> str:
        """Whose refresh token it is; "" for nobody's."""
        return self.grants[token].seller if token in self.grants else ""

    def renew(self, seller: str, scopes: Iterable[str] | None = None, keyset: str | None = None) -> str:
        """The seller consents anew: a new refresh token; older ones stay what they are."""
        return self.open(seller, scopes, keyset).token

    def revoke(self, seller: str, access_too: bool = True) -> None:
        """Every refresh token of the seller dies, and with it its access tokens (unless told otherwise)."""
        for grant in self.grants.values():
            if grant.seller == seller:
                grant.alive = False
        if access_too:
            self.expire(seller)

    def expire(self, seller: str | None) -> None:
        """Access tokens of the seller (None: the application's) are over from now on."""
        for value, access in list(self.access.items()):
            if access.seller == seller:
                self.access[value] = Access(seller, access.scopes, self.clock.now_ms(), access.grant)

    def refresh(self, token: str, scopes: Iterable[str], keyset: str = "") -> tuple[str, int]:
        """
        Returns:
            an access token, and the seconds it lives.
        Raises:
            TokenRefusedError: invalid_grant, also of a consent that was given to another application; invalid_scope.
        """
        grant = self.grants.get(token)
        if not grant or not grant.alive or (grant.keyset or "") != keyset:
            raise TokenRefusedError("invalid_grant")
        requested = frozenset(scopes) or grant.scopes
        if not requested <= grant.scopes:
            raise TokenRefusedError("invalid_scope")
        return self._mint(grant.seller, requested, grant)

    def user_id(self, seller: str) -> str:
        """eBay's id of the account: the same for ever, whatever the user is called."""
        return self._digits("user", seller)[:11]

    def username(self, seller: str) -> str:
        """What eBay calls the user now. `usernames` has those who changed their names."""
        return self.usernames.get(seller, seller)

    def eias_token(self, seller: str) -> str:
        """The Trading API's id of the account: the same for ever, and another than `user_id`."""
        return b64encode(sha256(repr((self.seed, "eias", seller)).encode()).digest()).decode()

    def lend(self, seller: str, account: str, scopes: Iterable[str] | None = None) -> str:
        """A consent that is taken for the seller's, and another account's owner gave it: the seller's newest refresh token from now on."""
        grant = self.open(account, scopes)
        self.latest[seller] = grant
        return grant.token

    def consent(self, seller: str, scopes: Iterable[str], redirect_name: str, keyset: str | None = None) -> str:
        """The seller agrees on eBay's page; gives the code that leads to the token."""
        self.made += 1
        code = f"v^1.1#i^1#p^3#I^3#f^0#r^1#t^Ul4xM{self._digits('code', seller, self.made, self.clock.now_ms())}"
        self.codes[code] = Code(seller, frozenset(scopes), redirect_name, self.clock.now_ms() + CODE_LIFETIME_S * SECOND, keyset)
        return code

    def exchange(self, code: str, redirect_name: str, keyset: str = "") -> tuple[str, int, Grant]:
        """
        Returns:
            an access token, the seconds it lives, and the new consent.
        Raises:
            TokenRefusedError: invalid_grant: unknown, used, too old, for another redirect name or application.
        """
        found = self.codes.pop(code, None)
        if (
            found is None
            or (found.keyset or "") != keyset
            or found.redirect_name != redirect_name
            or self.clock.now_ms() >= found.expires_ms
        ):
            raise TokenRefusedError("invalid_grant")
        grant = self.open(found.seller, found.scopes, found.keyset)
        return *self._mint(found.seller, grant.scopes, grant), grant

    def application(self, scopes: Iterable[str]) -> tuple[str, int]:
        """An access token of the application's own, and the seconds it lives. Raises TokenRefusedError: invalid_scope."""
        requested = frozenset(scopes) or frozenset({BASE})
        if requested != {BASE}:
            raise TokenRefusedError("invalid_scope")
        return self._mint(None, requested, None)

    def _mint(self, seller: str | None, scopes: frozenset[str], grant: Grant | None) -> tuple[str, int]:
        self.made += 1
        now = self.clock.now_ms()
        value = f"v^1.1#i^1#p^3#f^0#I^3#r^0#t^H4sI{self._digits('access', seller or '', self.made, now)}"
        self.access[value] = Access(seller, scopes, now + self.lifetime_s * SECOND, grant)
        return value, self.lifetime_s

    def _digits(self, *parts: object) -> str:
        return sha256(repr((self.seed, *parts)).encode()).hexdigest()


def _written(consents: Path) -> Iterator[dict[str, Any]]:
    """Whole lines: the last one may be torn by a kill."""
    if consents.exists():
        yield from (json.loads(line) for line in consents.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n"))
