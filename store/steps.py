"""Beginning a step, committing under its fence, recording its failure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, TextClause, text

from changes.moments import Moment
from pacing import Stream
from reconciling import Mode
from store import absent, aside, moments, old_orders, scans, stock, unreadable
from store.accounts import Accounts
from store.aside import COUNTS
from store.commit import DEAD_TOKEN, NEEDS_REAUTHORIZATION, Commit, slow_words
from store.errors import StoreError, StoreUnavailableError, SupersededError, UnknownSellerError, translated
from store.forgotten import Forgotten
from store.kinds import AlertKind
from store.permits import KEPT, TAKE, Lease, Purpose
from store.rereads import What
from store.step import RESOURCES, Step
from store.whose import Account

EVER, ALWAYS = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
ALERT_AFTER = 3  # failures in a row

# One statement takes the next epoch and reads all that a step needs. The stream's row is locked so that it is read as the commit left it
# that this statement may have waited for: read by the snapshot alone it could be a finished scan's, begun again halfway.
BEGIN = text(f"""
    WITH mine AS (
        UPDATE sellers SET epoch = epoch + 1 WHERE seller_id = :seller_id AND removed_at IS NULL
        RETURNING seller_id, enrollment, enrolled_at, epoch, options, wishes
    ), lease AS ({TAKE})
    SELECT (SELECT calls_left FROM lease) AS calls_left, (SELECT reset_at FROM lease) AS lease_reset_at,
        mine.enrollment, mine.enrolled_at, mine.epoch, mine.options, mine.wishes,
        s.cursor, s.reading, s.next_poll_at, CASE WHEN s.run_over THEN 0 ELSE s.run_changes END AS run_changes,
        CASE WHEN s.run_over THEN 0 ELSE s.run_calls END AS run_calls,
        coalesce(s.last_change_at, mine.enrolled_at) AS last_change_at, s.failures, s.sales_30d,
        CAST(s.pace AS text) AS pace,
        (SELECT i.scanned_at FROM streams i WHERE i.seller_id = :seller_id AND i.stream = 'inventory') AS scanned_at,
        coalesce(t.generation, 0) AS generation, t.dead_at IS NOT NULL AS dead,
        (SELECT q.reset_at FROM quotas q
            WHERE q.resource = :resource AND q.remaining <= 0 AND q.reset_at > clock_timestamp()) AS quota_until,
        ARRAY (SELECT a.kind FROM alerts a WHERE a.seller_id = :seller_id AND a.closed_at IS NULL) AS alerts,
        (SELECT jsonb_build_array(a.user_id, encode(a.name, 'hex'), encode(a.eias, 'hex'), a.generation, a.refused, a.before,
            extract(epoch FROM a.ask_at), extract(epoch FROM a.known_at)) FROM accounts a WHERE a.seller_id = :seller_id) AS account,
        ({COUNTS}) AS set_aside,
        (SELECT min(retry_at) FROM set_aside x WHERE x.seller_id = :seller_id) AS retry_at,
        EXISTS (SELECT FROM rereads r WHERE r.seller_id = :seller_id AND r.what NOT IN ('parcels', 'single')) AS failing,
        m.mode, m.since AS mode_since, m.watched_since, m.notified_at, m.polls_first, m.orders, clock_timestamp() AS now
    FROM mine
    JOIN streams s ON s.seller_id = mine.seller_id AND s.stream = :stream
    LEFT JOIN tokens t ON t.seller_id = mine.seller_id
    LEFT JOIN modes m ON m.seller_id = mine.seller_id
    FOR NO KEY UPDATE OF s
""")
STATE = text("SELECT removed_at FROM sellers WHERE seller_id = :seller_id")
FENCE = text("""
    SELECT clock_timestamp() FROM sellers WHERE seller_id = :seller_id AND epoch = :epoch AND removed_at IS NULL FOR NO KEY UPDATE
""")
FAIL = text("""
    WITH run AS (
        INSERT INTO poll_runs AS r (seller_id, epoch, stream, source, started_at, finished_at, api_calls, error)
        VALUES (:seller_id, :epoch, :stream, :source, :started, clock_timestamp(), :calls, :error)
        ON CONFLICT (seller_id, epoch) DO UPDATE SET
            finished_at = excluded.finished_at, api_calls = r.api_calls + excluded.api_calls, error = excluded.error
        RETURNING seller_id
    )
    UPDATE streams s SET failures = s.failures + 1, last_error = :error, last_poll_at = :now
    FROM run WHERE s.seller_id = :seller_id AND s.stream = :stream
    RETURNING s.failures
""")
TOKEN_STATE = text("SELECT generation, dead_at IS NOT NULL AS dead FROM tokens WHERE seller_id = :seller_id")
PARCELS_DUE = text("""
    (SELECT entity_id FROM orders WHERE seller_id = :seller_id AND parcels_due AND coalesce(modified_at, :since) >= :since
        ORDER BY modified_at DESC, entity_id LIMIT :limit)
    UNION ALL
    (SELECT order_id FROM rereads WHERE seller_id = :seller_id AND what = 'parcels' AND due_at <= :now ORDER BY due_at LIMIT :limit)
    LIMIT :limit
""")
SINGLES_DUE = text("""
    (SELECT entity_id FROM orders WHERE seller_id = :seller_id AND single_due
        AND (version > 1 OR coalesce(created_at, :since) >= :since) ORDER BY entity_id LIMIT :limit)
    UNION ALL
    (SELECT order_id FROM rereads WHERE seller_id = :seller_id AND what = 'single' AND due_at <= :now ORDER BY due_at LIMIT :limit)
    LIMIT :limit
""")
CURSOR = text("SELECT cursor FROM streams WHERE seller_id = :seller_id AND stream = :stream")


class Steps:
    def __init__(self, engine: Engine, forgotten: Forgotten, accounts: Accounts) -> None:
        self._engine, self._forgotten, self.accounts = engine, forgotten, accounts
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # for single statements: no BEGIN, no COMMIT

    def begin(self, seller_id: str, stream: Stream, permits: int = 0, purpose: Purpose = Purpose.POLL) -> Step:
        """Take the seller's next epoch: from now on no earlier step can commit.

        Args:
            permits: for calls of the stream's resource, leased in the same statement; all of them or none.
        Raises:
            UnknownSellerError: never enrolled, or removed.
            StoreUnavailableError: retried.
        """
        try:
            return self._begin(seller_id, stream, permits, purpose)
        except StoreUnavailableError as error:
            if not error.lost:
                raise
            # a connection that died in the pool shows here first, since nothing pings it; one more epoch does no harm
            return self._begin(seller_id, stream, permits, purpose)

    def _begin(self, seller_id: str, stream: Stream, permits: int, purpose: Purpose) -> Step:
        wanted = {"resource": RESOURCES[stream], "permits": permits, "kept": KEPT[purpose]}
        values = {"seller_id": seller_id, "stream": stream.value, **wanted}
        with translated(), self._single.connect() as connection:
            row = connection.execute(BEGIN, values).one_or_none()
            if row is None:
                self._explain(connection, seller_id, stream)
                raise StoreError(f"the seller has no stream {stream.value}")
        return Step(
            seller_id=seller_id,
            enrollment=row.enrollment,
            enrolled_at=row.enrolled_at,
            epoch=row.epoch,
            stream=stream,
            cursor=row.cursor,
            reading=row.reading,
            next_poll_at=row.next_poll_at,
            run_changes=row.run_changes,
            run_calls=row.run_calls,
            last_change_at=row.last_change_at,
            failures=row.failures,
            sales_30d=row.sales_30d,
            pace=row.pace,
            scanned_at=row.scanned_at,
            options=row.options,
            wishes=row.wishes,
            token_generation=row.generation,
            dead=row.dead,
            quota_until=row.quota_until,
            alerts=frozenset(row.alerts),
            set_aside=row.set_aside or {},
            retry_at=row.retry_at,
            failing=row.failing,
            lease=None if row.calls_left is None else Lease(permits, row.calls_left, row.lease_reset_at),
            now=row.now,
            mode=Mode(row.mode or Mode.POLLING),
            mode_since=row.mode_since,
            watched_since=row.watched_since,
            notified_at=row.notified_at,
            polls_first=row.polls_first or 0,
            orders=row.orders or 0,
            account=Account.read(row.account),
        )

    def _explain(self, connection: Connection, seller_id: str, stream: Stream) -> None:
        state = connection.execute(STATE, {"seller_id": seller_id}).one_or_none()
        if state is None or state.removed_at is not None:
            raise UnknownSellerError(seller_id, removed=state is not None)

    @contextmanager
    def commit(self, step: Step, now: datetime | None = None) -> Iterator[Commit]:
        """One transaction of a step: all that is done with the `Commit` is kept when the `with` ends well, and nothing of it otherwise.

        Its first act is the fence: the lock of the seller's row at this step's epoch.

        Args:
            now: the clock that paces the polls, where it is not the database's.
        Raises:
            SupersededError: a later step has begun, or the seller was removed.
            StoreUnavailableError: retried. A connection that broke at the very end may have committed: the next step's cursor tells.
        """
        with translated(), self._engine.begin() as connection:
            commit = self._commit(connection, step, self._fence(connection, step, now))
            yield commit
            commit.close()
        if commit.named:
            self.accounts.remember(step, commit.named)

    def _commit(self, connection: Connection, step: Step, now: datetime) -> Commit:
        return Commit(connection, step, now, self._forgotten, self.accounts)

    def _fence(self, connection: Connection, step: Step, now: datetime | None) -> datetime:
        clock: datetime | None = connection.execute(FENCE, {"seller_id": step.seller_id, "epoch": step.epoch}).scalar()
        if clock is None:
            raise SupersededError("a later step has begun for this seller, or the seller was removed")
        return now or clock

    def failed(self, step: Step, error: str, *, calls: int = 0, now: datetime | None = None, slow: bool = False) -> int:
        """Record a failed attempt; more than 3 in a row open an alert, and so does a slow answer.

        Silent when the step is superseded: the later one tells.

        `error`: constant words, no values of documents. Returns the failures in a row, 0 when superseded.
        """
        words = error.replace("\0", "")[:500]
        try:
            with translated(), self._engine.begin() as connection:
                clock = self._fence(connection, step, now)
                values = {
                    "seller_id": step.seller_id,
                    "epoch": step.epoch,
                    "stream": step.stream.value,
                    "source": "backfill" if step.stream is Stream.BACKFILL else "poll",
                    "started": step.now,
                    "now": clock,
                    "calls": calls,
                    "error": words,
                }
                failures: int = connection.execute(FAIL, values).scalar_one()
                commit = self._commit(connection, step, clock)
                if slow:
                    commit.seen(AlertKind.SLOW_ANSWER, slow_words(step.stream.value), step.stream.value)
                if failures > ALERT_AFTER:
                    words = f"{step.stream.value}: more than {ALERT_AFTER} failures in a row"
                    commit.open_alert(AlertKind.FAILING, words, step.stream.value)
                commit.emit()
                return failures
        except SupersededError:
            return 0

    def tell_dead(self, step: Step) -> bool:
        """The seller must authorize again: one event for each generation of the token, and an alert until a poll succeeds.

        Nothing happens when the token was replaced meanwhile. Returns whether the stored token is dead.
        """
        try:
            with translated(), self._engine.begin() as connection:
                commit = self._commit(connection, step, self._fence(connection, step, None))
                token = connection.execute(TOKEN_STATE, {"seller_id": step.seller_id}).one_or_none()
                if token is None or not token.dead:
                    return False
                commit.seller_event(NEEDS_REAUTHORIZATION, token.generation)
                commit.open_alert(DEAD_TOKEN, "eBay refuses the seller's token: only their new consent helps (starter.py connect)")
                commit.emit()
                return True
        except SupersededError:
            return False

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

    def listings_due(self, seller_id: str, now: datetime, read_to: datetime, limit: int) -> list[stock.Due]:
        """Listings that are due to be read, since orders moved them; see `sales.listings_due`."""
        with translated(), self._single.connect() as connection:
            return stock.listings_due(connection, seller_id, now, read_to, limit)

    def cursor(self, seller_id: str, stream: Stream) -> datetime | None:
        """How far a stream is read and committed."""
        with translated(), self._single.connect() as connection:
            found: datetime | None = connection.execute(CURSOR, {"seller_id": seller_id, "stream": stream.value}).scalar()
            return found

    def unreadable(self, seller_id: str, stream: Stream, since: datetime) -> Sequence[Moment]:
        """Moments of a stream since then that are set aside, since eBay cannot show them; oldest first."""
        with translated(), self._single.connect() as connection:
            return moments.of_stream(connection, seller_id, stream, since)

    def has_open_orders(self, seller_id: str, since: datetime = EVER) -> bool:
        """Of those created since then."""
        return bool(self._ids(old_orders.ANY_SINCE, seller_id=seller_id, since=since))

    def open_orders_since(self, seller_id: str, since: datetime, limit: int, after: str = "") -> list[str]:
        """Open orders that were created since then, by id."""
        return self._ids(old_orders.SINCE, seller_id=seller_id, since=since, limit=limit, after=after)

    def old_open_orders(self, seller_id: str, before: datetime, limit: int, after: str = "") -> list[str]:
        """Open orders that were created before, by id; those without a date too."""
        return self._ids(old_orders.BEFORE, seller_id=seller_id, before=before, limit=limit, after=after)

    def old_orders_turn(self, seller_id: str) -> str:
        """Behind which id the next sweep goes on with old open orders."""
        return next(iter(self._ids(old_orders.TURN, seller_id=seller_id)), "")

    def close_cancelled(self, seller_id: str) -> None:
        """See `old_orders.CLOSE_CANCELLED`: harmless at any time, so it needs no lease."""
        with translated(), self._single.connect() as connection:
            connection.execute(old_orders.CLOSE_CANCELLED, {"seller_id": seller_id})

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

    def aside_due(self, seller_id: str, whats: Sequence[str], now: datetime) -> list[aside.Due]:
        """What is set aside and to be tried again by now."""
        with translated(), self._single.connect() as connection:
            return aside.due(connection, seller_id, whats, now)

    def aside_of(self, seller_id: str, kind: str, keys: Sequence[str]) -> set[str]:
        """Those of these keys under which something is set aside."""
        with translated(), self._single.connect() as connection:
            return aside.which(connection, seller_id, kind, keys)

    def records_due(self, seller_id: str, what: What, now: datetime, limit: int) -> list[str]:
        """Records that eBay failed for, to be read again so by now."""
        return self._ids(unreadable.DUE, seller_id=seller_id, what=what.value, now=now, limit=limit)

    def well_at(self, seller_id: str, streams: Sequence[Stream]) -> datetime | None:
        """When one of these streams was polled well last."""
        with translated(), self._single.connect() as connection:
            return unreadable.well_at(connection, seller_id, [stream.value for stream in streams])

    def proven(self, seller_id: str, what: What) -> list[str]:
        """A few records that eBay showed before, and did not fail for since."""
        return self._ids(unreadable.PROVEN[what], seller_id=seller_id)

    def _ids(self, statement: TextClause, **values: str | int | bool | datetime) -> list[str]:
        with translated(), self._single.connect() as connection:
            return list(connection.execute(statement, values).scalars())
