"""Sellers' tokens. The row has a lock of its own, held while one caller is at eBay, and never together with the seller's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from store.errors import UnknownSellerError, translated
from store.vault import Vault

LOCK_WAIT_MS = 30_000  # who waits here waits for another caller's request to eBay, which may take longer than any lock of ours

READ = text("""
    SELECT refresh_token, access_token, expires_at, generation, scopes, dead_at, dead_reason, clock_timestamp() AS now
    FROM tokens WHERE seller_id = :seller_id FOR NO KEY UPDATE
""")
WAIT = text(f"""
    SELECT set_config('lock_timeout', '{LOCK_WAIT_MS}', true), set_config('statement_timeout', '{LOCK_WAIT_MS + 5_000}', true),
        set_config('idle_in_transaction_session_timeout', '120000', true)
""")
RENEW = text("""
    UPDATE tokens SET access_token = :access_token, expires_at = :expires_at, refresh_token = coalesce(:refresh_token, refresh_token)
    WHERE seller_id = :seller_id
""")
KILL = text("""
    UPDATE tokens SET dead_at = clock_timestamp(), dead_reason = :reason, access_token = NULL, expires_at = NULL
    WHERE seller_id = :seller_id
""")
REPLACE = text("""
    INSERT INTO tokens AS t (seller_id, refresh_token, access_token, expires_at, scopes, refresh_expires_at)
    VALUES (:seller_id, :refresh_token, :access_token, :expires_at, CAST(:scopes AS text[]), :refresh_expires_at)
    ON CONFLICT (seller_id) DO UPDATE SET
        refresh_token = excluded.refresh_token, access_token = excluded.access_token, expires_at = excluded.expires_at,
        scopes = excluded.scopes, refresh_expires_at = excluded.refresh_expires_at,
        generation = t.generation + 1, dead_at = NULL, dead_reason = NULL
    RETURNING generation
""")
SCOPES = text("SELECT scopes FROM tokens WHERE seller_id = :seller_id")
FORGET = text("UPDATE tokens SET refresh_token = NULL, access_token = NULL, expires_at = NULL WHERE seller_id = :seller_id")
ERASE = text("DELETE FROM tokens WHERE seller_id = :seller_id")


@dataclass
class TokenRow:
    """One seller's tokens while their row is locked; what is changed here is kept when the lock is given back."""

    seller_id: str
    refresh_token: str = field(repr=False)
    access_token: str | None = field(repr=False)
    expires_at: datetime | None  # of the access token
    generation: int  # counts the seller's consents
    scopes: tuple[str, ...]
    dead: bool  # eBay refused the refresh token: only the seller's new consent helps
    dead_reason: str | None
    now: datetime  # the database's clock
    _connection: Connection = field(repr=False)
    _vault: Vault = field(repr=False)

    def renew(self, access_token: str, expires_at: datetime, refresh_token: str | None = None) -> None:
        """Keep a new access token, and the new refresh token where eBay gave one."""
        values = {
            "seller_id": self.seller_id,
            "access_token": self._vault.seal(access_token),
            "expires_at": expires_at,
            "refresh_token": self._vault.seal(refresh_token) if refresh_token else None,
        }
        self._connection.execute(RENEW, values)
        self.access_token, self.expires_at, self.refresh_token = access_token, expires_at, refresh_token or self.refresh_token

    def kill(self, reason: str) -> None:
        """eBay refused the refresh token. It can only be the stored one: the row is locked since it was read."""
        self._connection.execute(KILL, {"seller_id": self.seller_id, "reason": reason[:500]})
        self.dead, self.dead_reason, self.access_token, self.expires_at = True, reason, None, None


class Tokens:
    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    @contextmanager
    def locked(self, seller_id: str) -> Iterator[TokenRow]:
        """The seller's tokens, under a lock that makes others of this seller wait, in this process and in every other.

        An exception out of the `with` gives the lock back and keeps nothing.

        Raises:
            UnknownSellerError: there is no token, since the seller is not enrolled or was removed.
            SecretError: the token cannot be decrypted.
            StoreUnavailableError: another caller held the lock for 30 s.
        """
        with translated(), self._engine.begin() as connection:
            connection.execute(WAIT)
            row = connection.execute(READ, {"seller_id": seller_id}).one_or_none()
            if row is None or row.refresh_token is None:
                raise UnknownSellerError(seller_id, removed=row is not None)
            yield TokenRow(
                seller_id,
                refresh_token=self._vault.open(row.refresh_token),
                access_token=self._vault.open(row.access_token) if row.access_token else None,
                expires_at=row.expires_at,
                generation=row.generation,
                scopes=tuple(row.scopes),
                dead=row.dead_at is not None,
                dead_reason=row.dead_reason,
                now=row.now,
                _connection=connection,
                _vault=self._vault,
            )

    def replace(
        self,
        seller_id: str,
        refresh_token: str,
        scopes: Sequence[str],
        access_token: str | None = None,
        expires_at: datetime | None = None,
        refresh_expires_at: datetime | None = None,
    ) -> int:
        """Keep the token of a new consent; a dead one is forgotten. Returns its generation."""
        values = {
            "seller_id": seller_id,
            "refresh_token": self._vault.seal(refresh_token),
            "access_token": self._vault.seal(access_token) if access_token else None,
            "expires_at": expires_at if access_token else None,
            "scopes": list(scopes),
            "refresh_expires_at": refresh_expires_at,
        }
        with translated(), self._engine.begin() as connection:
            generation: int = connection.execute(REPLACE, values).scalar_one()
            return generation

    def scopes(self, seller_id: str) -> tuple[str, ...]:
        """What the stored consent covers; () without one."""
        with translated(), self._engine.begin() as connection:
            return tuple(connection.execute(SCOPES, {"seller_id": seller_id}).scalar() or ())

    def forget(self, seller_id: str) -> None:
        """Drop the tokens themselves, keep their count."""
        with translated(), self._engine.begin() as connection:
            connection.execute(FORGET, {"seller_id": seller_id})

    def erase(self, seller_id: str) -> None:
        with translated(), self._engine.begin() as connection:
            connection.execute(ERASE, {"seller_id": seller_id})
