"""Open alerts by cause: Postgres counts them as the pure rule groups them, however many there are, and gives few rows."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from domain.alert_groups import AlertGroup, OpenAlert, group_alerts
from domain.health import Finding, HealthPart
from domain.pacing.outage import DOWN_WORDS
from store import Store
from store.reading.alert_groups import NEWEST
from store.schema.kinds import AlertKind
from tests.support.databases import EMPTY

MANY = 3000
ALL_OPEN = text("SELECT kind, seller_id, text, opened_at FROM sellerbeat.alerts WHERE closed_at IS NULL")
ENROLL = text("""
    INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at)
    SELECT 's-' || to_char(n, 'FM0000'), gen_random_uuid(), now() FROM generate_series(1, :many) AS n
""")
OPEN = text("""
    INSERT INTO sellerbeat.alerts (seller_id, kind, version, text, opened_at)
    SELECT seller_id, kind, 1, kind || ' of ' || seller_id, now() - make_interval(mins => CASE seller_id WHEN 's-0001' THEN 60 ELSE 0 END)
    FROM sellerbeat.sellers, unnest(CAST(:kinds AS text[])) AS kind WHERE seller_id LIKE 's-%'
""")
FAILING, LATE, UNTAKEN = "failing:orders", "late:orders", "undelivered:ep-1"


@pytest.fixture(scope="module")
def down(rooms_store: Store) -> Store:
    """eBay's orders are down, and 3,000 sellers fail and are late, one of them for an hour."""
    with rooms_store.engine.begin() as connection:
        connection.exec_driver_sql(EMPTY)
        connection.execute(ENROLL, {"many": MANY})
        connection.execute(OPEN, {"kinds": [FAILING, LATE, UNTAKEN]})
        connection.exec_driver_sql("ANALYZE sellerbeat.alerts")
    rooms_store.open_alert(AlertKind.EBAY_DOWN, f"{DOWN_WORDS['orders']}: 503. Nobody calls it")
    rooms_store.open_alert(AlertKind.ENDPOINT_OFF, "endpoint ep-1 is switched off", about="ep-1")
    return rooms_store


def by_rule(store: Store, wrong: list[Finding]) -> list[AlertGroup]:
    with store.engine.connect() as connection:
        everybody = connection.execute(text("SELECT count(*) FROM sellerbeat.sellers WHERE removed_at IS NULL")).scalar_one()
        alerts = [OpenAlert(row.kind, row.seller_id, row.text, row.opened_at) for row in connection.execute(ALL_OPEN)]
    return group_alerts(alerts, wrong, everybody)


EBAY = 2 * MANY - 1
COUNTS: list[tuple[timedelta | None, dict[str, int]]] = [
    (None, {"ebay_down": EBAY, "endpoint_off": MANY, "failing": 1, "late": 1, "undelivered": 1}),
    (timedelta(0), {"ebay_down": MANY, "worker": MANY - 1, "endpoint_off": MANY, "failing": 1, "late": 1, "undelivered": 1}),
    (timedelta(hours=2), {"ebay_down": MANY, "worker": MANY, "endpoint_off": MANY, "failing": 1, "undelivered": 1}),
]


@pytest.mark.parametrize(("since", "expected"), COUNTS)
def test_postgres_counts_as_the_rule_groups(down: Store, since: timedelta | None, expected: dict[str, int]) -> None:
    began = None if since is None else datetime.now(UTC) - since
    wrong = [] if since is None else [Finding(HealthPart.WORKER, began, "no worker is seen", "restart it")]

    groups = down.alert_reader.groups(wrong)

    assert groups == by_rule(down, wrong)
    assert {group.code: group.alerts for group in groups} == expected


def test_ebay_down_for_three_thousand_sellers_is_one_group_in_few_rows_at_once(down: Store) -> None:
    rows: list[int] = []

    def fetched(connection: Any, cursor: Any, *_: Any) -> None:
        rows.append(cursor.rowcount)

    event.listen(down.engine, "after_cursor_execute", fetched)
    began = time.process_time(), time.monotonic()
    groups = down.alert_reader.groups()
    page = down.alert_reader.page(100)
    of_cause = down.alert_reader.page(100, cause="ebay_down")
    event.remove(down.engine, "after_cursor_execute", fetched)

    outage = next(group for group in groups if group.code == "ebay_down")
    assert (outage.title, outage.alerts) == ("eBay does not answer: 3,000 sellers", EBAY)
    assert sum(rows) < 300  # of 9,000 that are open
    assert (len(page.rows), len(of_cause.rows)) == (100, 100)
    assert time.process_time() - began[0] < 0.3
    assert time.monotonic() - began[1] < 3


def test_pages_of_alerts_hold_each_once_newest_first(down: Store) -> None:
    found: list[dict[str, Any]] = []
    after = NEWEST
    while True:
        page = down.alert_reader.page(1000, after, cause="ebay_down")
        found += page.rows
        if page.next is None:
            break
        after = page.next

    ids = [row["id"] for row in found]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == EBAY
    assert {row["kind"] for row in found} == {"ebay_down", FAILING, LATE}


def test_of_one_seller_their_own_are_shown_and_nothing_of_all(down: Store) -> None:
    groups = down.alert_reader.groups(seller_id="s-0003")

    assert [(group.title, group.alerts) for group in groups] == [
        ("polls fail (orders): s-0003", 1),
        ("polls are late (orders): s-0003", 1),
        ("an endpoint does not take the next change (ep-1): s-0003", 1),
    ]
    assert {row["kind"] for row in down.alert_reader.page(10, seller_id="s-0003").rows} == {FAILING, LATE, UNTAKEN}
