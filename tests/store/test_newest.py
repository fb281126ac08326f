"""Who asks for the newest few changes has few read, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from store import Store
from store.events import newest
from store.events.newest import before_last
from tests.store.conftest import KEY
from tests.support.databases import fresh

ROWS, SELLERS = 20_000, 50
SILENT = 4000  # so long the feed had but one seller, who fell silent then
FILL = text("""
    INSERT INTO sellerbeat.change_events (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source,
        changed, previous, data)
    SELECT n, 'id-' || n, CASE WHEN n <= :silent THEN 'quiet' WHEN n % 3 = 0 THEN 'busy' ELSE 's-' || n % :sellers END, n,
        CASE WHEN n % 4 = 0 THEN 'inventory.sold' WHEN n = 7 THEN 'seller.connected' ELSE 'order.created' END,
        'e-' || n / 3, 1, now(), now(), 'poll', '[]', '{}', '{}'
    FROM generate_series(1, :rows) AS n
""")


@pytest.fixture(scope="module")
def filled(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[Store]:
    """In a database of this file's own: what Postgres learns of so many rows stays."""
    with fresh(postgres_server, execute, migrated_template) as url, closing(Store.connect(url, [KEY], pool_size=2)) as store:
        with store.engine.begin() as connection:
            connection.execute(FILL, {"rows": ROWS, "sellers": SELLERS, "silent": SILENT})
            connection.execute(text("ANALYZE sellerbeat.change_events"))
        yield store


def fitting(count: int, seller: str | None, types: Sequence[str]) -> int:
    """What `before_last` is to find, by a look at all."""
    every = [n for n in range(1, ROWS + 1) if seller in (None, owner(n)) and (not types or kind(n) in types)]
    return every[-count] - 1 if len(every) > count else 0


def owner(n: int) -> str:
    return "quiet" if n <= SILENT else "busy" if n % 3 == 0 else f"s-{n % SELLERS}"


def kind(n: int) -> str:
    return "inventory.*" if n % 4 == 0 else "seller.*" if n == 7 else "order.*"


def rows_read(store: Store, ask: Callable[[], object]) -> int:
    """How many rows of changes Postgres read for it: each statement runs once more, and counts."""
    asked: list[tuple[str, Any]] = []

    def remember(connection: Connection, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    def counted(node: Mapping[str, Any]) -> int:
        removed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
        own = int((node["Actual Rows"] + removed) * node["Actual Loops"]) if "Relation Name" in node else 0
        return own + sum(counted(below) for below in node.get("Plans", ()))

    event.listen(store.engine, "before_cursor_execute", remember)
    ask()
    event.remove(store.engine, "before_cursor_execute", remember)
    with store.engine.begin() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {words}", values).scalar_one() for words, values in asked]
    assert plans
    return sum(counted(plan[0]["Plan"]) for plan in plans)


@pytest.mark.parametrize(
    ("seller", "types", "most"),
    [
        (None, (), 20),
        (None, ("inventory.*",), 4 * 20),
        (None, ("order.*",), 30),
        ("busy", (), ROWS // 3),  # of one seller all of these may be read, and never those of others
        ("busy", ("inventory.*",), ROWS // 3),
        ("s-7", (), ROWS // SELLERS),
        ("s-8", ("inventory.*",), ROWS // SELLERS),
        ("quiet", (), SILENT),
        ("quiet", ("inventory.*",), SILENT),
        ("nobody", ("order.*",), 0),
    ],
)
def test_the_newest_twenty_are_found_by_a_look_at_no_more_than_it_takes(
    filled: Store, seller: str | None, types: Sequence[str], most: int
) -> None:
    found: list[int] = []

    read = rows_read(filled, lambda: found.append(before_last(filled.engine, 20, 0, seller, types)))

    assert found == [fitting(20, seller, types)]
    assert read <= most + 3  # one more of each partition, to know where the newest is


@pytest.mark.parametrize("scan", [1, 7, 400, ROWS])
@pytest.mark.parametrize(("seller", "types"), [(None, ()), ("s-7", ()), (None, ("inventory.*",)), ("s-8", ("order.*", "inventory.*"))])
def test_however_little_one_statement_looks_through_the_same_are_found(
    filled: Store, seller: str | None, types: Sequence[str], scan: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "SCAN", scan)

    for count in (1, 19):
        assert before_last(filled.engine, count, 0, seller, types) == fitting(count, seller, types)


@pytest.mark.parametrize("scan", [3000, ROWS])
def test_what_is_rare_is_read_once_and_found_missing(filled: Store, scan: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "SCAN", scan)
    found: list[int] = []

    read = rows_read(filled, lambda: found.append(before_last(filled.engine, 2, 0, None, ["seller.*"])))

    assert found == [0]
    assert read <= ROWS + 3 * (ROWS // scan + 1)
    assert before_last(filled.engine, 1, 0, None, ["seller.*"]) == 6
