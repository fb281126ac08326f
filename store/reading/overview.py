"""What the page reads of Postgres: few and small statements, so that thousands of sellers cost milliseconds.

The state of a seller is decided by `store/reading/status.py`, as for `starter.py list`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, Row, text

from domain.changes.model import Kind
from domain.ebay_standing import DOUBT_LASTS
from domain.pacing import Stream
from domain.seller_state import GRAVITY, PauseFacts, SpeedUpFacts
from store.quota.breakers import Breaker, troubled_breakers
from store.reading.health import HealthReader, standstill_facts
from store.reading.lateness import IS_PROGRESSING
from store.reading.overridden import pause_of, speed_up_of
from store.reading.seller_changes import FoundChangesOfSeller, SellerChangesReader
from store.reading.snapshots import SNAPSHOT_OF_SELLER
from store.reading.status import SPENT_QUOTAS, WAITS_FOR, state_of
from store.schema.errors import UnknownSellerError, translated
from store.schema.times import iso

READ_CLOCK_FOR_OVERVIEW = text("SELECT clock_timestamp()")
SELLERS_THAT_EXIST = text("SELECT seller_id FROM sellerbeat.sellers WHERE seller_id = ANY (CAST(:sellers AS text[]))")
# One narrow row a seller: of most there is nothing to decide, and what a seller's own page shows is read there.
SELLERS_FOR_OVERVIEW = text(f"""
    SELECT s.seller_id, s.enrolled_at, s.removed_at, nullif(s.wishes, '{{}}') AS overrides, k.dead_at, k.dead_reason,
        a.seller_id IS NOT NULL AS another, coalesce(m.mode, 'polling') AS mode, t.last_good_at, t.next_poll_at,
        {IS_PROGRESSING} AS is_reading
    FROM sellerbeat.sellers s LEFT JOIN sellerbeat.tokens k USING (seller_id) LEFT JOIN sellerbeat.modes m USING (seller_id)
        LEFT JOIN sellerbeat.accounts a ON a.seller_id = s.seller_id AND a.refused = k.generation
        LEFT JOIN sellerbeat.streams t ON t.seller_id = s.seller_id AND t.stream = 'orders'
""")
# All of them while a breaker is open, or is doubted: it hinders streams whose rows do not say so yet.
FAILING_OR_WAITING_STREAMS = text(f"""
    SELECT seller_id, stream, why, failures, last_error, {WAITS_FOR} AS waits_for FROM sellerbeat.streams
    WHERE failures > 0 OR waits_for IS NOT NULL
        OR EXISTS (SELECT FROM sellerbeat.breakers
            WHERE opened_at IS NOT NULL OR doubted_at > clock_timestamp() - interval '{DOUBT_LASTS.total_seconds():.0f} s')
""")
# Without those that have nothing to do: a backfill that is over, and offers of who did not choose them.
STREAMS_OF_GIVEN_SELLERS = text("""
    SELECT t.seller_id, t.stream, t.last_good_at, t.next_poll_at, t.why, t.failures, t.last_error
    FROM sellerbeat.streams t JOIN sellerbeat.sellers s USING (seller_id) WHERE t.seller_id = ANY(CAST(:sellers AS text[]))
        AND (t.stream <> 'backfill' OR t.reading IS NOT NULL) AND (t.stream <> 'offers' OR s.options ->> 'offers' = 'true')
""")
NEWEST_POLL_RUNS_OF_SELLER = text("""
    SELECT started_at, finished_at, stream, source, api_calls, changes, duplicates, missed, error
    FROM sellerbeat.poll_runs WHERE seller_id = :seller_id ORDER BY started_at DESC LIMIT :limit
""")
# By the newest orders: their index is there, and a seller may have 100,000 parcels.
NEWEST_PARCELS_OF_SELLER = text("""
    SELECT f.entity_id, f.order_id, f.data, f.as_of, f.removed_at
    FROM (SELECT entity_id, created_at FROM sellerbeat.orders WHERE seller_id = :seller_id ORDER BY created_at DESC NULLS LAST
        LIMIT :orders) AS o
    JOIN sellerbeat.fulfillments f ON f.seller_id = :seller_id AND f.order_id = o.entity_id
    ORDER BY o.created_at DESC, f.entity_id LIMIT :limit
""")
# The page's bounds reach the rows within, so that sales are summed up for these alone.
NEXT_STOCK_OF_SELLER = text(f"""
    SELECT * FROM ({SNAPSHOT_OF_SELLER[Kind.INVENTORY][0]}) AS stock
    WHERE entity_id > :after AND starts_with(entity_id, :begins) ORDER BY entity_id LIMIT :limit
""")
NEWEST = 2**63 - 1
RANK: dict[str, int] = {state: rank for rank, state in enumerate(GRAVITY)}


class Seller(NamedTuple):
    """A row of the list of sellers: a tuple, since thousands are made for each look."""

    seller_id: str
    state: str
    reason: str | None
    enrolled_at: datetime
    fresh_at: datetime  # of the last good poll of the orders; the enrolment where there was none
    next_at: datetime | None  # of the orders
    is_reading: bool = False  # the orders, by a long read that goes on
    is_first: bool = False  # no poll of the orders has gone well yet
    mode: str = "polling"
    pause: PauseFacts | None = None
    speed_up: SpeedUpFacts | None = None

    @property
    def said(self) -> str | None:
        """The reason for people: of a pause also by whom and until when."""
        return self.pause.words() if self.pause and self.state == "paused" else self.reason

    @property
    def ends(self) -> bool:
        """Paused, until a time."""
        return self.state == "paused" and self.pause is not None and self.pause.until is not None


@dataclass(frozen=True, slots=True)
class FleetOverview:
    """All sellers at one moment."""

    now: datetime  # by Postgres's clock
    sellers: list[Seller]  # the gravest first, then by id


class Overview:
    """What the page asks of Postgres; each method is one or two statements."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._health = HealthReader(engine)
        self._changes = SellerChangesReader(engine)

    def fleet(self) -> FleetOverview:
        """Every seller with state and freshness."""
        with translated(), self._engine.connect() as connection:
            now: datetime = connection.execute(READ_CLOCK_FOR_OVERVIEW).scalar_one()
            rows = connection.execute(SELLERS_FOR_OVERVIEW).all()
            troubled = connection.execute(FAILING_OR_WAITING_STREAMS).all()
            waits = {row.resource: iso(row.reset_at) for row in connection.execute(SPENT_QUOTAS)}
            down = troubled_breakers(connection)
            facts = standstill_facts(connection)
        stalled = self._health.stalled(facts)
        by_seller = _grouped(troubled)
        whole = EveryonesFacts(now, waits, down, stalled)
        sellers = [_seller(row, by_seller.get(row.seller_id, ()), whole) for row in rows]
        return FleetOverview(now, sorted(sellers, key=place))

    def known(self, *seller_ids: str) -> None:
        """Raises UnknownSellerError: the first that was never enrolled, or was erased. A removed one is known."""
        there = {row.seller_id for row in self._rows(SELLERS_THAT_EXIST, sellers=list(seller_ids))}
        for seller_id in seller_ids:
            if seller_id not in there:
                raise UnknownSellerError(seller_id, removed=False)

    def streams(self, sellers: Iterable[str]) -> dict[str, list[Row[Any]]]:
        """By seller, in the order that people know; without a backfill that is done, and offers that nobody wants."""
        order = {stream.value: index for index, stream in enumerate(Stream)}
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(STREAMS_OF_GIVEN_SELLERS, {"sellers": list(sellers)}).all()
        return _grouped(sorted(rows, key=lambda row: order.get(row.stream, len(order))))

    def polls(self, seller_id: str, limit: int) -> list[Row[Any]]:
        """The newest first, of those that found something, failed or were asked for."""
        return self._rows(NEWEST_POLL_RUNS_OF_SELLER, seller_id=seller_id, limit=limit)

    def changes(self, seller_id: str, limit: int, before: int = NEWEST, begins: str = "", name: str = "") -> FoundChangesOfSeller:
        """As `SellerChangesReader.find`, the newest first."""
        return self._changes.find(seller_id, limit, before, begins, name)

    def parcels(self, seller_id: str, limit: int) -> list[Row[Any]]:
        """Those of the newest orders."""
        return self._rows(NEWEST_PARCELS_OF_SELLER, seller_id=seller_id, limit=limit, orders=4 * limit)

    def stock(self, seller_id: str, limit: int, after: str = "", begins: str = "") -> list[Row[Any]]:
        """By id, behind one of them. What is expected to be left of them: `expected_of` of `store/reading/snapshots.py`."""
        return self._rows(NEXT_STOCK_OF_SELLER, seller_id=seller_id, limit=limit, after=after, begins=begins)

    def _rows(self, statement: Any, **values: Any) -> list[Row[Any]]:
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement, values).all())


def _grouped(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    grouped: dict[str, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(row.seller_id, []).append(row)
    return grouped


def place(seller: Seller) -> tuple[int, str]:
    """In the list: the gravest first, then by id."""
    return RANK[seller.state], seller.seller_id


class EveryonesFacts(NamedTuple):
    """What holds for all sellers at once."""

    now: datetime
    waits: dict[str, str]
    down: dict[str, Breaker]
    stalled: str | None


def _seller(row: Row[Any], streams: Sequence[Row[Any]], whole: EveryonesFacts) -> Seller:
    """Most are polled and nothing is set for them: of these nothing has to be decided."""
    seller_id, enrolled_at, removed_at, overrides, dead_at, _, another, mode, last_good_at, next_at, is_reading = tuple(row)
    polls = last_good_at or enrolled_at, next_at, is_reading, last_good_at is None
    if not (streams or overrides or removed_at or dead_at or another or whole.stalled or whole.waits):
        return Seller(seller_id, "polling", None, enrolled_at, *polls, mode)
    overrides = (overrides or {}) if removed_at is None else {}
    pause, speed_up = pause_of(overrides, whole.now), speed_up_of(overrides, whole.now)
    state, reason = state_of(row, streams, whole.waits, whole.down, pause, whole.stalled)
    return Seller(seller_id, state, reason, enrolled_at, *polls, mode, pause, speed_up)
