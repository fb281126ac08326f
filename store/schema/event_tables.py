"""The tables of changes and of what is made of them: events, who saw them first, alerts, what is set aside."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, desc, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from store.schema.tables import count_column, json_column, metadata, text_column, time_column

change_events = Table(
    "change_events",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    text_column("id"),
    text_column("seller_id", nullable=True),  # null: an alert of the fleet
    Column("sequence", BigInteger),
    text_column("type"),
    text_column("entity_id"),
    Column("version", BigInteger, nullable=False),
    time_column("occurred_at", nullable=False),
    time_column("detected_at", nullable=False),
    text_column("source"),
    json_column("changed"),
    json_column("previous"),
    json_column("data"),
    Index("change_events_by_seller", "seller_id", "position"),
    Index("change_events_by_entity", "seller_id", "entity_id"),  # made by indexes.py
    # `id`, and seller and sequence, are unique within a partition; over all of them the seller's locked row sees to it (events.py)
    postgresql_partition_by="RANGE (position)",
)

modes = Table(
    "modes",  # a seller without a row is polled, and nothing is compared
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("mode"),  # polling, shadow or webhooks
    time_column("since", nullable=False),
    time_column("watched_since", nullable=False),  # when polling was left: what happened before nobody was to tell of
    time_column("notified_at"),  # the last notification that was read
    time_column("compared_at"),
    json_column("comparison", nullable=True),  # the last one, of the week before it
    count_column("orders"),  # new ones of 30 days at the last comparison, and those of which no notification came in time
    count_column("polls_first"),
)

sightings = Table(
    "sightings",  # of sellers in shadow or webhooks: a row a version
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("kind", primary_key=True),
    text_column("entity_id", primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    text_column("event_id"),  # of the version's first event
    Column("types", ARRAY(Text), nullable=False),
    time_column("occurred_at", nullable=False),
    text_column("topic", nullable=True),  # of eBay's, that should have told it; null: none does, or it happened before both were compared
    text_column("first_by"),  # polling or notifications
    time_column("first_at", nullable=False),  # its events' detected_at
    time_column("first_told_at"),  # when the notification came
    time_column("other_at"),  # when the other side saw it too
    time_column("other_told_at"),
    Column("other_version", BigInteger),  # this one, or a later one that contains it
    Index("sightings_open", "seller_id", "first_by", "kind", "entity_id", postgresql_where=text("other_at IS NULL")),
    Index("sightings_by_time", "seller_id", "first_at"),
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("id", BigInteger, primary_key=True),
    text_column("seller_id"),
    text_column("kind"),
    text_column("key"),  # the entity's id, or where there is none a digest of the text
    text_column("entity_id", nullable=True),
    text_column("raw"),  # JSON in plain ASCII, as read; may hold what JSONB refuses
    text_column("reason"),
    time_column("read_at", nullable=False),
    time_column("at", nullable=False),
    Column("attempts", Integer, nullable=False, server_default="1"),
    text_column("what", nullable=True),  # how it is read again, as in `rereads`; null: see `aside.WHAT`
    Column("retry_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),  # our clock
    time_column("tried_at"),
    Column("asked", Boolean, nullable=False, server_default="false"),  # by hand: whatever is left of the day's tries
    Index("set_aside_key", "seller_id", "kind", "key", unique=True),
    Index("set_aside_retries", "seller_id", "retry_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    text_column("seller_id", nullable=True),  # null: of the whole fleet
    text_column("kind"),
    Column("version", BigInteger, nullable=False),  # the how-manieth of its kind and seller
    text_column("text"),
    time_column("opened_at", nullable=False),
    time_column("closed_at"),
    time_column("seen_at"),  # its cause, the last time; of kinds that close only after a while without it
    Index("alerts_open", "seller_id", "kind", unique=True, postgresql_where=text("closed_at IS NULL"), postgresql_nulls_not_distinct=True),
    Index("alerts_by_kind", "seller_id", "kind", desc("version")),
)
