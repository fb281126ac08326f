"""Tables beside those of `tables.py`: which parts of eBay are down, what processes leave for later ones, which workers are there."""

from sqlalchemy import Column, Integer, Table

from store.schema.tables import json_column, metadata, text_column, time_column

breakers = Table(
    "breakers",
    metadata,
    text_column("resource", primary_key=True),  # a quota of eBay's, or `tokens`: the token endpoint
    time_column("doubted_at"),  # a process saw nothing but failures; who has a success tells it in `good_at`
    time_column("good_at"),
    time_column("since"),  # the first failed call
    time_column("opened_at"),  # null: eBay is not down
    time_column("closed_at"),  # it was, up to then
    time_column("probe_at"),  # from then on one call may ask whether eBay is back
    Column("every_s", Integer, nullable=False, server_default="30"),  # seconds between two such calls
    Column("sellers", Integer, nullable=False, server_default="0"),  # who wait for it
    text_column("reason", nullable=True),  # in words
)

marks = Table(
    "marks",
    metadata,
    text_column("name", primary_key=True),  # `worker`: the version that began last
    text_column("value"),
)

workers = Table(
    "workers",
    metadata,
    text_column("id", primary_key=True),  # made at random when the process starts
    text_column("kind"),  # what it does: `polling`
    text_column("task_queue"),
    time_column("started_at", nullable=False),
    time_column("last_seen_at", nullable=False),  # it says every 10 s that it is there, by the database's clock
    time_column("ended_at"),  # it was stopped, in good order
    json_column("findings"),  # what it cannot do, with since when (domain/health.py: WorkerFindings)
)
