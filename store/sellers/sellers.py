"""Who is enrolled: enrolment, removal, erasure, and what people set for a seller."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from domain.pacing import InventorySource, SellerPace, Stream, to_numbers
from domain.streams import SHARED
from store.delivery.endpoints import forget_of
from store.erasure.seller_rows import erase_rows_of_seller
from store.events import enrolment_events
from store.events.alerts import close_alert, open_alert
from store.events.events import Events
from store.schema.errors import OffersNeedInventoryError, UnknownSellerError, translated
from store.schema.times import iso
from store.sellers.tokens import TOKEN_ENDS, WARNING, Tokens

ENROLLMENT_OF_SELLER = text("SELECT enrollment, removed_at FROM sellerbeat.sellers WHERE seller_id = :seller_id")
ENROLL_SELLER = text("""
    INSERT INTO sellerbeat.sellers AS s (seller_id, enrollment, enrolled_at, options)
    VALUES (:seller_id, :enrollment, :now, CAST(:options AS jsonb))
    ON CONFLICT (seller_id) DO UPDATE SET
        enrollment = excluded.enrollment, enrolled_at = excluded.enrolled_at, removed_at = NULL, epoch = s.epoch + 1,
        options = excluded.options, scopes = '{}', wishes = '{}'
        WHERE s.removed_at IS NOT NULL
    RETURNING enrollment
""")
# Of who comes back too: what their polls left before is over. There is a pace from the beginning, that of a seller of whom nothing is
# known: a page is filled by what rows are when they come, so a row is put there about as wide as polls make it.
BEGIN_STREAMS_OF_SELLER = text("""
    INSERT INTO sellerbeat.streams (seller_id, stream, cursor, reading, pace)
    SELECT :seller_id, stream, cursor, reading, CASE WHEN stream = ANY (CAST(:paced AS text[])) THEN CAST(:pace AS double precision[]) END
    FROM unnest(CAST(:streams AS text[]), CAST(:cursors AS timestamptz[]), CAST(:checkpoints AS jsonb[])) AS given (stream, cursor, reading)
    ON CONFLICT (seller_id, stream) DO UPDATE SET
        cursor = excluded.cursor, reading = excluded.reading, watermark = NULL, last_change_at = NULL, next_poll_at = NULL, why = NULL,
        failures = 0, last_error = NULL, scanned_at = NULL, pace = excluded.pace
""")
# Of two who remove a seller at once one finds them enrolled, and tells it. Behind an erasure that was broken off there is no token's row.
LOCK_SELLER_TO_REMOVE = text("""
    SELECT removed_at IS NULL AS is_enrolled,
        coalesce((SELECT t.generation FROM sellerbeat.tokens t WHERE t.seller_id = s.seller_id), epoch) AS version
    FROM sellerbeat.sellers s WHERE seller_id = :seller_id FOR NO KEY UPDATE
""")
# Behind the lock, by a statement of its own: what an enrolment gives from here on is another one.
GENERATION_OF_TOKEN = text("SELECT generation FROM sellerbeat.tokens WHERE seller_id = :seller_id")
REMOVE_SELLER = text("""
    UPDATE sellerbeat.sellers SET removed_at = coalesce(removed_at, clock_timestamp()), epoch = epoch + 1 WHERE seller_id = :seller_id
    RETURNING enrollment, removed_at
""")
LOCK_ENROLLED_SELLER = text(
    "SELECT enrollment FROM sellerbeat.sellers WHERE seller_id = :seller_id AND removed_at IS NULL FOR NO KEY UPDATE"
)
TOKEN_END_IF_NEAR = text(
    "SELECT refresh_expires_at FROM sellerbeat.tokens WHERE seller_id = :seller_id AND refresh_expires_at < clock_timestamp() + :warning"
)
TOKEN_END_ALERT = text(f"SELECT text FROM sellerbeat.alerts WHERE seller_id = :seller_id AND kind = '{TOKEN_ENDS}' AND closed_at IS NULL")
SET_MODE_TO_POLLING = text(
    "UPDATE sellerbeat.modes SET mode = 'polling', since = clock_timestamp() WHERE seller_id = :seller_id AND mode <> 'polling'"
)
OPEN_ALERTS_OF_SELLER = text("SELECT kind FROM sellerbeat.alerts WHERE seller_id = :seller_id AND closed_at IS NULL ORDER BY id")
CANCEL_CONSENTS_OF_SELLER = text(
    "DELETE FROM sellerbeat.consents WHERE seller_id = :seller_id"
)  # an old one must not enrol a removed seller again
# Of somebody of the same id who was erased: whoever begins at sequence 0 would be told of nothing up to where that cursor stood.
DELETE_CURSORS_OF_SELLER = text("DELETE FROM sellerbeat.delivery_lanes WHERE seller_id = :seller_id")
ENROLLED_SELLERS = text("SELECT seller_id FROM sellerbeat.sellers WHERE removed_at IS NULL ORDER BY seller_id")
SPANS_OF_ENROLMENTS = text("SELECT seller_id, enrolled_at, removed_at FROM sellerbeat.sellers")
LOCK_OPTIONS_OF_SELLER = text(
    "SELECT options FROM sellerbeat.sellers WHERE seller_id = :seller_id AND removed_at IS NULL FOR NO KEY UPDATE"
)
# A step in flight works by what was chosen before: it is done again.
SAVE_OPTIONS = text("UPDATE sellerbeat.sellers SET options = CAST(:options AS jsonb), epoch = epoch + 1 WHERE seller_id = :seller_id")
# Listings that were told of as SKUs are told of as listings now, though nothing modified them: the report of all of them comes first.
READ_ALL_LISTINGS_OF_SELLER = text("""
    UPDATE sellerbeat.streams SET reading = NULL, cursor = CASE stream WHEN 'listings' THEN NULL ELSE cursor END
    WHERE seller_id = :seller_id AND stream IN ('listings', 'report')
""")
OVERRIDES_OF_SELLER = text("SELECT wishes AS overrides FROM sellerbeat.sellers WHERE seller_id = :seller_id AND removed_at IS NULL")
SAVE_OVERRIDES = text(
    "UPDATE sellerbeat.sellers SET wishes = CAST(:wishes AS jsonb) WHERE seller_id = :seller_id AND removed_at IS NULL RETURNING 1"
)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an enrolment came to."""

    enrollment: UUID
    new: bool  # False: the seller was enrolled already; the token was replaced, the settings were kept
    generation: int  # of the token


class Sellers:
    """What commands and links do about sellers. Each part is a transaction; a token's lock and its seller's are never held together."""

    def __init__(self, engine: Engine, tokens: Tokens) -> None:
        self._engine, self._tokens = engine, tokens

    def enroll(
        self,
        seller_id: str,
        refresh_token: str,
        *,
        scopes: Sequence[str],
        now_ebay: datetime,
        backfill_from: datetime | None = None,
        read_from: datetime | None = None,
        options: Mapping[str, Any] | None = None,
        access_token: str | None = None,
        access_expires_at: datetime | None = None,
        refresh_expires_at: datetime | None = None,
        client: str | None = None,
    ) -> Enrolled:
        """Enroll a seller, or give an enrolled one a new token. May be repeated at any point: nothing is left half done.

        The token goes first, in a transaction of its own (its lock is never held with the seller's); without a seller it is inert.

        Args:
            now_ebay: eBay's clock: orders created before are "backfill", and the cursor of orders starts here.
            read_from: the cursor of orders, where another clock says that it is earlier.
            backfill_from: what was modified from then on is read too; None: no backfill.
            options: what the enrolment sets for good, such as intervals.
            refresh_expires_at, client: as `Tokens.replace` has them.
        """
        generation = self._tokens.replace(seller_id, refresh_token, scopes, access_token, access_expires_at, refresh_expires_at, client)
        enrolled = self._enroll(seller_id, now_ebay, min(now_ebay, read_from or now_ebay), backfill_from, options, generation)
        self.sync_token_end_alert(seller_id)
        return enrolled

    def connect(
        self,
        seller_id: str,
        refresh_token: str,
        *,
        scopes: Sequence[str],
        access_token: str | None = None,
        access_expires_at: datetime | None = None,
        refresh_expires_at: datetime | None = None,
        client: str | None = None,
    ) -> int:
        """Give an enrolled seller the token of a new consent. Arguments as `Tokens.replace` has them; returns the generation."""
        generation = self._tokens.replace(seller_id, refresh_token, scopes, access_token, access_expires_at, refresh_expires_at, client)
        self.sync_token_end_alert(seller_id)
        return generation

    def sync_token_end_alert(self, seller_id: str) -> None:
        """Open the alert that a seller's consent ends within 30 days; close it where that is over, or was another token's end."""
        values = {"seller_id": seller_id, "warning": WARNING}
        with translated(), self._engine.begin() as connection:
            enrollment = connection.execute(LOCK_ENROLLED_SELLER, values).scalar()
            if enrollment is None:
                return  # removed meanwhile, with alerts and token
            events = Events(enrollment)
            end, open_text = connection.execute(TOKEN_END_IF_NEAR, values).scalar(), connection.execute(TOKEN_END_ALERT, values).scalar()
            words = _ending(seller_id, end) if end else None
            if open_text != words:
                close_alert(connection, events, seller_id, TOKEN_ENDS)
                if words:
                    open_alert(connection, events, seller_id, TOKEN_ENDS, words)
            events.emit(connection, seller_id)

    def _enroll(
        self,
        seller_id: str,
        now_ebay: datetime,
        read_from: datetime,
        backfill_from: datetime | None,
        options: Mapping[str, Any] | None,
        generation: int,
    ) -> Enrolled:
        values = {"seller_id": seller_id}
        stored_options = dict(options or {}) | ({"backfill_from": iso(backfill_from)} if backfill_from else {})  # to tell how far it is
        with translated(), self._engine.begin() as connection:
            before = connection.execute(ENROLLMENT_OF_SELLER, values).one_or_none()
            enrollment = connection.execute(
                ENROLL_SELLER, {**values, "enrollment": uuid4(), "now": now_ebay, "options": json.dumps(stored_options)}
            ).scalar()
            if enrollment is None:
                known = connection.execute(ENROLLMENT_OF_SELLER, values).one()
                return Enrolled(known.enrollment, new=False, generation=generation)
            if before is None:
                connection.execute(DELETE_CURSORS_OF_SELLER, values)
            history = json.dumps([iso(backfill_from), iso(read_from)]) if backfill_from else None  # as `BackfillCheckpoint` reads it
            connection.execute(
                BEGIN_STREAMS_OF_SELLER,
                {
                    **values,
                    "streams": [stream.value for stream in Stream],
                    "cursors": [{Stream.ORDERS: read_from, Stream.BACKFILL: backfill_from}.get(stream) for stream in Stream],
                    "paced": [stream.value for stream in SHARED],
                    "pace": to_numbers(SellerPace(now_ebay.timestamp())),
                    "checkpoints": [history if stream is Stream.BACKFILL else None for stream in Stream],
                },
            )
            events = Events(enrollment)
            enrolment_events.add_connected(events, seller_id, generation, now_ebay, options)
            events.emit(connection, seller_id)
            return Enrolled(enrollment, new=True, generation=generation)

    def remove(self, seller_id: str, erasing: bool = False) -> None:
        """Stop reading a seller and forget their tokens; what was recorded stays. A step in flight can commit nothing more.

        Args:
            erasing: `erase` follows: that they are removed is told as an event of nobody's, since one of theirs would be erased before
                everybody has read it.
        Raises:
            UnknownSellerError: never enrolled. Removing twice is fine.
        """
        with translated(), self._engine.begin() as connection:
            before = connection.execute(LOCK_SELLER_TO_REMOVE, {"seller_id": seller_id}).one_or_none()
            if before is None:
                raise UnknownSellerError(seller_id, removed=False)
            removed = connection.execute(REMOVE_SELLER, {"seller_id": seller_id}).one()
            generation = connection.execute(GENERATION_OF_TOKEN, {"seller_id": seller_id}).scalar()
            connection.execute(CANCEL_CONSENTS_OF_SELLER, {"seller_id": seller_id})
            connection.execute(SET_MODE_TO_POLLING, {"seller_id": seller_id})  # whoever comes back begins there
            events = Events(removed.enrollment)
            for kind in connection.execute(OPEN_ALERTS_OF_SELLER, {"seller_id": seller_id}).scalars().all():
                close_alert(connection, events, seller_id, kind)
            if before.is_enrolled and not erasing:
                enrolment_events.add_removed(events, seller_id, before.version, removed.removed_at)
            events.emit(connection, seller_id)
            if before.is_enrolled and erasing:
                enrolment_events.tell_removed_for_good(connection, seller_id, before.version, removed)
        if generation is not None:
            self._tokens.forget(seller_id, generation)

    def erase(self, seller_id: str) -> None:
        """Delete every row of a seller, in small transactions; broken off, it is finished by erasing again. Unknown: nothing to do.

        That they are gone is told by the transaction that deletes their last row, once, and as an event of nobody's: one of theirs would
        go with them, before readers and endpoints have it. Who is enrolled yet is removed first, and that is told as `remove` does.
        """
        with translated(), self._engine.begin() as connection:
            before = connection.execute(LOCK_SELLER_TO_REMOVE, {"seller_id": seller_id}).one_or_none()
            if before is not None:
                removed = connection.execute(REMOVE_SELLER, {"seller_id": seller_id}).one()
                if before.is_enrolled:
                    enrolment_events.tell_removed_for_good(connection, seller_id, before.version, removed)
        with translated(), self._engine.begin() as connection:  # apart: a delivery locks its endpoint before its seller
            forget_of(connection, seller_id)
        self._tokens.erase(seller_id)
        erase_rows_of_seller(self._engine, seller_id, version=before.version if before else 1)

    def choose(self, seller_id: str, source: InventorySource | None, offers: bool | None) -> tuple[InventorySource, bool]:
        """Change where the stock is read from the next step on; None leaves it as it is. Returns what holds now.

        Raises:
            UnknownSellerError: not enrolled.
            OffersNeedInventoryError: offers with the Trading API alone. Nothing is changed.
        """
        values = {"seller_id": seller_id}
        with translated(), self._engine.begin() as connection:
            options = connection.execute(LOCK_OPTIONS_OF_SELLER, values).scalar()
            if options is None:
                raise UnknownSellerError(seller_id, removed=connection.execute(ENROLLMENT_OF_SELLER, values).one_or_none() is not None)
            before = InventorySource(options.get("inventory_source", InventorySource.AUTO))
            now = before if source is None else source
            read = bool(options.get("offers")) if offers is None else offers
            if read and now is InventorySource.TRADING:
                raise OffersNeedInventoryError(seller_id)
            chosen = {**options, "inventory_source": now.value, "offers": read}
            if (now, read) != (before, bool(options.get("offers"))):
                connection.execute(SAVE_OPTIONS, {**values, "options": json.dumps(chosen)})
            if now is InventorySource.TRADING and before is not now:
                connection.execute(READ_ALL_LISTINGS_OF_SELLER, values)
        return now, read

    def enrolled(self) -> list[str]:
        """Ids of all sellers to be polled, for the watchdog."""
        with translated(), self._engine.begin() as connection:
            return list(connection.execute(ENROLLED_SELLERS).scalars())

    def spans(self) -> dict[str, tuple[datetime, datetime | None]]:
        """Of every seller with a row: when they were enrolled, by eBay's clock, and removed."""
        with translated(), self._engine.begin() as connection:
            return {row.seller_id: (row.enrolled_at, row.removed_at) for row in connection.execute(SPANS_OF_ENROLMENTS)}

    def overrides(self, seller_id: str) -> dict[str, Any]:
        """What people set for the seller since the enrolment, as the workflow last reported it; {} for nothing."""
        with translated(), self._engine.begin() as connection:
            found = connection.execute(OVERRIDES_OF_SELLER, {"seller_id": seller_id}).one_or_none()
            if found is None:
                raise UnknownSellerError(seller_id, removed=False)
            return dict(found.overrides)

    def save_overrides(self, seller_id: str, overrides: Mapping[str, Any]) -> None:
        """All of what people set, in place of what is there. Raises UnknownSellerError: not enrolled, or removed."""
        with translated(), self._engine.begin() as connection:
            if connection.execute(SAVE_OVERRIDES, {"seller_id": seller_id, "wishes": json.dumps(dict(overrides))}).scalar() is None:
                raise UnknownSellerError(seller_id, removed=False)


def _ending(seller_id: str, end: datetime) -> str:
    return f"the seller's consent at eBay ends on {end:%Y-%m-%d}: ask for a new one, and give its token with starter.py connect {seller_id}"
