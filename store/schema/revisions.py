"""Which migration the tables are at, and whether this version may work with them.

Tables may be newer than the code: after an upgrade that is to be taken back, or while workers are replaced one after another. Each
migration says since which revision versions may go on with what it leaves; the database keeps that, as the older code cannot know it.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from store.schema.errors import TablesMissingError, TablesUnknownError
from store.schema.tables import REVISION

APPLIED_REVISION = text("SELECT version_num FROM sellerbeat.alembic_version")
# Of all migrations behind ours: the strictest.
OLDEST_COMPATIBLE_REVISION = text("SELECT max(compatible_since) FROM sellerbeat.revisions WHERE revision > :revision")
RECORD_APPLIED_REVISION = text("""
    INSERT INTO sellerbeat.revisions (revision, compatible_since, applied_at) VALUES (:revision, :compatible_since, clock_timestamp())
    ON CONFLICT (revision) DO UPDATE SET compatible_since = excluded.compatible_since
""")


def check_revision(connection: Connection, mine: str = REVISION) -> str:
    """The revision of the tables, which this version may work with.

    Raises:
        TablesMissingError: they are older than this version, or not there.
        TablesUnknownError: they are newer, and need a newer version too.
    """
    applied: str | None = connection.execute(APPLIED_REVISION).scalar()
    if applied is None or applied < mine:
        raise TablesMissingError
    if applied > mine:
        since = connection.execute(OLDEST_COMPATIBLE_REVISION, {"revision": mine}).scalar()
        if since is None or since > mine:
            raise TablesUnknownError(applied, since)
    return applied
