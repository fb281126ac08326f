"""The table of what eBay told by notifications, beside those of `tables.py`."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from store.schema.tables import count_column, metadata, text_column, time_column

notifications = Table(
    "notifications",
    metadata,
    text_column("notification_id", primary_key=True),
    text_column("topic"),
    text_column("seller_id", nullable=True),  # null: of the application, or of an account that none of our sellers is known to be
    text_column("state"),  # pending, done, left (to polling), seen (a topic of no use), unmapped
    Column("order_ids", ARRAY(Text), nullable=False, server_default="{}"),  # to be read; ids alone, as a notification is a hint
    Column("listing_ids", ARRAY(Text), nullable=False, server_default="{}"),
    time_column("received_at", nullable=False),  # the database's clock, of the first copy
    time_column("happened_at"),  # eBay's clock
    time_column("published_at"),  # eBay's clock, of the first copy
    Column("copies", Integer, nullable=False, server_default="1"),  # how often it came
    count_column("asks"),  # readings that did not show it yet
    time_column("due_at"),  # when to read, by Temporal's clock; null: at once
    time_column("woken_at"),  # the seller's workflow was told
    count_column("wakes"),
    time_column("ended_at"),
    Column("person", LargeBinary),  # encrypted: who wants to be forgotten; null once that is done
    Index("notifications_pending", "seller_id", postgresql_where=text("state = 'pending'")),
    Index("notifications_by_seller", "seller_id", "received_at"),
    Index("notifications_by_time", "received_at"),
)
