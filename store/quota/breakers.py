"""Breakers: one a resource, of the whole fleet. An open one says that eBay is down: nobody calls but for a probe now and then.

Every time here is Temporal's, which is one clock for all workers, whatever theirs say. While all is well nothing is written, and a step
reads the rows in the statement that begins it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from domain.changes.dates import read_time
from domain.ebay_standing import SEEMS, EbayStanding, standing
from domain.pacing.outage import DOWN_WORDS, PROBE, PROOF, RARE_PROBE, TOKENS, probe_every
from domain.streams import RESOURCES
from store.events.alerts import close_alert, open_alert, reword_alert
from store.events.events import FLEET, Events
from store.schema.errors import translated
from store.schema.kinds import AlertKind
from store.schema.names import lock

LATELY = timedelta(minutes=2)  # so long somebody's doubt asks the others how they fare
DEAR = timedelta(seconds=1)  # of clocks that are read one after another

ROWS = "(SELECT jsonb_object_agg(b.resource, to_jsonb(b)) FROM sellerbeat.breakers b)"  # a subselect of a step's first statement
UP = "NOT EXISTS (SELECT FROM sellerbeat.breakers b WHERE b.resource = :resource AND b.opened_at IS NOT NULL)"  # a condition of its permits
ALL_BREAKERS = text(f"SELECT {ROWS}")
TROUBLED_BREAKERS = text(f"SELECT {ROWS} AS rows, clock_timestamp() AS now")
# Neither paused nor without a token: whose calls could tell that eBay is back.
COUNT_SELLERS_POLLING_STREAMS = text("""
    SELECT count(DISTINCT s.seller_id) FROM sellerbeat.streams t JOIN sellerbeat.sellers s USING (seller_id) LEFT
        JOIN sellerbeat.tokens k USING (seller_id)
    WHERE t.stream = ANY(CAST(:streams AS text[])) AND s.removed_at IS NULL AND s.wishes ->> 'paused' IS NULL AND k.dead_at IS NULL
""")
LIMIT_OF_RESOURCE = text('SELECT "limit" FROM sellerbeat.permits WHERE resource = :resource')
# What an open breaker says of itself stays.
DOUBT_RESOURCE = text("""
    INSERT INTO sellerbeat.breakers AS b (resource, doubted_at, sellers, every_s, since, reason)
    VALUES (:resource, :now, :sellers, :every_s, :since, :reason)
    ON CONFLICT (resource) DO UPDATE SET doubted_at = excluded.doubted_at, sellers = excluded.sellers, every_s = excluded.every_s,
        since = CASE WHEN b.opened_at IS NULL THEN excluded.since ELSE b.since END,
        reason = CASE WHEN b.opened_at IS NULL THEN excluded.reason ELSE b.reason END
    RETURNING to_jsonb(b)
""")
# Not where another process had a success meanwhile.
OPEN_BREAKER = text("""
    UPDATE sellerbeat.breakers SET opened_at = :now, since = :since, probe_at = CAST(:now AS timestamptz) + make_interval(secs => every_s),
        reason = :reason, closed_at = NULL
    WHERE resource = :resource AND opened_at IS NULL
        AND NOT EXISTS (
            SELECT FROM sellerbeat.breakers g WHERE (g.resource = :resource OR :anywhere)
                AND g.good_at > greatest(CAST(:now AS timestamptz) - :proof, CAST(:since AS timestamptz)))
    RETURNING resource
""")
# A time that is further away than any probe is somebody's wrong clock.
CLAIM_PROBE = text("""
    UPDATE sellerbeat.breakers SET probe_at = CAST(:now AS timestamptz) + make_interval(secs => every_s)
    WHERE resource = :resource AND opened_at IS NOT NULL
        AND (probe_at IS NULL OR probe_at <= :now OR probe_at > CAST(:now AS timestamptz) + make_interval(secs => 2 * every_s))
    RETURNING resource
""")
# The caller made no call after all: the next may ask at once.
RELEASE_PROBE = text("UPDATE sellerbeat.breakers SET probe_at = :now WHERE resource = :resource AND opened_at IS NOT NULL")
REWORD_BREAKER = text("UPDATE sellerbeat.breakers SET reason = :reason WHERE resource = :resource AND reason IS DISTINCT FROM :reason")
# Not where the breaker is open: closing it has an alert and failures to take back.
NOTE_SUCCESS_OF_RESOURCE = text("""
    INSERT INTO sellerbeat.breakers AS b (resource, good_at) VALUES (:resource, :now)
    ON CONFLICT (resource) DO UPDATE SET good_at = excluded.good_at WHERE b.opened_at IS NULL
""")
CLOSE_BREAKER = text("""
    UPDATE sellerbeat.breakers b SET opened_at = NULL, probe_at = NULL, closed_at = :now, good_at = :now
    FROM sellerbeat.breakers o WHERE b.resource = :resource AND o.resource = b.resource AND b.opened_at IS NOT NULL
    RETURNING o.since
""")
# A stream that a step of its own holds is left to that step: it is being read.
FORGET_FAILURES_OF_OUTAGE = text("""
    UPDATE sellerbeat.streams s SET failures = 0, last_error = NULL, failing_since = NULL
    FROM (
        SELECT seller_id, stream FROM sellerbeat.streams
        WHERE stream = ANY(CAST(:streams AS text[])) AND failures > 0 AND failing_since >= :since
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS of_the_outage
    WHERE s.seller_id = of_the_outage.seller_id AND s.stream = of_the_outage.stream
""")

# Who trips or closes one breaker sees what others did to theirs: the alert is of all of them.
LOCK_OUTAGE_ALERT = text(lock("outage_alert", former=7_355_614))


RESOURCES_BY_NAME = {stream.value: resource for stream, resource in RESOURCES.items()}


@dataclass(frozen=True, slots=True)
class Breaker:
    """One row. What another version wrote that cannot be read is as if it were not there."""

    resource: str
    opened_at: datetime | None = None
    since: datetime | None = None
    probe_at: datetime | None = None
    closed_at: datetime | None = None
    doubted_at: datetime | None = None
    good_at: datetime | None = None
    every: timedelta = PROBE
    sellers: int = 1
    reason: str = "eBay fails"

    @property
    def is_open(self) -> bool:
        """Whether the resource is down: nobody calls but for a probe."""
        return self.opened_at is not None

    def is_due(self, now: datetime) -> bool:
        """Whether a call may ask if eBay is back; the claim decides."""
        return self.probe_at is None or self.probe_at <= now or self.probe_at > now + 2 * self.every

    def stands(self, now: datetime) -> EbayStanding:
        """What people are told of it. `now`: the database's clock, which agrees with Temporal's but for seconds."""
        return standing(self.opened_at, self.doubted_at, self.since, self.good_at, now)

    def is_doubted(self, now: datetime) -> bool:
        """Whether a process has seen nothing but failures within the last two minutes. `now`: Temporal's clock."""
        return self.doubted_at is not None and abs(now - self.doubted_at) < LATELY


def breaker(resource: str, row: Any) -> Breaker:
    """From a row as `to_jsonb` gives it; what is missing or cannot be read is as if it had never been down."""
    row = row if isinstance(row, Mapping) else {}
    times = {name: read_time(row.get(name)) for name in ("opened_at", "since", "probe_at", "closed_at", "doubted_at", "good_at")}
    every, sellers, reason = row.get("every_s"), row.get("sellers"), row.get("reason")
    return Breaker(
        resource,
        **times,
        every=timedelta(seconds=every) if type(every) is int and 0 < every <= 7200 else RARE_PROBE,
        sellers=sellers if type(sellers) is int and sellers > 0 else 1,
        reason=reason if isinstance(reason, str) and reason else "eBay fails",
    )


def read_rows(rows: Any) -> dict[str, Breaker]:
    """As ROWS gives them; those of resources that this version does not know are left out."""
    if not isinstance(rows, Mapping):
        return {}
    return {resource: breaker(resource, row) for resource, row in rows.items() if resource in DOWN_WORDS}


def streams_of(resource: str) -> list[str]:
    """The streams that need a resource: all of them need a token."""
    return [stream.value for stream, used in RESOURCES.items() if resource in (TOKENS, used)]


def open_breakers(connection: Connection) -> dict[str, Breaker]:
    """The breakers of what is down, by resource; within the caller's transaction."""
    return {resource: one for resource, one in read_rows(connection.execute(ALL_BREAKERS).scalar()).items() if one.is_open}


def troubled_breakers(connection: Connection) -> dict[str, Breaker]:
    """Those of what is down, or seems to be: for people. Within the caller's transaction, or on a connection that has none."""
    row = connection.execute(TROUBLED_BREAKERS).one()
    return {resource: one for resource, one in read_rows(row.rows).items() if one.stands(row.now) is not EbayStanding.WELL}


class BreakerStore:
    """Opens and closes breakers for the whole fleet. Each method is a transaction; `now` is Temporal's clock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def all(self) -> dict[str, Breaker]:
        """Every breaker by resource; one that nobody ever doubted may be missing."""
        with translated(), self._single.connect() as connection:
            return read_rows(connection.execute(ALL_BREAKERS).scalar())

    def open(self) -> dict[str, Breaker]:
        """Those of what is down."""
        with translated(), self._single.connect() as connection:
            return open_breakers(connection)

    def users(self, resource: str) -> int:
        """How many sellers are polled with a resource."""
        with translated(), self._single.connect() as connection:
            count: int = connection.execute(COUNT_SELLERS_POLLING_STREAMS, {"streams": streams_of(resource)}).scalar_one()
            return count

    def doubt(self, resource: str, since: datetime, now: datetime, sellers: int, reason: str) -> Breaker:
        """A process sees nothing but failures since a moment: from now on who has a success tells it."""
        with translated(), self._single.connect() as connection:
            limit: int | None = connection.execute(LIMIT_OF_RESOURCE, {"resource": resource}).scalar()
            every_s = round(probe_every(limit).total_seconds())
            values = {"resource": resource, "now": now, "sellers": sellers, "every_s": every_s, "since": since, "reason": reason}
            return breaker(resource, connection.execute(DOUBT_RESOURCE, values).scalar())

    def trip(self, resource: str, since: datetime, now: datetime, reason: str, *, anywhere: bool) -> bool:
        """Open it, with an alert of the fleet. False: it is open, or another process had a success within the last minute.

        Args:
            anywhere: a success with any resource counts: this process has none at all.
        """
        values = {"resource": resource, "since": since, "now": now, "reason": reason, "proof": PROOF, "anywhere": anywhere}
        with translated(), self._engine.begin() as connection:
            if connection.execute(OPEN_BREAKER, values).scalar() is None:
                return False
            _sync_alert(connection)
            return True

    def claim(self, resource: str, now: datetime) -> bool:
        """Whether this caller may ask if eBay is back: one for all processes together."""
        return self._any(CLAIM_PROBE, resource=resource, now=now)

    def unclaim(self, resource: str, now: datetime) -> None:
        """The caller who might have asked did not."""
        self._run(RELEASE_PROBE, resource=resource, now=now)

    def reword(self, resource: str, reason: str) -> None:
        """eBay fails in another way than before: the breaker's reason says so. The alert's text follows when a breaker opens or closes."""
        self._run(REWORD_BREAKER, resource=resource, reason=reason)

    def good(self, resource: str, now: datetime) -> None:
        """eBay answered, while somebody doubts something."""
        self._run(NOTE_SUCCESS_OF_RESOURCE, resource=resource, now=now)

    def close(self, resource: str, now: datetime) -> bool:
        """eBay is back: failures that began in the outage are forgotten. False: it was closed already."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(CLOSE_BREAKER, {"resource": resource, "now": now}).one_or_none()
            if row is None:
                return False
            if row.since is not None:
                connection.execute(FORGET_FAILURES_OF_OUTAGE, {"streams": streams_of(resource), "since": row.since - DEAR})
            _sync_alert(connection)
            return True

    def _any(self, statement: Any, **values: Any) -> bool:
        with translated(), self._single.connect() as connection:
            return connection.execute(statement, values).scalar() is not None

    def _run(self, statement: Any, **values: Any) -> None:
        with translated(), self._single.connect() as connection:
            connection.execute(statement, values)


def _sync_alert(connection: Connection) -> None:
    """One alert, whatever of eBay is down: opened with the first, closed with the last, and its text names what is down now."""
    connection.execute(LOCK_OUTAGE_ALERT)
    down = [f"{DOWN_WORDS[one.resource]}: {one.reason}" for one in open_breakers(connection).values()]
    events = Events(FLEET)
    if down:
        text = f"{'; '.join(down)}. Nobody calls it but for one call in a while that asks whether it is back"
        if not open_alert(connection, events, None, AlertKind.EBAY_DOWN, text):
            reword_alert(connection, None, AlertKind.EBAY_DOWN, text)
    else:
        close_alert(connection, events, None, AlertKind.EBAY_DOWN)
    events.emit(connection, None)


def words(one: Breaker) -> str:
    """What a person reads: what fails, how, and since when."""
    since = one.since or one.opened_at
    return f"{DOWN_WORDS[one.resource]}{'' if one.is_open else SEEMS} ({one.reason}{f', since {since:%H:%M:%S} UTC' if since else ''})"


def hindered(opened: Mapping[str, Breaker], stream: str, *, waiting: bool) -> str | None:
    """What is down that a stream needs, in words; None: nothing. Orders are everybody's; for all else only who waits for it.

    Args:
        waiting: the stream's latest poll met it.
    """
    resource = RESOURCES_BY_NAME.get(stream, "")
    if (one := opened.get(resource)) and (resource == "orders" or waiting):
        return words(one)
    return words(one) if (one := opened.get(TOKENS)) and waiting else None
