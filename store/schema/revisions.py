"""Which migration the tables are at, and whether this code may work with them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from store.schema.errors import TablesMissingError
from store.schema.tables import REVISION

APPLIED_REVISION = text("SELECT version_num FROM sellerbeat.alembic_version")


def check_revision(connection: Connection) -> None:
    """Raises TablesMissingError: the tables are not those of this version."""
    if connection.execute(APPLIED_REVISION).scalar() != REVISION:
        raise TablesMissingError
