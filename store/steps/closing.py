"""The statements with which a commit ends: the poll's counts grow, the stream moves on, alerts are noted."""

from sqlalchemy import text

EVENT_EXISTS = text("SELECT EXISTS (SELECT FROM sellerbeat.change_events WHERE id = :id)")

# The hour before is over: its sums get a row. Of a poll that found nothing no other row remains.
END_HOUR = """
    INSERT INTO sellerbeat.poll_hours AS h (hour, seller_id, stream, polls, api_calls, changes)
    SELECT hour_at, seller_id, stream, hour_polls, hour_calls, hour_changes FROM sellerbeat.streams
    WHERE seller_id = :seller_id AND stream = :stream AND hour_at <> date_trunc('hour', CAST(:started AS timestamptz), 'UTC')
        AND hour_polls + hour_calls > 0
    ON CONFLICT (hour, seller_id, stream) DO UPDATE SET
        polls = h.polls + excluded.polls, api_calls = h.api_calls + excluded.api_calls, changes = h.changes + excluded.changes
"""
_SAME_HOUR = "hour_at = date_trunc('hour', CAST(:started AS timestamptz), 'UTC')"
COUNT_IN_HOUR = f"""
        hour_at = date_trunc('hour', CAST(:started AS timestamptz), 'UTC'),
        hour_polls = CASE WHEN {_SAME_HOUR} THEN hour_polls ELSE 0 END + :polls,
        hour_calls = CASE WHEN {_SAME_HOUR} THEN hour_calls ELSE 0 END + :calls,
        hour_changes = CASE WHEN {_SAME_HOUR} THEN hour_changes ELSE 0 END + :changes
"""
# A row of its own for a poll that is worth one: it grows with each commit of the step, which are one after another. By its time it is
# looked for in one partition. A conflict cannot be named instead: no unique index reaches over all of them.
_RUN = """
    grown AS (
        UPDATE sellerbeat.poll_runs SET
            finished_at = clock_timestamp(), api_calls = api_calls + :run_calls, changes = changes + :run_changes,
            duplicates = duplicates + :run_duplicates, stale = stale + :run_stale, missed = missed + :run_missed,
            undated = undated + :run_undated
        WHERE seller_id = :seller_id AND epoch = :epoch AND started_at = :started RETURNING epoch
    ), run AS (
        INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes, duplicates, stale,
            missed, undated)
        SELECT :seller_id, :epoch, :stream, :source, :started, clock_timestamp(), :run_calls, :run_changes, :run_duplicates, :run_stale,
            :run_missed, :run_undated
        WHERE NOT EXISTS (SELECT FROM grown)
    )
"""
# One statement closes a commit: the poll is counted, the stream moves on. The cursor never moves back. Sales are counted only by commits
# that saw changes, or hourly.
_CLOSE = f"""
    UPDATE sellerbeat.streams SET
        cursor = greatest(cursor, :cursor),
        watermark = greatest(CASE WHEN watermark <= :now + interval '1 day' THEN watermark END, :watermark),
        reading = CASE WHEN :moved THEN CAST(:reading AS jsonb) ELSE reading END,
        last_change_at = CASE WHEN :changes > 0 THEN greatest(last_change_at, :now) ELSE last_change_at END,
        last_poll_at = :now,
        last_good_at = CASE WHEN :good THEN :now ELSE last_good_at END,
        next_poll_at = CASE WHEN :good THEN CAST(:next_poll_at AS timestamptz) ELSE coalesce(:next_poll_at, next_poll_at) END,
        why = coalesce(:why, why),
        waits_for = :waits_for,
        failures = CASE WHEN :good THEN 0 ELSE failures END,
        last_error = CASE WHEN :good THEN NULL ELSE last_error END,
        last_changes = :last_changes,
        scanned_at = greatest(scanned_at, :scanned_at),
        pace = coalesce(CAST(:pace AS double precision[]), pace),
        run_changes = CASE WHEN run_over THEN 0 ELSE run_changes END + :recorded,
        run_calls = CASE WHEN run_over THEN 0 ELSE run_calls END + :calls,
        run_slow = (NOT run_over AND run_slow) OR :slow,
        run_over = :good,
        sales_30d = CASE WHEN :stream <> 'orders' OR (:changes = 0 AND sales_at > :now - interval '1 hour') THEN sales_30d ELSE (
            SELECT count(*) FROM (
                SELECT FROM sellerbeat.orders WHERE seller_id = :seller_id AND created_at > :now - interval '30 days'
                ORDER BY created_at DESC LIMIT 101
            ) AS recent) END,
        sales_at = CASE WHEN :stream <> 'orders' OR (:changes = 0 AND sales_at > :now - interval '1 hour') THEN sales_at ELSE :now END,
        {COUNT_IN_HOUR}
    WHERE seller_id = :seller_id AND stream = :stream
    RETURNING run_changes, run_slow
"""
CLOSE_COMMIT = text(f"WITH ended AS ({END_HOUR}), {_RUN} {_CLOSE}")
CLOSE_QUIET_COMMIT = text(
    f"WITH ended AS ({END_HOUR}) {_CLOSE}"
)  # of a poll that is not worth a row: its table is not so much as planned for

# Of what notifications told: a run of its own, and the stream stays where it is, but for what changed.
CLOSE_COMMIT_BESIDE_THE_STREAM = text(f"""
    WITH ended AS ({END_HOUR}), {_RUN}
    UPDATE sellerbeat.streams SET
        last_change_at = CASE WHEN :changes > 0 THEN greatest(last_change_at, :now) ELSE last_change_at END,
        {COUNT_IN_HOUR}
    WHERE seller_id = :seller_id AND stream = :stream
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
