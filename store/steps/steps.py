"""Beginning a step, committing under its fence, recording its failure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from domain.accounts import Account
from domain.comparison import Mode
from domain.pacing import Stream
from domain.streams import RESOURCES, Purpose
from domain.waits import Waits
from store.erasure.forgotten import Forgotten
from store.events.aside import COUNTS
from store.quota.breakers import ROWS, UP, read_rows
from store.quota.permits import HELD_BACK, TAKE, Lease
from store.schema.errors import StoreError, StoreUnavailableError, SupersededError, UnknownSellerError, translated
from store.schema.kinds import NEEDS_REAUTHORIZATION, AlertKind
from store.steps.accounts import Accounts
from store.steps.closing import COUNT_IN_HOUR, END_HOUR
from store.steps.commit import DEAD_TOKEN, Commit, slow_words
from store.steps.reads import Reads
from store.steps.step import KNOW_SCAN, StepLease

ALERT_AFTER = 3  # failures in a row

# One statement takes the next epoch and reads all that a step needs. The stream's row is locked so that it is read as the commit left it
# that this statement may have waited for: read by the snapshot alone it could be a finished scan's, begun again halfway.
SCAN_READERS = ", ".join(f"'{stream}'" for stream in KNOW_SCAN)
BEGIN_STEP = text(f"""
    WITH mine AS (
        UPDATE sellerbeat.sellers SET epoch = epoch + 1 WHERE seller_id = :seller_id AND removed_at IS NULL
        RETURNING seller_id, enrollment, enrolled_at, epoch, options
    ), lease AS ({TAKE.replace("WHERE", f"WHERE {UP} AND", 1)})
    SELECT (SELECT calls_left FROM lease) AS calls_left, (SELECT reset_at FROM lease) AS lease_reset_at,
        mine.enrollment, mine.enrolled_at, mine.epoch, mine.options,
        s.cursor, s.reading, s.next_poll_at, CASE WHEN s.run_over THEN 0 ELSE s.run_changes END AS run_changes,
        CASE WHEN s.run_over THEN 0 ELSE s.run_calls END AS run_calls,
        coalesce(s.last_change_at, mine.enrolled_at) AS last_change_at, s.failures, s.sales_30d,
        s.pace,
        CASE WHEN :stream IN ({SCAN_READERS}) THEN (
            SELECT i.scanned_at FROM sellerbeat.streams i WHERE i.seller_id = :seller_id AND i.stream = 'inventory'
        ) END AS scanned_at,
        coalesce(t.generation, 0) AS generation, t.dead_at IS NOT NULL AS dead,
        (SELECT q.reset_at FROM sellerbeat.quotas q
            WHERE q.resource = :resource AND q.remaining <= 0 AND q.reset_at > clock_timestamp()) AS quota_until,
        ARRAY (SELECT a.kind FROM sellerbeat.alerts a WHERE a.seller_id = :seller_id AND a.closed_at IS NULL) AS alerts,
        (SELECT jsonb_build_array(a.user_id, encode(a.name, 'hex'), encode(a.eias, 'hex'), a.generation, a.refused, a.before,
            extract(epoch FROM a.ask_at)) FROM sellerbeat.accounts a WHERE a.seller_id = :seller_id) AS account,
        ({COUNTS}) AS set_aside,
        (SELECT min(retry_at) FROM sellerbeat.set_aside x WHERE x.seller_id = :seller_id AND x.kind <> 'page') AS retry_at,
        EXISTS (SELECT FROM sellerbeat.rereads r WHERE r.seller_id = :seller_id AND r.what NOT IN ('parcels', 'single')) AS failing,
        m.mode, m.since AS mode_since, m.watched_since, m.notified_at, m.polls_first, m.orders, clock_timestamp() AS now,
        {ROWS} AS breakers
    FROM mine
    JOIN sellerbeat.streams s ON s.seller_id = mine.seller_id AND s.stream = :stream
    LEFT JOIN sellerbeat.tokens t ON t.seller_id = mine.seller_id
    LEFT JOIN sellerbeat.modes m ON m.seller_id = mine.seller_id
    FOR NO KEY UPDATE OF s
""")
REMOVAL_OF_SELLER = text("SELECT removed_at FROM sellerbeat.sellers WHERE seller_id = :seller_id")
# The fence. No row: a later step has begun, or the seller was removed. By the lock none begins until the commit is over.
LOCK_SELLER_AT_EPOCH = text("""
    SELECT clock_timestamp() FROM sellerbeat.sellers WHERE seller_id = :seller_id AND epoch = :epoch
        AND removed_at IS NULL FOR NO KEY UPDATE
""")
RECORD_FAILED_POLL = text(f"""
    WITH ended AS ({END_HOUR}), grown AS (
        UPDATE sellerbeat.poll_runs SET finished_at = clock_timestamp(), api_calls = api_calls + :run_calls, error = :error
        WHERE seller_id = :seller_id AND epoch = :epoch AND started_at = :started RETURNING epoch
    ), run AS (
        INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at, api_calls, error)
        SELECT :seller_id, :epoch, :stream, :source, :started, clock_timestamp(), :run_calls, :error WHERE NOT EXISTS (SELECT FROM grown)
    )
    UPDATE sellerbeat.streams SET failures = failures + 1, last_error = :error, last_poll_at = :now, waits_for = NULL,
        failing_since = CASE WHEN failures = 0 THEN :now ELSE failing_since END,
        {COUNT_IN_HOUR}
    WHERE seller_id = :seller_id AND stream = :stream
    RETURNING failures
""")
SET_NEXT_POLL_OF_STREAM = text(
    "UPDATE sellerbeat.streams SET next_poll_at = :at, why = :why WHERE seller_id = :seller_id AND stream = :stream"
)
TOKEN_STATE_OF_SELLER = text("SELECT generation, dead_at IS NOT NULL AS dead FROM sellerbeat.tokens WHERE seller_id = :seller_id")


class StepStore(Reads):
    """Begins and commits the steps of all sellers. Shared by all threads."""

    def __init__(self, engine: Engine, forgotten: Forgotten, accounts: Accounts, waits: Waits) -> None:
        self._engine, self._forgotten, self.accounts, self.waits = engine, forgotten, accounts, waits
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # for single statements: no BEGIN, no COMMIT

    def begin(self, seller_id: str, stream: Stream, permits: int = 0, purpose: Purpose = Purpose.POLL) -> StepLease:
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

    def _begin(self, seller_id: str, stream: Stream, permits: int, purpose: Purpose) -> StepLease:
        ledger_values = {"resource": RESOURCES[stream], "permits": permits, "kept": HELD_BACK[purpose]}
        values = {"seller_id": seller_id, "stream": stream.value, **ledger_values}
        with translated(), self._single.connect() as connection:
            row = connection.execute(BEGIN_STEP, values).one_or_none()
            if row is None:
                self._explain(connection, seller_id)
                raise StoreError(f"the seller has no stream {stream.value}")
        return StepLease(
            seller_id=seller_id,
            enrollment=row.enrollment,
            enrolled_at=row.enrolled_at,
            epoch=row.epoch,
            stream=stream,
            cursor=row.cursor,
            checkpoint=row.reading,
            next_poll_at=row.next_poll_at,
            run_changes=row.run_changes,
            run_calls=row.run_calls,
            last_change_at=row.last_change_at,
            failures=row.failures,
            sales_30d=row.sales_30d,
            pace=row.pace,
            scanned_at=row.scanned_at,
            options=row.options,
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
            waits=self.waits,
            account=Account.read(row.account),
            breakers=read_rows(row.breakers),
        )

    def _explain(self, connection: Connection, seller_id: str) -> None:
        state = connection.execute(REMOVAL_OF_SELLER, {"seller_id": seller_id}).one_or_none()
        if state is None or state.removed_at is not None:
            raise UnknownSellerError(seller_id, removed=state is not None)

    @contextmanager
    def commit(self, step: StepLease, now: datetime | None = None) -> Iterator[Commit]:
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
        commit.committed()
        if commit.named:
            self.accounts.remember(step, commit.named)

    def _commit(self, connection: Connection, step: StepLease, now: datetime) -> Commit:
        return Commit(connection, step, now, self._forgotten, self.accounts)

    def _fence(self, connection: Connection, step: StepLease, now: datetime | None) -> datetime:
        clock: datetime | None = connection.execute(LOCK_SELLER_AT_EPOCH, {"seller_id": step.seller_id, "epoch": step.epoch}).scalar()
        if clock is None:
            raise SupersededError("a later step has begun for this seller, or the seller was removed")
        return now or clock

    def failed(
        self,
        step: StepLease,
        error: str,
        *,
        calls: int = 0,
        now: datetime | None = None,
        slow: bool = False,
        wait: Callable[[int], timedelta] | None = None,
    ) -> int:
        """Record a failed attempt; more than 3 in a row open an alert, and so does a slow answer.

        Silent when the step is superseded: the later one tells.

        Args:
            error: constant words, no values of documents.
            wait: how long the stream waits after so many failures in a row; told from the alert on.
        Returns:
            the failures in a row, 0 when superseded.
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
                    "run_calls": calls + step.counts.waiting["calls"],  # those of commits before, which had no row
                    "changes": 0,
                    "polls": 1,
                    "error": words,
                }
                failures: int = connection.execute(RECORD_FAILED_POLL, values).scalar_one()
                commit = self._commit(connection, step, clock)
                if slow:
                    commit.seen(AlertKind.SLOW_ANSWER, slow_words(step.stream.value), step.stream.value)
                if failures > ALERT_AFTER:
                    words = f"{step.stream.value}: more than {ALERT_AFTER} failures in a row"
                    commit.open_alert(AlertKind.FAILING, words, step.stream.value)
                    if wait:
                        again = {"at": clock + wait(failures), "why": f"failed {failures} times in a row: waits a while"}
                        connection.execute(SET_NEXT_POLL_OF_STREAM, {**values, **again})
                commit.emit()
                return failures
        except SupersededError:
            return 0

    def report_dead_token(self, step: StepLease) -> bool:
        """The seller must authorize again: one event for each generation of the token, and an alert until a poll succeeds.

        Nothing happens when the token was replaced meanwhile. Returns whether the stored token is dead.
        """
        try:
            with translated(), self._engine.begin() as connection:
                commit = self._commit(connection, step, self._fence(connection, step, None))
                token = connection.execute(TOKEN_STATE_OF_SELLER, {"seller_id": step.seller_id}).one_or_none()
                if token is None or not token.dead:
                    return False
                commit.seller_event(NEEDS_REAUTHORIZATION, token.generation)
                commit.open_alert(DEAD_TOKEN, "eBay refuses the seller's token: only their new consent helps (starter.py connect)")
                commit.emit()
                return True
        except SupersededError:
            return False
