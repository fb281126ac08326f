"""How we stand with Postgres: as whom, through what, when waits end, and which rights are lacking. For `doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from store.schema.between import Between, between
from store.schema.engine import connect
from store.schema.errors import NotAllowedError, StoreUnavailableError, translated
from store.schema.every_table import metadata
from store.schema.faults import UNAVAILABLE
from store.schema.names import SCHEMA, checked
from store.schema.session import TIMEOUTS

READ_ONLY_TABLES = ("alembic_version", "revisions")  # the rows of all others are written by worker and web.py
ROLE_AND_WAITS = text(f"""
    SELECT quote_ident(current_user) AS role, current_setting('transaction_read_only') = 'on' AS read_only,
        to_regnamespace(:schema) IS NULL OR has_schema_privilege(to_regnamespace(:schema), 'USAGE') AS may_enter,
        ARRAY[{", ".join(f"current_setting('{name}')" for name in TIMEOUTS)}] AS waits
""")
# Tables that the role may not work with. Asked for several rights at once, Postgres would say whether there is any.
TABLES_NOT_ALLOWED = text("""
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace(:schema) AND (
        c.relkind IN ('r', 'p') AND c.relname = ANY(CAST(:written AS text[])) AND NOT (
            has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
            AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
        OR c.relkind IN ('r', 'p') AND c.relname = ANY(CAST(:read AS text[])) AND NOT has_table_privilege(c.oid, 'SELECT')
        OR c.relkind = 'S' AND NOT (
            has_sequence_privilege(c.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT') AND has_sequence_privilege(c.oid, 'UPDATE')))
    ORDER BY c.relname
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """Found by one connection, or two where a pooler answers."""

    role: str
    between: Between
    waits: dict[str, str]  # by TIMEOUTS, as Postgres writes them: 5s


def standing(url: str, schema: str = SCHEMA) -> Standing:
    """Look once.

    Raises:
        NotAllowedError: the role may not do what worker and `web.py` do.
        StoreUnavailableError: Postgres does not serve us, or lets us only read.
    """
    engine = connect(url, pool_size=None, schema=checked(schema))
    through = between(engine)
    written = [table.name for table in metadata.tables.values() if table.name not in READ_ONLY_TABLES]
    with translated(), engine.connect() as connection:
        found = connection.execute(ROLE_AND_WAITS, {"schema": schema}).one()
        tables = {"schema": schema, "written": written, "read": list(READ_ONLY_TABLES)}
        lacking = list(connection.execute(TABLES_NOT_ALLOWED, tables).scalars()) if found.may_enter else []
    if found.read_only:
        raise StoreUnavailableError(UNAVAILABLE["25006"])
    if not found.may_enter:
        raise NotAllowedError(f"the role {found.role} may not use the schema {schema}: see Roles in docs/how-to/share-a-database.md")
    if lacking:
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        raise NotAllowedError(
            f"the role {found.role} lacks rights on {', '.join(lacking[:3])}{more}: see Roles in docs/how-to/share-a-database.md"
        )
    return Standing(found.role, through, dict(zip(TIMEOUTS, found.waits, strict=True)))
