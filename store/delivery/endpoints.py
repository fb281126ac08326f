"""Endpoints: who is told of changes, of which, and with which secrets.

No secret leaves here but through `secrets`, `add` and `rotate`; `endpoint_secrets.py` encrypts them anew.
"""

import base64
import re
import secrets as chance
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from store.delivery.endpoint_names import reserve_name
from store.events.alerts import close_alert
from store.events.events import FLEET, Events
from store.schema.delivery_tables import FLEET_CURSOR
from store.schema.errors import StoreError, UnknownSellerError, translated
from store.schema.kinds import AlertKind, named
from store.schema.vault import Vault

PREFIX = "whsec_"  # Standard Webhooks, "Signature scheme": base64 of 24 to 64 bytes behind it
BYTES = 32

ADD_ENDPOINT = text("""
    INSERT INTO sellerbeat.endpoints (id, url, types, seller_id, thin, created_at, name)
    VALUES (:id, :url, CAST(:types AS text[]), :seller_id, :thin, clock_timestamp(), :name)
""")
# An endpoint is told of what comes from now on: each cursor begins where its seller stands. A seller enrolled later has no row: from 0.
BEGIN_CURSORS_OF_ENDPOINT = text("""
    INSERT INTO sellerbeat.delivery_lanes (endpoint_id, seller_id, sequence)
    SELECT :id, seller_id, sequence FROM sellerbeat.sellers WHERE CAST(:seller_id AS text) IS NULL OR seller_id = :seller_id
""")
BEGIN_FLEET_CURSOR_OF_ENDPOINT = text("""
    INSERT INTO sellerbeat.delivery_lanes (endpoint_id, seller_id, sequence)
    SELECT :id, :fleet, coalesce(max(position), 0) FROM sellerbeat.change_events WHERE seller_id IS NULL
""")
SELLER_IS_ENROLLED = text("SELECT EXISTS (SELECT FROM sellerbeat.sellers WHERE seller_id = :seller_id AND removed_at IS NULL)")
ALL_ENDPOINTS = text("SELECT * FROM sellerbeat.endpoints ORDER BY created_at, id")
ENDPOINT_BY_ID_OR_NAME = text(
    "SELECT * FROM sellerbeat.endpoints WHERE id = :which OR lower(name) = lower(:which)"
)  # no name looks like an id
LOCK_ENDPOINT = text("SELECT id FROM sellerbeat.endpoints WHERE id = :id FOR UPDATE")
SECRETS_OF_ENDPOINT = text("SELECT secret FROM sellerbeat.endpoint_secrets WHERE endpoint_id = :id ORDER BY number DESC")
ADD_SECRET_OF_ENDPOINT = text("""
    INSERT INTO sellerbeat.endpoint_secrets (endpoint_id, number, secret, created_at)
    SELECT :id, 1 + coalesce(max(number), 0), :secret, clock_timestamp() FROM sellerbeat.endpoint_secrets WHERE endpoint_id = :id
""")
DROP_OLD_SECRETS_OF_ENDPOINT = text("""
    DELETE FROM sellerbeat.endpoint_secrets
    WHERE endpoint_id = :id AND number < (SELECT max(number) FROM sellerbeat.endpoint_secrets WHERE endpoint_id = :id)
""")
SWITCH_OFF_ENDPOINT = text(
    "UPDATE sellerbeat.endpoints SET off_at = clock_timestamp(), off_reason = :reason WHERE id = :id AND off_at IS NULL RETURNING id"
)
SWITCH_ON_ENDPOINT = text("""
    UPDATE sellerbeat.endpoints SET off_at = NULL, off_reason = NULL, failures = 0, failing_since = NULL, probed_at = NULL
    WHERE id = :id RETURNING id
""")
# The order of locks: see cursors.py.
LOCK_CURSORS_OF_ENDPOINT = text("SELECT FROM sellerbeat.delivery_lanes WHERE endpoint_id = :id ORDER BY seller_id FOR UPDATE")
RETRY_CURSORS_OF_ENDPOINT_NOW = text("""
    UPDATE sellerbeat.delivery_lanes SET schedule_from = tries, failing_since = NULL, retry_at = NULL, tell_at = clock_timestamp()
    WHERE endpoint_id = :id AND tries > 0
""")
CHANGE_ENDPOINT = text("""
    UPDATE sellerbeat.endpoints SET url = coalesce(CAST(:url AS text), url), types = coalesce(CAST(:types AS text[]), types),
        thin = coalesce(CAST(:thin AS boolean), thin), name = coalesce(CAST(:name AS text), name)
    WHERE id = :id
""")
FORGET_FAILURES_OF_ENDPOINT = text("UPDATE sellerbeat.endpoints SET failures = 0, failing_since = NULL, probed_at = NULL WHERE id = :id")
# Not before the minute of its last message has passed.
RETRY_ALERT_TURN_NOW = text("UPDATE sellerbeat.alert_turns SET tries = 0, retry_at = NULL WHERE endpoint_id = :id AND tries > 0")
REMOVE_ROWS_OF_ENDPOINT = [
    text(f"DELETE FROM sellerbeat.{table} WHERE endpoint_id = :id")
    for table in ("endpoint_secrets", "delivery_lanes", "redeliveries", "deliveries", "delivery_sums", "alert_turns")
]
REMOVE_ENDPOINT = text("DELETE FROM sellerbeat.endpoints WHERE id = :id")
LOCK_ENDPOINTS_OF_SELLER = text("SELECT id FROM sellerbeat.endpoints WHERE seller_id = :seller_id ORDER BY id FOR UPDATE")


ENDPOINT_ID = re.compile(r"ep-[a-z0-9-]{1,20}")


class UnknownEndpointError(StoreError):
    """There is no such endpoint, or it was removed. Act: `starter.py endpoints` lists them."""

    def __init__(self, endpoint_id: str) -> None:
        named = endpoint_id if ENDPOINT_ID.fullmatch(endpoint_id) else "of this id or name"  # a token that was pasted there is not shown
        super().__init__(f"there is no endpoint {named}: starter.py endpoints lists them")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered endpoint, without its secrets. `types`: `*`, `order.*` or whole types. Times by the database's clock."""

    id: str
    url: str = field(repr=False)  # its path may be as good as a password
    types: tuple[str, ...]
    seller_id: str | None  # None: of all sellers
    thin: bool
    created_at: datetime
    off_at: datetime | None
    off_reason: str | None
    failures: int
    failing_since: datetime | None
    kind: str  # webhook, chat or mail
    name: str | None = None

    @property
    def words(self) -> str:
        """For people: `shop (ep-1f2e3d4c)`, or the id alone."""
        return f"{self.name} ({self.id})" if self.name else self.id

    @property
    def state(self) -> str:
        """For people: `on`, `failing` or `off`."""
        return "off" if self.off_at else "failing" if self.failing_since else "on"


class Endpoints:
    """The register. Whatever changes an endpoint raises UnknownEndpointError where there is none of that id."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def add(
        self,
        url: str,
        types: Sequence[str],
        seller_id: str | None = None,
        thin: bool = False,
        endpoint_id: str | None = None,
        name: str | None = None,
    ) -> tuple[str, str]:
        """Register an endpoint for what changes from now on; the URL, the types and the name are checked already.

        Args:
            endpoint_id: of `new_id`, where it was written down before; None: a new one.
        Returns:
            its id and its secret, which is not told a second time.
        Raises:
            UnknownSellerError: it is to be of one seller, who is not enrolled.
            EndpointNameTakenError: another one is called so.
        """
        endpoint_id, secret = endpoint_id or new_id(), _new_secret()
        values = {
            "id": endpoint_id,
            "url": url,
            "types": list(types),
            "seller_id": seller_id,
            "thin": thin,
            "fleet": FLEET_CURSOR,
            "name": name,
        }
        with translated(), self._engine.begin() as connection:
            if seller_id is not None and not connection.execute(SELLER_IS_ENROLLED, values).scalar():
                raise UnknownSellerError(seller_id, removed=False)
            reserve_name(connection, endpoint_id, name)
            connection.execute(ADD_ENDPOINT, values)
            connection.execute(ADD_SECRET_OF_ENDPOINT, {"id": endpoint_id, "secret": self._vault.seal(secret)})
            connection.execute(BEGIN_CURSORS_OF_ENDPOINT, values)
            if seller_id is None:
                connection.execute(BEGIN_FLEET_CURSOR_OF_ENDPOINT, values)
        return endpoint_id, secret

    def all(self) -> list[Endpoint]:
        """The oldest first."""
        with translated(), self._engine.begin() as connection:
            return [_endpoint(row) for row in connection.execute(ALL_ENDPOINTS)]

    def one(self, which: str) -> Endpoint:
        """By its id or its name. Raises UnknownEndpointError."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(ENDPOINT_BY_ID_OR_NAME, {"which": which}).one_or_none()
        if row is None:
            raise UnknownEndpointError(which)
        return _endpoint(row)

    def secrets(self, endpoint_id: str) -> list[str]:
        """All that sign, the newest first. Raises SecretError: one cannot be decrypted."""
        with translated(), self._engine.begin() as connection:
            sealed = connection.execute(SECRETS_OF_ENDPOINT, {"id": endpoint_id}).scalars().all()
        return [self._vault.open(one) for one in sealed]

    def rotate(self, endpoint_id: str) -> str:
        """A new secret beside the others: from now on each message is signed with all of them. Returns it."""
        secret = _new_secret()
        with translated(), self._engine.begin() as connection:
            self._locked(connection, endpoint_id)
            connection.execute(ADD_SECRET_OF_ENDPOINT, {"id": endpoint_id, "secret": self._vault.seal(secret)})
        return secret

    def drop_old(self, endpoint_id: str) -> int:
        """Only the newest secret signs from now on. Returns how many were dropped."""
        with translated(), self._engine.begin() as connection:
            self._locked(connection, endpoint_id)
            return connection.execute(DROP_OLD_SECRETS_OF_ENDPOINT, {"id": endpoint_id}).rowcount

    def switch_off(self, endpoint_id: str, reason: str = "by hand") -> None:
        """Deliver nothing to it; what waits stays, and `switch_on` goes on from there. `reason`: for people; the first one stays."""
        with translated(), self._engine.begin() as connection:
            self._locked(connection, endpoint_id)
            connection.execute(SWITCH_OFF_ENDPOINT, {"id": endpoint_id, "reason": reason})

    def switch_on(self, endpoint_id: str) -> None:
        """It catches up from where it was: nothing was dropped. What was failing is tried at once."""
        with translated(), self._engine.begin() as connection:
            self._locked(connection, endpoint_id)
            connection.execute(SWITCH_ON_ENDPOINT, {"id": endpoint_id})
            connection.execute(LOCK_CURSORS_OF_ENDPOINT, {"id": endpoint_id})
            connection.execute(RETRY_CURSORS_OF_ENDPOINT_NOW, {"id": endpoint_id})
            connection.execute(RETRY_ALERT_TURN_NOW, {"id": endpoint_id})
            _close_alerts(connection, endpoint_id)

    def change(
        self,
        endpoint_id: str,
        url: str | None = None,
        types: Sequence[str] | None = None,
        thin: bool | None = None,
        name: str | None = None,
    ) -> None:
        """Change what is given; checked already. It goes on from where it stands: what waits is told as from now on wished.

        Another address knows nothing of the former one's failures, and is tried at once. Raises EndpointNameTakenError.
        """
        values = {"id": endpoint_id, "url": url, "types": list(types) if types is not None else None, "thin": thin, "name": name}
        with translated(), self._engine.begin() as connection:
            self._locked(connection, endpoint_id)
            reserve_name(connection, endpoint_id, name)
            connection.execute(CHANGE_ENDPOINT, values)
            if url is not None:
                connection.execute(FORGET_FAILURES_OF_ENDPOINT, values)
                connection.execute(LOCK_CURSORS_OF_ENDPOINT, values)
                connection.execute(RETRY_CURSORS_OF_ENDPOINT_NOW, values)
                _close_alerts(connection, endpoint_id, AlertKind.ENDPOINT_FAILING)

    def remove(self, endpoint_id: str) -> None:
        """Forget it, with its secrets, its place in the feed and its log."""
        with translated(), self._engine.begin() as connection:
            self._locked(connection, endpoint_id)
            forget(connection, endpoint_id)

    def _locked(self, connection: Connection, endpoint_id: str) -> None:
        if connection.execute(LOCK_ENDPOINT, {"id": endpoint_id}).scalar() is None:
            raise UnknownEndpointError(endpoint_id)


def forget(connection: Connection, endpoint_id: str) -> None:
    """Delete an endpoint with all that is stored of it, and close its alerts. It is the first row to be locked, its cursors come after."""
    connection.execute(REMOVE_ENDPOINT, {"id": endpoint_id})
    connection.execute(LOCK_CURSORS_OF_ENDPOINT, {"id": endpoint_id})
    for removal in REMOVE_ROWS_OF_ENDPOINT:
        connection.execute(removal, {"id": endpoint_id})
    _close_alerts(connection, endpoint_id)


def forget_of(connection: Connection, seller_id: str) -> None:
    """Endpoints that are of a seller alone, who is erased."""
    for endpoint_id in connection.execute(LOCK_ENDPOINTS_OF_SELLER, {"seller_id": seller_id}).scalars().all():
        forget(connection, endpoint_id)


def new_id() -> str:
    """An id that no endpoint has."""
    return f"ep-{chance.token_hex(4)}"


def _close_alerts(connection: Connection, endpoint_id: str, *kinds: AlertKind) -> None:
    """All of them where none is named."""
    events = Events(FLEET)
    for kind in kinds or (AlertKind.ENDPOINT_OFF, AlertKind.ENDPOINT_FAILING):
        close_alert(connection, events, None, named(kind, endpoint_id))
    events.emit(connection, None)


def _new_secret() -> str:
    return PREFIX + base64.b64encode(chance.token_bytes(BYTES)).decode()


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        types=tuple(row.types),
        seller_id=row.seller_id,
        thin=row.thin,
        created_at=row.created_at,
        off_at=row.off_at,
        off_reason=row.off_reason,
        failures=row.failures,
        failing_since=row.failing_since,
        name=row.name,
        kind=row.kind,
    )
