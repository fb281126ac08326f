"""A fleet that was polled for a day, written straight into Postgres: thousands of sellers in seconds."""

from __future__ import annotations

from sqlalchemy import text

from store import Store

SETTLE = """
INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at, wishes)
SELECT 's-' || lpad(n::text, 4, '0'), gen_random_uuid(), now() - interval '90 days',
    CASE WHEN n % 97 = 0 THEN '{"paused": "holiday until Monday"}'::jsonb ELSE '{}' END
FROM generate_series(1, :sellers) AS n;
INSERT INTO sellerbeat.tokens (seller_id, dead_at, dead_reason, refresh_expires_at)
SELECT seller_id, CASE WHEN n % 211 = 0 THEN now() - interval '3 hours' END,
    CASE WHEN n % 211 = 0 THEN 'DeadTokenError: eBay refused the refresh token (HTTP 400)' END, now() + interval '400 days'
FROM (SELECT seller_id, row_number() OVER (ORDER BY seller_id) AS n FROM sellerbeat.sellers) AS s;
INSERT INTO sellerbeat.streams
    (seller_id, stream, cursor, last_change_at, last_poll_at, last_good_at, next_poll_at, why, failures, last_error)
SELECT seller_id, stream, now(), now() - interval '1 hour', now() - every * share, now() - every * share, now() + every * (1 - share),
    'quiet for 2 h: every 12 min', CASE WHEN bad THEN 7 ELSE 0 END,
    CASE WHEN bad THEN 'EbayUnavailableError: eBay does not answer (HTTP 503)' END
FROM (
    SELECT seller_id, stream, every, random() AS share, stream = 'orders' AND abs(hashtext(seller_id)) % 300 = 0 AS bad
    FROM sellerbeat.sellers, (VALUES ('orders', interval '5 min'), ('fulfillment', '15 min'), ('inventory', '30 min'),
        ('listings', '30 min'), ('sweep', '1 day'), ('report', '1 day')) AS given (stream, every)
) AS s;
INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes, duplicates)
SELECT seller_id, n, CASE WHEN n % 4 = 0 THEN 'fulfillment' ELSE 'orders' END, 'poll', at, at + interval '180 ms', 1,
    CASE WHEN (n + abs(hashtext(seller_id))) % 12 = 0 THEN 1 + n % 3 ELSE 0 END, 3
FROM sellerbeat.sellers, generate_series(1, :polls) AS n, LATERAL (SELECT now() - interval '1 day' * (:polls + 1 - n) / :polls AS at) AS t
ORDER BY at;
INSERT INTO sellerbeat.poll_hours (hour, seller_id, stream, polls, api_calls, changes)
SELECT date_trunc('hour', started_at), seller_id, stream, count(*), sum(api_calls), sum(changes) FROM sellerbeat.poll_runs GROUP BY 1, 2, 3;
INSERT INTO sellerbeat.change_events
    (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
SELECT nextval('sellerbeat.positions'), gen_random_uuid(), seller_id, n, 'order.updated', '03-14798-' || n, 2, now(), now(), 'poll',
    '["orderPaymentStatus"]', '{"orderPaymentStatus": "PENDING"}',
    '{"orderPaymentStatus": "PAID", "buyer": {"username": "buyer"}, "pricingSummary": {"total": {"value": "20.00", "currency": "USD"}}}'
FROM generate_series(1, 50) AS n, sellerbeat.sellers;
UPDATE sellerbeat.sellers SET sequence = 50;
INSERT INTO sellerbeat.inventory (seller_id, entity_id, version, data, digest, as_of, read_from)
SELECT seller_id, 'SKU-' || n, 1, '{"availability": {"shipToLocationAvailability": {"quantity": 3}}, "product": {"title": "A thing"}}', '',
    now(), 'list'
FROM generate_series(1, 50) AS n, sellerbeat.sellers;
INSERT INTO sellerbeat.permits (resource, "limit", used, day_start, reset_at)
VALUES ('orders', 100000, 93120, now() - interval '14 hours', now() + interval '10 hours'),
    ('inventory', 2000000, 2400, now() - interval '14 hours', now() + interval '10 hours'),
    ('trading', 5000, 3210, now() - interval '14 hours', now() + interval '10 hours');
INSERT INTO sellerbeat.alerts (seller_id, kind, version, text, opened_at)
SELECT seller_id, 'failing:orders', 1, 'orders: more than 3 failures in a row', now() - interval '12 minutes'
FROM sellerbeat.streams WHERE failures > 3;
INSERT INTO sellerbeat.alerts (seller_id, kind, version, text, opened_at)
SELECT seller_id, 'needs_reauthorization', 1, 'eBay refuses the seller''s token: only their new consent helps (starter.py connect)',
    dead_at FROM sellerbeat.tokens WHERE dead_at IS NOT NULL;
"""


def settle(store: Store, sellers: int, polls: int = 48) -> None:
    """Sellers `s-0001`, `s-0002`, ...: most are polled, some paused, failing, or without a good token. `polls`: of each in 24 hours."""
    values = {"sellers": sellers, "polls": polls}
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in SETTLE.split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
