"""eBay's public keys, so that a restart asks eBay for none. Public, so in the clear; a key that eBay no longer has is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, text

from store.schema.errors import translated

STORE_PUBLIC_KEY = text("""
    INSERT INTO sellerbeat.ebay_public_keys AS k (kid, key, fetched_at) VALUES (:kid, :key, clock_timestamp())
    ON CONFLICT (kid) DO UPDATE SET key = excluded.key, fetched_at = excluded.fetched_at
""")
NEWEST_PUBLIC_KEYS = text("""
    SELECT kid, key, clock_timestamp() - fetched_at AS age FROM sellerbeat.ebay_public_keys ORDER BY fetched_at DESC LIMIT :most
""")
DELETE_PUBLIC_KEY = text("DELETE FROM sellerbeat.ebay_public_keys WHERE kid = :kid")


@dataclass(frozen=True, slots=True)
class StoredKey:
    """`key`: as eBay writes it; `age`: since eBay gave it."""

    kid: str
    key: str
    age: timedelta


class StoredKeys:
    """Only what eBay itself gave comes in, so that they are few."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self, most: int) -> list[StoredKey]:
        """Newest first. Raises StoreError."""
        with translated(), self._engine.connect() as connection:
            return [StoredKey(row.kid, row.key, row.age) for row in connection.execute(NEWEST_PUBLIC_KEYS, {"most": most})]

    def save(self, kid: str, key: str | None) -> None:
        """As eBay gave it just now; None: it has none of that name any more. Raises StoreError."""
        with translated(), self._engine.begin() as connection:
            if key is None:
                connection.execute(DELETE_PUBLIC_KEY, {"kid": kid})
            else:
                connection.execute(STORE_PUBLIC_KEY, {"kid": kid, "key": key})
