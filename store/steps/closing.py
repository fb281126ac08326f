"""The statements with which a commit ends: the poll's counts grow, the stream moves on, alerts are noted."""

from sqlalchemy import text

EVENT_EXISTS = text("SELECT EXISTS (SELECT FROM sellerbeat.change_events WHERE id = :id)")

# One statement closes a commit: the run's counts grow, the stream moves on. The cursor never moves back. Sales are counted only by commits
# that saw changes, or hourly.
CLOSE_COMMIT = text("""
    WITH run AS (
        INSERT INTO sellerbeat.poll_runs AS r (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes, duplicates,
            stale, missed, undated)
        VALUES (:seller_id, :epoch, :stream, :source, :started, clock_timestamp(), :calls, :changes, :duplicates, :stale,
            :missed, :undated)
        ON CONFLICT (seller_id, epoch) DO UPDATE SET
            finished_at = excluded.finished_at, api_calls = r.api_calls + excluded.api_calls, changes = r.changes + excluded.changes,
            duplicates = r.duplicates + excluded.duplicates, stale = r.stale + excluded.stale,
            missed = r.missed + excluded.missed, undated = r.undated + excluded.undated
        RETURNING changes
    )
    UPDATE sellerbeat.streams SET
        cursor = greatest(cursor, :cursor),
        watermark = greatest(CASE WHEN watermark <= :now + interval '1 day' THEN watermark END, :watermark),
        reading = CASE WHEN :moved THEN CAST(:reading AS jsonb) ELSE reading END,
        last_change_at = CASE WHEN :changes > 0 THEN greatest(last_change_at, :now) ELSE last_change_at END,
        last_poll_at = :now,
        last_good_at = CASE WHEN :good THEN :now ELSE last_good_at END,
        next_poll_at = coalesce(:next_poll_at, next_poll_at),
        why = coalesce(:why, why),
        waits_for = :waits_for,
        failures = CASE WHEN :good THEN 0 ELSE failures END,
        last_error = CASE WHEN :good THEN NULL ELSE last_error END,
        last_changes = run.changes,
        scanned_at = greatest(scanned_at, :scanned_at),
        pace = coalesce(CAST(:pace AS jsonb), pace),
        run_changes = CASE WHEN run_over THEN 0 ELSE run_changes END + :recorded,
        run_calls = CASE WHEN run_over THEN 0 ELSE run_calls END + :calls,
        run_slow = (NOT run_over AND run_slow) OR :slow,
        run_over = :good,
        sales_30d = CASE WHEN :stream <> 'orders' OR (:changes = 0 AND sales_at > :now - interval '1 hour') THEN sales_30d ELSE (
            SELECT count(*) FROM (
                SELECT FROM sellerbeat.orders WHERE seller_id = :seller_id AND created_at > :now - interval '30 days'
                ORDER BY created_at DESC LIMIT 101
            ) AS recent) END,
        sales_at = CASE WHEN :stream <> 'orders' OR (:changes = 0 AND sales_at > :now - interval '1 hour') THEN sales_at ELSE :now END
    FROM run WHERE seller_id = :seller_id AND stream = :stream
    RETURNING run_changes, run_slow
""")

# Of what notifications told: a run of its own, and the stream stays where it is, but for what changed.
CLOSE_COMMIT_BESIDE_THE_STREAM = text("""
    WITH run AS (
        INSERT INTO sellerbeat.poll_runs AS r (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes, duplicates,
            stale)
        VALUES (:seller_id, :epoch, :stream, :source, :started, clock_timestamp(), :calls, :changes, :duplicates, :stale)
        ON CONFLICT (seller_id, epoch) DO UPDATE SET
            finished_at = excluded.finished_at, api_calls = r.api_calls + excluded.api_calls, changes = r.changes + excluded.changes,
            duplicates = r.duplicates + excluded.duplicates, stale = r.stale + excluded.stale
    )
    UPDATE sellerbeat.streams SET last_change_at = greatest(last_change_at, :now)
    WHERE seller_id = :seller_id AND stream = :stream AND :changes > 0
""")
NOTE_ALERT_SEEN = text("""
    UPDATE sellerbeat.alerts SET seen_at = greatest(seen_at, :now) WHERE seller_id = :seller_id AND kind = :kind AND closed_at IS NULL
""")
ALERT_SEEN_SINCE = text("""
    SELECT EXISTS (SELECT FROM sellerbeat.alerts WHERE seller_id = :seller_id AND kind = :kind AND closed_at IS NULL AND seen_at > :since)
""")
ADVANCE_OTHER_STREAM = text(
    "UPDATE sellerbeat.streams SET cursor = greatest(cursor, :cursor) WHERE seller_id = :seller_id AND stream = :stream"
)
NOTE_POLL_REPLACED = text("UPDATE sellerbeat.streams SET replaced_at = :planned WHERE seller_id = :seller_id AND stream = :stream")
MAKE_SINGLES_DUE = text(
    "UPDATE sellerbeat.orders SET single_due = true WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[]))"
)
