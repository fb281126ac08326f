"""What steps read before they ask eBay: what is due, how far a stream is, what is set aside. Each is one statement."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, TextClause, text

from domain.changes.moments import Moment
from domain.pacing import Stream
from domain.waits import Waits
from store.events import aside, moments, old_orders, stock, unreadable
from store.events.rereads import What
from store.schema.errors import translated
from store.steps import absent, scans

EVER, ALWAYS = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
PARCELS_DUE = text("""
    (SELECT entity_id FROM sellerbeat.orders WHERE seller_id = :seller_id AND parcels_due AND coalesce(modified_at, :since) >= :since
        ORDER BY modified_at DESC, entity_id LIMIT :limit)
    UNION ALL
    (SELECT order_id FROM sellerbeat.rereads WHERE seller_id = :seller_id AND what = 'parcels' AND due_at <= :now ORDER BY due_at
        LIMIT :limit)
    LIMIT :limit
""")
SINGLES_DUE = text("""
    (SELECT entity_id FROM sellerbeat.orders WHERE seller_id = :seller_id AND single_due
        AND (version > 1 OR coalesce(created_at, :since) >= :since) ORDER BY entity_id LIMIT :limit)
    UNION ALL
    (SELECT order_id FROM sellerbeat.rereads WHERE seller_id = :seller_id AND what = 'single' AND due_at <= :now ORDER BY due_at
        LIMIT :limit)
    LIMIT :limit
""")
CURSOR_OF_STREAM = text("SELECT cursor FROM sellerbeat.streams WHERE seller_id = :seller_id AND stream = :stream")


class Reads:
    """Of `StepStore`, which begins and commits them."""

    _single: Engine
    waits: Waits

    def parcels_due(self, seller_id: str, limit: int, since: datetime = EVER, now: datetime = ALWAYS) -> list[str]:
        """Orders whose parcels have to be read, of those modified since then, the newest first; then those to be read again by now."""
        return self._ids(PARCELS_DUE, seller_id=seller_id, limit=limit, since=since, now=now)

    def singles_due(self, seller_id: str, limit: int, since: datetime = EVER, now: datetime = ALWAYS) -> list[str]:
        """Orders that have to be read alone, since somebody asked to cancel them; then those to be read again by now.

        `since`: without those of before that came as they are, and changed no more.
        """
        return self._ids(SINGLES_DUE, seller_id=seller_id, limit=limit, since=since, now=now)

    def skus_due(self, seller_id: str, limit: int) -> list[str]:
        """SKUs whose stock has to be read, since orders moved it."""
        return self._ids(stock.SKUS_DUE, seller_id=seller_id, limit=limit)

    def listings_due(self, seller_id: str, now: datetime, read_to: datetime, limit: int) -> list[stock.ListingDue]:
        """Listings that are due to be read, since orders moved them; see `stock.listings_due`."""
        with translated(), self._single.connect() as connection:
            return stock.listings_due(connection, seller_id, now, read_to, limit, self.waits)

    def cursor(self, seller_id: str, stream: Stream) -> datetime | None:
        """How far a stream is read and committed."""
        with translated(), self._single.connect() as connection:
            found: datetime | None = connection.execute(CURSOR_OF_STREAM, {"seller_id": seller_id, "stream": stream.value}).scalar()
            return found

    def unreadable(self, seller_id: str, stream: Stream, since: datetime) -> Sequence[Moment]:
        """Moments of a stream since then that are set aside, since eBay cannot show them; oldest first."""
        with translated(), self._single.connect() as connection:
            return moments.of_stream(connection, seller_id, stream, since)

    def has_open_orders(self, seller_id: str, since: datetime = EVER) -> bool:
        """Of those created since then."""
        return bool(self._ids(old_orders.ANY_OPEN_ORDER_SINCE, seller_id=seller_id, since=since))

    def open_orders_since(self, seller_id: str, since: datetime, limit: int, after: str = "") -> list[str]:
        """Open orders that were created since then, by id."""
        return self._ids(old_orders.OPEN_ORDERS_SINCE, seller_id=seller_id, since=since, limit=limit, after=after)

    def old_open_orders(self, seller_id: str, before: datetime, limit: int, after: str = "") -> list[str]:
        """Open orders that were created before, by id; those without a date too."""
        return self._ids(old_orders.OPEN_ORDERS_BEFORE, seller_id=seller_id, before=before, limit=limit, after=after)

    def old_orders_turn(self, seller_id: str) -> str:
        """Behind which id the next sweep goes on with old open orders."""
        return next(iter(self._ids(old_orders.LAST_OLD_ORDER_READ, seller_id=seller_id)), "")

    def close_cancelled(self, seller_id: str) -> None:
        """See `old_orders.CLOSE_CANCELLED_ORDERS`: harmless at any time, so it needs no lease."""
        with translated(), self._single.connect() as connection:
            connection.execute(old_orders.CLOSE_CANCELLED_ORDERS, {"seller_id": seller_id})

    def unlisted_orders(self, seller_id: str, scan: int, limit: int, since: datetime = EVER) -> list[str]:
        """Stored open orders, created since then, that were on no page of a scan of the fulfillment stream."""
        with translated(), self._single.connect() as connection:
            return scans.unlisted(connection, seller_id, Stream.FULFILLMENT, scan, limit, since)

    def absent_since(self, seller_id: str, ids: Sequence[str]) -> tuple[dict[str, datetime], str | None]:
        """Since when eBay does not show these open orders, those that it showed left out; and where any is left, another order's id."""
        with translated(), self._single.connect() as connection:
            since = absent.first_absent(connection, seller_id, ids)
            return since, absent.witness(connection, seller_id, ids) if since else None

    def unlisted_skus(self, seller_id: str, scan: int, limit: int) -> list[str]:
        """Stored SKUs, not removed, that were on no page of a scan of the inventory stream."""
        with translated(), self._single.connect() as connection:
            return scans.unlisted(connection, seller_id, Stream.INVENTORY, scan, limit)

    def aside_due(self, seller_id: str, whats: Sequence[str], now: datetime) -> list[aside.SetAsideDue]:
        """What is set aside and to be tried again by now."""
        with translated(), self._single.connect() as connection:
            return aside.due(connection, seller_id, whats, now)

    def aside_of(self, seller_id: str, kind: str, keys: Sequence[str]) -> set[str]:
        """Those of these keys under which something is set aside."""
        with translated(), self._single.connect() as connection:
            return aside.which(connection, seller_id, kind, keys)

    def records_due(self, seller_id: str, what: What, now: datetime, limit: int) -> list[str]:
        """Records that eBay failed for, to be read again so by now."""
        return self._ids(unreadable.DUE_REREADS, seller_id=seller_id, what=what.value, now=now, limit=limit)

    def well_at(self, seller_id: str, streams: Sequence[Stream]) -> datetime | None:
        """When one of these streams was polled well last."""
        with translated(), self._single.connect() as connection:
            return unreadable.well_at(connection, seller_id, [stream.value for stream in streams])

    def proven(self, seller_id: str, what: What) -> list[str]:
        """A few records that eBay showed before, and did not fail for since."""
        return self._ids(unreadable.RECORDS_READ_BEFORE[what], seller_id=seller_id)

    def _ids(self, statement: TextClause, **values: str | int | bool | datetime) -> list[str]:
        with translated(), self._single.connect() as connection:
            return list(connection.execute(statement, values).scalars())
