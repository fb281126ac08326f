"""The tables of the delivery, beside those of `tables.py`: who is told of changes, how far, and what they answered."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from store.schema.tables import count_column, json_column, metadata, text_column, time_column

FLEET_CURSOR = ""  # stands for the seller in the cursor of the fleet's alerts, which have none

endpoints = Table(
    "endpoints",
    metadata,
    text_column("id", primary_key=True),
    text_column("url"),  # of chat its beginning: the whole is among the secrets
    Column("types", ARRAY(Text), nullable=False),  # such as order.*
    text_column("seller_id", nullable=True),  # null: of all sellers
    Column("thin", Boolean, nullable=False),  # large changes go without their documents
    time_column("created_at", nullable=False),
    time_column("off_at"),  # switched off since then, by hand or by failing
    text_column("off_reason", nullable=True),
    count_column("failures"),  # in a row, of all sellers together
    time_column("failing_since"),  # the first of them
    time_column("probed_at"),  # while it fails, one attempt at a time
    text_column("name", nullable=True),  # given by people
    Index("endpoints_by_name", text("lower(name)"), unique=True),
    Column("kind", Text, nullable=False, server_default="webhook"),  # webhook; chat and mail are for people, and have no types
)

endpoint_secrets = Table(
    "endpoint_secrets",
    metadata,
    text_column("endpoint_id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # the highest is the newest; all of them sign
    Column("secret", LargeBinary, nullable=False),  # encrypted
    time_column("created_at", nullable=False),
)

delivery_lanes = Table(
    "delivery_lanes",
    metadata,
    text_column("endpoint_id", primary_key=True),
    text_column("seller_id", primary_key=True),  # empty: the fleet's own alerts
    Column("sequence", BigInteger, nullable=False),  # delivered up to here; of the fleet's alerts the position
    Column("epoch", BigInteger, nullable=False, server_default="0"),  # of the latest run: an older one may record nothing
    count_column("tries"),  # failed, of what comes next
    time_column("failing_since"),  # the first of them
    time_column("retry_at"),  # not tried before
    time_column("tell_at"),  # when the dispatcher has to wake the cursor's workflow, unless it moved meanwhile
    count_column("schedule_from"),  # after so many tries somebody had it tried at once, and the waits between tries began anew
    Index("delivery_lanes_by_seller", "seller_id"),
)

rereplays = Table(
    "replays",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    time_column("asked_at", nullable=False),
    text_column("author"),
    text_column("endpoint_id", nullable=True),  # null: every endpoint that wants them
    text_column("seller_id", nullable=True),  # null: of all sellers
    json_column("chosen"),  # ids, types, since, until, failed: what was asked for beside position, endpoint and seller
    Column("first", BigInteger, nullable=False),  # the first position, and the last one, both included
    Column("last", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),  # all up to here are looked through
    Column("log_id", BigInteger, nullable=False),  # of the last attempt when it was asked for: what was delivered since is not sent again
    Column("messages", BigInteger, nullable=False),  # as counted at the beginning; in the end those that were queued
    Column("queued", BigInteger, nullable=False),
    time_column("queued_at"),  # all of them are in `redeliveries`, or sent
    Index("replays_open", "id", postgresql_where=text("queued_at IS NULL")),
)

alert_turns = Table(
    "alert_turns",  # of endpoints for people, a row each
    metadata,
    text_column("endpoint_id", primary_key=True),
    Column("position", BigInteger, nullable=False),  # in the feed: alerts up to here are said
    Column("claim", Text, nullable=False, server_default=""),  # of the latest message: an older one may record nothing
    count_column("tries"),  # failed, in a row
    time_column("not_before"),  # the end of the minute of the last message
    time_column("retry_at"),  # while it fails, the next try
    Column("findings", JSONB, nullable=False, server_default="{}"),  # what is wrong with the whole, as it was said last
)

redeliveries = Table(
    "redeliveries",
    metadata,
    text_column("endpoint_id", primary_key=True),
    text_column("seller_id", primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # of a change that is to be sent again
    Column("replays", ARRAY(BigInteger), nullable=False, server_default=text("'{}'::bigint[]")),  # that asked for it
    Index("redeliveries_by_seller", "seller_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    time_column("at", nullable=False),
    text_column("endpoint_id"),
    text_column("seller_id", nullable=True),  # null: an alert of the fleet
    text_column("event_id"),
    Column("position", BigInteger, nullable=False),
    text_column("type"),
    Column("attempt", Integer, nullable=False),
    Column("replayed", Boolean, nullable=False),
    text_column("outcome"),  # delivered, or why not
    Column("status", Integer),  # of the answer; null: there was none
    text_column("kind", nullable=True),  # why there was none
    Column("took_ms", Integer, nullable=False),
    Index("deliveries_by_endpoint", "endpoint_id", "id"),
    Index("deliveries_by_seller", "seller_id", "id"),
    Index("deliveries_by_at", "at"),  # made by indexes.py
    Index("deliveries_by_position", "position", "id"),  # as the next: made by indexes.py
    Index("deliveries_not_delivered", "id", postgresql_where=text("outcome <> 'delivered'::text")),  # made by indexes.py
    postgresql_partition_by="RANGE (at)",
)

delivery_sums = Table(
    "delivery_sums",  # of the attempts of two days: how many, and after how long they were answered
    metadata,
    text_column("endpoint_id", primary_key=True),
    Column("slot", TIMESTAMP(timezone=True), primary_key=True),  # a quarter of an hour begins
    Column(
        "bucket", Integer, primary_key=True, autoincrement=False
    ),  # of the time to the answer (domain/delivery/latency.py); -1: none came
    Column("delivered", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
)
