"""The tables, as SQLAlchemy Core sees them. `migrations/` creates them; a test keeps both equal.

No foreign keys: every row of a seller is written under the lock of the seller's row, and a check for each of 200 rows is not free.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, Sequence, Table, Text, desc, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID

from store.schema.names import SCHEMA

REVISION = "0030"  # the migration that these tables are; a test compares

LARGEST_ID = 2**63 - 1  # of a bigint

metadata = MetaData(schema=SCHEMA)

POSITIONS = Sequence("positions", metadata=metadata)  # drawn only under the advisory lock, see events.py


def time_column(name: str, nullable: bool = True) -> Column[Any]:
    """Times in UTC, by the database's clock unless a comment says otherwise; null: never yet."""
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def text_column(name: str, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    """Text; null has to be allowed."""
    return Column(name, Text, nullable=nullable, primary_key=primary_key)


def by_bytes(name: str, column: str, *more: Any, **options: Any) -> Index:
    """An index by which what begins with a text is found, across sellers; made by indexes.py."""
    return Index(name, column, *more, postgresql_ops={column: "text_pattern_ops"}, **options)


def count_column(name: str) -> Column[Any]:
    """A count; 0 in a new row."""
    return Column(name, Integer, nullable=False, server_default="0")


def json_column(name: str, nullable: bool = False) -> Column[Any]:
    """Any JSON value; null has to be allowed."""
    return Column(name, JSONB, nullable=nullable)


revisions = Table(
    "revisions",  # of the migrations that were applied, from 0020 on
    metadata,
    text_column("revision", primary_key=True),
    text_column("compatible_since"),  # the oldest revision whose processes may work with what this one left
    time_column("applied_at", nullable=False),
)

sellers = Table(
    "sellers",
    metadata,
    text_column("seller_id", primary_key=True),
    Column("enrollment", UUID, nullable=False),  # new with each enrolment: part of every event's id
    time_column("enrolled_at", nullable=False),  # eBay's clock
    time_column("removed_at"),
    Column("epoch", BigInteger, nullable=False, server_default="0"),  # of the latest step; never falls, not even by removal
    Column("sequence", BigInteger, nullable=False, server_default="0"),  # of the latest event
    time_column("detected_at"),  # of the latest event
    Column("options", JSONB, nullable=False, server_default="{}"),  # what `enroll` set: intervals, backfill
    Column("wishes", JSONB, nullable=False, server_default="{}"),  # what people set later, mirrored from the workflow
    Column("scopes", ARRAY(Text), nullable=False, server_default="{}"),  # not used: the token has them, and each step writes this row
    count_column("retries"),  # of what is set aside, that failed, in the day from then
    time_column("retries_from"),
)

tokens = Table(
    "tokens",
    metadata,
    text_column("seller_id", primary_key=True),
    Column("refresh_token", LargeBinary),  # encrypted; null after removal
    Column("access_token", LargeBinary),  # encrypted
    time_column("expires_at"),
    Column("generation", Integer, nullable=False, server_default="1"),  # counts the seller's consents
    Column("scopes", ARRAY(Text), nullable=False, server_default="{}"),
    time_column("dead_at"),
    text_column("dead_reason", nullable=True),
    time_column("refresh_expires_at"),
    text_column("client", nullable=True),  # digest of the application key that it last worked with; null: not known
    time_column("refreshed_at"),  # when eBay last gave an access token for it
    time_column("refused_at"),  # when the key of `tried_client` was first refused since then
    time_column("tried_at"),
    text_column("tried_client", nullable=True),  # by which key and version of ours it was last tried
    text_column("tried_version", nullable=True),
    time_column("revived_at"),  # a dead one worked again: the workflow is to be woken
)

streams = Table(
    "streams",
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("stream", primary_key=True),
    # everything up to here is read and committed; eBay's clock; fulfillment: the last round over open orders of 3 months
    time_column("cursor"),
    time_column("watermark"),  # newest lastModifiedDate seen: it informs, the cursor decides
    json_column("reading", nullable=True),  # the read in progress; null: none
    time_column("last_change_at"),
    time_column("last_poll_at"),
    time_column("last_good_at"),
    time_column("next_poll_at"),
    text_column("why", nullable=True),
    count_column("failures"),
    text_column("last_error", nullable=True),
    time_column("failing_since"),  # the first of the failures in a row
    count_column("last_changes"),  # of the last poll
    time_column("scanned_at"),  # start of the last complete scan: what it left unchanged was so then
    count_column("sales_30d"),  # orders stream: counted up to 101, refreshed by commits with changes or hourly
    time_column("sales_at"),
    Column("pace", ARRAY(Double)),  # what polls have shown of the seller's orders (domain/pacing/state.py)
    # of a poll, which may take several steps: told changes (a backfill's are none), calls, an answer over 10 s, whether it is over
    Column("run_changes", BigInteger, nullable=False, server_default="0"),
    Column("run_calls", BigInteger, nullable=False, server_default="0"),
    Column("run_slow", Boolean, nullable=False, server_default="false"),
    Column("run_over", Boolean, nullable=False, server_default="true"),
    # listings: when the poll was due in whose place a sale's was; none is brought forward before, if calls are short
    time_column("replaced_at"),
    # `domain.seller_state.Wait`, until the next poll; versions before 0019 leave what stands there
    text_column("waits_for", nullable=True),
    # Of the hour in which the latest poll began; those before are in `poll_hours`.
    time_column("hour_at"),
    count_column("hour_polls"),
    count_column("hour_calls"),
    count_column("hour_changes"),
    postgresql_partition_by="LIST (stream)",
)


def _entities(name: str, *more: Column[Any] | Index) -> Table:
    return Table(
        name,
        metadata,
        text_column("seller_id", primary_key=True),
        text_column("entity_id", primary_key=True),
        Column("version", BigInteger, nullable=False),
        json_column("data"),
        Column("digest", LargeBinary, nullable=False),  # of the normal form
        time_column("as_of", nullable=False),  # of eBay's answer that held this
        text_column("read_from"),  # list, bulk or single: they differ in their fields
        time_column("removed_at"),
        *more,
    )


orders = _entities(
    "orders",
    time_column("modified_at"),
    time_column("created_at"),
    Column("is_open", Boolean, nullable=False),
    Column("parcels_due", Boolean, nullable=False),
    Column("single_due", Boolean, nullable=False, server_default="false"),  # to be read alone: only that fills cancelRequests
    Index("orders_by_creation", "seller_id", "created_at"),
    by_bytes("orders_by_number", "entity_id"),
    Index("orders_by_buyer", text("md5(lower((data -> 'buyer'::text) ->> 'username'::text))")),  # made by indexes.py
    Index("orders_open", "seller_id", "entity_id", postgresql_where=text("is_open")),
    Index("orders_open_by_creation", "seller_id", "created_at", postgresql_where=text("is_open")),  # made by indexes.py
    Index("orders_parcels_due", "seller_id", "modified_at", postgresql_where=text("parcels_due")),
    Index("orders_single_due", "seller_id", postgresql_where=text("single_due")),
)
rereads = Table(
    "rereads",  # to be read again: eBay's answers disagreed (domain/changes/rereads.py), or failed for them (domain/changes/unreadable.py)
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("order_id", primary_key=True),  # the record's: of an order, a listing, a SKU
    text_column("what", primary_key=True),  # how it is read: parcels, single, listed, sku, listing, offers
    count_column("tries"),
    time_column("due_at", nullable=False),
    time_column("said_at"),  # when eBay itself refused it first
    Column("source", Text, nullable=False, server_default="poll"),  # of what it tells
    count_column("failures"),  # in a row that count against the record
    time_column("failed_at"),  # the first of these, counted or not
    Index("rereads_due", "seller_id", "what", "due_at"),
)

fulfillments = _entities("fulfillments", text_column("order_id"), Index("fulfillments_by_order", "seller_id", "order_id"))
inventory = _entities(
    "inventory",
    time_column("sold_at"),  # of rows that were derived from a sale, as versions before 0011 did, until they are read
    # of a listing: from which quantitySold on the known sales are counted (domain/changes/expected.py)
    json_column("counts", nullable=True),
    Index("inventory_listings", "seller_id", postgresql_where=text("removed_at IS NULL AND starts_with(entity_id, 'listing:')")),
    Index("inventory_derived", "seller_id", postgresql_where=text("read_from = 'derived'")),
    by_bytes("inventory_by_entity", "entity_id"),
)
offers = _entities("offers", text_column("sku"), Index("offers_by_sku", "seller_id", "sku"), by_bytes("offers_by_any_sku", "sku"))

stock_due = Table(
    "stock_due",
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("entity_id", primary_key=True),  # of stock that an order moved: to be read, or read again
    time_column("due_at", nullable=False),  # eBay's clock: to be read from then on
    time_column("moved_at"),  # the latest move; a reading within the lag of eBay's index may not show it yet
    time_column("held_at"),  # the first reading that was not taken, since it may be older than the one before
    time_column("asked_at"),  # a listing that was asked for alone and is none: left to the daily report
)

sold_lines = Table(
    "sold_lines",  # of orders since the enrolment: each line once, in whatever order it stands
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("line_item_id", primary_key=True),
    text_column("order_id"),  # the latest that shows it
    text_column("sku", nullable=True),
    text_column("item_id", nullable=True),
    Column("aspects", JSONB, nullable=False, server_default="[]"),  # [[name, value], ...] of the variation
    Column("quantity", Integer),
    time_column("sold_at", nullable=False),
    Column("told", Boolean, nullable=False, server_default="true"),  # false: stored before sales were told
    Index("sold_lines_by_item", "seller_id", "item_id", "sold_at", postgresql_where=text("item_id IS NOT NULL")),
    Index("sold_lines_by_sku", "seller_id", "sku", "sold_at", postgresql_where=text("sku IS NOT NULL")),
    by_bytes("sold_lines_by_line", "line_item_id"),
    by_bytes("sold_lines_by_any_item", "item_id", desc("sold_at"), postgresql_where=text("item_id IS NOT NULL")),
    by_bytes("sold_lines_by_any_sku", "sku", desc("sold_at"), postgresql_where=text("sku IS NOT NULL")),
)

poll_runs = Table(
    "poll_runs",
    metadata,
    text_column("seller_id", primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    text_column("stream"),
    text_column("source"),
    time_column("started_at", nullable=False),
    time_column("finished_at", nullable=False),
    count_column("api_calls"),
    count_column("changes"),
    count_column("duplicates"),
    count_column("stale"),
    count_column("missed"),  # by polling, found by a sweep
    count_column("undated"),  # found by a sweep, and no date had moved
    text_column("error", nullable=True),
    Index("poll_runs_by_seller", "seller_id", "started_at"),
    postgresql_partition_by="RANGE (started_at)",  # seller and epoch are unique within a partition, and so are all keys that lack the time
)

poll_hours = Table(
    "poll_hours",
    metadata,
    Column("hour", TIMESTAMP(timezone=True), primary_key=True, autoincrement=False),  # its beginning
    text_column("seller_id", primary_key=True),
    text_column("stream", primary_key=True),
    Column("polls", Integer, nullable=False),
    Column("api_calls", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
)

scan_pages = Table(
    "scan_pages",
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("stream", primary_key=True),
    Column("scan", BigInteger, primary_key=True, autoincrement=False),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("ids", ARRAY(Text), nullable=False),
    time_column("read_at", nullable=False),
)
