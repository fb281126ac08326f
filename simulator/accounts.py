"""Tokens: who may ask for what. Strict as eBay's token endpoint; see `oauth_api.py` for its answers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from simulator.clock import Clock
from simulator.times import SECOND

BASE = "https://api.ebay.com/oauth/api_scope"
FULFILLMENT = f"{BASE}/sell.fulfillment", f"{BASE}/sell.fulfillment.readonly"
INVENTORY = f"{BASE}/sell.inventory", f"{BASE}/sell.inventory.readonly"
SUBSCRIPTIONS = f"{BASE}/commerce.notification.subscription", f"{BASE}/commerce.notification.subscription.readonly"
GRANTED = BASE, *FULFILLMENT, *INVENTORY, f"{BASE}/commerce.identity.readonly"
LIFETIME_S = 7200


class TokenRefusedError(Exception):
    """The token endpoint says no: `error` is eBay's word for it."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Grant:
    """A seller's consent: a refresh token and what it allows."""

    seller: str
    token: str
    scopes: frozenset[str]
    alive: bool = True


@dataclass(frozen=True)
class Access:
    """An access token; `seller` None is the application's own."""

    seller: str | None
    scopes: frozenset[str]
    expires_ms: int
    grant: Grant | None = field(default=None, repr=False)

    def good(self, now_ms: int) -> bool:
        return now_ms < self.expires_ms


class Accounts:
    def __init__(self, seed: int, clock: Clock, client_id: str, client_secret: str) -> None:
        self.seed, self.clock, self.client_id, self.client_secret = seed, clock, client_id, client_secret
        self.grants: dict[str, Grant] = {}
        self.latest: dict[str, Grant] = {}
        self.access: dict[str, Access] = {}
        self.made = 0
        self.generations: dict[str, int] = {}
        self.lifetime_s = LIFETIME_S

    def open(self, seller: str, scopes: Iterable[str] | None = None) -> Grant:
        """A consent of the seller. The n-th one has the same token in every run of the same seed."""
        generation = self.generations[seller] = self.generations.get(seller, 0) + 1
        token = f"v^1.1#i^1#p^3#r^1#I^3#f^0#t^Ul4x{self._digits('refresh', seller, generation)}"
        grant = Grant(seller, token, frozenset(GRANTED if scopes is None else scopes))
        self.grants[token] = self.latest[seller] = grant
        return grant

    def refresh_token(self, seller: str) -> str:
        return self.latest[seller].token

    def owner(self, token: str) -> str:
        """Whose refresh token it is; "" for nobody's."""
        return self.grants[token].seller if token in self.grants else ""

    def renew(self, seller: str, scopes: Iterable[str] | None = None) -> str:
        """The seller consents anew: a new refresh token; older ones stay what they are."""
        return self.open(seller, scopes).token

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

    def refresh(self, token: str, scopes: Iterable[str]) -> tuple[str, int]:
        """
        Returns:
            an access token, and the seconds it lives.
        Raises:
            TokenRefusedError: invalid_grant, invalid_scope.
        """
        grant = self.grants.get(token)
        if not grant or not grant.alive:
            raise TokenRefusedError("invalid_grant")
        wanted = frozenset(scopes) or grant.scopes
        if not wanted <= grant.scopes:
            raise TokenRefusedError("invalid_scope")
        return self._mint(grant.seller, wanted, grant)

    def application(self, scopes: Iterable[str]) -> tuple[str, int]:
        wanted = frozenset(scopes) or frozenset({BASE})
        if wanted != {BASE}:
            raise TokenRefusedError("invalid_scope")
        return self._mint(None, wanted, None)

    def _mint(self, seller: str | None, scopes: frozenset[str], grant: Grant | None) -> tuple[str, int]:
        self.made += 1
        now = self.clock.now_ms()
        value = f"v^1.1#i^1#p^3#f^0#I^3#r^0#t^H4sI{self._digits('access', seller or '', self.made, now)}"
        self.access[value] = Access(seller, scopes, now + self.lifetime_s * SECOND, grant)
        return value, self.lifetime_s

    def _digits(self, *parts: object) -> str:
        return sha256(repr((self.seed, *parts)).encode()).hexdigest()
