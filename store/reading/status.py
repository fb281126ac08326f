"""What an operator asks: how a seller is doing, how all are, which alerts are open, what is set aside."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, TextClause, text

from domain.pacing import Stream
from domain.seller_state import PauseFacts, State, StreamFacts, Wait, as_wait, seller_state
from domain.streams import POLLED
from store.quota.breakers import Breaker, hindered, troubled_breakers
from store.reading.health import HealthReader, standstill_facts
from store.reading.overridden import pause_fields, pause_of, speed_up_fields, speed_up_of
from store.reading.progress import IS_READING, PROGRESS, progress
from store.schema.errors import UnknownSellerError, translated
from store.schema.hours import A_DAY_AGO, POLL_HOURS
from store.schema.kinds import runbook
from store.schema.times import iso

WAITS_FOR = "CASE WHEN last_good_at IS DISTINCT FROM last_poll_at THEN waits_for END"
"""What a stream waits for, as a column; of a good poll by a version that did not know it nothing."""


def _of(statement: str) -> dict[bool | None, TextClause]:
    """The statement for one seller (True), for all (False), and for those given (None): three, so that each uses its index."""
    parts = {"waits": WAITS_FOR, "is_reading": IS_READING, "progress": PROGRESS, "hours": POLL_HOURS.format(since=A_DAY_AGO)}
    given = "seller_id = ANY(CAST(:sellers AS text[]))"
    return {
        which: text(statement.format(one=one, **parts)) for which, one in ((True, "seller_id = :seller_id"), (False, "true"), (None, given))
    }


SELLERS_FOR_STATUS = _of("""
    SELECT s.seller_id, s.enrolled_at, s.removed_at, s.wishes AS overrides, s.options, t.dead_at, t.dead_reason, t.refresh_expires_at,
        EXISTS (SELECT FROM sellerbeat.accounts a WHERE a.seller_id = s.seller_id AND a.refused = t.generation) AS another,
        coalesce(m.mode, 'polling') AS mode, m.since AS mode_since, m.compared_at, m.comparison, statement_timestamp() AS now
    FROM sellerbeat.sellers s LEFT JOIN sellerbeat.tokens t USING (seller_id) LEFT JOIN sellerbeat.modes m USING (seller_id)
    WHERE {one} ORDER BY seller_id
""")
STREAMS_FOR_STATUS = _of("""
    SELECT seller_id, stream, cursor,
        {is_reading} AS is_reading, last_change_at, last_poll_at, last_good_at, next_poll_at, why,
        failures, last_error, last_changes, sales_30d, {waits} AS waits_for, {progress} AS progress
    FROM sellerbeat.streams WHERE {one}
""")
CHANGES_AND_CALLS_OF_LAST_DAY = _of("""
    SELECT seller_id, sum(changes) AS changes, sum(api_calls) AS calls FROM {hours} AS h WHERE {one} GROUP BY seller_id
""")
NEWEST_ALERTS = _of("""
    SELECT id, seller_id, kind, text, opened_at, closed_at FROM sellerbeat.alerts
    WHERE (closed_at IS NULL OR :closed) AND {one} ORDER BY opened_at DESC, id DESC LIMIT :limit
""")
NEWEST_SET_ASIDE = _of("""
    SELECT id, seller_id, kind, entity_id, reason, at, attempts FROM sellerbeat.set_aside WHERE {one} ORDER BY at DESC, id DESC LIMIT :limit
""")
COUNT_OPEN_ALERTS_BY_KIND = text(
    "SELECT split_part(kind, ':', 1) AS kind, count(*) AS open FROM sellerbeat.alerts WHERE closed_at IS NULL GROUP BY 1"
)
COUNT_DOCUMENTS_ASIDE = text("SELECT count(*) FROM sellerbeat.set_aside")
CALLS_OF_STREAMS_SINCE = text(f"""
    SELECT seller_id, stream, sum(api_calls) AS calls FROM {POLL_HOURS.format(since="CAST(:since AS timestamptz)")} AS h GROUP BY 1, 2
""")
SPENT_QUOTAS = text(
    "SELECT resource, reset_at FROM sellerbeat.quotas WHERE remaining <= 0 AND reset_at > clock_timestamp() ORDER BY reset_at"
)


ORDER = {stream.value: number for number, stream in enumerate(Stream)}  # as people know them
ANOTHER = "another eBay account: the token is not that of the account that was polled before, and nothing of it is stored"


class StatusReader:
    """Answers for people, in JSON's types and times as text. Locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._health = HealthReader(engine)

    def seller(self, seller_id: str) -> dict[str, Any]:
        """One seller in the contract's shape (`starter.py status --json`).

        Raises:
            UnknownSellerError: never enrolled.
        """
        found = self._sellers(seller_id)
        if not found:
            raise UnknownSellerError(seller_id, removed=False)
        return found[0]

    def all(self, state: str | None = None) -> list[dict[str, Any]]:
        """Every seller in the same shape, removed ones too, by id."""
        return [seller for seller in self._sellers(None) if state in (None, seller["state"])]

    def given(self, sellers: Sequence[str]) -> list[dict[str, Any]]:
        """Those of them that were ever enrolled, in the same shape, by id."""
        return self._sellers(sellers) if sellers else []

    def calls(self, since: datetime) -> dict[tuple[str, str], int]:
        """Calls at eBay of polls that began since then, by seller and stream. `since`: an hour's beginning; of a part nothing counts."""
        with translated(), self._single.connect() as connection:
            return {(row.seller_id, row.stream): int(row.calls) for row in connection.execute(CALLS_OF_STREAMS_SINCE, {"since": since})}

    def alerts(self, *, closed: bool = False, seller_id: str | None = None, limit: int = 500) -> list[dict[str, Any]]:
        """Open alerts, newest first, each with its runbook; the closed ones too if asked."""
        rows = self._rows(NEWEST_ALERTS, ("opened_at", "closed_at"), seller_id=seller_id, closed=closed, limit=limit)
        return [{**row, "runbook": runbook(row["kind"])} for row in rows]

    def open_alerts(self) -> dict[str, int]:
        """How many are open, by kind; what stands behind a colon aside."""
        with translated(), self._single.connect() as connection:
            return {row.kind: int(row.open) for row in connection.execute(COUNT_OPEN_ALERTS_BY_KIND)}

    def aside(self) -> int:
        """How many documents are set aside."""
        with translated(), self._single.connect() as connection:
            count: int = connection.execute(COUNT_DOCUMENTS_ASIDE).scalar_one()
            return count

    def set_aside(self, seller_id: str | None = None, limit: int = 500) -> list[dict[str, Any]]:
        """Documents set aside, newest first, without their contents."""
        return self._rows(NEWEST_SET_ASIDE, ("at",), seller_id=seller_id, limit=limit)

    def _rows(self, statement: Mapping[bool | None, TextClause], times: Iterable[str], **values: Any) -> list[dict[str, Any]]:
        with translated(), self._single.connect() as connection:
            rows = [dict(row) for row in connection.execute(statement[values["seller_id"] is not None], values).mappings()]
        return [{**row, **{name: iso(row[name]) for name in times}} for row in rows]

    def _sellers(self, of: str | Sequence[str] | None) -> list[dict[str, Any]]:
        """Of one seller, of those given, or of all (None)."""
        one = None if of is not None and not isinstance(of, str) else of is not None
        values: dict[str, Any] = {"sellers": list(of or ())} if one is None else {"seller_id": of}
        with translated(), self._single.connect() as connection:
            sellers = connection.execute(SELLERS_FOR_STATUS[one], values).all()
            streams = connection.execute(STREAMS_FOR_STATUS[one], values).all()
            day = {row.seller_id: row for row in connection.execute(CHANGES_AND_CALLS_OF_LAST_DAY[one], values)}
            waits = {row.resource: iso(row.reset_at) for row in connection.execute(SPENT_QUOTAS)}
            down = troubled_breakers(connection)
            facts = standstill_facts(connection)
        stalled = self._health.stalled(facts)
        by_seller: dict[str, list[Row[Any]]] = {}
        for row in sorted(streams, key=_order):
            by_seller.setdefault(row.seller_id, []).append(row)
        return [_seller(row, by_seller.get(row.seller_id, []), day.get(row.seller_id), waits, down, stalled) for row in sellers]


def _order(row: Row[Any]) -> int:
    return ORDER.get(row.stream, len(ORDER))


def _seller(
    row: Row[Any],
    streams: list[Row[Any]],
    day: Row[Any] | None,
    waits: dict[str, str],
    down: dict[str, Breaker],
    stalled: str | None,
) -> dict[str, Any]:
    overrides = row.overrides if row.removed_at is None else {}
    pause = pause_of(overrides, row.now)
    state, reason = state_of(row, streams, waits, down, pause, stalled)
    unused = set() if row.options.get("offers") else {Stream.OFFERS.value}
    visible = [
        one for one in streams if one.stream not in unused and (one.stream != Stream.BACKFILL or one.is_reading)
    ]  # none is left to do
    first = f"first poll under way since {iso(row.enrolled_at)}" if state == "polling" else None
    return {
        "seller_id": row.seller_id,
        "state": state,
        "reason": reason,
        "streams": {one.stream: _stream(one, row.options, first) for one in visible},
        "changes_24h": int(day.changes) if day else 0,
        "api_calls_24h": int(day.calls) if day else 0,
        "token_ends_at": iso(row.refresh_expires_at) if row.removed_at is None else None,
        "mode": row.mode,
        "mode_since": iso(row.mode_since),
        "compared_at": iso(row.compared_at),
        "comparison": row.comparison,
        "paused": pause_fields(pause),
        "speed_up": speed_up_fields(speed_up_of(overrides, row.now)),
    }


def _stream(row: Row[Any], options: dict[str, Any], first: str | None) -> dict[str, Any]:
    """`first`: what is to be said where no poll went well yet, and none failed."""
    return {
        "last_poll_at": iso(row.last_poll_at),
        "next_poll_at": iso(row.next_poll_at),
        "why": row.why or (first if row.last_good_at is None and not row.failures and row.stream in POLLED else None),
        "cursor": iso(row.cursor),
        "failures": row.failures,
        "last_error": row.last_error,
        "last_change_at": iso(row.last_change_at),
        "last_good_at": iso(row.last_good_at),
        "last_changes": row.last_changes,
        "reading": row.is_reading,
        "progress": progress(row.stream, row.progress, row.cursor, options.get("backfill_from")) if row.is_reading else None,
    }


def state_of(
    row: Row[Any],
    streams: Sequence[Row[Any]],
    waits: dict[str, str],
    down: dict[str, Breaker],
    pause: PauseFacts | None,
    stalled: str | None = None,
) -> tuple[State, str | None]:
    """The state, and why."""
    facts = [_facts(one, waits, down) for one in sorted(streams, key=_order)]
    if "orders" in waits and all(one.stream != Stream.ORDERS for one in facts):  # of who looks at troubled streams only
        facts.insert(0, StreamFacts(Stream.ORDERS, _spent(waits), waits_for=Wait.QUOTA))
    state, reason = seller_state(
        facts,
        removed=f"removed at {iso(row.removed_at)}" if row.removed_at is not None else None,
        dead=(row.dead_reason or "") if row.dead_at is not None else ANOTHER if row.another else None,
        paused=pause.reason if pause else None,
        stalled=stalled,
    )
    return state, None if state == "polling" else reason


def _facts(row: Row[Any], waits: dict[str, str], down: dict[str, Breaker]) -> StreamFacts:
    """What a stream's row says, and what is known of eBay since: nobody has to poll to learn that orders are down, or their quota spent."""
    waits_for, why = as_wait(row.waits_for), row.why or ""
    if words := hindered(down, row.stream, waiting=waits_for is Wait.OUTAGE):
        waits_for, why = Wait.OUTAGE, words
    elif waits_for is Wait.OUTAGE:  # eBay is back since then, or is only doubted: the stream comes at its time
        waits_for = None
    elif row.stream == Stream.ORDERS and "orders" in waits and waits_for is None:
        waits_for, why = Wait.QUOTA, _spent(waits)
    return StreamFacts(row.stream, why, row.failures, row.last_error, None, waits_for)


def _spent(waits: dict[str, str]) -> str:
    return f"eBay's quota of orders is spent until {waits['orders']}"
