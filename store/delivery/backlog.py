"""Which cursors have something to deliver: a look at what is new, several times a second, and a scan that forgets nothing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from store.delivery.cursors import MATCHES
from store.schema.errors import translated
from store.schema.leases import FleetLease

AT_ONCE = 500  # cursors of a look

NEWEST_POSITION_FOR_DISPATCHER = text("SELECT coalesce(max(position), 0) FROM sellerbeat.change_events")
HAS_ACTIVE_ENDPOINT = text("SELECT EXISTS (SELECT FROM sellerbeat.endpoints WHERE off_at IS NULL AND kind = 'webhook')")
# A cursor that waits for its retry is not woken for new changes: its workflow has a timer, and takes it along.
CURSORS_WITH_NEW_CHANGES_OR_DUE = text(f"""
    WITH news AS (
        SELECT seller_id, type, max(position) AS position FROM sellerbeat.change_events WHERE position > :known GROUP BY seller_id, type
    ), cursors AS (
        SELECT DISTINCT e.id AS endpoint, coalesce(n.seller_id, '') AS seller FROM news n
        JOIN sellerbeat.endpoints e ON (e.seller_id IS NULL OR e.seller_id = n.seller_id) AND e.off_at IS NULL
            AND {MATCHES.format(type="n.type", types="e.types")}
        LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = e.id AND l.seller_id = coalesce(n.seller_id, '')
        WHERE l.retry_at IS NULL
    ), due AS (
        SELECT l.endpoint_id, l.seller_id FROM sellerbeat.delivery_lanes l JOIN sellerbeat.endpoints e ON e.id = l.endpoint_id
            AND e.off_at IS NULL
        WHERE l.tell_at <= clock_timestamp() LIMIT {AT_ONCE}
    )
    SELECT (SELECT max(position) FROM news) AS position, endpoint, seller, again FROM (SELECT 1) AS one
    LEFT JOIN (SELECT *, false FROM cursors UNION ALL SELECT *, true FROM due) AS found (endpoint, seller, again) ON true
""")
# All cursors that are behind. Where nothing that was passed is wanted, the cursor moves on by itself, and no workflow begins for it.
PASS_OR_FIND_CURSORS_BEHIND = text(f"""
    WITH heads AS (
        SELECT seller_id, sequence FROM sellerbeat.sellers
        UNION ALL SELECT '', coalesce(max(position), 0) FROM sellerbeat.change_events WHERE seller_id IS NULL
    ), behind AS (
        SELECT e.id AS endpoint, h.seller_id AS seller, h.sequence, coalesce(l.sequence, 0) AS delivered, e.types
        FROM sellerbeat.endpoints e
        JOIN heads h ON e.seller_id IS NULL OR e.seller_id = h.seller_id
        LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = e.id AND l.seller_id = h.seller_id
        WHERE e.off_at IS NULL AND e.kind = 'webhook' AND h.sequence > coalesce(l.sequence, 0)
            AND coalesce(l.tell_at, '-infinity') <= clock_timestamp()
    ), looked AS (
        SELECT b.*, CASE WHEN b.seller = ''
            THEN EXISTS (SELECT FROM sellerbeat.change_events c WHERE c.seller_id IS NULL AND c.position > b.delivered
                AND {MATCHES.format(type="c.type", types="b.types")})
            ELSE EXISTS (SELECT FROM sellerbeat.change_events c WHERE c.seller_id = b.seller AND c.sequence > b.delivered
                AND {MATCHES.format(type="c.type", types="b.types")})
            END AS wanted
        FROM behind b
    ), passed AS (
        INSERT INTO sellerbeat.delivery_lanes AS l (endpoint_id, seller_id, sequence)
        SELECT endpoint, seller, sequence FROM looked WHERE NOT wanted ORDER BY endpoint, seller
        ON CONFLICT (endpoint_id, seller_id) DO UPDATE SET sequence = greatest(l.sequence, excluded.sequence)
    )
    (SELECT endpoint, seller FROM looked WHERE wanted LIMIT {AT_ONCE})
    UNION
    (SELECT r.endpoint_id, r.seller_id FROM sellerbeat.redeliveries r
        JOIN sellerbeat.endpoints e ON e.id = r.endpoint_id AND e.off_at IS NULL
        LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = r.endpoint_id AND l.seller_id = r.seller_id
        WHERE coalesce(l.tell_at, '-infinity') <= clock_timestamp() LIMIT {AT_ONCE})
""")

CursorKey = tuple[str, str]  # endpoint, seller


@dataclass(frozen=True, slots=True)
class BacklogNews:
    """What one look of the dispatcher's found."""

    known: int | None = None  # the newest position that was looked at; None: there is no endpoint, so none was
    cursors: frozenset[CursorKey] = frozenset()
    due: frozenset[CursorKey] = frozenset()  # whose time has come; they are found again until their run begins


class DeliveryBacklog:
    """What the dispatcher looks at. Its clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lead = FleetLease("dispatchers")  # of the workers' dispatchers one looks at a time

    @contextmanager
    def leading(self) -> Iterator[Connection | None]:
        """A connection with the lead, by which to look while `leads` says so; None: another dispatcher has it."""
        with translated(), self._single.connect() as connection:
            if not self._lead.take(connection):
                yield None
                return
            try:
                yield connection
            finally:
                with suppress(SQLAlchemyError):  # else it ends by itself
                    self._lead.end(connection)
                connection.invalidate()  # closes it: what a session of ours has locked goes with it, whatever state it is in

    def leads(self, connection: Connection) -> bool:
        """Whether the lead is still ours. False: we stood still for so long that another one took it."""
        with translated():
            return self._lead.holds(connection)

    def new(self, connection: Connection, known: int | None) -> BacklogNews:
        """Cursors with changes behind a position, and those whose time to be woken has come. No endpoint: one cheap statement."""
        with translated():
            if not connection.execute(HAS_ACTIVE_ENDPOINT).scalar():
                return BacklogNews()
            if known is None:  # what came before is the scan's
                return BacklogNews(connection.execute(NEWEST_POSITION_FOR_DISPATCHER).scalar_one())
            rows = connection.execute(CURSORS_WITH_NEW_CHANGES_OR_DUE, {"known": known}).all()
        cursors, due = (frozenset((row.endpoint, row.seller) for row in rows if row.again is again) for again in (False, True))
        return BacklogNews(max(rows[0].position or 0, known), cursors, due)

    def behind(self) -> set[CursorKey]:
        """Every cursor with something to deliver that no run has in hand and no timer waits for; 1,000 at most at a time."""
        return {(row.endpoint, row.seller) for row in self._all(PASS_OR_FIND_CURSORS_BEHIND)}

    def _all(self, statement: Any) -> list[Any]:
        with translated(), self._single.connect() as connection:
            return list(connection.execute(statement))
