"""Hourly sums of polls, and the streams that are polled most on pages of their own.

Why: a quiet poll wrote a row that nobody reads, with three indexes, and touched a page for itself: 5.9 kB of WAL with 1,000 sellers.
Postgres logs of an update what lies between the first and the last byte that differ, so what each poll changes stands together at the
end of the row; and it logs whole pages, so rows are short, and those that are polled together share them.

Not while polling runs: `streams` is made anew. Its rows are few, eight a seller. The sums of the last day are taken from `poll_runs`.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
compatible_since = "0021"  # versions before count nothing by the hour

COLUMNS = """
    seller_id, stream, watermark, reading, last_change_at, failures, last_error, failing_since, scanned_at, sales_30d, sales_at, run_slow,
    run_over, replaced_at, waits_for, last_changes, run_changes, run_calls, cursor, last_poll_at, last_good_at, next_poll_at, why
"""
# Numbers by name before, by their place now. One that lacks any is forgotten: it is learnt anew, and no order depends on it.
NAMES = ("last_change", "seen_to", "n14", "d14", "n1", "x1", "nf", "xf", "calls_per_poll")
PACE = f"""
    CASE WHEN {" AND ".join(f"jsonb_typeof(pace -> '{name}') = 'number'" for name in NAMES)}
        THEN ARRAY[{", ".join(f"CAST(pace ->> '{name}' AS double precision)" for name in NAMES)}] END
"""
STATEMENTS = f"""
ALTER TABLE streams RENAME TO streams_before;
ALTER INDEX streams_pkey RENAME TO streams_before_pkey;
CREATE TABLE streams (
    seller_id text NOT NULL,
    stream text NOT NULL,
    watermark timestamptz,
    reading jsonb,
    last_change_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    failing_since timestamptz,
    scanned_at timestamptz,
    sales_30d integer NOT NULL DEFAULT 0,
    sales_at timestamptz,
    run_slow boolean NOT NULL DEFAULT false,
    run_over boolean NOT NULL DEFAULT true,
    replaced_at timestamptz,
    waits_for text,
    last_changes integer NOT NULL DEFAULT 0,
    run_changes bigint NOT NULL DEFAULT 0,
    pace double precision[],
    run_calls bigint NOT NULL DEFAULT 0,
    hour_at timestamptz,
    hour_polls integer NOT NULL DEFAULT 0,
    hour_calls integer NOT NULL DEFAULT 0,
    hour_changes integer NOT NULL DEFAULT 0,
    cursor timestamptz,
    last_poll_at timestamptz,
    last_good_at timestamptz,
    next_poll_at timestamptz,
    why text,
    PRIMARY KEY (seller_id, stream)
) PARTITION BY LIST (stream);
CREATE TABLE streams_orders PARTITION OF streams FOR VALUES IN ('orders') WITH (fillfactor = 50);
CREATE TABLE streams_fulfillment PARTITION OF streams FOR VALUES IN ('fulfillment') WITH (fillfactor = 50);
CREATE TABLE streams_inventory PARTITION OF streams FOR VALUES IN ('inventory') WITH (fillfactor = 50);
CREATE TABLE streams_listings PARTITION OF streams FOR VALUES IN ('listings') WITH (fillfactor = 50);
CREATE TABLE streams_others PARTITION OF streams DEFAULT WITH (fillfactor = 50);
INSERT INTO streams ({COLUMNS}, pace) SELECT {COLUMNS}, {PACE} FROM streams_before;
DROP TABLE streams_before;
CREATE TABLE poll_hours (
    hour timestamptz NOT NULL,
    seller_id text NOT NULL,
    stream text NOT NULL,
    polls integer NOT NULL,
    api_calls integer NOT NULL,
    changes integer NOT NULL,
    PRIMARY KEY (hour, seller_id, stream)
);
INSERT INTO poll_hours (hour, seller_id, stream, polls, api_calls, changes)
    SELECT date_trunc('hour', started_at), seller_id, stream, count(*), sum(api_calls), sum(changes) FROM poll_runs
    WHERE started_at > now() - interval '2 days' GROUP BY 1, 2, 3;
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
