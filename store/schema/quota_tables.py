"""The tables of eBay's quota: its own counts, permits, the planner's levels, and who may ask."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Table

from store.schema.tables import json_column, metadata, text_column, time_column

quotas = Table(
    "quotas",
    metadata,
    text_column("resource", primary_key=True),
    Column("limit", BigInteger),
    Column("remaining", BigInteger),
    time_column("reset_at"),
    time_column("read_at", nullable=False),
)

permits = Table(
    "permits",
    metadata,
    text_column("resource", primary_key=True),
    Column("limit", BigInteger, nullable=False),  # calls a day: the settings', until eBay tells its own
    Column("used", BigInteger, nullable=False),  # permits given today
    Column("caused", Double, nullable=False, server_default="0"),  # calls a day that orders cause, however often one polls
    time_column("day_start", nullable=False),
    time_column("reset_at", nullable=False),
    Column("told", Boolean, nullable=False, server_default="false"),  # eBay's count was read
    Column("assumed", Boolean, nullable=False, server_default="false"),  # it could not be read: `used` began as the day's elapsed share
)

levels = Table(
    "levels",
    metadata,
    text_column("resource", primary_key=True),
    json_column("plan"),  # what the planner said last
    time_column("planned_at", nullable=False),
)

claims = Table(
    "claims",
    metadata,
    text_column("name", primary_key=True),  # of what may be done only so often by the whole fleet
    time_column("at", nullable=False),
)
