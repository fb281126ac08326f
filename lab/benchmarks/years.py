"""A database as it stands after a month of thousands of sellers: rows written by Postgres itself, millions in minutes."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from domain.retention import Retention
from lab.benchmarks.fleet import settle
from store import Store

DAYS = 30
# Of one seller: a fifth of the changes are orders, a fifth their parcels; the rest are versions, stock and sales.
FILL = """
DELETE FROM sellerbeat.change_events;
DELETE FROM sellerbeat.poll_runs;
DELETE FROM sellerbeat.inventory;
CREATE TEMPORARY TABLE fleet AS
SELECT seller_id, row_number() OVER (ORDER BY seller_id) AS n, :events / count(*) OVER () AS many FROM sellerbeat.sellers;
INSERT INTO sellerbeat.orders
    (seller_id, entity_id, version, data, digest, as_of, read_from, modified_at, created_at, is_open, parcels_due, single_due)
SELECT seller_id, '03-' || n || '-' || i, 2, jsonb_build_object('orderId', '03-' || n || '-' || i, 'buyer', jsonb_build_object('username',
        'buyer-' || (n * 7919 + i) % 100000), 'orderPaymentStatus', 'PAID', 'filler', repeat('x', 1200)), '\\x00', at, 'list', at, at,
    i > many / 5 - 5, i > many / 5 - 1, false
FROM fleet, generate_series(1, many / 5) AS i, LATERAL (SELECT now() - interval '30 days' * (many / 5 - i) / (many / 5) AS at) AS t;
INSERT INTO sellerbeat.fulfillments (seller_id, entity_id, version, data, digest, as_of, read_from, order_id)
SELECT seller_id, entity_id || '/1', 1, '{"fulfillmentId": "1"}', '\\x00', as_of, 'list', entity_id
FROM sellerbeat.orders WHERE NOT is_open;
INSERT INTO sellerbeat.sold_lines (seller_id, line_item_id, order_id, sku, item_id, quantity, sold_at)
SELECT seller_id, entity_id || '-1', entity_id, 'SKU-' || abs(hashtext(entity_id)) % 100, '1' || abs(hashtext(entity_id)) % 100, 1,
    created_at
FROM sellerbeat.orders;
INSERT INTO sellerbeat.inventory (seller_id, entity_id, version, data, digest, as_of, read_from)
SELECT seller_id, CASE WHEN i % 2 = 0 THEN 'SKU-' || i ELSE 'listing:1' || i END, 1, '{"available": 3, "product": {"title": "A thing"}}',
    '\\x00', now(), 'list'
FROM fleet, generate_series(1, 100) AS i;
INSERT INTO sellerbeat.change_events
    (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
SELECT nextval('sellerbeat.positions'), gen_random_uuid(), e.*
FROM (
    SELECT seller_id, i, CASE i % 5 WHEN 0 THEN 'order.created' WHEN 1 THEN 'fulfillment.created' WHEN 2 THEN 'inventory.sold' ELSE
            'order.updated' END, '03-' || n || '-' || i / 5, 1 + i % 5, at, at, 'poll', '["orderPaymentStatus"]'::jsonb,
        '{"orderPaymentStatus": "PENDING"}'::jsonb, '{"orderPaymentStatus": "PAID", "buyer": {"username": "buyer"}}'::jsonb
    FROM fleet, generate_series(1, many) AS i, LATERAL (SELECT now() - interval '30 days' * (many - i) / many AS at) AS t
    ORDER BY i
) AS e;
UPDATE sellerbeat.sellers SET sequence = (SELECT many FROM fleet LIMIT 1), detected_at = now(), epoch = 10000;
INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes, duplicates)
SELECT seller_id, i, CASE WHEN i % 4 = 0 THEN 'fulfillment' ELSE 'orders' END, 'poll', at, at + interval '180 ms', 1, 1, 3
FROM generate_series(1, 360) AS i, fleet, LATERAL (SELECT now() - interval '30 days' * (360 - i) / 360 AS at) AS t;
INSERT INTO sellerbeat.poll_hours (hour, seller_id, stream, polls, api_calls, changes)
SELECT hour, seller_id, stream, 12, 12, 1
FROM generate_series(date_trunc('hour', now()) - interval '48 hours', date_trunc('hour', now()), interval '1 hour') AS hour, fleet,
    (VALUES ('orders'), ('fulfillment'), ('inventory'), ('listings')) AS s (stream)
ON CONFLICT DO NOTHING;
INSERT INTO sellerbeat.endpoints (id, url, types, seller_id, thin, created_at)
SELECT 'ep-' || e, 'https://receiver.example/' || e, '{"*"}', NULL, false, now() - interval '90 days' FROM generate_series(1, 3) AS e;
INSERT INTO sellerbeat.delivery_lanes (endpoint_id, seller_id, sequence)
SELECT e.id, s.seller_id, s.sequence - (f.n % 50 = 0)::int * 3
FROM sellerbeat.endpoints e, sellerbeat.sellers s JOIN fleet f USING (seller_id);
INSERT INTO sellerbeat.deliveries (at, endpoint_id, seller_id, event_id, position, type, attempt, replayed, outcome, status, took_ms)
SELECT detected_at, 'ep-' || 1 + position % 3, seller_id, id, position, type, 1, false, 'delivered', 204, 12 FROM sellerbeat.change_events
WHERE position % 2 = 0 ORDER BY position;
INSERT INTO sellerbeat.redeliveries (endpoint_id, seller_id, position) SELECT 'ep-1', seller_id, position FROM sellerbeat.change_events
ORDER BY position DESC LIMIT 300;
INSERT INTO sellerbeat.notifications (notification_id, topic, seller_id, state, order_ids, received_at, happened_at, ended_at)
SELECT gen_random_uuid(), 'marketplace.order', seller_id, CASE WHEN i = 30 AND n % 20 = 0 THEN 'pending' ELSE 'done' END,
    ARRAY['03-' || n || '-' || i], now() - interval '1 day' * (30 - i), now() - interval '1 day' * (30 - i), now()
FROM generate_series(1, 30) AS i, fleet;
INSERT INTO sellerbeat.modes (seller_id, mode, since, watched_since) SELECT seller_id, 'shadow', now() - interval '90 days',
    now() - interval '90 days' FROM fleet WHERE n % 3 = 0;
INSERT INTO sellerbeat.sightings (seller_id, kind, entity_id, version, event_id, types, occurred_at, topic, first_by, first_at, other_at)
SELECT seller_id, 'order', '03-' || n || '-' || i, 1, gen_random_uuid(), '{"order.created"}', now() - interval '1 day' * (30 - i),
    'marketplace.order', 'notifications', now() - interval '1 day' * (30 - i), CASE WHEN i < 28 THEN now() END
FROM fleet, generate_series(1, 30) AS i WHERE n % 3 = 0;
INSERT INTO sellerbeat.alerts (seller_id, kind, version, text, opened_at, closed_at)
SELECT seller_id, 'late:orders', i, 'orders: no good poll for 3 intervals', now() - interval '1 day' * i, now() - interval '1 day' * i
FROM fleet, generate_series(1, 20) AS i;
INSERT INTO sellerbeat.rereads (seller_id, order_id, what, due_at)
SELECT seller_id, '03-' || n || '-1', 'parcels', now() FROM fleet WHERE n % 10 = 0;
INSERT INTO sellerbeat.stock_due (seller_id, entity_id, due_at) SELECT seller_id, 'SKU-2', now() FROM fleet;
INSERT INTO sellerbeat.scan_pages (seller_id, stream, scan, page, ids, read_at)
SELECT seller_id, 'inventory', 1, i, ARRAY['SKU-1', 'SKU-2'], now() FROM fleet, generate_series(1, 5) AS i;
INSERT INTO sellerbeat.set_aside (seller_id, kind, key, raw, reason, read_at, at)
SELECT seller_id, 'order', 'digest-' || i, '{}', 'no order id', now(), now() FROM fleet, generate_series(1, 2) AS i WHERE n % 10 = 0;
INSERT INTO sellerbeat.accounts (seller_id, user_id, known_at) SELECT seller_id, 'user-' || n, now() FROM fleet;
INSERT INTO sellerbeat.consents (nonce, seller_id, made_at, expires_at) SELECT gen_random_uuid(), seller_id, now(), now() FROM fleet;
INSERT INTO sellerbeat.deletions (id, person, asked_at, done_at, counts)
SELECT gen_random_uuid(), decode(md5(n::text), 'hex'), now(), now(), '{}' FROM fleet;
INSERT INTO sellerbeat.erased_orders (seller_id, entity_id) SELECT seller_id, '03-' || n || '-1' FROM fleet;
DROP TABLE fleet
"""


def fill(store: Store, sellers: int, events: int) -> None:
    """Sellers `s-0001`, ...; `events` in all; 30 days of polls that found something; vacuumed and analysed, as autovacuum leaves it."""
    settle(store, sellers, polls=4)
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in FILL.split(";\n"):
            connection.execute(text(statement), {"events": events} if ":events" in statement else {})
    store.retention.partitioning.make(Retention(), datetime.now(UTC))  # what was drawn so fast lies in the default one
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
