"""Tokens of the API: made, found by their hash, listed, revoked. The token itself is shown once and stored nowhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from domain.scopes import Scope
from store.schema.errors import StoreError, translated

PREFIX = "sb_"  # so that a scanner for secrets knows one
BYTES = 32

ADD_API_TOKEN = text("""
    INSERT INTO sellerbeat.api_tokens (id, name, scope, ebay, sellers, hash, created_at, created_by, expires_at)
    SELECT :id, :name, :scope, :ebay, CAST(:sellers AS text[]), :hash, clock_timestamp(), :by,
        clock_timestamp() + CAST(:lasting AS interval)
    WHERE NOT EXISTS (SELECT FROM sellerbeat.api_tokens WHERE name = :name AND revoked_at IS NULL)
    RETURNING expires_at
""")
LOCK_NAMES_OF_API_TOKENS = text("LOCK TABLE sellerbeat.api_tokens IN SHARE ROW EXCLUSIVE MODE")
API_TOKEN_BY_HASH = text("""
    SELECT id, name, scope, ebay, sellers FROM sellerbeat.api_tokens
    WHERE hash = :hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
""")
# To the minute: a token is used many times a second.
RECORD_USE_OF_API_TOKEN = text("""
    UPDATE sellerbeat.api_tokens SET last_used_at = clock_timestamp()
    WHERE id = :id AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')
""")
ALL_API_TOKENS = text("""
    SELECT id, name, scope, ebay, sellers, created_at, created_by, expires_at, last_used_at, revoked_at,
        CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'active' END AS state
    FROM sellerbeat.api_tokens ORDER BY created_at DESC, id LIMIT 1000
""")
REVOKE_API_TOKEN = text("""
    UPDATE sellerbeat.api_tokens SET revoked_at = clock_timestamp()
    WHERE (id = :which OR name = :which) AND revoked_at IS NULL RETURNING id, name
""")


class UnknownApiTokenError(StoreError):
    """There is no such token, or it was revoked. Act: `starter.py token list`."""

    def __init__(self) -> None:
        super().__init__("no token in use has such an id or name: starter.py token list shows them")


class ApiTokenExistsError(StoreError):
    """A token in use has this name, and the audit tells authors by their names. Act: another name, or revoke that one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a token in use is called {name}: choose another name, or revoke it first")


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
    expires_at: datetime | None  # UTC


class ApiTokens:
    """For command line, page and API."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, scope: Scope, *, by: str, ebay: bool, sellers: Sequence[str], lasting: timedelta | None) -> NewApiToken:
        """Make a token. `sellers`: none for all; `by`: the author; `lasting`: None for ever.

        Raises:
            ApiTokenExistsError: one in use has this name.
        """
        token = PREFIX + secrets.token_urlsafe(BYTES)
        token_id = f"tok-{secrets.token_hex(6)}"
        values: dict[str, Any] = {"id": token_id, "name": name, "scope": scope.value, "ebay": ebay, "by": by, "lasting": lasting}
        values |= {"sellers": sorted(set(sellers)) or None, "hash": hash_of(token)}
        with translated(), self._engine.begin() as connection:
            connection.execute(LOCK_NAMES_OF_API_TOKENS)
            row = connection.execute(ADD_API_TOKEN, values).one_or_none()
        if row is None:
            raise ApiTokenExistsError(name)
        return NewApiToken(token_id, token, row.expires_at)

    def find(self, token: str) -> ApiToken | None:
        """The token that this is; None: none of ours, or at its end, or revoked. Its use is recorded, to the minute."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(API_TOKEN_BY_HASH, {"hash": hash_of(token)}).one_or_none()
            if row is None:
                return None
            connection.execute(RECORD_USE_OF_API_TOKEN, {"id": row.id})
        return ApiToken(row.id, row.name, Scope(row.scope), row.ebay, frozenset(row.sellers) if row.sellers else None)

    def all(self) -> list[dict[str, Any]]:
        """All that were made, newest first, 1,000 at most: columns of the table but the hash, and `state` active, expired or revoked."""
        with translated(), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(ALL_API_TOKENS).mappings()]

    def revoke(self, which: str) -> tuple[str, str]:
        """End a token by its id or name. Returns both. Raises UnknownApiTokenError."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(REVOKE_API_TOKEN, {"which": which}).one_or_none()
        if row is None:
            raise UnknownApiTokenError
        return row.id, row.name


def hash_of(token: str) -> bytes:
    """As it is stored. A token has 256 random bits, so that a slow hash would protect nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
