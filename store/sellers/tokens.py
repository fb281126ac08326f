"""Sellers' tokens. The row has a lock of its own, held while one caller is at eBay, and never together with the seller's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from domain.pacing.doubts import Consent
from store.schema.errors import SecretError, UnknownSellerError, translated
from store.schema.kinds import AlertKind
from store.schema.vault import Vault
from store.sellers.trials import Trial, Trials

LOCK_WAIT_MS = 65_000  # who waits here waits for another caller's request to eBay: a minute at most, by SELLERBEAT_EBAY_TIMEOUT
LIFE = timedelta(seconds=47_304_000)  # of a refresh token: 18 months, where nobody said more (eBay docs: refresh_token_expires_in)
WARNING = timedelta(days=30)  # before its end
TOKEN_ENDS = AlertKind.TOKEN_ENDS

# The lock is held while one caller is at eBay, so that the refusal of an old token cannot end the one that replaced it.
LOCK_TOKEN_OF_SELLER = text(f"""
    SELECT refresh_token, access_token, expires_at, generation, scopes, dead_at, dead_reason, refresh_expires_at, clock_timestamp() AS now,
        client, refused_at, tried_at, tried_client, tried_version,
        EXISTS (SELECT FROM sellerbeat.alerts a WHERE a.seller_id = :seller_id AND a.kind = '{TOKEN_ENDS}'
            AND a.closed_at IS NULL) AS end_reported
    FROM sellerbeat.tokens WHERE seller_id = :seller_id FOR NO KEY UPDATE
""")
ALLOW_LONG_WAIT_FOR_TOKEN = text(f"""
    SELECT set_config('lock_timeout', '{LOCK_WAIT_MS}', true), set_config('statement_timeout', '{LOCK_WAIT_MS + 5_000}', true),
        set_config('idle_in_transaction_session_timeout', '120000', true)
""")
# A dead token that works again is as one of a new consent, and its workflow is to be woken.
RENEW_TOKEN = text("""
    UPDATE sellerbeat.tokens
        SET access_token = :access_token, expires_at = :expires_at, refresh_token = coalesce(:refresh_token, refresh_token),
        client = coalesce(:client, client), refreshed_at = :now, refused_at = NULL,
        tried_at = :now, tried_client = :client, tried_version = :version,
        dead_at = NULL, dead_reason = NULL, generation = generation + CASE WHEN dead_at IS NULL THEN 0 ELSE 1 END,
        revived_at = CASE WHEN dead_at IS NULL THEN revived_at ELSE :now END
    WHERE seller_id = :seller_id RETURNING generation
""")
# The refresh token stays: it is tried again, in case that it was refused by mistake.
MARK_TOKEN_DEAD = text("""
    UPDATE sellerbeat.tokens
        SET dead_at = coalesce(dead_at, clock_timestamp()), dead_reason = :reason, access_token = NULL, expires_at = NULL
    WHERE seller_id = :seller_id
""")
# eBay's quota of tokens is the application's, so its end is kept once for all; the claim may be taken up again at that time.
RECORD_TOKEN_QUOTA_SPENT = text("""
    INSERT INTO sellerbeat.claims AS c (name, at) VALUES ('tokens', clock_timestamp() + :wait)
    ON CONFLICT (name) DO UPDATE SET at = greatest(c.at, excluded.at)
""")
SECONDS_UNTIL_TOKEN_QUOTA_RESETS = text(
    "SELECT extract(epoch FROM at - clock_timestamp()) FROM sellerbeat.claims WHERE name = 'tokens' AND at > clock_timestamp()"
)
LOCK_TOKEN_TO_REPLACE = text(
    "SELECT refresh_token, refresh_expires_at FROM sellerbeat.tokens WHERE seller_id = :seller_id FOR NO KEY UPDATE"
)
# A new consent: nothing that was found out about the token before it holds.
REPLACE_TOKEN = text("""
    INSERT INTO sellerbeat.tokens AS t (seller_id, refresh_token, access_token, expires_at, scopes, refresh_expires_at, client)
    VALUES (:seller_id, :refresh_token, :access_token, :expires_at, CAST(:scopes AS text[]),
        coalesce(:refresh_expires_at, clock_timestamp() + :life), :client)
    ON CONFLICT (seller_id) DO UPDATE SET
        refresh_token = excluded.refresh_token, access_token = excluded.access_token, expires_at = excluded.expires_at,
        scopes = excluded.scopes, refresh_expires_at = excluded.refresh_expires_at,
        generation = t.generation + 1, dead_at = NULL, dead_reason = NULL, client = excluded.client, refreshed_at = NULL,
        refused_at = NULL, tried_at = NULL, tried_client = NULL, tried_version = NULL, revived_at = NULL
    RETURNING generation
""")
SCOPES_OF_TOKEN = text("SELECT scopes FROM sellerbeat.tokens WHERE seller_id = :seller_id")
# The row stays, for its count of consents. Who is enrolled again by now keeps theirs.
FORGET_TOKEN = text("""
    UPDATE sellerbeat.tokens SET refresh_token = NULL, access_token = NULL, expires_at = NULL
    WHERE seller_id = :seller_id AND generation <= :generation
        AND NOT EXISTS (SELECT FROM sellerbeat.sellers s WHERE s.seller_id = :seller_id AND s.removed_at IS NULL)
""")
ERASE_TOKEN = text("DELETE FROM sellerbeat.tokens WHERE seller_id = :seller_id")
NEXT_SEALED_TOKENS = text("""
    SELECT seller_id, refresh_token, access_token FROM sellerbeat.tokens
    WHERE seller_id > :after AND (refresh_token IS NOT NULL OR access_token IS NOT NULL) ORDER BY seller_id LIMIT 500
""")
LOCK_SEALED_TOKEN = text("SELECT refresh_token, access_token FROM sellerbeat.tokens WHERE seller_id = :seller_id FOR NO KEY UPDATE")
RESEAL_TOKEN = text("""
    UPDATE sellerbeat.tokens
        SET refresh_token = coalesce(:refresh_token, refresh_token), access_token = coalesce(:access_token, access_token)
    WHERE seller_id = :seller_id
""")


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
    refresh_expires_at: datetime | None  # the consent's end
    end_reported: bool  # the alert that it is near is open
    now: datetime  # the database's clock
    client: str | None  # the application key that it last worked with; None: not known
    refused_at: datetime | None  # when the key of its last try was first refused since then
    tried: tuple[str | None, str | None, datetime | None]  # the key and our version of its last try, and when
    _connection: Connection = field(repr=False)
    _vault: Vault = field(repr=False)

    def trial(self, client: str, version: str, now: datetime) -> Trial:
        """A try with this application key."""
        same = self.tried[0] == client
        consent = Consent(self.client, self.refused_at if same else None, self.tried[2] if same else None)
        return Trial(self.seller_id, client, version, now, consent, self._connection)

    def renew(self, access_token: str, expires_at: datetime, refresh_token: str | None = None, trial: Trial | None = None) -> None:
        """Keep a new access token, and the new refresh token where eBay gave one: it is not dead, whatever was believed."""
        values = {
            "client": trial.client if trial else None,
            "version": trial.version if trial else None,
            "now": trial.now if trial else self.now,
            "seller_id": self.seller_id,
            "access_token": self._vault.seal(access_token),
            "expires_at": expires_at,
            "refresh_token": self._vault.seal(refresh_token) if refresh_token else None,
        }
        self.generation = self._connection.execute(RENEW_TOKEN, values).scalar_one()
        self.dead, self.dead_reason = False, None
        self.access_token, self.expires_at, self.refresh_token = access_token, expires_at, refresh_token or self.refresh_token

    def kill(self, reason: str) -> None:
        """eBay refused the refresh token. It can only be the stored one: the row is locked since it was read."""
        self._connection.execute(MARK_TOKEN_DEAD, {"seller_id": self.seller_id, "reason": reason[:500]})
        self.dead, self.dead_reason, self.access_token, self.expires_at = True, reason, None, None

    @property
    def end_is_near(self) -> bool:
        """Whether the consent ends within 30 days, by the database's clock. False where eBay did not say when."""
        return self.refresh_expires_at is not None and self.refresh_expires_at < self.now + WARNING

    def spent(self, wait: timedelta) -> None:
        """eBay gives the application no more tokens for now: nobody asks again before `wait` is over."""
        self._connection.execute(RECORD_TOKEN_QUOTA_SPENT, {"wait": wait})

    def spent_for(self) -> float:
        """Seconds for which eBay gives the application no tokens; 0: ask."""
        return float(self._connection.execute(SECONDS_UNTIL_TOKEN_QUOTA_RESETS).scalar() or 0)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What `rotate` came to."""

    sellers: int  # whose tokens were encrypted anew; the others' were under the first key already
    unreadable: tuple[str, ...]  # sellers whose tokens no key opens


class Tokens:
    """Whoever writes a token waits for its row, but no longer than a request to eBay may take: then StoreUnavailableError."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault
        self.trials = Trials(engine)

    @contextmanager
    def locked(self, seller_id: str) -> Iterator[TokenRow]:
        """The seller's tokens, under a lock that makes others of this seller wait, in this process and in every other.

        An exception out of the `with` gives the lock back and keeps nothing.

        Raises:
            UnknownSellerError: there is no token, since the seller is not enrolled or was removed.
            SecretError: the token cannot be decrypted.
            StoreUnavailableError: another caller held the lock for longer than a request to eBay may take.
        """
        with translated(), self._engine.begin() as connection:
            connection.execute(ALLOW_LONG_WAIT_FOR_TOKEN)
            row = connection.execute(LOCK_TOKEN_OF_SELLER, {"seller_id": seller_id}).one_or_none()
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
                refresh_expires_at=row.refresh_expires_at,
                end_reported=row.end_reported,
                now=row.now,
                client=row.client,
                refused_at=row.refused_at,
                tried=(row.tried_client, row.tried_version, row.tried_at),
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
        client: str | None = None,
    ) -> int:
        """Keep the token of a new consent; a dead one is forgotten. Waits for whoever is at eBay with the old one.

        Args:
            client: the application key that it was proven with; None: learnt at the next good refresh.
            refresh_expires_at: when it ends. None: the known end of the same token given again, so that enrolling once a day does not put
                it off for ever; for another token 18 months from now.
        Returns:
            its generation.
        """
        values = {
            "seller_id": seller_id,
            "refresh_token": self._vault.seal(refresh_token),
            "access_token": self._vault.seal(access_token) if access_token else None,
            "expires_at": expires_at if access_token else None,
            "scopes": list(scopes),
            "life": LIFE,
            "client": client,
        }
        with translated(), self._engine.begin() as connection:
            connection.execute(ALLOW_LONG_WAIT_FOR_TOKEN)
            before = connection.execute(LOCK_TOKEN_TO_REPLACE, {"seller_id": seller_id}).one_or_none()
            same = before is not None and self._is(before.refresh_token, refresh_token)
            values["refresh_expires_at"] = refresh_expires_at or (before.refresh_expires_at if before and same else None)
            generation: int = connection.execute(REPLACE_TOKEN, values).scalar_one()
            return generation

    def scopes(self, seller_id: str) -> tuple[str, ...]:
        """What the stored consent covers; () without one."""
        with translated(), self._engine.begin() as connection:
            return tuple(connection.execute(SCOPES_OF_TOKEN, {"seller_id": seller_id}).scalar() or ())

    def forget(self, seller_id: str, generation: int) -> None:
        """Drop the tokens of a removed seller, up to this generation, and keep their count: a later one is a new enrolment's."""
        with translated(), self._engine.begin() as connection:
            connection.execute(ALLOW_LONG_WAIT_FOR_TOKEN)
            connection.execute(FORGET_TOKEN, {"seller_id": seller_id, "generation": generation})

    def erase(self, seller_id: str) -> None:
        """Delete the row, with the count of consents that `forget` leaves."""
        with translated(), self._engine.begin() as connection:
            connection.execute(ALLOW_LONG_WAIT_FOR_TOKEN)
            connection.execute(ERASE_TOKEN, {"seller_id": seller_id})

    def rotate(self) -> Rotation:
        """Encrypt every stored token with the first key: one seller a transaction, so that no one waits for another's request to eBay.

        Safe while workers run that know all the keys, and to repeat: what is under the first key already stays as it is.
        """
        sellers, unreadable, after = 0, [], ""
        while page := self._sealed(after):
            for row in page:
                after = row.seller_id
                try:
                    if self._old(row):
                        sellers += self._reseal(row.seller_id)
                except SecretError:
                    unreadable.append(row.seller_id)
        return Rotation(sellers, tuple(unreadable))

    def _sealed(self, after: str) -> list[Row[Any]]:
        with translated(), self._engine.begin() as connection:
            return list(connection.execute(NEXT_SEALED_TOKENS, {"after": after}))

    def _reseal(self, seller_id: str) -> bool:
        with translated(), self._engine.begin() as connection:
            connection.execute(ALLOW_LONG_WAIT_FOR_TOKEN)
            row = connection.execute(LOCK_SEALED_TOKEN, {"seller_id": seller_id}).one_or_none()
            changed = self._old(row) if row is not None else {}
            if changed:
                connection.execute(RESEAL_TOKEN, {"seller_id": seller_id, "refresh_token": None, "access_token": None, **changed})
            return bool(changed)

    def _old(self, row: Row[Any]) -> dict[str, bytes]:
        """Those of a row's tokens that are not under the first key, encrypted with it."""
        tokens = {"refresh_token": row.refresh_token, "access_token": row.access_token}
        return {name: anew for name, sealed in tokens.items() if sealed is not None and (anew := self._vault.renewed(sealed))}

    def _is(self, sealed: bytes | None, token: str) -> bool:
        try:
            return sealed is not None and self._vault.open(sealed) == token
        except SecretError:  # a new token is the remedy, and must not fail for the old one
            return False
