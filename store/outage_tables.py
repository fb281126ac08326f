"""Tables beside those of `tables.py`: which parts of eBay are down for everybody, and what processes leave for later ones."""

from sqlalchemy import Column, Integer, Table

from store.tables import _text, _time, metadata

breakers = Table(
    "breakers",
    metadata,
    _text("resource", primary_key=True),  # a quota of eBay's, or `tokens`: the token endpoint
    _time("doubted_at"),  # a process saw nothing but failures; who has a success tells it in `good_at`
    _time("good_at"),
    _time("since"),  # the first failed call
    _time("opened_at"),  # null: eBay is not down
    _time("closed_at"),  # it was, up to then
    _time("probe_at"),  # from then on one call may ask whether eBay is back
    Column("every_s", Integer, nullable=False, server_default="30"),  # seconds between two such calls
    Column("sellers", Integer, nullable=False, server_default="0"),  # who wait for it
    _text("reason", nullable=True),  # in words
)

marks = Table(
    "marks",
    metadata,
    _text("name", primary_key=True),  # `worker`: the version that began last
    _text("value"),
)
