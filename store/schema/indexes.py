"""Indexes of large tables: made without a lock, so that polling goes on meanwhile; therefore outside of the migrations' transaction.

One that was broken off is left invalid by Postgres: it is dropped and made anew. Until then all works, but erasing a user is slow.
"""

import time

from sqlalchemy import Connection, Engine, text

from store.schema.errors import translated

INDEXES = {
    # the name's digest: an index takes 2,700 bytes at most, and what eBay sends may be longer; nor is it there to be read
    "orders_by_buyer": "orders (md5(lower(data -> 'buyer' ->> 'username')))",
    "orders_open_by_creation": "orders (seller_id, created_at) WHERE is_open",
    "change_events_by_entity": "change_events (seller_id, entity_id)",
    "deliveries_by_at": "deliveries (at)",
    "deliveries_by_position": "deliveries (position, id)",
    "deliveries_not_delivered": "deliveries (id) WHERE outcome <> 'delivered'",
    "deletions_person": "deletions (person)",
    # across sellers, by bytes whatever the collation: what begins with a text stands together (store/reading/finding.py)
    "orders_by_number": "orders (entity_id text_pattern_ops)",
    "inventory_by_entity": "inventory (entity_id text_pattern_ops)",
    "offers_by_any_sku": "offers (sku text_pattern_ops)",
    "sold_lines_by_line": "sold_lines (line_item_id text_pattern_ops)",
    "sold_lines_by_any_item": "sold_lines (item_id text_pattern_ops, sold_at DESC) WHERE item_id IS NOT NULL",
    "sold_lines_by_any_sku": "sold_lines (sku text_pattern_ops, sold_at DESC) WHERE sku IS NOT NULL",
}
# No row: there is no index of this name; false: making it was broken off.
IS_INDEX_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('sellerbeat.' || :name)")
# Of the session: two who migrate at once make each index once. Tried, not waited for: making an index without a lock waits for the end of
# all statements, and would wait for that one.
TRY_LOCK_INDEX_MAKING = text("SELECT pg_try_advisory_lock(hashtextextended('sellerbeat.indexes', 0))")
TRIED_EVERY_S = 0.1
# No row: its table has no partitions. `has_index`: one that is part of that of the whole table.
PARTITIONS_WITH_INDEX = text("""
    SELECT c.relname AS name, EXISTS (
        SELECT FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
        WHERE i.inhparent = to_regclass('sellerbeat.' || :index) AND x.indrelid = c.oid
    ) AS has_index
    FROM pg_inherits p JOIN pg_class c ON c.oid = p.inhrelid WHERE p.inhparent = to_regclass('sellerbeat.' || :name)
""")
# For this session: making an index of a large table takes longer than any statement of a worker may.
LIFT_TIMEOUTS = text("SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)")


def make(engine: Engine) -> list[str]:
    """Make what is missing; returns the names. Safe to repeat, and while workers run."""
    made: list[str] = []
    with translated(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        while not connection.execute(TRY_LOCK_INDEX_MAKING).scalar():
            time.sleep(TRIED_EVERY_S)
        connection.execute(LIFT_TIMEOUTS)
        try:
            made += [name for name, on in INDEXES.items() if _make(connection, name, on)]
        finally:
            connection.invalidate()  # ends the session, and with it the lock and the time-outs, whatever state it is in
    return made


def _make(connection: Connection, name: str, on: str) -> bool:
    """Whether there was anything to do. Of a table with partitions each gets its own, without a lock, and then all are made one."""
    valid = connection.execute(IS_INDEX_VALID, {"name": name}).scalar()
    if valid:
        return False
    table, _, columns = on.partition(" ")
    partitions = connection.execute(PARTITIONS_WITH_INDEX, {"index": name, "name": table}).all()
    if not partitions:
        if valid is False:
            connection.execute(text(f"DROP INDEX CONCURRENTLY sellerbeat.{name}"))
        connection.execute(text(f"CREATE INDEX CONCURRENTLY {name} ON sellerbeat.{on}"))
        return True
    if valid is None:
        connection.execute(text(f"CREATE INDEX {name} ON ONLY sellerbeat.{on}"))
    for partition in partitions:
        if not partition.has_index:
            own = name.replace(table, partition.name, 1)
            _make(connection, own, f"{partition.name} {columns}")
            connection.execute(text(f"ALTER INDEX sellerbeat.{name} ATTACH PARTITION sellerbeat.{own}"))
    return True
