"""Sellerbeat's tables in `public`, where versions before the schema made them: known by their columns and their revision, and moved.

`public` may as well be the app's, with tables of the same names and an `alembic_version` of its own. So nothing there is ours because of
its name: the revision has to be one of ours, and each table that we had at that revision has to have its columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

from store.schema.errors import FormerProcessesError

LAST = "0019"  # revision in `public`; later ones are only made in the schema
FORMER_APPLICATIONS = ("sellerbeat", "sellerbeat migrate")  # as pg_stat_activity shows connections of versions before the schema

# Columns that each table had from the revision on that made it: such as no other app has together.
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "0001": {
        "sellers": ("seller_id", "enrollment", "epoch", "sequence"),
        "tokens": ("seller_id", "refresh_token", "generation"),
        "streams": ("seller_id", "stream", "cursor", "watermark"),
        "orders": ("seller_id", "entity_id", "digest", "read_from", "is_open"),
        "fulfillments": ("seller_id", "entity_id", "digest", "order_id"),
        "inventory": ("seller_id", "entity_id", "digest", "read_from"),
        "change_events": ("position", "seller_id", "sequence", "occurred_at", "previous"),
        "poll_runs": ("seller_id", "epoch", "stream", "duplicates"),
        "scan_pages": ("seller_id", "stream", "scan", "page", "ids"),
        "set_aside": ("seller_id", "kind", "key", "raw", "reason"),
        "alerts": ("seller_id", "kind", "version", "opened_at", "closed_at"),
        "quotas": ("resource", "remaining", "read_at"),
        "claims": ("name", "at"),
    },
    "0003": {"stock_due": ("seller_id", "entity_id", "due_at")},
    "0004": {"permits": ("resource", "used", "day_start"), "levels": ("resource", "plan", "planned_at")},
    "0005": {"offers": ("seller_id", "entity_id", "digest", "sku")},
    "0007": {
        "endpoints": ("id", "url", "types", "thin", "off_at"),
        "endpoint_secrets": ("endpoint_id", "number", "secret"),
        "delivery_lanes": ("endpoint_id", "seller_id", "sequence", "tell_at"),
        "redeliveries": ("endpoint_id", "seller_id", "position"),
        "deliveries": ("endpoint_id", "event_id", "attempt", "outcome"),
    },
    "0008": {"notifications": ("notification_id", "topic", "order_ids", "woken_at")},
    "0009": {
        "accounts": ("seller_id", "user_id", "known_at"),
        "consents": ("nonce", "seller_id", "claimed_until"),
        "secrets": ("name", "sealed"),
        "deletions": ("id", "person", "asked_at", "looks"),
        "erased_orders": ("seller_id", "entity_id"),
    },
    "0010": {"modes": ("seller_id", "mode", "watched_since"), "sightings": ("seller_id", "kind", "first_by", "other_told_at")},
    "0011": {"sold_lines": ("seller_id", "line_item_id", "sold_at", "told")},
    "0012": {"rereads": ("seller_id", "order_id", "what", "due_at")},
    "0014": {"breakers": ("resource", "doubted_at", "probe_at"), "marks": ("name", "value")},
    "0015": {"application_keys": ("client", "doubted_at", "worked")},
}

CORE = {name: COLUMNS["0001"][name] for name in ("sellers", "streams", "change_events")}  # by which a schema of ours is known

VERSION_TABLE_OF_PUBLIC = text("SELECT to_regclass('public.alembic_version') IS NOT NULL")
REVISIONS_IN_PUBLIC = text("SELECT version_num FROM public.alembic_version")
COLUMNS_OF_SCHEMA = text("""
    SELECT c.relname AS name, array_agg(a.attname::text) AS columns FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.relname
""")
CONNECTIONS_OF_FORMER_VERSIONS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = ANY(CAST(:applications AS text[])) AND pid <> pg_backend_pid()
""")
FORGET_REVISION_IN_PUBLIC = text("DELETE FROM public.alembic_version WHERE version_num = :revision")
REVISIONS_LEFT_IN_PUBLIC = text("SELECT EXISTS (SELECT FROM public.alembic_version)")
DROP_VERSION_TABLE_OF_PUBLIC = text("DROP TABLE public.alembic_version")
MAKE_VERSION_TABLE = text(
    "CREATE TABLE sellerbeat.alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)"
)
RECORD_REVISION = text("INSERT INTO sellerbeat.alembic_version (version_num) VALUES (:revision)")


def tables_at(revision: str) -> dict[str, tuple[str, ...]]:
    """The tables that an installation of this revision has, each with some of its columns."""
    return {name: columns for since, made in COLUMNS.items() if since <= min(revision, LAST) for name, columns in made.items()}


def has_tables(connection: Connection, schema: str, tables: Mapping[str, Iterable[str]]) -> bool:
    """Whether the schema holds these tables with these columns, whatever else it holds."""
    found = {row.name: set(row.columns) for row in connection.execute(COLUMNS_OF_SCHEMA, {"schema": schema})}
    return all(found.get(name, set()) >= set(columns) for name, columns in tables.items())


def revision_in_public(connection: Connection, known: Iterable[str]) -> str | None:
    """The revision of an installation of ours in `public`; None: there is none."""
    if not connection.execute(VERSION_TABLE_OF_PUBLIC).scalar():
        return None
    revisions = set(connection.execute(REVISIONS_IN_PUBLIC).scalars()) & set(known)
    return next((one for one in sorted(revisions, reverse=True) if one <= LAST and has_tables(connection, "public", tables_at(one))), None)


def move(connection: Connection, schema: str, revision: str) -> None:
    """Move the tables of this revision from `public` into the schema, which is there and empty.

    Raises:
        FormerProcessesError: processes of a version before the schema are connected. Nothing was changed.
    """
    applications = {"applications": list(FORMER_APPLICATIONS)}
    if count := connection.execute(CONNECTIONS_OF_FORMER_VERSIONS, applications).scalar():
        raise FormerProcessesError(count)
    for name in tables_at(revision):  # each with its indexes, and with the sequence of its own
        connection.execute(text(f"ALTER TABLE public.{name} SET SCHEMA {schema}"))
    connection.execute(text(f"ALTER SEQUENCE public.positions SET SCHEMA {schema}"))
    connection.execute(FORGET_REVISION_IN_PUBLIC, {"revision": revision})
    if not connection.execute(REVISIONS_LEFT_IN_PUBLIC).scalar():
        connection.execute(DROP_VERSION_TABLE_OF_PUBLIC)
    connection.execute(MAKE_VERSION_TABLE)
    connection.execute(RECORD_REVISION, {"revision": revision})
