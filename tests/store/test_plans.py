"""Every statement of the product has an index to go by, wherever it asks a table that grows."""

from __future__ import annotations

import pytest

from lab.benchmarks.statements import NamedStatement, plan, statements
from store import Store

GROWING = (
    "change_events",
    "deliveries",
    "fulfillments",
    "inventory",
    "notifications",
    "offers",
    "orders",
    "poll_hours",
    "poll_runs",
    "scan_pages",
    "set_aside",
    "sightings",
    "sold_lines",
)
ALL_OF_IT = {  # by some values or by none: asked by people, of the fleet as a whole
    "store.reading.status.NEWEST_SET_ASIDE[1]": {"set_aside"},
    "store.steps.notifications.COUNT_NOTIFICATIONS_BY_TOPIC": {"notifications"},
    "store.steps.notifications.SEALED_PERSONS_OF_NOTIFICATIONS": {"notifications"},  # when keys are rotated
}
STATEMENTS = statements()


PARTITIONS = """
    SELECT c.relname, p.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relkind = 'p'
"""


def scans(store: Store, statement: NamedStatement) -> set[str]:
    """Growing tables that can only be read from one end to the other: Postgres takes another way wherever there is one."""
    with store.engine.begin() as connection:
        tables = dict.fromkeys(GROWING) | {part: whole for part, whole in connection.exec_driver_sql(PARTITIONS) if whole in GROWING}
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        found = plan(connection, statement, tables, least=0)
    return {tables[name] or name for name in found.scans}


def test_no_statement_reads_a_growing_table_from_one_end_to_the_other(store: Store) -> None:
    found = {one.name: tables for one in STATEMENTS if (tables := scans(store, one))}

    assert found == ALL_OF_IT


def test_a_statement_without_an_index_is_noticed(store: Store) -> None:
    assert scans(store, NamedStatement("a new one", "SELECT FROM sellerbeat.orders WHERE read_from = :a")) == {"orders"}


@pytest.mark.parametrize(
    "room", ["store.delivery", "store.erasure", "store.events", "store.quota", "store.reading", "store.sellers", "store.steps"]
)
def test_the_statements_of_every_room_are_found(room: str) -> None:
    assert any(one.name.startswith(room) for one in STATEMENTS)
