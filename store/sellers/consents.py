"""Links that ask a seller for their consent: each is good once, until its end. What eBay gave for one is kept until it is stored for good.

The link's *state* is what eBay hands back: sealed with a key derived from SELLERBEAT_SECRET_KEYS, so nobody else can make one, and nobody
reads it on the way.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, text

from store.schema.errors import SecretError, translated
from store.schema.vault import Vault

WORKING = timedelta(seconds=90)  # the longest that one who works on it may take: two calls to eBay; after a crash it is free again
NOBODY_SAID = "page"  # in links of versions before, and in those of the page, which need to be no longer for it
RETENTION = timedelta(days=30)  # rows behind their end, for who comes with an old link

FORGET_OLD_CONSENTS = text("DELETE FROM sellerbeat.consents WHERE expires_at < clock_timestamp() - :kept")
ISSUE_CONSENT = text("""
    INSERT INTO sellerbeat.consents (nonce, seller_id, made_at, expires_at)
    VALUES (:nonce, :seller_id, clock_timestamp(), clock_timestamp() + :lasting) RETURNING expires_at
""")
CLAIM_CONSENT = text("""
    UPDATE sellerbeat.consents SET claimed_until = clock_timestamp() + :working
    WHERE nonce = :nonce AND seller_id = :seller_id AND used_at IS NULL AND expires_at > clock_timestamp()
        AND coalesce(claimed_until, '-infinity') < clock_timestamp()
    RETURNING code, sealed
""")
STATE_OF_CONSENT = text(
    "SELECT used_at IS NOT NULL AS used, expires_at <= clock_timestamp() AS over FROM sellerbeat.consents WHERE nonce = :nonce"
)
KEEP_CODE_OF_CONSENT = text(
    "UPDATE sellerbeat.consents SET code = :code, sealed = :sealed WHERE nonce = :nonce AND claimed_until IS NOT NULL"
)
RELEASE_CONSENT = text("UPDATE sellerbeat.consents SET claimed_until = NULL WHERE nonce = :nonce AND used_at IS NULL")
DROP_CODE_OF_CONSENT = text(
    "UPDATE sellerbeat.consents SET claimed_until = NULL, code = NULL, sealed = NULL WHERE nonce = :nonce AND used_at IS NULL"
)
USE_UP_CONSENT = text("""
    UPDATE sellerbeat.consents SET used_at = clock_timestamp(), claimed_until = NULL, code = NULL, sealed = NULL WHERE nonce = :nonce
""")
SEALED_CONSENTS = text("SELECT nonce, sealed FROM sellerbeat.consents WHERE sealed IS NOT NULL")
RESEAL_CONSENT = text("UPDATE sellerbeat.consents SET sealed = :anew WHERE nonce = :nonce AND sealed = :before")
CONSENT_EXISTS = text("SELECT EXISTS (SELECT FROM sellerbeat.consents WHERE nonce = :nonce)")


class Unclaimed(StrEnum):
    """Why a link does not serve."""

    FORGED = "forged"  # not a state of ours
    EXPIRED = "expired"  # or taken back, with its seller
    USED = "used"
    BUSY = "busy"  # somebody works on it right now


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a state says."""

    nonce: str = field(repr=False)
    seller_id: str
    expires_at: datetime  # UTC
    options: Mapping[str, Any] = field(default_factory=dict)  # of an enrolment
    scopes: Sequence[str] = ()  # () for the usual ones
    back: Mapping[str, str] = field(default_factory=dict)  # `to`: where the app wants the seller's browser afterwards; `app`: its name
    by: str = NOBODY_SAID  # who made the link, as the audit has it


class Consents:
    """The links and what eBay gave for them. `clock`: ours, by which `read` judges; all else goes by the database's."""

    def __init__(self, engine: Engine, vault: Vault, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._vault, self._states, self.clock = engine, vault, vault.apart("state of a consent"), clock

    def issue(
        self,
        seller_id: str,
        lasting: timedelta,
        options: Mapping[str, Any] | None = None,
        scopes: Sequence[str] = (),
        back: Mapping[str, str] | None = None,
        by: str = NOBODY_SAID,
    ) -> tuple[str, datetime]:
        """A new link's state, and its end. Arguments as `Ticket` has them."""
        nonce = secrets.token_urlsafe(18)
        with translated(), self._engine.begin() as connection:
            connection.execute(FORGET_OLD_CONSENTS, {"kept": RETENTION})
            end: datetime = connection.execute(ISSUE_CONSENT, {"nonce": nonce, "seller_id": seller_id, "lasting": lasting}).scalar_one()
        said = {"n": nonce, "s": seller_id, "e": end.timestamp(), "o": dict(options or {}), "c": list(scopes)}
        said |= ({"b": dict(back)} if back else {}) | ({"a": by} if by != NOBODY_SAID else {})
        return self._states.seal(json.dumps(said, separators=(",", ":"), ensure_ascii=False)).decode(), end

    def read(self, state: str) -> Ticket | Unclaimed:
        """What the state says, without a look into the database: forged and expired ones never get there."""
        ticket = self.opened(state)
        if ticket is None:
            return Unclaimed.FORGED
        return Unclaimed.EXPIRED if ticket.expires_at <= self.clock() else ticket

    def opened(self, state: str) -> Ticket | None:
        """What a state of ours says, expired or not. None: it is forged."""
        try:
            said = json.loads(self._states.open(state.encode("ascii")))
        except (SecretError, UnicodeEncodeError):
            return None
        end = datetime.fromtimestamp(said["e"], UTC)
        return Ticket(said["n"], said["s"], end, said["o"], said["c"], said.get("b", {}), said.get("a", NOBODY_SAID))

    def claim(self, ticket: Ticket, code: str) -> str | Unclaimed:
        """Take a link to work on it, alone: until `release`, `drop` or `use`, and 90 s at most.

        Returns:
            what was kept before for this code; "" for nothing.
        """
        values = {"nonce": ticket.nonce, "seller_id": ticket.seller_id, "working": WORKING}
        with translated(), self._engine.begin() as connection:
            row = connection.execute(CLAIM_CONSENT, values).one_or_none()
            if row is None:
                found = connection.execute(STATE_OF_CONSENT, values).one_or_none()
                if found is not None and found.used:
                    return Unclaimed.USED
                return Unclaimed.EXPIRED if found is None or found.over else Unclaimed.BUSY
        if row.sealed is None or not hmac.compare_digest(bytes(row.code), self._hashed(ticket, code)):
            return ""
        try:
            return self._vault.open(row.sealed)
        except SecretError:  # its key was dropped meanwhile
            return ""

    def save_code(self, ticket: Ticket, code: str, gave: str) -> None:
        """Keep what eBay gave for the code, which is good only once: should anything fail from here on, the same link goes on from it."""
        values = {"nonce": ticket.nonce, "code": self._hashed(ticket, code), "sealed": self._vault.seal(gave)}
        self._run(KEEP_CODE_OF_CONSENT, values)

    def is_open(self, ticket: Ticket) -> bool:
        """False: it was taken back meanwhile, with its seller."""
        with translated(), self._engine.begin() as connection:
            return bool(connection.execute(CONSENT_EXISTS, {"nonce": ticket.nonce}).scalar())

    def release(self, ticket: Ticket) -> None:
        """It may be tried again, with the same code where something was kept for it."""
        self._run(RELEASE_CONSENT, {"nonce": ticket.nonce})

    def drop(self, ticket: Ticket) -> None:
        """What eBay gave is of no use; the link serves again, for another consent."""
        self._run(DROP_CODE_OF_CONSENT, {"nonce": ticket.nonce})

    def use(self, ticket: Ticket) -> None:
        """It has done its work."""
        self._run(USE_UP_CONSENT, {"nonce": ticket.nonce})

    def rotate(self) -> int:
        """Encrypt anew, with the first key, what eBay gave for links that are not done. What no key opens stays till its end."""
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(SEALED_CONSENTS).all()
            old, _ = self._vault.all_renewed([(row.nonce, row.sealed) for row in rows])
            for nonce, before, anew in old:
                connection.execute(RESEAL_CONSENT, {"nonce": nonce, "before": before, "anew": anew})
        return len(old)

    def _run(self, statement: Any, values: dict[str, Any]) -> None:
        with translated(), self._engine.begin() as connection:
            connection.execute(statement, values)

    def _hashed(self, ticket: Ticket, code: str) -> bytes:
        return hmac.digest(ticket.nonce.encode(), code.encode(), "sha256")
