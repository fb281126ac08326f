"""The tables of the delivery, beside those of `tables.py`: who is told of changes, how far, and what they answered."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from store.tables import _count, _text, _time, metadata

FLEET_CURSOR = ""  # stands for the seller in the cursor of the fleet's alerts, which have none

endpoints = Table(
    "endpoints",
    metadata,
    _text("id", primary_key=True),
    _text("url"),
    Column("types", ARRAY(Text), nullable=False),  # such as order.*
    _text("seller_id", nullable=True),  # null: of all sellers
    Column("thin", Boolean, nullable=False),  # large changes go without their documents
    _time("created_at", nullable=False),
    _time("off_at"),  # switched off since then, by hand or by failing
    _text("off_reason", nullable=True),
    _count("failures"),  # in a row, of all sellers together
    _time("failing_since"),  # the first of them
    _time("probed_at"),  # while it fails, one attempt at a time
)

endpoint_secrets = Table(
    "endpoint_secrets",
    metadata,
    _text("endpoint_id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # the highest is the newest; all of them sign
    Column("secret", LargeBinary, nullable=False),  # encrypted
    _time("created_at", nullable=False),
)

delivery_lanes = Table(
    "delivery_lanes",
    metadata,
    _text("endpoint_id", primary_key=True),
    _text("seller_id", primary_key=True),  # empty: the fleet's own alerts
    Column("sequence", BigInteger, nullable=False),  # delivered up to here; of the fleet's alerts the position
    Column("epoch", BigInteger, nullable=False, server_default="0"),  # of the latest run: an older one may record nothing
    _count("tries"),  # failed, of what comes next
    _time("failing_since"),  # the first of them
    _time("retry_at"),  # not tried before
    _time("tell_at"),  # when the dispatcher has to wake the cursor's workflow, unless it moved meanwhile
    Index("delivery_cursors_by_seller", "seller_id"),
)

redeliveries = Table(
    "redeliveries",
    metadata,
    _text("endpoint_id", primary_key=True),
    _text("seller_id", primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # of a change that is to be sent again
    Index("redeliveries_by_seller", "seller_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _time("at", nullable=False),
    _text("endpoint_id"),
    _text("seller_id", nullable=True),  # null: an alert of the fleet
    _text("event_id"),
    Column("position", BigInteger, nullable=False),
    _text("type"),
    Column("attempt", Integer, nullable=False),
    Column("replayed", Boolean, nullable=False),
    _text("outcome"),  # delivered, or why not
    Column("status", Integer),  # of the answer; null: there was none
    _text("kind", nullable=True),  # why there was none
    Column("took_ms", Integer, nullable=False),
    Index("deliveries_by_endpoint", "endpoint_id", "id"),
    Index("deliveries_by_seller", "seller_id", "id"),
    Index("deliveries_by_time", "at", postgresql_using="brin"),
)
