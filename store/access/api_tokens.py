"""Tokens of the API: made, found by their hash, listed, revoked. The token itself is shown once and stored nowhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from domain.scopes import BYTES, PREFIX, Scope
from store.schema.errors import StoreError, translated

MOST = 1000  # in use: a list is whole
LISTED = timedelta(days=30)  # so long behind its end

_IN_USE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())"
ADD_API_TOKEN = text(f"""
    INSERT INTO sellerbeat.api_tokens (id, name, scope, ebay, sellers, hash, created_at, created_by, expires_at)
    SELECT :id, :name, :scope, :ebay, CAST(:sellers AS text[]), :hash, clock_timestamp(), :by,
        CAST(:expires_at AS timestamptz)
    WHERE NOT EXISTS (
        SELECT FROM sellerbeat.api_tokens
        WHERE name = :name AND {_IN_USE})
    RETURNING id
""")
COUNT_API_TOKENS_IN_USE = text(f"""
    SELECT count(*) FROM sellerbeat.api_tokens WHERE {_IN_USE}
""")
LOCK_NAMES_OF_API_TOKENS = text("LOCK TABLE sellerbeat.api_tokens IN SHARE ROW EXCLUSIVE MODE")
API_TOKEN_BY_HASH = text(f"""
    SELECT id, name, scope, ebay, sellers FROM sellerbeat.api_tokens
    WHERE hash = :hash AND {_IN_USE}
""")
HASHES_OF_API_TOKENS_IN_USE = text(f"""
    SELECT hash FROM sellerbeat.api_tokens WHERE {_IN_USE}
""")
# To the minute: a token is used many times a second.
RECORD_USE_OF_API_TOKEN = text("""
    UPDATE sellerbeat.api_tokens SET last_used_at = clock_timestamp()
    WHERE id = :id AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')
""")
ALL_API_TOKENS = text(f"""
    SELECT id, name, scope, ebay, sellers, created_at, created_by, expires_at, last_used_at, revoked_at,
        CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'active' END AS state
    FROM sellerbeat.api_tokens
    ORDER BY revoked_at IS NOT NULL OR coalesce(expires_at <= clock_timestamp(), false), created_at DESC, id LIMIT {2 * MOST}
""")
API_TOKEN_IN_USE = text(f"""
    SELECT id, name, scope, ebay, sellers, expires_at FROM sellerbeat.api_tokens
    WHERE (id = :which OR name = :which) AND {_IN_USE}
""")
REVOKE_API_TOKEN = text(f"""
    UPDATE sellerbeat.api_tokens SET revoked_at = clock_timestamp()
    WHERE (id = :which OR name = :which) AND {_IN_USE}
    RETURNING id, name
""")
FORGET_OLD_API_TOKENS = text("""
    DELETE FROM sellerbeat.api_tokens WHERE id IN (
        SELECT id FROM sellerbeat.api_tokens
        WHERE least(revoked_at, expires_at) < clock_timestamp() - CAST(:listed AS interval) LIMIT 5000)
""")


class UnknownApiTokenError(StoreError):
    """There is no such token, or it was revoked. Act: `starter.py token list`."""

    def __init__(self) -> None:
        super().__init__("no token in use has such an id or name: starter.py token list shows them")


class ApiTokenExistsError(StoreError):
    """A token in use has this name, and the audit tells authors by their names. Act: another name, or revoke that one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a token in use is called {name}: choose another name, or revoke it first")


class TooManyApiTokensError(StoreError):
    """A thousand tokens are in use. Act: revoke those that nobody uses, or give them an end."""

    def __init__(self) -> None:
        super().__init__(f"{MOST} tokens are in use, and more there cannot be: revoke those that nobody uses")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """Who holds a token, and how far it goes. `sellers`: None for all."""

    id: str
    name: str
    scope: Scope
    ebay: bool
    sellers: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """A token as it is shown once."""

    id: str
    token: str


class ApiTokens:
    """For command line, page and API."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        name: str,
        scope: Scope,
        *,
        by: str,
        ebay: bool,
        sellers: Sequence[str],
        expires_at: datetime | None = None,
        token_id: str | None = None,
    ) -> NewApiToken:
        """Make a token.

        Args:
            by: the author.
            sellers: none for all.
            expires_at: its end, UTC; None: it has none.
            token_id: of `new_id`, where it is written down somewhere already.
        Raises:
            ApiTokenExistsError: one in use has this name.
            TooManyApiTokensError: a thousand are in use.
        """
        token = PREFIX + secrets.token_urlsafe(BYTES)
        token_id = token_id or new_id()
        values: dict[str, Any] = {"id": token_id, "name": name, "scope": scope.value, "ebay": ebay, "by": by}
        values |= {"sellers": sorted(set(sellers)) or None, "hash": hash_of(token), "expires_at": expires_at}
        with translated(), self._engine.begin() as connection:
            connection.execute(LOCK_NAMES_OF_API_TOKENS)
            if connection.execute(COUNT_API_TOKENS_IN_USE).scalar_one() >= MOST:
                raise TooManyApiTokensError
            row = connection.execute(ADD_API_TOKEN, values).one_or_none()
        if row is None:
            raise ApiTokenExistsError(name)
        return NewApiToken(token_id, token)

    def find(self, token: str) -> ApiToken | None:
        """The token that this is; None: none of ours, or at its end, or revoked. Its use is recorded, to the minute."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(API_TOKEN_BY_HASH, {"hash": hash_of(token)}).one_or_none()
            if row is None:
                return None
            connection.execute(RECORD_USE_OF_API_TOKEN, {"id": row.id})
        return ApiToken(row.id, row.name, Scope(row.scope), row.ebay, frozenset(row.sellers) if row.sellers else None)

    def all(self) -> list[dict[str, Any]]:
        """All in use, and then some that ended lately, the newest first: columns of the table but the hash, and `state` active, expired or
        revoked."""
        with translated(), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(ALL_API_TOKENS).mappings()]

    def hashes(self) -> frozenset[bytes]:
        """Of all tokens in use, a thousand at most."""
        with translated(), self._engine.connect() as connection:
            return frozenset(bytes(one) for one in connection.execute(HASHES_OF_API_TOKENS_IN_USE).scalars())

    def one(self, which: str) -> dict[str, Any]:
        """Of a token in use, by its id or name: id, name, scope, ebay, sellers, expires_at. Raises UnknownApiTokenError."""
        with translated(), self._engine.connect() as connection:
            row = connection.execute(API_TOKEN_IN_USE, {"which": which}).mappings().one_or_none()
        if row is None:
            raise UnknownApiTokenError
        return dict(row)

    def revoke(self, which: str) -> tuple[str, str]:
        """End a token by its id or name. Returns both. Raises UnknownApiTokenError."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(REVOKE_API_TOKEN, {"which": which}).one_or_none()
        if row is None:
            raise UnknownApiTokenError
        return row.id, row.name

    def forget_old(self) -> int:
        """Delete some that were revoked, or ended, 30 days ago. Returns how many; 5,000: there may be more."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(FORGET_OLD_API_TOKENS, {"listed": LISTED}).rowcount


def new_id() -> str:
    """Of a token: no name looks like one (domain/scopes.py)."""
    return f"tok-{secrets.token_hex(6)}"


def hash_of(token: str) -> bytes:
    """As it is stored. A token has 256 random bits, so that a slow hash would protect nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
