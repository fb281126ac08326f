"""One try of a seller's token with the application key of now, within the transaction that has the token's row.

The key's row is locked by whoever asks in the fleet's turn and by whoever was refused, so that of several who are refused together each
sees those before.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from domain.pacing.doubts import AT_ONCE, PROBE, WORKS, ApplicationKey, Consent, RecentRefusals
from store.events.alerts import close_alert
from store.events.events import Events
from store.schema.errors import translated
from store.schema.kinds import REAUTHORIZED, AlertKind

STATE_OF_APPLICATION_KEY = text("""
    SELECT EXISTS (SELECT FROM sellerbeat.tokens t WHERE t.client = :client) AS known, k.doubted_at, k.tried_at, k.worked, k.worked_at,
        (SELECT count(*) FROM sellerbeat.tokens t WHERE t.tried_client = :client AND t.refused_at IS NOT NULL
            AND t.refresh_token IS NOT NULL)
            AS refused,
        (SELECT count(*) FROM sellerbeat.tokens t WHERE t.tried_client = :client AND t.refused_at > :since AND t.refresh_token IS NOT NULL
            AND t.seller_id <> :seller_id) AS others,
        (SELECT count(*) FROM sellerbeat.tokens t WHERE t.client = :client AND t.refreshed_at > :since AND t.refused_at IS NULL
            AND t.seller_id <> :seller_id) AS well,
        EXISTS (SELECT FROM sellerbeat.application_keys o WHERE o.client <> :client AND o.doubted_at IS NOT NULL) AS others_doubted
    FROM (SELECT 1) AS one LEFT JOIN sellerbeat.application_keys k ON k.client = :client
""")
# A key without a row gets one, so that it is locked as well.
LOCK_APPLICATION_KEY = text(
    "INSERT INTO sellerbeat.application_keys AS k (client) VALUES (:client) ON CONFLICT (client) DO UPDATE SET client = excluded.client"
)
# Who comes second does not wait: the turn is taken.
CLAIM_TRY_OF_APPLICATION_KEY = text("""
    UPDATE sellerbeat.application_keys SET tried_at = :now WHERE client IN (
        SELECT client FROM sellerbeat.application_keys WHERE client = :client AND (tried_at IS NULL
            OR tried_at <= :before) FOR UPDATE SKIP LOCKED)
    RETURNING client
""")
RECORD_TRY_OF_DOUBTED_KEY = text("UPDATE sellerbeat.application_keys SET tried_at = :now WHERE client = :client AND doubted_at IS NOT NULL")
DOUBT_APPLICATION_KEY = text(
    "UPDATE sellerbeat.application_keys SET doubted_at = :now, tried_at = :now, worked = 0, worked_at = NULL WHERE client = :client"
)
COUNT_KEY_SUCCESS = text(
    "UPDATE sellerbeat.application_keys SET worked = worked + 1, worked_at = :now WHERE client = :client AND doubted_at IS NOT NULL"
)
# Nobody is refused any more: there is nothing left to doubt.
CLEAR_DOUBT_OF_KEY = text("""
    UPDATE sellerbeat.application_keys SET doubted_at = NULL WHERE client = :client AND doubted_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM sellerbeat.tokens WHERE tried_client = :client AND refused_at IS NOT NULL AND dead_at IS NULL
            AND refresh_token IS NOT NULL)
    RETURNING client
""")
# A key that is not used any more is in doubt no more: whoever begins with it again begins anew.
CLEAR_DOUBT_OF_OTHER_KEYS = text("""
    UPDATE sellerbeat.application_keys SET doubted_at = NULL WHERE client IN (
        SELECT client FROM sellerbeat.application_keys WHERE client <> :client AND doubted_at IS NOT NULL FOR UPDATE SKIP LOCKED)
""")
# `refused_at`: since when this key is refused; with another key it begins anew.
RECORD_TOKEN_REFUSED = text("""
    UPDATE sellerbeat.tokens SET access_token = NULL, expires_at = NULL, tried_at = :now, tried_client = :client, tried_version = :version,
        refused_at = CASE WHEN tried_client = :client THEN coalesce(refused_at, :now) ELSE :now END
    WHERE seller_id = :seller_id
""")
SELLERS_OF_TOKENS_KILLED_LATELY = text("""
    SELECT seller_id FROM sellerbeat.tokens
    WHERE dead_at IS NOT NULL AND tried_client = :client AND refused_at > :since AND refresh_token IS NOT NULL ORDER BY seller_id
""")
# As a consent given anew: with its number, so that a real end after it is told again.
REVIVE_TOKEN = text("""
    UPDATE sellerbeat.tokens SET dead_at = NULL, dead_reason = NULL, generation = generation + 1, revived_at = :now
    WHERE seller_id = :seller_id AND dead_at IS NOT NULL AND refused_at > :since RETURNING generation
""")
LOCK_SELLER_OF_REVIVED_TOKEN = text(
    "SELECT enrollment FROM sellerbeat.sellers WHERE seller_id = :seller_id AND removed_at IS NULL FOR NO KEY UPDATE"
)
REVIVED_TOKENS_TO_REPORT = text(
    "SELECT seller_id, generation FROM sellerbeat.tokens WHERE revived_at IS NOT NULL ORDER BY revived_at, seller_id LIMIT :limit"
)
# As if it had been dead: until a worker has told the workflow, it is among those to report.
MARK_TOKEN_TO_REPORT = text(
    "UPDATE sellerbeat.tokens SET revived_at = clock_timestamp() WHERE seller_id = :seller_id AND generation = :generation"
)
MARK_REVIVED_TOKEN_REPORTED = text(
    "UPDATE sellerbeat.tokens SET revived_at = NULL WHERE seller_id = :seller_id AND generation = :generation"
)
DEAD_TOKENS_OF_ENROLLED_SELLERS = text("""
    SELECT t.seller_id, t.tried_client, t.tried_version, t.tried_at FROM sellerbeat.tokens t JOIN sellerbeat.sellers s USING (seller_id)
    WHERE t.dead_at IS NOT NULL AND t.refresh_token IS NOT NULL AND s.removed_at IS NULL
    ORDER BY t.tried_at NULLS FIRST, t.seller_id
""")


@dataclass
class Trial:
    """`now`: the clock that paces the polls."""

    seller_id: str
    client: str
    version: str
    now: datetime
    consent: Consent
    _connection: Connection = field(repr=False)

    def __post_init__(self) -> None:
        self.look()

    def look(self) -> None:
        """Read anew what is known of the key and of the others who asked within the last 10 minutes."""
        values = {"client": self.client, "seller_id": self.seller_id, "since": self.now - AT_ONCE}
        row = self._connection.execute(STATE_OF_APPLICATION_KEY, values).one()
        self.key = ApplicationKey(self.client, row.known, row.doubted_at, row.tried_at, row.worked or 0, row.worked_at)
        self.refused_by_key: int = row.refused
        self.others_doubted: bool = row.others_doubted
        known_before = self.consent.refused_at is not None and self.consent.refused_at <= self.now - AT_ONCE
        self.asked = RecentRefusals(row.others + (not known_before), row.well)

    def claim(self) -> bool:
        """Take the fleet's turn; False: another has it."""
        values = {"client": self.client, "now": self.now, "before": self.now - PROBE}
        return self._connection.execute(CLAIM_TRY_OF_APPLICATION_KEY, values).scalar() is not None

    def refused(self) -> None:
        """eBay refused: look again under the lock of the key, which is held until the transaction ends, and note it."""
        self._connection.execute(LOCK_APPLICATION_KEY, {"client": self.client})
        self.look()
        values = {"seller_id": self.seller_id, "client": self.client, "version": self.version, "now": self.now}
        self._connection.execute(RECORD_TOKEN_REFUSED, values)
        self._connection.execute(RECORD_TRY_OF_DOUBTED_KEY, values)

    def doubt(self) -> None:
        """From now on no refusal of this key is believed."""
        self._connection.execute(DOUBT_APPLICATION_KEY, {"client": self.client, "now": self.now})

    def worked(self) -> None:
        """The key brought a token, which speaks for it, and against any other."""
        if self.key.doubted_at is not None and self.key.worked < WORKS:
            self._connection.execute(COUNT_KEY_SUCCESS, {"client": self.client, "now": self.now})
            self.key = replace(self.key, worked=self.key.worked + 1, worked_at=self.now)
            if self._connection.execute(CLEAR_DOUBT_OF_KEY, {"client": self.client}).scalar():
                self.key = replace(self.key, doubted_at=None)
        if self.others_doubted:
            self._connection.execute(CLEAR_DOUBT_OF_OTHER_KEYS, {"client": self.client})


@dataclass(frozen=True, slots=True)
class DeadToken:
    """A dead token of an enrolled seller, and its last try."""

    seller_id: str
    tried: tuple[str | None, str | None, datetime | None]  # the key, the version of ours, when


class Trials:
    """Tokens that were believed to be dead: who has one, who got theirs back, and who has to be told so."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def killed_lately(self, client: str, now: datetime) -> list[str]:
        """Sellers whose tokens were believed to be dead within the last 10 minutes, by this key."""
        with translated(), self._engine.begin() as connection:
            return list(connection.execute(SELLERS_OF_TOKENS_KILLED_LATELY, {"client": client, "since": now - AT_ONCE}).scalars())

    def revive(self, seller_id: str, now: datetime) -> bool:
        """The token was believed to be dead too soon: it is none, as if the seller had consented anew. False: it is not so any more.

        First the token, then what is told of it, since the two locks are never held together: broken off between, the next good poll tells.
        """
        values = {"seller_id": seller_id, "now": now, "since": now - AT_ONCE}
        with translated(), self._engine.begin() as connection:
            generation = connection.execute(REVIVE_TOKEN, values).scalar()
        if generation is None:
            return False
        with translated(), self._engine.begin() as connection:
            enrollment = connection.execute(LOCK_SELLER_OF_REVIVED_TOKEN, values).scalar()
            if enrollment is not None:
                events = Events(enrollment)
                if close_alert(connection, events, seller_id, AlertKind.NEEDS_REAUTHORIZATION):
                    data = json.dumps({"seller_id": seller_id, "generation": generation})
                    events.add(REAUTHORIZED, seller_id, generation, now, "poll", data)
                events.emit(connection, seller_id)
        return True

    def revived(self, limit: int = 200) -> list[tuple[str, int]]:
        """Sellers whose token is dead no more and whose workflow was not told yet, with the token's generation."""
        with translated(), self._engine.begin() as connection:
            return [(row.seller_id, row.generation) for row in connection.execute(REVIVED_TOKENS_TO_REPORT, {"limit": limit})]

    def report_later(self, seller_id: str, generation: int) -> None:
        """The seller's workflow could not be told of this new token: the watchdog does it."""
        with translated(), self._engine.begin() as connection:
            connection.execute(MARK_TOKEN_TO_REPORT, {"seller_id": seller_id, "generation": generation})

    def woken(self, seller_id: str, generation: int) -> None:
        """The seller's workflow knows of this generation. One that came later is still to be reported."""
        with translated(), self._engine.begin() as connection:
            connection.execute(MARK_REVIVED_TOKEN_REPORTED, {"seller_id": seller_id, "generation": generation})

    def dead(self) -> list[DeadToken]:
        """Of enrolled sellers, those first that were not tried for the longest time."""
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(DEAD_TOKENS_OF_ENROLLED_SELLERS).all()
            return [DeadToken(row.seller_id, (row.tried_client, row.tried_version, row.tried_at)) for row in rows]
