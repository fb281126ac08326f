"""`metadata` with all our tables in it: each file of tables adds its own when it is loaded."""

from store.schema import (  # noqa: F401 - so that they do
    access_tables,
    account_tables,
    delivery_tables,
    event_tables,
    notification_tables,
    outage_tables,
    quota_tables,
)
from store.schema.tables import metadata as metadata
