"""The log of attempts, and what waits."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from store.delivery.cursors import MATCHES
from store.schema.errors import translated
from store.schema.tables import LARGEST_ID
from store.schema.times import iso

MANY = 10_000  # more than these are not counted
SCAN = 20_000  # attempts that one statement looks through for some types
# No index knows the types: as many as `scan` are looked through, and the last of them is chosen though it may not fit, to go on from.
NEWEST_DELIVERIES = text(f"""
    WITH looked AS MATERIALIZED (
        SELECT *, row_number() OVER (ORDER BY id DESC) AS nth,
            CAST(:types AS text[]) IS NULL OR {MATCHES.format(type="type", types="CAST(:types AS text[])")} AS fits
        FROM sellerbeat.deliveries
        WHERE (CAST(:endpoint AS text) IS NULL OR endpoint_id = :endpoint) AND (CAST(:seller AS text) IS NULL OR seller_id = :seller)
            AND (NOT :failed OR outcome <> 'delivered') AND id < :before
            AND (CAST(:since AS timestamptz) IS NULL OR at >= :since) AND (CAST(:until AS timestamptz) IS NULL OR at < :until)
        ORDER BY id DESC LIMIT :scan
    )
    SELECT * FROM looked WHERE fits OR nth = :scan ORDER BY id DESC LIMIT :limit
""")
# Each seller's from where their cursor stands, by the index of sequences: joined as a whole, Postgres reads what all sellers ever had.
WAITING_CHANGES_OF_ENDPOINT = f"""
    WITH heads AS (
        SELECT seller_id, sequence FROM sellerbeat.sellers
        UNION ALL SELECT '', coalesce(max(position), 0) FROM sellerbeat.change_events WHERE seller_id IS NULL
    ), behind AS (
        SELECT h.seller_id AS seller, coalesce(l.sequence, 0) AS delivered, e.types
        FROM sellerbeat.endpoints e JOIN heads h ON e.seller_id IS NULL OR e.seller_id = h.seller_id
        LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = e.id AND l.seller_id = h.seller_id
        WHERE e.id = {{endpoint}} AND h.sequence > coalesce(l.sequence, 0)
    ), waiting AS (
        SELECT news.detected_at FROM behind b CROSS JOIN LATERAL (
            SELECT c.detected_at FROM sellerbeat.change_events c WHERE c.seller_id = b.seller AND c.sequence > b.delivered
                AND {MATCHES.format(type="c.type", types="b.types")} ORDER BY c.sequence LIMIT {MANY}
        ) AS news WHERE b.seller <> ''
        UNION ALL
        SELECT c.detected_at FROM behind b JOIN sellerbeat.change_events c ON c.seller_id IS NULL AND c.position > b.delivered
            AND {MATCHES.format(type="c.type", types="b.types")} WHERE b.seller = ''
        UNION ALL
        SELECT c.detected_at FROM sellerbeat.alert_turns t JOIN sellerbeat.change_events c ON c.position > t.position
            AND c.type IN ('alert.opened', 'alert.closed') WHERE t.endpoint_id = :endpoint
        LIMIT {MANY}
    )
    SELECT count(*) AS changes, min(detected_at) AS since, clock_timestamp() AS now,
        (SELECT count(*) FROM sellerbeat.redeliveries WHERE endpoint_id = {{endpoint}}) AS again FROM waiting
"""
COUNT_WAITING_CHANGES_OF_ENDPOINT = text(WAITING_CHANGES_OF_ENDPOINT.format(endpoint=":endpoint"))
KNOWN_EVENT_IDS = text("SELECT id FROM sellerbeat.change_events WHERE id = ANY(CAST(:ids AS text[]))")
ACTIVE_ENDPOINTS = text("SELECT id FROM sellerbeat.endpoints WHERE off_at IS NULL")


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which attempts; what is None or empty limits nothing. `failed`: only what was not taken; times: of the attempt, UTC."""

    endpoint: str | None = None
    seller: str | None = None
    types: tuple[str, ...] = ()  # such as order.*
    failed: bool = False
    since: datetime | None = None  # included
    until: datetime | None = None  # excluded


@dataclass(frozen=True, slots=True)
class AttemptPage:
    """`next`: the attempt to go on before; None: there are no older ones. A page may have fewer than asked for, and go on."""

    attempts: list[dict[str, Any]]
    next: int | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an endpoint has not got yet. Times by the database's clock."""

    changes: int  # not delivered yet; MANY stands for that and more
    again: int  # to be sent again
    since: datetime | None  # of the oldest of them
    age_s: float  # since then; 0 for none


class Deliveries:
    """Questions about deliveries. Its clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def log(
        self, endpoint: str | None = None, seller: str | None = None, failed: bool = False, limit: int = 100, before: int = LARGEST_ID
    ) -> list[dict[str, Any]]:
        """Attempts, the newest first; those older than the attempt `before`."""
        return self.page(AttemptFilter(endpoint, seller, failed=failed), limit, before).attempts

    def page(self, chosen: AttemptFilter, limit: int = 100, before: int = LARGEST_ID) -> AttemptPage:
        """Attempts, the newest first, as `starter.py deliveries --json` prints them; those older than the attempt `before`."""
        scan = SCAN if chosen.types else limit
        values = {**asdict(chosen), "types": list(chosen.types) or None, "limit": limit, "before": before, "scan": scan}
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(NEWEST_DELIVERIES, values).mappings().all()
        more = bool(rows) and (len(rows) == limit or rows[-1]["nth"] == scan)
        found = [{name: row[name] for name in row if name not in ("nth", "fits")} for row in rows if row["fits"]]
        return AttemptPage([{**row, "at": iso(row["at"])} for row in found], rows[-1]["id"] if more else None)

    def waiting(self, endpoint: str) -> Waiting:
        """What an endpoint is still to be told."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(COUNT_WAITING_CHANGES_OF_ENDPOINT, {"endpoint": endpoint}).one()
        return Waiting(row.changes, row.again, row.since, (row.now - row.since).total_seconds() if row.since else 0.0)

    def oldest(self) -> float:
        """Seconds for which the oldest change waits, of all endpoints that are on."""
        with translated(), self._engine.begin() as connection:
            ids = connection.execute(ACTIVE_ENDPOINTS).scalars().all()
        return max((self.waiting(one).age_s for one in ids), default=0.0)

    def unknown(self, ids: Sequence[str]) -> list[str]:
        """Those that are no change's id."""
        with translated(), self._engine.begin() as connection:
            known = set(connection.execute(KNOWN_EVENT_IDS, {"ids": list(ids)}).scalars())
        return [one for one in ids if one not in known]
