"""A restored database, or a replica that took over without the last commits: known by its name and by its positions, and made good.

What was recorded after the backup is gone here, but readers and receivers have it. So nothing may be given a second time: ids get a new
salt (each seller's `enrollment`, and the feed's generation for the fleet), positions, sequences and epochs go on behind a gap, and steps in
flight are superseded. Until that is done no event can be written (`SOUND` in events.py).
"""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from domain.partitions import next_positions
from store.events.alerts import close_alert, open_alert
from store.events.events import (
    DATABASE,
    DOUBTED,
    FIRST_GENERATION,
    FLEET,
    GAPS,
    GENERATION,
    LOCK_POSITIONS,
    NAME_OF_DATABASE,
    Events,
)
from store.schema.errors import translated
from store.schema.kinds import AlertKind
from store.schema.partitions import MAY_CHANGE_PARTITIONS, change, partitions

LOOKED_AT = "sellerbeat:looked_at"  # in what the pool keeps of a connection
GAP = 1_000_000  # positions between what is known to have been drawn and what is drawn next, where the clock gives no better one
# Of one restore only one process makes the database good; the others wait, and find it done.
LOCK_RESTORE = text("SELECT pg_advisory_xact_lock(hashtextextended('sellerbeat.restore', 0))")
LIFT_TIMEOUTS_OF_RESTORE = text("SELECT set_config('statement_timeout', '120s', true), set_config('lock_timeout', '60s', true)")
STANDING_OF_FEED = text(f"""
    SELECT CASE WHEN p.is_called THEN p.last_value ELSE 0 END AS position, {NAME_OF_DATABASE} AS name,
        coalesce((SELECT value FROM sellerbeat.marks WHERE name = '{GENERATION}'), '{FIRST_GENERATION}') AS generation,
        (SELECT value FROM sellerbeat.marks WHERE name = '{DATABASE}') AS noted,
        EXISTS (SELECT FROM sellerbeat.alerts WHERE kind = '{AlertKind.RESTORED}' AND seller_id IS NULL AND closed_at IS NULL) AS announced
    FROM sellerbeat.positions p
""")
NOTE_NAME_OF_DATABASE = text(f"""
    INSERT INTO sellerbeat.marks (name, value) SELECT '{DATABASE}', {NAME_OF_DATABASE} WHERE {NAME_OF_DATABASE} IS NOT NULL
    ON CONFLICT DO NOTHING
""")
DOUBT_DATABASE = text(f"""
    INSERT INTO sellerbeat.marks (name, value) VALUES ('{DATABASE}', '{DOUBTED}') ON CONFLICT (name) DO UPDATE SET value = excluded.value
""")
DRAWN = "(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM sellerbeat.positions)"
# Looked at again behind the mark's lock: whoever makes the database good holds it, and has raised positions by then.
DOUBT_DATABASE_THAT_FELL = text(f"""
    INSERT INTO sellerbeat.marks (name, value)
    SELECT '{DATABASE}', '{DOUBTED}' WHERE {DRAWN} < CAST(:known AS bigint)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE {DRAWN} < CAST(:known AS bigint)
""")
LAST_POSITION_DRAWN = text(f"SELECT {DRAWN}")
# Locks in the order of all others: cursors, sellers, positions. Behind them nobody holds anything that was begun before.
RENEW_EPOCHS_OF_CURSORS = text("""
    UPDATE sellerbeat.delivery_lanes l SET epoch = greatest(l.epoch + 1, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))
    FROM (SELECT endpoint_id, seller_id FROM sellerbeat.delivery_lanes ORDER BY endpoint_id, seller_id FOR NO KEY UPDATE) AS o
    WHERE o.endpoint_id = l.endpoint_id AND o.seller_id = l.seller_id
""")
LOCK_ALL_SELLERS = text("SELECT count(*) FROM (SELECT FROM sellerbeat.sellers ORDER BY seller_id FOR NO KEY UPDATE) AS s")
LOCK_POSITIONS_OF_RESTORE = text(LOCK_POSITIONS)
# To what this clock would have counted at a million a second, so that a second restore of one backup goes on behind the first, also where
# nobody remembers that; where positions are there already (a clock that leapt), beyond the last one here or known.
RAISE_POSITIONS = text("""
    SELECT m.before, setval('sellerbeat.positions', CASE WHEN m.clock > m.drawn + 1000 THEN m.clock ELSE m.drawn + :gap END) AS after
    FROM (
        SELECT last_value AS before, greatest(last_value, CAST(:known AS bigint)) AS drawn,
            CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS clock
        FROM sellerbeat.positions
    ) AS m
""")
RENEW_SELLERS = text("""
    UPDATE sellerbeat.sellers
    SET enrollment = gen_random_uuid(), sequence = greatest(sequence + 1, :base), epoch = greatest(epoch + 1, :base)
""")
MARK_DATABASE_RENEWED = text(f"""
    INSERT INTO sellerbeat.marks AS m (name, value)
    SELECT '{DATABASE}', coalesce({NAME_OF_DATABASE}, '') UNION ALL SELECT '{GENERATION}', CAST(:generation AS text)
    UNION ALL SELECT '{GAPS}', CAST(jsonb_build_array(jsonb_build_array(CAST(:before AS bigint), CAST(:base AS bigint))) AS text)
    ON CONFLICT (name) DO UPDATE SET value = CASE m.name
        WHEN '{GAPS}' THEN CAST(CAST(m.value AS jsonb) || CAST(excluded.value AS jsonb) AS text) ELSE excluded.value END
""")
WORDS = (
    "the database was restored, or a replica took over: what was recorded after its state is gone here, and is recorded again under new "
    "ids and positions. Readers begin anew. Run starter.py restored: it erases again, and says whom to enrol, remove or pause again"
)


@dataclass(frozen=True, slots=True)
class FeedStanding:
    """How far the feed is, and in which database."""

    position: int  # the last one drawn
    generation: str
    announced: bool  # the alert of a restore is open: nobody has run `starter.py restored` since
    renewed: bool = False  # by this very look


class Restores:
    """Notices that the database knows less than it did, and makes it good. Shared by all threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.known = 0  # the highest position that this process was told of
        event.listen(engine, "engine_connect", self._connected)

    def settle(self, known: int = 0) -> FeedStanding:
        """See whether this is the database of before. If it is not, or its positions fell, it is made good, and an alert says so.

        Args:
            known: a position that was drawn, as somebody else remembers it.
        """
        known = self.known = max(self.known, known)  # as of before the look: another thread may learn of later ones meanwhile
        standing, noted, name = self._look()
        if noted is None:
            self._execute(NOTE_NAME_OF_DATABASE)
        if standing.position < known:
            self._execute(DOUBT_DATABASE_THAT_FELL, known=known)
        elif not is_doubted(noted, name):
            self.known = max(self.known, standing.position)
            return standing
        return self._renew()

    def renew(self, known: int = 0) -> FeedStanding:
        """Make it good on an operator's word, whatever it looks like. May be repeated: each time readers begin anew, and no more."""
        self.known = max(self.known, known)
        self._execute(DOUBT_DATABASE)
        return self._renew()

    def standing(self) -> FeedStanding:
        """How far the feed is. Changes nothing."""
        return self._look()[0]

    def _renew(self) -> FeedStanding:
        """In one transaction. Broken off, the database stays in doubt, and whoever looks next does it."""
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUTS_OF_RESTORE)
            connection.execute(LOCK_RESTORE)
            row = connection.execute(STANDING_OF_FEED).one()
            renewed = is_doubted(row.noted, row.name)
            if renewed:
                self._renew_all(connection)
        standing = self._look()[0]
        self.known = max(self.known, standing.position)
        return FeedStanding(standing.position, standing.generation, standing.announced, renewed)

    def _renew_all(self, connection: Connection) -> None:
        connection.execute(RENEW_EPOCHS_OF_CURSORS)
        connection.execute(LOCK_ALL_SELLERS)
        connection.execute(LOCK_POSITIONS_OF_RESTORE)
        raised = connection.execute(RAISE_POSITIONS, {"known": self.known, "gap": GAP}).one()
        _make_partition(connection, raised.after)
        connection.execute(RENEW_SELLERS, {"base": raised.after})
        values = {"generation": secrets.token_hex(8), "before": raised.before, "base": raised.after}
        connection.execute(MARK_DATABASE_RENEWED, values)
        # Closed first: of one that the backup had open nobody would be told.
        for act in (close_alert, _open):
            events = Events(FLEET)
            act(connection, events, None, AlertKind.RESTORED)
            events.emit(connection, None)

    def _look(self) -> tuple[FeedStanding, str | None, str | None]:
        with translated(), self._single.connect() as connection:
            row = connection.execute(STANDING_OF_FEED).one()
        return FeedStanding(row.position, row.generation, row.announced), row.noted, row.name

    def _execute(self, statement: Any, **values: object) -> None:
        with translated(), self._single.connect() as connection:
            connection.execute(statement, values)

    def _connected(self, connection: Connection) -> None:
        """A new connection may lead to another server than the last: one that has drawn less takes no event until it is made good."""
        known = self.known
        if not known or connection.info.setdefault(LOOKED_AT, False):
            return
        connection.info[LOOKED_AT] = True
        if connection.execute(LAST_POSITION_DRAWN).scalar_one() < known:
            connection.execute(DOUBT_DATABASE_THAT_FELL, {"known": known})
        connection.commit()


def _make_partition(connection: Connection, position: int) -> None:
    """What comes next falls beyond all that are there. If none can be made just now, the default one takes it until the next retention."""
    found = next_positions([one.range for one in partitions(connection, "change_events")], position, drawn=0)
    if found and connection.execute(MAY_CHANGE_PARTITIONS).scalar():
        change(connection, "make", "change_events", lower=str(found.lower), upper=str(found.upper))


def is_doubted(noted: str | None, name: str | None) -> bool:
    """Whether the database is another one than it was. `noted`: what stands in it; None: nothing yet. `name`: None: it cannot be told."""
    return noted == DOUBTED or (None not in (noted, name) and noted != name)


def _open(connection: Connection, events: Events, seller_id: str | None, kind: str) -> bool:
    return open_alert(connection, events, seller_id, kind, WORDS)
